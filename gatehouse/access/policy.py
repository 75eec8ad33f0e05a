"""One rule, in one place: may this principal do this to that? Pure, and deny by default.

What is asked, in this order: is the token good, from here, at this time; is it made for this; does anything let the
principal see the resource; does a role that does so permit the action. `explain` and every refusal use these words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from gatehouse.access import roles
from gatehouse.access.model import ALL, Circumstances, Decision, Principal, Resource, Step, Window
from gatehouse.access.roles import permits
from gatehouse.store.placement import Placement, Sight, Visibility

USE = "server.use"
"""The action of an MCP client: list and call what a virtual server offers."""
CALL = "agent.call"
"""The action of an A2A client: send an agent messages, and see to its tasks."""
_DAY = 24 * 60
Question = Callable[[Principal, str, Resource, Circumstances], Step | None]


def allows(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Decision:
    return _decide(_ALL, principal, action, resource, at)


def entitled(principal: Principal, action: str, resource: Resource, now: float) -> Decision:
    """`allows` but for what another moment or address can change, so that it can be kept for a while."""
    return _decide(_LASTING, principal, action, resource, Circumstances(now))


def _decide(
    questions: Sequence[Question], principal: Principal, action: str, resource: Resource, at: Circumstances
) -> Decision:
    steps: list[Step] = []
    for ask in questions:
        step = ask(principal, action, resource, at)
        if step is not None:
            steps.append(step)
            if not step.passed or step.about == "open":
                break
    return Decision(steps[-1].passed, tuple(steps))


def conditions_hold(principal: Principal, at: Circumstances) -> Decision:
    """The part of the decision that another moment or another address can change."""
    nothing = Resource("")
    asked = (ask(principal, "", nothing, at) for ask in (_live, _address, _time))
    steps = [step for step in asked if step is not None]
    failed = next((step for step in steps if not step.passed), None)
    return Decision(failed is None, (failed,) if failed is not None else tuple(steps))


def sight(principal: Principal, action: str) -> Sight:
    """Every placement on which `allows` would let the principal do this, conditions aside."""
    if not _masked(principal, action):
        return Sight()
    permitting = [grant for grant in principal.grants if _permits(grant.permissions, action, grant.scope)]
    on_all = [grant for grant in permitting if grant.scope == ALL]
    return Sight(
        everything=any(ALL in grant.permissions for grant in on_all),
        shared=bool(on_all),
        public=principal.kind != "anonymous" and permits(roles.PUBLIC, action),
        teams=frozenset(grant.scope for grant in permitting if grant.scope != ALL),
        owner=principal.user if _permits(roles.OWNER, action, "") else None,
    )


def anywhere(principal: Principal, action: str) -> bool:
    """Whether there can be anything at all on which `allows` would let the principal do this, conditions aside."""
    seen = sight(principal, action)
    return seen.everything or seen.shared or seen.public or bool(seen.teams) or seen.owner is not None


def _live(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Step | None:
    if principal.kind == "anonymous":
        return None
    if principal.disabled is not None:
        return Step("token", False, principal.disabled)
    what = "token" if principal.kind in ("token", "client") else "user"
    if principal.expires_at is not None and at.now >= principal.expires_at:
        return Step("token", False, f"{what} '{principal.name}' has expired")
    return Step("token", True, f"{what} '{principal.name}' is good")


def _address(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Step | None:
    networks = principal.conditions.allowed_ips
    if not networks:
        return None
    if at.address is None:
        return Step("address", False, f"token '{principal.name}' is for certain addresses, and yours is not known")
    address = ip_address(at.address)
    mapped = getattr(address, "ipv4_mapped", None)
    if any((mapped or address) in network or address in network for network in networks):
        return Step("address", True, f"{at.address} is among its addresses")
    return Step("address", False, f"token '{principal.name}' is not good from {at.address}")


def _time(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Step | None:
    windows = principal.conditions.windows
    if not windows:
        return None
    if any(_inside(window, at.now) for window in windows):
        return Step("time", True, "it is good at this time")
    return Step("time", False, f"token '{principal.name}' is not good at this time")


def _inside(window: Window, now: float) -> bool:
    local = datetime.fromtimestamp(now, _zone(window.timezone))
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local - timedelta(days=1)).weekday()
    end = window.end if window.end > window.start else window.end + _DAY
    on = today in window.days and window.start <= minute < end
    return on or (yesterday in window.days and window.start <= minute + _DAY < end)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _scope(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Step | None:
    bound = _bound(principal, action, resource)
    if bound is None or resource.id is None:
        return None
    if resource.id in bound:
        return Step("scope", True, f"'{principal.name}' was made for this {resource.kind}")
    what = "access token" if principal.kind == "client" else "token"
    return Step("scope", False, f"{what} '{principal.name}' was not made for this {resource.kind}")


def _bound(principal: Principal, action: str, resource: Resource) -> frozenset[str] | None:
    if resource.kind == "server":
        return principal.servers
    return principal.agents if action == CALL else None


def _permission(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Step | None:
    if action == USE and resource.anonymous:
        return Step("open", True, "this server is open to everybody")
    if principal.kind == "anonymous":
        what = f"this {resource.kind}" if resource.kind in ("server", "agent") else "this"
        return Step("permission", False, f"{what} needs a token")
    if _masked(principal, action):
        return Step("permission", True, f"'{principal.name}' is for {action}")
    return Step("permission", False, f"'{principal.name}' lacks permission {action}")


def _masked(principal: Principal, action: str) -> bool:
    """Whether the principal was made for such actions at all."""
    # Who makes a token for servers says so by naming them; what an access token is for its scopes say.
    bound = principal.servers if action == USE else principal.agents if action == CALL else None
    named = principal.kind == "token" and bound is not None
    return permits(principal.permissions, action) or named


def _visibility(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Step | None:
    words = [words for _, words, _ in _ways(principal, resource)]
    if words:
        return None if resource.placement is None else Step("visibility", True, words[0])
    placed = resource.placement
    name = resource.name or resource.id or resource.kind
    if placed is not None and placed.visibility is Visibility.TEAM:
        return Step("visibility", False, f"{resource.kind} '{name}' is for a team that '{principal.name}' is not in")
    if placed is not None and placed.visibility is Visibility.PRIVATE:
        return Step("visibility", False, f"{resource.kind} '{name}' is private to somebody else")
    return Step("visibility", False, f"'{principal.name}' has no role here")


def _role(principal: Principal, action: str, resource: Resource, at: Circumstances) -> Step | None:
    ways = list(_ways(principal, resource))
    for permissions, words, scope in ways:
        if _permits(permissions, action, scope):
            return Step("role", True, f"{words}, which permits {action}")
    return Step("role", False, f"'{principal.name}' lacks permission {action} here ({ways[0][1]})")


def _permits(permissions: frozenset[str], action: str, scope: str) -> bool:
    return permits(permissions, action) and (scope == ALL or action not in roles.ONLY_ON_ALL)


def _ways(principal: Principal, resource: Resource) -> Iterator[tuple[frozenset[str], str, str]]:
    """What lets the principal see the resource: what it then permits, in words, and on which scope."""
    placed = resource.placement
    for grant in principal.grants:
        if placed is None or _covers(grant.scope, ALL in grant.permissions, placed):
            where = "all" if grant.scope == ALL else f"team '{grant.scope_name or grant.scope}'"
            yield grant.permissions, f"role {grant.role} on {where}", grant.scope
    if principal.user is not None and (placed is None or (placed.owner == principal.user and placed.team is None)):
        yield roles.OWNER, "its owner", ""
    if placed is None or placed.visibility is Visibility.PUBLIC:
        yield roles.PUBLIC, f"{resource.kind} is public", ""


def _covers(scope: str, whole: bool, placed: Placement) -> bool:
    if scope == ALL:
        return whole or placed.visibility is not Visibility.PRIVATE
    return placed.team == scope and placed.visibility is not Visibility.PRIVATE


_ALL = (_live, _address, _time, _scope, _permission, _visibility, _role)
_LASTING = (_live, _scope, _permission, _visibility, _role)
