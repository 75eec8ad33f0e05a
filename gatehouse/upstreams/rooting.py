"""Roots of Gatehouse's own, for legacy upstreams: offered where the client has none, and answered without asking anybody.

A client that has roots is asked for its own: in its session it is the client whose work is done.
"""

from __future__ import annotations

from gatehouse.catalog.roots import listed
from gatehouse.kit import json
from gatehouse.protocol.call import Answer, Ask, Client, Emit, Event
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.peer import Stray, TakeStray

ROOTS_CHANGED = "notifications/roots/list_changed"
_ROOTS = "roots"
_LIST = "roots/list"
_CAPABILITY = json.raw({"listChanged": True})


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
        return RootedClient(client.era, client.version, json.raw({**capabilities, _ROOTS: _CAPABILITY}), client.info)

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
        # Where all were taken away meanwhile, there are none: the session was begun with the promise to answer.
        await event.reply(Answer(result=listed(self._roots.offered_to(self._upstream_id))))
        return True
