"""Streams of what is new: Server-Sent Events where the client asks for them, else lines of JSON.

A stream looks into the database again and again. Workers write in their own time, so that every look goes back a little;
what was told is remembered that far, and told once. Nothing is read ahead of a slow reader.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import anyio

from gatehouse.access import policy
from gatehouse.access.model import Circumstances, Resource
from gatehouse.api.actions import Action
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, Live
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.ids import earliest_id

POLL = 0.5
"""Seconds between looks for what is new."""
OVERLAP = 4
"""Looks after which no worker writes anything earlier any more."""
QUIET = 20
"""Looks without a word, after which a sign of life is sent, so that who is gone is noticed."""
AT_ONCE = 500
"""Records that are read, and kept for a reader, at a time."""
EVENT_STREAM = "text/event-stream"
LINES = "application/x-ndjson"
_LAST = re.compile(r"[a-z]{3}_[0-9a-z]{26}")


@dataclass(frozen=True, slots=True)
class Told:
    """One record, as JSON."""

    id: str
    document: bytes


class Source(Protocol):
    """Records of one kind, as far as the caller wants and may see them."""

    @property
    def name(self) -> str:
        """What one of them is called in the stream."""
        ...

    @property
    def prefix(self) -> str:
        """Of their ids."""
        ...

    @property
    def action(self) -> Action:
        """What it takes to see any."""
        ...

    async def newest(self) -> str:
        """The id of the newest of all; empty where there is none."""
        ...

    async def after(self, id_: str, limit: int) -> Sequence[Told]:
        """The first so many of those with a greater id, in the order of their ids."""
        ...


async def live(asked: Asked[Any, None], sources: Sequence[Source], named: bool = False) -> Live:
    """`named`: say in each line of JSON which kind of record it is, as in `{"call": ...}`.

    A client that comes again with `Last-Event-ID` gets what came since, in either form, and what was written late is
    not lost: of the seconds right before, records may come again.
    """
    last = _last_id(asked)
    places = [await _place(source, last) for source in sources]
    if _wants_event_stream(asked):
        return Live(_chunks(asked, places, _as_event, b": still here\n\n"), EVENT_STREAM)
    return Live(_chunks(asked, places, _as_named_line if named else _as_line, b"\n"), LINES)


class _Place:
    """How far one source was told."""

    def __init__(self, source: Source, floor: str, told: set[str]) -> None:
        self.source = source
        self._floors = deque([floor], maxlen=OVERLAP)
        self._told = told

    async def look(self) -> list[Told]:
        """What was not told yet, or the first part of it."""
        fresh = await self._fresh()
        self._told = {id_ for id_ in self._told if id_ > self._floors[0]} | {one.id for one in fresh}
        self._floors.append(max([self._floors[-1], *(one.id for one in fresh)]))
        return fresh

    async def _fresh(self) -> list[Told]:
        found, after = list[Told](), self._floors[0]
        while True:
            more = await self.source.after(after, AT_ONCE)
            found += [one for one in more if one.id not in self._told]
            if len(more) < AT_ONCE or len(found) >= AT_ONCE:
                return found
            after = more[-1].id


_Frame = Callable[[Source, Told], bytes]


async def _chunks(
    asked: Asked[Any, None], places: Sequence[_Place], frame: _Frame, sign_of_life: bytes
) -> AsyncIterator[bytes]:
    yield sign_of_life
    quiet = 0
    while await _may_go_on(asked, places):
        looks = [(place.source, await place.look()) for place in places]
        fresh = sorted(((one.id[4:], source, one) for source, ones in looks for one in ones), key=lambda item: item[0])
        quiet = 0 if fresh else quiet + 1
        if fresh:
            yield b"".join(frame(source, one) for _, source, one in fresh)
        elif quiet % QUIET == 0:
            yield sign_of_life
        if len(fresh) < AT_ONCE:
            await anyio.sleep(POLL)


async def _place(source: Source, last: str) -> _Place:
    if not last:
        return _Place(source, await source.newest(), set())
    return _Place(source, earliest_id(source.prefix, last, POLL * OVERLAP), {last})


def _last_id(asked: Asked[Any, None]) -> str:
    last = asked.request.headers.get("last-event-id", "").strip() if asked.request else ""
    if last and not _LAST.fullmatch(last):
        raise InvalidFields(
            "The header Last-Event-ID holds no id of ours.",
            [FieldError("Last-Event-ID", "not the id of a call or an event")],
            "Send the id that the stream told last, or leave the header out.",
        )
    return last


def _wants_event_stream(asked: Asked[Any, None]) -> bool:
    accepted = asked.request.headers.getlist("accept") if asked.request else []
    kinds = [kind.partition(";")[0].strip().lower() for kind in ",".join(accepted).split(",")]
    return EVENT_STREAM in kinds


async def _may_go_on(asked: Asked[Any, None], places: Sequence[_Place]) -> bool:
    """Whether the caller is still who it was, and may still see what it saw."""
    if asked.context.stopping() or asked.request is None:
        return False
    try:
        caller = await asked.context.identify(asked.request)
    except GatewayError:
        return False
    at = Circumstances(asked.context.clock.now(), caller.address)
    wanted = [place.source.action.value for place in places]
    allowed = all(
        policy.allows(caller.principal, action, Resource(action.partition(".")[0]), at).allowed for action in wanted
    )
    return allowed and caller.principal == asked.principal


def _as_event(source: Source, one: Told) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (one.id.encode(), source.name.encode(), one.document)


def _as_line(source: Source, one: Told) -> bytes:
    return one.document + b"\n"


def _as_named_line(source: Source, one: Told) -> bytes:
    return b'{"%s":%s}\n' % (source.name.encode(), one.document)
