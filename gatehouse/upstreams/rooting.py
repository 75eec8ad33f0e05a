"""Roots of Gatehouse's own: offered to upstreams where the client has none, and answered without asking anybody.

A client that has roots is asked for its own: in its session it is the client whose work is done.
"""

from __future__ import annotations

from gatehouse.catalog.roots import listed
from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.call import Answer, Ask, Call, Client, Emit, Era, Event, Outcome
from gatehouse.upstreams.answering import STATE, answering, resumed
from gatehouse.upstreams.answering import Ask as AskAgain
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.peer import Stray, TakeStray

ROOTS_CHANGED = "notifications/roots/list_changed"
_ROOTS = "roots"
_LIST = "roots/list"
_CAPABILITY = {Era.LEGACY: json.raw({"listChanged": True}), Era.MODERN: json.EMPTY}
"""A modern upstream asks anew in each call, so that no change has to be told."""


class RootedClient(Client, frozen=True):
    """A client that has no roots, shown to an upstream as one that has Gatehouse's."""


class Rooting:
    """Of one upstream."""

    def __init__(self, upstream_id: str, reach: Reach) -> None:
        self._upstream_id = upstream_id
        self._roots = reach.roots

    def shown(self, client: Client) -> Client:
        """The client as the upstream is to see it."""
        if self._roots is None or not self._roots.offered_to(self._upstream_id):
            return client
        capabilities = json.fields(client.capabilities)
        if _ROOTS in capabilities:
            return client
        capabilities[_ROOTS] = _CAPABILITY[client.era]
        return RootedClient(client.era, client.version, json.raw(capabilities), client.info)

    def may_answer(self, call: Call) -> bool:
        """Whether a call to a modern upstream needs a look: most don't, where there are no roots."""
        return self._roots is not None and (self._roots.some or STATE in call.params)

    async def rounds(self, ask: AskAgain, params: Fields) -> Outcome:
        """A call to a modern upstream that was shown a client with our roots."""
        return await answering(ask, params, self._listed)

    def resumed(self, params: Fields) -> Fields:
        """The same of a client that has roots, or where there are none any more."""
        return resumed(params, self._listed)

    def emitting(self, emit: Emit) -> Emit:
        """`emit`, but for questions that are answered here."""

        async def answering(event: Event) -> None:
            if not await self._answered(event):
                await emit(event)

        return answering

    def straying(self, client: Client, take: TakeStray) -> TakeStray:
        """The same for what is said outside of a call, in a session that was opened as `client`."""
        if not isinstance(client, RootedClient):
            return take

        async def answering(stray: Stray) -> None:
            if not await self._answered(stray):
                await take(stray)

        return answering

    async def _answered(self, event: Event | Stray) -> bool:
        if self._roots is None or not isinstance(event, Ask) or event.method != _LIST:
            return False
        await event.reply(Answer(result=self._listed()))
        return True

    def _listed(self) -> Raw:
        """Where all were taken away meanwhile, there are none: it was promised that there will be an answer."""
        return listed(self._roots.offered_to(self._upstream_id) if self._roots is not None else ())
