"""What the API lets be done: the words that routes declare, policy decides on, and tokens are given."""

from __future__ import annotations

from enum import StrEnum

from gatehouse.access import policy


class Action(StrEnum):
    PUBLIC = "public"
    """Open without a token: for what tells nothing of what is stored."""
    SIGNED_IN = "signed in"
    """For everybody who is somebody: what the handler does concerns the caller alone, or it asks policy itself."""
    UPSTREAM_READ = "upstream.read"
    UPSTREAM_WRITE = "upstream.write"
    UPSTREAM_STDIO = "upstream.stdio"
    """To say which command is run on this machine; asked for besides `upstream.write`."""
    TOOL_READ = "tool.read"
    TOOL_WRITE = "tool.write"
    TOOL_CALL = "tool.call"
    PROMPT_READ = "prompt.read"
    PROMPT_WRITE = "prompt.write"
    PROMPT_GET = "prompt.get"
    RESOURCE_READ = "resource.read"
    RESOURCE_WRITE = "resource.write"
    RESOURCE_FETCH = "resource.fetch"
    SERVER_READ = "server.read"
    SERVER_WRITE = "server.write"
    SERVER_USE = policy.USE
    AGENT_READ = "agent.read"
    AGENT_WRITE = "agent.write"
    AGENT_CALL = policy.CALL
    TOKEN_READ = "token.read"
    TOKEN_WRITE = "token.write"
    USER_READ = "user.read"
    USER_WRITE = "user.write"
    SESSION_READ = "session.read"
    """To see one's own console sessions; those of others need `user.write`."""
    SESSION_WRITE = "session.write"
    TEAM_READ = "team.read"
    TEAM_WRITE = "team.write"
    TEAM_CREATE = "team.create"
    TEAM_JOIN = "team.join"
    """To ask to join a team, to take an invitation, and to leave."""
    ROLE_READ = "role.read"
    ROLE_WRITE = "role.write"
    """To make roles; giving one needs the role to give, too."""
    ROOT_READ = "root.read"
    ROOT_WRITE = "root.write"
    """To say which folders upstreams are told to work on."""
    PROVIDER_READ = "provider.read"
    PROVIDER_WRITE = "provider.write"
    REGISTRY_READ = "registry.read"
    REGISTRY_INSTALL = "registry.install"
    """To make upstreams of what the registry has; where they are put asks for `upstream.write` there."""
    REGISTRY_APPROVE = "registry.approve"
    """To let others install, and to install without asking anybody."""
    REGISTRY_WRITE = "registry.write"
    """To say which sources the registry has."""
    AUDIT_READ = "audit.read"
    CALL_READ = "call.read"
    """To see the records of calls, and the figures that are made of them."""
    EVENT_READ = "event.read"
    """To see what happened to whatever else one may see."""
    LOG_READ = "log.read"
    LOG_WRITE = "log.write"
    """To say for a while how much Gatehouse logs."""
    TRANSFER_EXPORT = "transfer.export"
    TRANSFER_IMPORT = "transfer.import"
    """To take everything out of this gateway, and to put anything into it: as good as being an administrator."""
    SETTING_READ = "setting.read"
    """To see what this gateway was set up with."""
    METRICS_READ = "metrics.read"
    """To see the figures at /metrics, and how the workers are."""


def actions() -> tuple[str, ...]:
    """What policy decides on, each by itself."""
    return tuple(action.value for action in Action if "." in action.value)


def permissions() -> tuple[str, ...]:
    """Every permission that a token can be given: `*`, `upstream.*` and its like, and the single actions."""
    groups = dict.fromkeys(f"{action.partition('.')[0]}.*" for action in actions())
    return ("*", *groups, *actions())
