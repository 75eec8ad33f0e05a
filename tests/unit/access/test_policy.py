"""The one rule, gone through cell by cell: every action, role, visibility and owner."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.access import roles
from gatehouse.access.model import ALL, ANONYMOUS, Circumstances, Conditions, Grant, Principal, Resource
from gatehouse.access.policy import allows, conditions_hold, entitled, sight
from gatehouse.access.tokens.conditions import WindowText, parse_window
from gatehouse.api.actions import Action
from gatehouse.store.placement import Placement, Visibility

NOW = Circumstances(1_000.0)
ADA, BOB, TEAM, OTHER = "usr_ada", "usr_bob", "tea_one", "tea_two"
ACTIONS = [action.value for action in Action if "." in action.value]
SCOPES = {"nothing": None, "all": ALL, "the team": TEAM, "another team": OTHER}
PLACES = {
    "hers, private": Placement(ADA, None, Visibility.PRIVATE),
    "his, private": Placement(BOB, None, Visibility.PRIVATE),
    "nobody's, private": Placement(None, None, Visibility.PRIVATE),
    "the team's": Placement(BOB, TEAM, Visibility.TEAM),
    "made by her for the team": Placement(ADA, TEAM, Visibility.TEAM),
    "the team's, public": Placement(BOB, TEAM, Visibility.PUBLIC),
    "hers, public": Placement(ADA, None, Visibility.PUBLIC),
    "his, public": Placement(BOB, None, Visibility.PUBLIC),
    "the installation's": Placement(None, None, Visibility.PUBLIC),
}


def user(*grants: Grant) -> Principal:
    return Principal(id=ADA, kind="user", name="ada", permissions=frozenset({ALL}), user=ADA, grants=grants)


def granted(role: str, scope: str | None) -> tuple[Grant, ...]:
    return () if scope is None else (Grant(role, roles.BUILT_IN[role], scope),)


def expected(action: str, role: str, scope: str | None, place: Placement) -> bool:
    """The rule again, said in another way: as sets of what each relation gives."""
    given_by_role = roles.BUILT_IN[role]
    full = given_by_role == {ALL}
    by_role = full or action in given_by_role
    if scope == ALL and by_role and (full or place.visibility is not Visibility.PRIVATE):
        return True
    in_team = scope is not None and scope == place.team and place.visibility is not Visibility.PRIVATE
    if in_team and by_role and action not in roles.ONLY_ON_ALL:
        return True
    if place.owner == ADA and place.team is None and action in roles.OWNER:
        return True
    return place.visibility is Visibility.PUBLIC and action in roles.MEMBER


@pytest.mark.parametrize("role", roles.BUILT_IN)
@pytest.mark.parametrize("where", SCOPES)
def test_every_action_is_decided_as_the_table_says(role: str, where: str) -> None:
    principal = user(*granted(role, SCOPES[where]))
    for action, (name, place) in product(ACTIONS, PLACES.items()):
        kind = action.partition(".")[0]
        decision = allows(principal, action, Resource(kind, "thing_1", place), NOW)
        assert decision.allowed == expected(action, role, SCOPES[where], place), (action, name, decision)
        assert decision.reason


def test_the_table_has_cells_of_both_kinds() -> None:
    cells = [
        expected(action, role, scope, place)
        for action, role, scope, place in product(ACTIONS, roles.BUILT_IN, SCOPES.values(), PLACES.values())
    ]
    assert len(cells) > 3000
    assert 500 < sum(cells) < len(cells) - 500


def test_who_has_no_token_may_do_nothing_but_use_what_is_open_to_everybody() -> None:
    for action, place in product(ACTIONS, PLACES.values()):
        assert not allows(ANONYMOUS, action, Resource(action.partition(".")[0], "x", place), NOW).allowed
    hidden = Resource("server", "x", PLACES["his, private"], anonymous=True)
    assert allows(ANONYMOUS, "server.use", hidden, NOW).allowed
    assert not allows(ANONYMOUS, "server.read", hidden, NOW).allowed


def test_a_token_may_never_do_more_than_its_permissions_say() -> None:
    admin = Grant("admin", roles.ADMIN, ALL)
    token = Principal("tok", "token", "t", permissions=frozenset({"upstream.read"}), user=ADA, grants=(admin,))
    for action, place in product(ACTIONS, PLACES.values()):
        decision = allows(token, action, Resource(action.partition(".")[0], "x", place), NOW)
        assert decision.allowed == (action == "upstream.read"), (action, decision)


def test_a_token_for_servers_opens_those_and_no_others() -> None:
    token = Principal("tok", "token", "t", servers=frozenset({"srv_1"}), user=ADA)
    public = PLACES["his, public"]
    assert allows(token, "server.use", Resource("server", "srv_1", public), NOW).allowed
    assert not allows(token, "server.use", Resource("server", "srv_2", public), NOW).allowed
    assert "not made for this server" in allows(token, "server.use", Resource("server", "srv_2", public), NOW).reason
    assert not allows(token, "server.read", Resource("server", "srv_1", public), NOW).allowed
    assert not allows(token, "server.use", Resource("server", "srv_1", PLACES["his, private"]), NOW).allowed


def test_a_token_opens_nothing_after_it_has_expired_or_was_disabled() -> None:
    place = PLACES["his, public"]
    expired = Principal("tok", "token", "t", permissions=frozenset({ALL}), user=ADA, expires_at=1_000.0)
    assert "expired" in allows(expired, "server.use", Resource("server", "x", place), NOW).reason
    disabled = Principal("tok", "token", "t", permissions=frozenset({ALL}), user=ADA, disabled="she left")
    assert allows(disabled, "server.use", Resource("server", "x", place), NOW).reason == "she left"


ADDRESSES = Conditions(allowed_ips=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))


@pytest.mark.parametrize(
    ("address", "good"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("2001:db8::1", True), ("11.0.0.1", False), (None, False)],
)
def test_a_token_is_good_from_its_addresses_alone(address: str | None, good: bool) -> None:
    token = Principal("tok", "token", "t", permissions=frozenset({ALL}), user=ADA, conditions=ADDRESSES)
    at = Circumstances(1_000.0, address)
    resource = Resource("server", "x", PLACES["his, public"])
    assert allows(token, "server.use", resource, at).allowed == good
    assert conditions_hold(token, at).allowed == good
    assert entitled(token, "server.use", resource, 1_000.0).allowed


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        ("2026-11-23T07:59:00+00:00", False),  # a Monday, 08:59 in Berlin
        ("2026-11-23T08:00:00+00:00", True),
        ("2026-11-23T16:59:59+00:00", True),
        ("2026-11-23T17:00:00+00:00", False),
        ("2026-11-22T12:00:00+00:00", False),  # a Sunday
    ],
)
def test_a_token_is_good_within_its_hours_alone(moment: str, good: bool) -> None:
    hours = parse_window(WindowText(["mon", "tue", "wed", "thu", "fri"], "09:00", "18:00", "Europe/Berlin"))
    token = Principal("tok", "token", "t", user=ADA, conditions=Conditions(windows=(hours,)))
    assert conditions_hold(token, Circumstances(datetime.fromisoformat(moment).timestamp())).allowed == good


def test_hours_may_go_past_midnight() -> None:
    night = parse_window(WindowText(["fri"], "22:00", "06:00"))
    token = Principal("tok", "token", "t", user=ADA, conditions=Conditions(windows=(night,)))

    def at(day: int, hour: int) -> bool:
        moment = datetime(2026, 11, day, hour, 30, tzinfo=UTC)
        return conditions_hold(token, Circumstances(moment.timestamp())).allowed

    assert at(20, 23)  # Friday
    assert at(21, 5)  # Saturday morning belongs to it
    assert not at(21, 7)
    assert not at(20, 5)
    assert not at(21, 23)


_permissions = st.frozensets(st.sampled_from([*ACTIONS, "server.*", "upstream.*", ALL]), max_size=4)
_scopes = st.sampled_from([ALL, TEAM, OTHER])
_grants = st.lists(st.builds(Grant, st.just("some"), _permissions, _scopes), max_size=3).map(tuple)
_users = st.sampled_from([ADA, BOB, None])
_principals = st.builds(
    Principal, st.just("p"), st.sampled_from(["user", "token", "client"]), st.just("p"),
    permissions=_permissions, user=_users, grants=_grants,
)  # fmt: skip
_places = st.sampled_from([*PLACES.values(), Placement(None, OTHER, Visibility.TEAM), Placement(BOB, OTHER)])


@given(_principals, st.sampled_from(ACTIONS), _places)
def test_what_is_in_sight_is_exactly_what_is_allowed(principal: Principal, action: str, place: Placement) -> None:
    decision = allows(principal, action, Resource(action.partition(".")[0], "x", place), NOW)
    assert sight(principal, action).sees(place) == decision.allowed


@given(_principals, st.sampled_from(ACTIONS), _places)
def test_what_is_allowed_on_a_thing_is_allowed_on_its_kind(principal: Principal, action: str, place: Placement) -> None:
    kind = action.partition(".")[0]
    if allows(principal, action, Resource(kind, "x", place), NOW).allowed:
        assert allows(principal, action, Resource(kind), NOW).allowed
