"""Asking an MCP server for all that it offers, and judging what may be passed on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import msgspec

from gatehouse.catalog.model import Detected, Kind, Offer, Offered, Skipped
from gatehouse.kit import json
from gatehouse.kit.errors import UpstreamFailed
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol import headers, modern
from gatehouse.protocol.call import Era, Failure
from gatehouse.protocol.errors import METHOD_NOT_FOUND
from gatehouse.upstreams.detect import Opened
from gatehouse.upstreams.peer import Outgoing, Peer, ignore
from gatehouse.upstreams.wires import GATEHOUSE

MAX_PAGES = 1000
LONG_DESCRIPTION = 8000
"""Characters past which a description costs an agent more than it helps."""

_LISTS = (
    (Kind.TOOL, "tools", "tools/list", "tools", "name"),
    (Kind.PROMPT, "prompts", "prompts/list", "prompts", "name"),
    (Kind.RESOURCE, "resources", "resources/list", "resources", "uri"),
    (Kind.TEMPLATE, "resources", "resources/templates/list", "resourceTemplates", "uriTemplate"),
)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_decode_items = msgspec.json.Decoder(list[Raw])


async def discover(opened: Opened, timeout: float) -> Offer:
    """All lists that the upstream says it has, to their last pages; raises `UpstreamFailed` and what a peer raises."""
    offers = json.fields(opened.detected.capabilities)
    sorter = _Sorter(opened.detected)
    for kind, capability, method, items, key in _LISTS:
        if capability in offers:
            for raw in await _all_pages(opened, method, items, timeout):
                sorter.take(kind, key, raw)
    return Offer(opened.detected, tuple(sorter.offered), tuple(sorter.skipped))


async def _all_pages(opened: Opened, method: str, items: str, timeout: float) -> list[Raw]:
    found: list[Raw] = []
    cursor: Raw | None = None
    seen: set[bytes] = set()
    for _ in range(MAX_PAGES):
        fields = await _page(opened.peer, opened.detected.era, method, cursor, timeout)
        if fields is None:
            return found
        found.extend(_items(fields, items, method))
        cursor = fields.get("nextCursor")
        if cursor is None or cursor == json.NULL:
            return found
        if bytes(cursor) in seen:
            raise UpstreamFailed(f"The upstream's {method} goes round in a circle: the same cursor came twice")
        seen.add(bytes(cursor))
    raise UpstreamFailed(f"The upstream's {method} has more than {MAX_PAGES} pages")


async def _page(peer: Peer, era: Era, method: str, cursor: Raw | None, timeout: float) -> Fields | None:
    params: Fields = {} if cursor is None else {"cursor": cursor}
    if era is Era.MODERN:
        params["_meta"] = json.raw(modern.request_meta(GATEHOUSE, {}, None, None))
    outcome = await peer.request(Outgoing(method, params, timeout=timeout), ignore)
    if isinstance(outcome, Failure):
        # A server that declares resources need not have templates, and often says so in this way.
        if outcome.code == METHOD_NOT_FOUND:
            return None
        raise UpstreamFailed(f"The upstream's {method} failed: {outcome.message}")
    return outcome.fields


def _items(fields: Fields, key: str, method: str) -> list[Raw]:
    try:
        return _decode_items.decode(fields.get(key, b"[]"))
    except (msgspec.DecodeError, RecursionError):
        raise UpstreamFailed(f"The upstream's {method} has no array '{key}'") from None


class _Sorter:
    """Takes each item as it is, with warnings; leaves out only what the protocol forbids, and says why."""

    def __init__(self, detected: Detected) -> None:
        self._strict_headers = detected.era is Era.MODERN
        self._seen: set[tuple[Kind, str]] = set()
        self.offered: list[Offered] = []
        self.skipped: list[Skipped] = []

    def take(self, kind: Kind, key_name: str, raw: Raw) -> None:
        if bytes(raw)[:1] != b"{":
            self.skipped.append(Skipped(kind, "", "it is not a JSON object"))
            return
        fields = json.fields(raw)
        key = json.text(fields.get(key_name))
        reason = self._forbidden(kind, key, key_name, fields)
        if reason or key is None:
            self.skipped.append(Skipped(kind, key or "", reason or f"it has no {key_name}"))
            return
        try:
            warnings = tuple(_warnings(kind, key, fields))
        except json.BadJson as error:
            self.skipped.append(Skipped(kind, key, f"its inputSchema can't be read: {error}"))
            return
        self._seen.add((kind, key))
        self.offered.append(Offered(kind, key, json.dump(fields), warnings))

    def _forbidden(self, kind: Kind, key: str | None, key_name: str, fields: Fields) -> str | None:
        if not key:
            return f"it has no {key_name}"
        if (kind, key) in self._seen:
            return f"its {key_name} is given twice; the first one counts"
        if kind is Kind.TOOL and self._strict_headers and b"x-mcp-header" in bytes(fields.get("inputSchema", b"")):
            try:
                headers.header_map(json.load(fields["inputSchema"]))
            except ValueError as error:
                return str(error)
        return None


def _warnings(kind: Kind, key: str, fields: Fields) -> Iterator[str]:
    if kind in (Kind.TOOL, Kind.PROMPT) and not _NAME.fullmatch(key):
        yield "its name is not of 1 to 128 letters, digits, '_', '.' and '-'; some clients will refuse it"
    if len(json.text(fields.get("description")) or "") > LONG_DESCRIPTION:
        yield f"its description is longer than {LONG_DESCRIPTION} characters, all of which an agent has to read"
    if kind is Kind.TOOL:
        yield from _schema_warnings(fields.get("inputSchema"))


def _schema_warnings(raw: Raw | None) -> Iterator[str]:
    schema: Any = json.load(raw) if raw is not None else None
    if not isinstance(schema, dict):
        yield "it has no inputSchema"
        return
    members = cast("dict[str, Any]", schema)
    if members.get("type") != "object":
        yield 'its inputSchema is not of "type": "object"'
    dialect = members.get("$schema")
    if isinstance(dialect, str) and "2020-12" not in dialect and "draft-07" not in dialect:
        yield f"its inputSchema is of an old dialect ({dialect[:100]})"
