"""What a virtual server offers, ready for the wire: made once for each snapshot, then only spliced."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec

from gatehouse import __version__
from gatehouse.catalog.model import Kind, Upstream
from gatehouse.catalog.snapshot import Listed, ServerView, Target
from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol import headers, modern
from gatehouse.protocol.call import LEGACY_VERSIONS, MODERN_VERSION, Era
from gatehouse.protocol.headers import HeaderMap
from gatehouse.store.secrets import Secrets
from gatehouse.upstreams.following import tells_of_resources

ACCOUNTS_KEY = "gatehouse/upstreams"
LIST_TTL = 5000
"""Milliseconds for which a modern client may keep a list; a change is told at once to those who listen."""

KIND_OF_LIST = {
    "tools/list": Kind.TOOL,
    "prompts/list": Kind.PROMPT,
    "resources/list": Kind.RESOURCE,
    "resources/templates/list": Kind.TEMPLATE,
}
_ITEMS = {Kind.TOOL: "tools", Kind.PROMPT: "prompts", Kind.RESOURCE: "resources", Kind.TEMPLATE: "resourceTemplates"}
_FOREIGN = {Era.LEGACY: b"outputSchema", Era.MODERN: b"execution"}
"""The key of a tool that only the other era has, or has in this form."""


class _Cursor(msgspec.Struct, frozen=True):
    kind: str
    next: int
    last: str


class BadCursor(ValueError):
    """The cursor is not one that this server gave to this principal."""


def cursor_of(params: Fields) -> str | None:
    """The cursor of a list request; raises `BadCursor` for one that is no string."""
    if "cursor" not in params:
        return None
    try:
        cursor = json.text(params["cursor"])
    except json.BadJson:
        cursor = None
    if cursor is None:
        raise BadCursor
    return cursor


class Offering:
    """A `ServerView` with its answers to lists, `initialize` and `server/discover`."""

    def __init__(self, view: ServerView, secrets: Secrets, page_size: int) -> None:
        self.view = view
        self.server_info = json.raw({"name": view.server.slug, "title": view.server.name, "version": __version__})
        self._secrets = secrets
        self._page_size = page_size
        self._first_pages: dict[tuple[Kind, Era], bytes] = {}
        self._names: dict[str, HeaderMap | None] = {}

    @cached_property
    def has_mirrors(self) -> bool:
        """Whether any tool here has arguments that are mirrored in headers; hardly any server has one."""
        return any(b"x-mcp-header" in bytes(item.raw) for item in self.view.listing(Kind.TOOL))

    def names(self, target: Target) -> HeaderMap | None:
        """The arguments of a tool that are mirrored in headers; None for most."""
        key = target.capability_id
        if key not in self._names:
            self._names[key] = _header_map(target) if target.kind is Kind.TOOL else None
        return self._names[key]

    def page(self, kind: Kind, era: Era, cursor: str | None, principal: str) -> bytes:
        """A result object of one page; raises `BadCursor`."""
        listed = self.view.listing(kind)
        if cursor:
            return self._page(kind, era, listed, self._place(kind, listed, cursor, principal), principal)
        if len(listed) > self._page_size:
            return self._page(kind, era, listed, 0, principal)
        known = self._first_pages.get((kind, era))
        if known is None:
            known = self._first_pages[kind, era] = self._page(kind, era, listed, 0, principal)
        return known

    def _page(self, kind: Kind, era: Era, listed: Sequence[Listed], start: int, principal: str) -> bytes:
        end = min(start + self._page_size, len(listed))
        result: dict[str, Any] = {_ITEMS[kind]: [_in_era(item, kind, era) for item in listed[start:end]]}
        if end < len(listed):
            result["nextCursor"] = self._cursor(kind, listed[end - 1], end, principal)
        meta: dict[str, Any] = {ACCOUNTS_KEY: self.view.accounts()}
        if era is Era.MODERN:
            meta[modern.SERVER_INFO_KEY] = self.server_info
            result.update(self._cacheable())
        result["_meta"] = meta
        return json.dump(result)

    def _cacheable(self) -> dict[str, Any]:
        scope = "public" if self.view.server.access == "anonymous" else "private"
        return {"resultType": "complete", "ttlMs": LIST_TTL, "cacheScope": scope}

    def _cursor(self, kind: Kind, last: Listed, after: int, principal: str) -> str:
        state = json.dump(_Cursor(kind.value, after, last.name))
        return self._secrets.seal_text("cursor", state, self._bound_to(principal))

    def _place(self, kind: Kind, listed: Sequence[Listed], cursor: str, principal: str) -> int:
        try:
            state = msgspec.json.decode(
                self._secrets.open_text("cursor", cursor, self._bound_to(principal)), type=_Cursor
            )
        except ValueError:
            raise BadCursor from None
        if state.kind != kind.value:
            raise BadCursor
        if 0 < state.next <= len(listed) and listed[state.next - 1].name == state.last:
            return state.next
        # The list changed meanwhile: go on after the same item, or at the same place where that is gone.
        found = next((index for index, item in enumerate(listed) if item.name == state.last), state.next - 1)
        return min(found + 1, len(listed))

    def _bound_to(self, principal: str) -> bytes:
        return f"{self.view.server.id}\n{principal}".encode()

    def discover(self) -> bytes:
        """The result of server/discover (2026-07-28 server/discover)."""
        result: dict[str, Any] = {
            "supportedVersions": self.versions(),
            "capabilities": self.capabilities(Era.MODERN),
            **self._cacheable(),
            "_meta": {modern.SERVER_INFO_KEY: self.server_info},
        }
        return json.dump(self._with_instructions(result))

    def initialize(self, version: str) -> bytes:
        """The result of `initialize` (2025-11-25 basic/lifecycle)."""
        result: dict[str, Any] = {
            "protocolVersion": version,
            "capabilities": self.capabilities(Era.LEGACY),
            "serverInfo": self.server_info,
        }
        return json.dump(self._with_instructions(result))

    def _with_instructions(self, result: dict[str, Any]) -> dict[str, Any]:
        text = self.instructions()
        return {**result, "instructions": text} if text else result

    def versions(self) -> list[str]:
        era = self.view.server.era
        if era == Era.MODERN:
            return [MODERN_VERSION]
        legacy: list[str] = list(LEGACY_VERSIONS[:3])
        return legacy if era == Era.LEGACY else [MODERN_VERSION, *legacy]

    def instructions(self) -> str | None:
        """The server's own; else those of the only upstream behind it."""
        if self.view.server.instructions is not None:
            return self.view.server.instructions
        upstreams = self.view.upstreams
        detected = upstreams[0].detected if len(upstreams) == 1 else None
        return detected.instructions if detected is not None else None

    def capabilities(self, era: Era) -> dict[str, Any]:
        """What a client of this era can ask here: no more than some upstream behind can do."""
        view = self.view
        behind = [json.load(upstream.detected.capabilities) for upstream in view.upstreams if upstream.detected]
        offered: dict[str, Any] = {}
        if view.has_tools:
            offered["tools"] = {"listChanged": True}
        if view.has_prompts:
            offered["prompts"] = {"listChanged": True}
        if view.has_resources:
            subscribe = any(_subscribes(upstream, era) for upstream in view.upstreams)
            offered["resources"] = {"listChanged": True, **({"subscribe": True} if subscribe else {})}
        for plain in ("completions", "logging"):
            if any(plain in caps for caps in behind):
                offered[plain] = {}
        return offered or {"tools": {"listChanged": True}}


def _header_map(target: Target) -> HeaderMap | None:
    if b"x-mcp-header" not in bytes(target.definition):
        return None
    try:
        return headers.header_map(json.load(json.fields(target.definition).get("inputSchema", b"{}"))) or None
    except ValueError:
        return None


def _subscribes(upstream: Upstream, era: Era) -> bool:
    """Whether an upstream says that its resources can be subscribed to, and clients of this era can."""
    detected = upstream.detected
    if era is Era.MODERN and (detected is None or detected.era is not Era.MODERN):
        return False
    return tells_of_resources(upstream)


def _in_era(item: Listed, kind: Kind, era: Era) -> Raw:
    """An item without what only the other era knows, which could make a client refuse the whole list."""
    if kind is not Kind.TOOL or b'"' + _FOREIGN[era] + b'"' not in bytes(item.raw):
        return item.raw
    fields, key = json.fields(item.raw), _FOREIGN[era].decode()
    # Up to 2025-11-25 the schema of an output is an object's; from 2026-07-28 on there is no `execution`.
    if era is Era.MODERN or not _is_object_schema(fields.get(key, json.EMPTY)):
        fields.pop(key, None)
    return json.raw(fields)


def _is_object_schema(schema: Raw) -> bool:
    try:
        return json.fields(schema).get("type") == json.raw("object")
    except json.BadJson:
        return False
