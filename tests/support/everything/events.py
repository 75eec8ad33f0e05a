"""Events kept for clients that come back for them (2025-11-25 basic/transports, "Resumability")."""

from __future__ import annotations

from mcp.server.streamable_http import EventCallback, EventId, EventMessage, EventStore, StreamId
from mcp_types import JSONRPCMessage


class KeptEvents(EventStore):
    """Keeps everything; an id is the place in the list."""

    def __init__(self) -> None:
        self._events: list[tuple[StreamId, JSONRPCMessage | None]] = []

    async def store_event(self, stream_id: StreamId, message: JSONRPCMessage | None) -> EventId:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: EventId, send_callback: EventCallback) -> StreamId | None:
        if not last_event_id.isdecimal() or not 0 < int(last_event_id) <= len(self._events):
            return None
        place = int(last_event_id)
        wanted, _ = self._events[place - 1]
        for number, (stream, message) in enumerate(self._events[place:], place + 1):
            if stream == wanted and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return wanted
