"""One rule, in one place: may this principal do this to that? Deny by default."""

from __future__ import annotations

from gatehouse.access.model import Decision, Principal, Resource

USE = "server.use"
"""The action of an MCP client: list and call what a virtual server offers."""


def allows(principal: Principal, action: str, resource: Resource, now: float) -> Decision:
    """Decide with the reason in words; pure. `now` is seconds since the epoch."""
    if principal.expires_at is not None and now >= principal.expires_at:
        return Decision(False, f"token '{principal.name}' has expired")
    if _permitted(principal, action):
        return Decision(True, f"'{principal.name}' has permission {action}")
    if action == USE:
        return _may_use(principal, resource)
    return Decision(False, f"'{principal.name}' lacks permission {action}")


def _permitted(principal: Principal, action: str) -> bool:
    permissions = principal.permissions
    return "*" in permissions or action in permissions or f"{action.partition('.')[0]}.*" in permissions


def _may_use(principal: Principal, server: Resource) -> Decision:
    if server.id is not None and principal.servers and server.id in principal.servers:
        return Decision(True, f"'{principal.name}' was made for this server")
    if server.anonymous:
        return Decision(True, "this server is open to everybody")
    if principal.kind == "anonymous":
        return Decision(False, "this server needs a token")
    return Decision(False, f"token '{principal.name}' was not made for this server")
