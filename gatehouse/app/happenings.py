"""What the catalog reports, told as events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, assert_never

from gatehouse.catalog.happenings import (
    Happening,
    ServerTurned,
    UpstreamAnswered,
    UpstreamFailed,
    UpstreamFound,
    UpstreamTurned,
)
from gatehouse.catalog.model import Capability, Kind, Status, Upstream
from gatehouse.catalog.statuses import maintenance_words
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.store.placement import Placement
from gatehouse.telemetry.event import Event, placed

NAMES = 50
"""Names that one event tells of at most, and a sentence of it three."""
NAME_LENGTH = 200
_IN_A_SENTENCE = 3
_PLURALS = {Kind.TOOL: "tools", Kind.PROMPT: "prompts", Kind.RESOURCE: "resources", Kind.TEMPLATE: "resource templates"}
_ONE = {
    "added": "offers a new {}, {}",
    "changed": "changed the {} {}",
    "gone": "no longer offers the {} {}",
    "back": "offers the {} {} again",
}
_MANY = {
    "added": "offers {} new {}",
    "changed": "changed {} {}",
    "gone": "no longer offers {} {}",
    "back": "offers {} {} again",
}
_SEALED = {"sealed_credential": "credential", "credential_type": "credential", "sealed_env": "env", "env_names": "env"}
_INNER = frozenset(
    "config_revision detected status error status_since status_cause maintenance_until maintenance_note owner".split()
)
"""Fields that follow from others, or whose names say nothing to people."""
_FALLEN = {
    Status.DOWN: ("upstream.down", "is down"),
    Status.DEGRADED: ("upstream.degraded", "is degraded"),
    Status.SIGN_IN: ("upstream.sign_in_needed", "wants to be signed in to"),
}
_Changed = tuple[Capability, tuple[str, ...]]
"""A capability, and the fields of its definition that are other ones now."""


class Happenings:
    """The listener of the catalog: `note` is called with each event."""

    def __init__(self, note: Callable[[Event], None], clock: Clock) -> None:
        self._note = note
        self._clock = clock

    def report(self, happening: Happening) -> None:
        for event in told(happening, self._clock.now()):
            self._note(event)


def told(happening: Happening, now: float) -> Iterator[Event]:
    match happening:
        case UpstreamTurned():
            yield from _upstream_turned(happening, now)
        case UpstreamFailed() | UpstreamFound():
            yield from _found(happening.before, happening.after, now)
        case UpstreamAnswered():
            yield from _answered(happening, now)
        case ServerTurned():
            yield _server_turned(happening, now)
        case _:
            assert_never(happening)


def _upstream_turned(happening: UpstreamTurned, now: float) -> Iterator[Event]:
    upstream, fields = happening.upstream, _shown(happening.fields)
    if upstream.status is Status.MAINTENANCE and "maintenance_until" in happening.fields:
        yield _in_maintenance(upstream, now)
    if happening.turn == "changed" and not fields:
        return
    message = f"Upstream '{upstream.name}' was {happening.turn}{_in_words(fields)}."
    yield _of_upstream(f"upstream.{happening.turn}", upstream, now, message, {"fields": fields} if fields else {})


def _in_maintenance(upstream: Upstream, now: float) -> Event:
    message = f"Upstream '{upstream.name}' is {maintenance_words(upstream)}."
    data = {"until": upstream.maintenance_until, "note": upstream.maintenance_note}
    return _of_upstream("upstream.maintenance", upstream, now, message, data)


def _found(before: Upstream, after: Upstream, now: float) -> Iterator[Event]:
    """Once for each time that its status turns."""
    if before.status is after.status:
        return
    if after.status is Status.OK:
        yield _up(before, after, now)
    elif after.status in _FALLEN:
        kind, words = _FALLEN[after.status]
        error = after.error or "no reason was given"
        message = f"Upstream '{after.name}' {words}: {error.rstrip('.')}."
        yield _of_upstream(kind, after, now, message, {"error": error})


def _answered(happening: UpstreamAnswered, now: float) -> Iterator[Event]:
    before, after, comparison = happening.before, happening.after, happening.comparison
    yield from _found(before, after, now)
    yield from _offer(after, "added", ((one, ()) for one in comparison.added), now)
    yield from _offer(after, "changed", ((new, _differing(old, new)) for old, new in comparison.changed), now)
    yield from _offer(after, "gone", ((one, ()) for one in comparison.gone), now)
    yield from _offer(after, "back", ((one, ()) for one in comparison.back), now)


def _up(before: Upstream, after: Upstream, now: float) -> Event:
    if before.status not in _FALLEN:
        return _of_upstream("upstream.up", after, now, f"Upstream '{after.name}' answers.", {})
    seconds = max(0, round(now - before.status_since))
    again = "is well again" if before.status is Status.DEGRADED else "answers again"
    message = f"Upstream '{after.name}' {again}, after {_long(seconds)}."
    return _of_upstream("upstream.up", after, now, message, {f"{before.status}_seconds": seconds})


def _offer(upstream: Upstream, what: str, ones: Iterable[_Changed], now: float) -> Iterator[Event]:
    """One event for all of a kind that stand in the same place, since who may see one of them may see all."""
    groups: dict[tuple[Kind, Placement], list[_Changed]] = {}
    for one, fields in ones:
        groups.setdefault((one.kind, one.placement or upstream.placement), []).append((one, fields))
    for (kind, placement), members in groups.items():
        yield _of_offer(upstream, (kind, what), placement, members, now)


def _of_offer(
    upstream: Upstream, kind: tuple[Kind, str], placement: Placement, members: Sequence[_Changed], now: float
) -> Event:
    data: dict[str, Any] = {
        "names": [one.key[:NAME_LENGTH] for one, _ in members[:NAMES]],
        "ids": [one.id for one, _ in members[:NAMES]],
        "total": len(members),
    }
    fields = {one.key[:NAME_LENGTH]: list(changed) for one, changed in members[:NAMES] if changed}
    only = members[0][0] if len(members) == 1 else None
    return Event(
        kind=f"{kind[0].value}.{kind[1]}",
        at=now,
        subject_kind="upstream" if only is None else kind[0].value,
        subject=upstream.id if only is None else only.id,
        subject_name=upstream.name if only is None else only.key,
        message=_of_several(upstream, kind, members),
        data={**data, "fields": fields} if fields else data,
        upstream=upstream.id,
        **placed(placement),
    )


def _of_several(upstream: Upstream, kind: tuple[Kind, str], members: Sequence[_Changed]) -> str:
    names = ", ".join(f"'{one.key[:NAME_LENGTH]}'" for one, _ in members[:_IN_A_SENTENCE])
    if len(members) == 1:
        said = _ONE[kind[1]].format(kind[0].value.replace("_", " "), names)
    else:
        rest = len(members) - _IN_A_SENTENCE
        names += f" and {rest} more" if rest > 0 else ""
        said = f"{_MANY[kind[1]].format(len(members), _PLURALS[kind[0]])}: {names}"
    return f"Upstream '{upstream.name}' {said}."


def _server_turned(happening: ServerTurned, now: float) -> Event:
    server, fields = happening.server, _shown(happening.fields)
    return Event(
        kind=f"server.{happening.turn}",
        at=now,
        subject_kind="server",
        subject=server.id,
        subject_name=server.slug,
        message=f"Server '{server.slug}' was {happening.turn}{_in_words(fields)}.",
        data={"fields": fields} if fields else {},
        server=server.id,
        **placed(server.placement),
    )


def _of_upstream(kind: str, upstream: Upstream, now: float, message: str, data: dict[str, Any]) -> Event:
    return Event(
        kind=kind,
        at=now,
        subject_kind="upstream",
        subject=upstream.id,
        subject_name=upstream.name,
        message=message,
        data=data,
        upstream=upstream.id,
        **placed(upstream.placement),
    )


def _shown(fields: Iterable[str]) -> list[str]:
    """As the API calls them."""
    return list(dict.fromkeys(_SEALED.get(name, name) for name in fields if name not in _INNER))


def _in_words(fields: Sequence[str]) -> str:
    return f": {', '.join(fields)}" if fields else ""


def _differing(old: Capability, new: Capability) -> tuple[str, ...]:
    before, after = json.fields(old.definition), json.fields(new.definition)
    names = sorted(before.keys() | after.keys())
    return tuple(name[:NAME_LENGTH] for name in names if before.get(name) != after.get(name))[:NAMES]


def _long(seconds: int) -> str:
    for unit, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            number = seconds // length
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return f"{seconds} second" if seconds == 1 else f"{seconds} seconds"
