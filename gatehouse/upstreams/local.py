"""The upstream that is Gatehouse itself: the prompts and resources that people made here.

What answers is read from the database when it is first asked for, and kept until something of it changes: then the
upstream's `config_revision` moves on, and the pool makes a new link.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import cast

from gatehouse.catalog.model import Detected, Kind, Offer, Transport, Upstream
from gatehouse.catalog.own.content import Own, OwnPrompt, OwnResource, OwnResourceTemplate
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, NotFound, UpstreamDown
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.bridge import unsupported
from gatehouse.protocol.call import MODERN_VERSION, Call, Emit, Era, Failure, Notice, Outcome, Result
from gatehouse.protocol.errors import INVALID_PARAMS, METHOD_NOT_FOUND, rpc_code
from gatehouse.protocol.headers import HeaderMap
from gatehouse.upstreams.base import Reach

MEANT = "gatehouse/meant"
"""The param in which the relay says which resource or template a uri was found to be: `[kind, key]`. Without it, a uri
that a client may read by a template could lead to a resource that it may not see."""
KEPT_BYTES = 4 * 1024 * 1024
"""Of contents, by one link; a larger one is read anew each time."""
_ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
_UPDATED = "notifications/resources/updated"
_Key = tuple[Kind, str]


class LocalLink:
    """See `UpstreamLink`."""

    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        self._upstream = upstream
        self._reach = reach
        self._kept: OrderedDict[_Key, tuple[Own, int]] = OrderedDict()
        self._size = 0
        self._closed = asyncio.Event()

    async def discover(self) -> Offer:
        """That it answers. What it offers is stored already, and never recorded from here."""
        known = self._upstream.detected
        return Offer(known or Detected(Transport.HTTP, Era.MODERN, MODERN_VERSION, False), ())

    async def send(self, call: Call, names: HeaderMap | None, emit: Emit) -> Outcome:
        try:
            match call.method:
                case "prompts/get":
                    return Result(await self._get_prompt(call.params))
                case "resources/read":
                    return Result(await self._read_resource(call.params))
                case "completion/complete":
                    return Result(await self._complete(call.params))
                case _:
                    lacks = unsupported(call.method, Era.MODERN)
                    return lacks or Failure(METHOD_NOT_FOUND, f"Method not found: {call.method}")
        except NotFound as error:
            data = json.raw({"uri": _text(call.params, "uri")}) if call.method == "resources/read" else None
            return Failure(INVALID_PARAMS, error.message, data)
        except GatewayError as error:
            return Failure(rpc_code(error), str(error))
        except json.BadJson as error:
            return Failure(INVALID_PARAMS, f"Invalid params: {error}")

    async def _get_prompt(self, params: Fields) -> Fields:
        name = _text(params, "name")
        prompt = await self._open(Kind.PROMPT, name)
        if not isinstance(prompt, OwnPrompt):
            raise NotFound(f"Unknown prompt: {name[:200]}")
        return prompt.get(_object(params, "arguments"))

    async def _read_resource(self, params: Fields) -> Fields:
        uri = _text(params, "uri")
        found = await self._meant(params)
        if not isinstance(found, (OwnResource, OwnResourceTemplate)):
            raise NotFound(f"Resource not found: {uri[:200]}")
        return found.read(uri)

    async def _complete(self, params: Fields) -> Fields:
        reference, argument = _object(params, "ref"), _object(params, "argument")
        is_prompt = _text(reference, "type") == "ref/prompt"
        found = await (self._open(Kind.PROMPT, _text(reference, "name")) if is_prompt else self._meant(params))
        if not isinstance(found, (OwnPrompt, OwnResourceTemplate)):
            raise NotFound("Unknown prompt or resource template in params.ref")
        return found.complete(_text(argument, "name"), _text(argument, "value"))

    async def _meant(self, params: Fields) -> Own | None:
        kind, key = cast("tuple[str, str]", json.load(params.pop(MEANT, Raw(b'["resource", ""]'))))
        return await self._open(Kind(kind), key)

    async def _open(self, kind: Kind, key: str) -> Own | None:
        kept = self._kept.get((kind, key))
        if kept is not None:
            self._kept.move_to_end((kind, key))
            return kept[0]
        if self._reach.own is None:
            raise UpstreamDown("There is nothing of Gatehouse's own here")
        found = await self._reach.own.open(kind, key)
        if found is None:
            return None
        if not self._closed.is_set():
            self._keep((kind, key), found)
        return found[0]

    def _keep(self, key: _Key, found: tuple[Own, int]) -> None:
        if found[1] > KEPT_BYTES or key in self._kept:
            return
        self._kept[key] = found
        self._size += found[1]
        while self._size > KEPT_BYTES:
            _, (_, size) = self._kept.popitem(last=False)
            self._size -= size

    async def probe(self) -> bool:
        return False

    async def watch(self) -> None:
        """What changes here is told by the snapshot."""
        await self._closed.wait()

    async def listen(self, wanted: Raw, emit: Emit) -> None:
        """2026-07-28 subscriptions/listen, until cancelled: it outlives the link, which ends with every change."""
        own = self._reach.own
        if own is None:
            return await self.watch()
        uris: list[str] = json.load(json.fields(wanted).get("resourceSubscriptions", b"[]"))
        turned, before = own.turned, {uri: await own.digest(Kind.RESOURCE, uri) for uri in uris}
        await emit(Notice(_ACKNOWLEDGED, json.raw({"notifications": wanted})))
        while True:
            await turned.wait()
            turned, now = own.turned, {uri: await own.digest(Kind.RESOURCE, uri) for uri in uris}
            for uri in uris:
                if now[uri] is not None and now[uri] != before[uri]:
                    await emit(Notice(_UPDATED, json.raw({"uri": uri})))
            before = now

    async def notify_session(self, session: str, method: str) -> None: ...

    async def end_session(self, session: str) -> None: ...

    async def sweep(self) -> None: ...

    async def close(self) -> None:
        self._kept.clear()
        self._size = 0
        self._closed.set()


def _text(fields: Fields, name: str) -> str:
    return json.text(fields.get(name)) or ""


def _object(fields: Fields, name: str) -> Fields:
    value = fields.get(name)
    return {} if value is None or value == json.NULL else json.fields(value)
