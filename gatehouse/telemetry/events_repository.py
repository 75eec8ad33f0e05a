"""The SQL of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, delete, false, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.store.placement import Sight, seen
from gatehouse.telemetry.event import Event
from gatehouse.telemetry.events_tables import EVENTS

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Event)
_TABLE = EVENTS.c
_COLUMNS = ("id", "at", "family", "kind", "upstream", "server", "token", "owner", "team")


@dataclass(frozen=True, slots=True)
class SeenEvents:
    """What a caller may see: by family, where its subjects have to stand. Families that are not in it are not seen.

    `servers`: where given, events of servers are of these alone; `token`: the same for events of tokens.
    """

    families: Mapping[str, Sight]
    servers: tuple[str, ...] | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEvents:
    """Which events. Times are seconds since the epoch; `until` is not within. None: all of them."""

    since: float | None = None
    until: float | None = None
    kind: str | None = None
    """`upstream.down`, or `upstream.` for all that begin so."""
    upstream: str | None = None
    server: str | None = None
    token: str | None = None
    seen: SeenEvents | None = None
    """None: everything may be seen."""


async def add(connection: AsyncConnection, events: Sequence[Event]) -> None:
    await connection.execute(insert(EVENTS), [_row(one) for one in events])


async def is_stored(connection: AsyncConnection, event_id: str) -> bool:
    return (await connection.execute(select(_TABLE.id).where(_TABLE.id == event_id))).first() is not None


async def newest(connection: AsyncConnection, wanted: WantedEvents, before: str | None, limit: int) -> list[Event]:
    found = _filtered(wanted).order_by(_TABLE.id.desc()).limit(limit)
    return await _events(connection, found if before is None else found.where(_TABLE.id < before))


async def newer(connection: AsyncConnection, wanted: WantedEvents, after: str, limit: int) -> list[Event]:
    return await _events(connection, _filtered(wanted).where(_TABLE.id > after).order_by(_TABLE.id).limit(limit))


async def drop(connection: AsyncConnection, before: float, most: int) -> bool:
    """Up to about so many of the oldest; says whether there may be more."""
    oldest = select(_TABLE.at).where(_TABLE.at < before).order_by(_TABLE.at).offset(most).limit(1)
    last: float | None = (await connection.execute(oldest)).scalar()
    await connection.execute(delete(EVENTS).where(_TABLE.at < before if last is None else _TABLE.at <= last))
    return last is not None


def _row(one: Event) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in _COLUMNS}
    return {**values, "visibility": one.visibility.value, "record": _encoder.encode(one)}


def _filtered(wanted: WantedEvents) -> Select[Any]:
    found = select(_TABLE.record)
    for name in ("upstream", "server", "token"):
        value = getattr(wanted, name)
        if value is not None:
            found = found.where(_TABLE[name] == value)
    if wanted.kind is not None:
        found = found.where(_kind(wanted.kind))
    if wanted.since is not None:
        found = found.where(_TABLE.at >= wanted.since)
    if wanted.until is not None:
        found = found.where(_TABLE.at < wanted.until)
    return found if wanted.seen is None else found.where(_seen(wanted.seen))


def _kind(kind: str) -> ColumnElement[bool]:
    return _TABLE.kind.startswith(kind, autoescape=True) if kind.endswith(".") else _TABLE.kind == kind


def _seen(seen_ones: SeenEvents) -> ColumnElement[bool]:
    """Families that are seen alike are asked for together."""
    alike: dict[Sight, list[str]] = {}
    for family, sight in seen_ones.families.items():
        alike.setdefault(sight, []).append(family)
    ways = [and_(_TABLE.family.in_(families), seen(EVENTS, sight)) for sight, families in alike.items()]
    narrowed = [or_(false(), *ways)]
    if seen_ones.servers is not None:
        narrowed.append(or_(_TABLE.family != "server", _TABLE.server.in_(seen_ones.servers)))
    if seen_ones.token is not None:
        narrowed.append(or_(_TABLE.family != "token", _TABLE.token == seen_ones.token))
    return and_(*narrowed)


async def _events(connection: AsyncConnection, found: Select[Any]) -> list[Event]:
    return [_decoder.decode(record) for record in (await connection.execute(found)).scalars()]
