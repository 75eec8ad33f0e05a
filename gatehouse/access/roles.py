"""The roles that are always there, and what they permit. Custom ones are stored beside them."""

from __future__ import annotations

from gatehouse.access.model import ALL

_READ = {"upstream.read", "tool.read", "prompt.read", "resource.read", "server.read", "agent.read"} | {
    "team.read",
    "role.read",
    "registry.read",
    "event.read",
}
_USE = {"server.use", "tool.call", "prompt.get", "resource.fetch", "agent.call", "team.join"}
_WRITE = {"upstream.write", "tool.write", "prompt.write", "resource.write", "server.write", "agent.write"} | {
    "registry.install"
}

VIEWER = frozenset(_READ)
MEMBER = frozenset(_READ | _USE)
EDITOR = frozenset(_READ | _USE | _WRITE | {"team.create"})
ADMIN = frozenset({ALL})

BUILT_IN = {"viewer": VIEWER, "member": MEMBER, "editor": EDITOR, "admin": ADMIN}
DESCRIPTIONS = {
    "viewer": "Sees what there is.",
    "member": "Sees and uses what there is.",
    "editor": "Adds and changes upstreams and servers, too.",
    "admin": "May do everything: on a team, what is the team's; on all, all there is.",
}

OWNER = frozenset(
    EDITOR - {"team.create"} | {"token.read", "token.write", "session.read", "session.write", "call.read"}
)
"""What somebody may do to what is theirs alone."""
PUBLIC = MEMBER
"""What everybody who is signed in may do to what is public."""
ONLY_ON_ALL = frozenset(
    {"upstream.stdio", "audit.read", "metrics.read", "provider.read", "provider.write", "user.read", "user.write"}
    | {"team.create", "registry.approve", "registry.write", "log.read", "log.write"}
    | {"setting.read"}
    | {"transfer.export", "transfer.import", "root.read", "root.write"}
)
"""What no team and no ownership gives: a command runs on the machine that all share, and the audit tells of all."""
OF_TEAM = {"owner": "admin", "member": "member"}
"""The role that belonging to a team gives on it."""


def permits(permissions: frozenset[str], action: str) -> bool:
    return ALL in permissions or action in permissions or f"{action.partition('.')[0]}.*" in permissions
