"""What `explain` says is what the door does: for everybody, every server and every tool."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.access import roles
from gatehouse.access.directory import Directory, KnownTeam, KnownUser
from gatehouse.access.model import ALL, Grant, Token
from gatehouse.access.tables import TOKENS
from gatehouse.access.tokens import repository
from gatehouse.access.tokens.keyring import Keyring
from gatehouse.access.tokens.strangers import no_strangers
from gatehouse.catalog.model import Binding, Capability, Kind, Server, Upstream
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.kit.errors import Forbidden, GatewayError, NotFound, Unauthenticated
from gatehouse.protocol.call import Era
from gatehouse.relay.current import Current
from gatehouse.relay.door import EVERYTHING, Door, Guests, Unlimited
from gatehouse.relay.explain import Explainer, Question
from gatehouse.store.placement import Placement, Visibility
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock

USERS = ("usr_a", "usr_b", "usr_c")
TEAMS = ("tea_1", "tea_2")
SERVERS = ("srv_1", "srv_2", "srv_3")
_places = st.one_of(
    st.builds(Placement, st.sampled_from([*USERS, None]), st.none(), st.just(Visibility.PRIVATE)),
    st.builds(Placement, st.sampled_from([*USERS, None]), st.sampled_from(TEAMS), st.just(Visibility.TEAM)),
    st.builds(Placement, st.sampled_from([*USERS, None]), st.sampled_from([*TEAMS, None]), st.just(Visibility.PUBLIC)),
)
_mostly = st.sampled_from([True, True, True, True, False])
_grants = st.lists(
    st.sampled_from(list(roles.BUILT_IN)).flatmap(
        lambda role: st.builds(Grant, st.just(role), st.just(roles.BUILT_IN[role]), st.sampled_from([ALL, *TEAMS]))
    ),
    max_size=2,
).map(tuple)


@st.composite
def _snapshots(draw: st.DrawFn) -> CatalogSnapshot:
    upstreams, capabilities, servers, bindings = [], [], [], []
    for number in (1, 2):
        place = draw(_places)
        up = Upstream(f"ups_{number}", f"up{number}", url="http://x.test", enabled=draw(_mostly))
        upstreams.append(replace(up, owner=place.owner, team=place.team, visibility=place.visibility))
        for tool in ("a", "b"):
            definition = b'{"name":"%b","inputSchema":{"type":"object"}}' % tool.encode()
            one = Capability(f"tol_{number}{tool}", f"ups_{number}", Kind.TOOL, tool, definition)
            own = draw(st.one_of(st.none(), st.none(), _places))
            gone = draw(st.sampled_from([None, None, None, None, 1.0]))
            capabilities.append(replace(one, placement=own, enabled=draw(_mostly), gone_at=gone))
    for id_ in SERVERS:
        place = draw(_places)
        access = draw(st.sampled_from(["token", "token", "anonymous"]))
        server = Server(id_, id_.replace("_", "-"), id_, access=access, enabled=draw(_mostly))
        servers.append(replace(server, owner=place.owner, team=place.team, visibility=place.visibility))
        for position, one in enumerate(
            draw(st.lists(st.sampled_from(capabilities), unique=True, min_size=1, max_size=4))
        ):
            name = draw(st.sampled_from([one.key, f"{one.upstream_id}_{one.key}"]))
            aliases = draw(st.sampled_from([(), ("old",)]))
            bindings.append(
                Binding(f"{id_}{position}", id_, one.id, name, position, aliases=aliases, enabled=draw(_mostly))
            )
    return CatalogSnapshot.build(1, upstreams, capabilities, servers, bindings)


_tokens = st.builds(
    Token,
    st.just("tok_1"),
    st.just("agent"),
    st.just(sha256(b"gh_plain").digest()),
    st.just("lain"),
    st.one_of(st.none(), st.none(), st.just(SERVERS), st.just(("srv_1", "srv_gone"))),
    st.sampled_from([(ALL,), (ALL,), ("server.use",), ("server.*",), ("upstream.read",), ()]),
    st.just(1.0),
    expires_at=st.sampled_from([None, None, None, 5_000.0, 500.0]),
    owner=st.sampled_from([None, "usr_a", "usr_a", "usr_b", "usr_c", "usr_gone"]),
    team=st.sampled_from([None, None, None, None, *TEAMS, "tea_gone"]),
)


def _keyring(token: Token, grants: tuple[Grant, ...]) -> Keyring:
    users = [KnownUser(id_, f"{id_}@x.test", id_, active=id_ != "usr_c") for id_ in USERS]
    directory = Directory(users, [KnownTeam(id_, id_, id_) for id_ in TEAMS], {"usr_a": grants})
    values = repository.token_values(token, 1)
    return Keyring({token.digest.hex(): tuple(values[column.name] for column in TOKENS.columns)}, directory)


@given(_snapshots(), _tokens, _grants)
@settings(max_examples=400, deadline=None)
def test_nobody_lists_or_calls_what_explain_denies_and_the_reverse(
    snapshot: CatalogSnapshot, token: Token, grants: tuple[Grant, ...]
) -> None:
    clock = HandClock(1_000.0)
    keyring = _keyring(token, grants)
    current = Current(snapshot, keyring, Secrets(bytes(32)), 1000)
    door = Door(current, clock, Guests(True, no_strangers(), Unlimited(), Unlimited()))
    explainer = Explainer(door, current, clock)
    principal = keyring.identify(b"gh_plain")
    assert principal is not None
    names = ["a", "b", "ups_1_a", "ups_2_b", "old", "up1_a", "up2_b", "nothing"]
    for server, name in product([None, *SERVERS, "srv_gone"], names):
        said = explainer.explain(principal, Question(server, name))
        assert said.reason
        assert said.allowed == _is_called(door, server, name), (server, name, said)
        assert said.allowed == _is_listed(door, server, name, said.steps[-1].words), (server, name, said)


def _is_called(door: Door, server: str | None, name: str) -> bool:
    try:
        entry = door.enter(server or EVERYTHING, b"Bearer gh_plain")
    except (Unauthenticated, Forbidden, NotFound):
        return False
    return entry.offering.view.resolve_tool(name) is not None


def _is_listed(door: Door, server: str | None, name: str, words: str) -> bool:
    """In both eras alike. What is called by an alias is listed under its name."""
    try:
        entry = door.enter(server or EVERYTHING, b"Bearer gh_plain")
    except GatewayError:
        return False
    target = entry.offering.view.resolve_tool(name)
    advertised = b'"name":"%b"' % (target.name if target is not None else name).encode()
    pages = [entry.offering.page(Kind.TOOL, era, None, entry.principal.id) for era in Era]
    listed = {advertised in page for page in pages}
    assert len(listed) == 1, words
    return listed.pop()


@pytest.mark.parametrize("era", Era)
def test_the_words_of_a_refusal_are_those_of_the_explanation(era: Era) -> None:
    private = Server("srv_1", "one", "One", owner="usr_b", visibility=Visibility.PUBLIC)
    snapshot = CatalogSnapshot.build(1, [], [], [private], [])
    token = Token("tok_1", "agent", sha256(b"gh_plain").digest(), "lain", ("srv_2",), (), 1.0, owner="usr_a")
    keyring = _keyring(token, ())
    current = Current(snapshot, keyring, Secrets(bytes(32)), 1000)
    door = Door(current, HandClock(1_000.0), Guests(True, no_strangers(), Unlimited(), Unlimited()))
    principal = keyring.identify(b"gh_plain")
    assert principal is not None
    said = Explainer(door, current, HandClock(1_000.0)).explain(principal, Question("one"))
    with pytest.raises(Forbidden) as refused:
        door.enter("one", b"Bearer gh_plain")
    assert said.reason in refused.value.message
