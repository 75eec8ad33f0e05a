"""Which methods exist in which era, and what each is about. A method that is absent here does not exist."""

from __future__ import annotations

from typing import Literal

import msgspec

from gatehouse.protocol.call import Era

Work = Literal["local", "list", "relay"]
"""`local`: answered here; `list`: answered from the snapshot; `relay`: carried to an upstream."""


class Method(msgspec.Struct, frozen=True):
    work: Work
    key: str | None = None
    """The param that names the capability: `name`, `uri`, or `ref` for completion."""
    items: str | None = None
    """Of a list: the key of its result that holds the items."""
    asks: bool = False
    """Its answer may be `input_required` (2026-07-28 "Multi round-trip requests")."""
    cacheable: bool = False
    """Its complete result carries `ttlMs` and `cacheScope` in the modern era."""


_SHARED = {
    "tools/list": Method("list", items="tools", cacheable=True),
    "prompts/list": Method("list", items="prompts", cacheable=True),
    "resources/list": Method("list", items="resources", cacheable=True),
    "resources/templates/list": Method("list", items="resourceTemplates", cacheable=True),
    "tools/call": Method("relay", key="name", asks=True),
    "prompts/get": Method("relay", key="name", asks=True),
    "resources/read": Method("relay", key="uri", asks=True, cacheable=True),
    "completion/complete": Method("relay", key="ref"),
}

METHODS: dict[Era, dict[str, Method]] = {
    Era.MODERN: {
        **_SHARED,
        "server/discover": Method("local", cacheable=True),
        "subscriptions/listen": Method("local"),
    },
    Era.LEGACY: {
        **_SHARED,
        "initialize": Method("local"),
        "ping": Method("local"),
        "logging/setLevel": Method("local"),
        "resources/subscribe": Method("relay", key="uri"),
        "resources/unsubscribe": Method("relay", key="uri"),
    },
}

LIST_CHANGED = {
    "notifications/tools/list_changed": "tools",
    "notifications/prompts/list_changed": "prompts",
    "notifications/resources/list_changed": "resources",
}
LOG_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


def loud_enough(level: str, threshold: str | None) -> bool:
    """Whether a log of `level` passes `threshold`; without a threshold everything does."""
    if threshold is None or level not in LOG_LEVELS or threshold not in LOG_LEVELS:
        return True
    return LOG_LEVELS.index(level) >= LOG_LEVELS.index(threshold)


_HANDSHAKES = frozenset({"initialize", "ping", "server/discover", "logging/setLevel"})
_CALLS = frozenset(name for name, method in _SHARED.items() if method.work == "relay")


def is_handshake(method: str) -> bool:
    """What a client says to get along, and not because anybody wants something."""
    return method in _HANDSHAKES


def is_call(method: str) -> bool:
    """What reaches an upstream each time."""
    return method in _CALLS
