"""`gatehouse upstream health` and `gatehouse upstream maintenance`: how upstreams are, and were."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli import call_wire
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.call_wire import milliseconds, moment
from gatehouse.cli.errors import Refused
from gatehouse.cli.output import JsonFlag, facts, line, print_items, print_json, short, table
from gatehouse.cli.wire import Upstream
from gatehouse.kit.errors import Invalid

_SINCE = "1h"
_FORBIDDEN = (403, 404)


class Maintenance(msgspec.Struct, frozen=True):
    until: str
    note: str | None = None


class Probe(msgspec.Struct, frozen=True):
    at: str
    ok: bool
    milliseconds: float
    error: str | None = None


class Calls(msgspec.Struct, frozen=True):
    calls: int
    ok: int
    success: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None


class Change(msgspec.Struct, frozen=True):
    at: str
    before: str
    after: str
    cause: str
    reason: str | None = None


class Health(msgspec.Struct, frozen=True):
    name: str
    status: str
    enabled: bool = True
    since: str | None = None
    reason: str | None = None
    maintenance: Maintenance | None = None
    looked_at: str | None = None
    last_probe: Probe | None = None
    hour: Calls | None = None
    day: Calls | None = None
    week: Calls | None = None
    history: list[Change] = []


def health(
    name: Annotated[str, typer.Argument(metavar="[UPSTREAM]", help="Its name or id; left out: all of them.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Show how they are, since when and why; of one also how it was before."""
    with Api() as api:
        if name:
            answer = api.get(f"/upstreams/{segment(name)}/health")
            return print_json(answer) if as_json else _describe(json_as(answer, Health))
        items = api.items("/upstreams")
        if as_json:
            return print_items(items)
        sums = _sums(api)
    rows = [_row(json_as(item, Upstream), sums) for item in items]
    table(
        ("NAME", "STATUS", "SINCE", "CALLS", "FAILED", "REASON"),
        rows,
        "There are no upstreams. Add one: gatehouse add NAME URL",
    )
    if rows and sums is not None:
        line("Calls are those of the last hour.")


def maintenance(
    name: Annotated[str, typer.Argument(metavar="UPSTREAM", help="Its name or id.")],
    how_long: Annotated[str, typer.Option("--for", metavar="2h", help="How long: 30m, 2h, 1d.")] = "",
    until: Annotated[str, typer.Option(metavar="TIME", help="Until when: 2026-11-21T18:00:00Z.")] = "",
    note: Annotated[str, typer.Option(help="Why, for whoever calls it meanwhile.")] = "",
    end: Annotated[bool, typer.Option("--end", help="It is over.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Don't call it for a while; its tools stay listed, and calls are told until when and why."""
    with Api() as api:
        answer = api.patch(f"/upstreams/{segment(name)}", _wanted(how_long, until, note, end))
    if as_json:
        return print_json(answer)
    upstream = json_as(answer, _Maintained)
    if upstream.maintenance is None:
        return line(f"{upstream.name} is not in maintenance any more: {upstream.status}.")
    line(f"{upstream.name} is in maintenance until {moment(upstream.maintenance.until)} UTC.")


class _Maintained(msgspec.Struct, frozen=True):
    name: str
    status: str
    maintenance: Maintenance | None = None


def _wanted(how_long: str, until: str, note: str, end: bool) -> dict[str, Any]:
    if sum(map(bool, (how_long, until, end))) != 1:
        raise Invalid("It is not clear until when.", "Give one of --for 2h, --until TIME and --end.")
    if end:
        return {"maintenance": None}
    return {"maintenance": how_long or until, "maintenance_note": note or None}


def _sums(api: Api) -> dict[str, call_wire.Sums] | None:
    """By upstream; None where the token may not see calls, or none are recorded."""
    try:
        answer = api.get("/metrics/top", by="upstream", measure="calls", since=_SINCE, limit=500)
    except Refused as error:
        if error.http_status in _FORBIDDEN:
            return None
        raise
    return {one.key: one.sums for one in json_as(answer, call_wire.Top).items}


def _row(one: Upstream, sums: dict[str, call_wire.Sums] | None) -> tuple[object, ...]:
    own = (sums or {}).get(one.id)
    counted = ("", "") if sums is None else (own.calls, own.errors) if own is not None else (0, 0)
    status = one.status if one.enabled else "disabled"
    reason = one.error or (one.maintenance or {}).get("note")
    return one.name, status, moment(str(one.status_since or "")), *counted, short(reason, 70)


def _describe(one: Health) -> None:
    until = f" until {moment(one.maintenance.until)}" if one.maintenance else ""
    facts(
        [
            ("Name", one.name),
            ("Status", (one.status if one.enabled else "disabled") + until),
            ("Since", moment(one.since or "")),
            ("Reason", one.reason),
            ("Looked at", moment(one.looked_at or "")),
            ("Last probe", _probe(one.last_probe)),
        ]
    )
    ranges = [(name, calls) for name, calls in (("hour", one.hour), ("day", one.day), ("week", one.week)) if calls]
    if ranges:
        line()
        rows = [
            (name, calls.calls, _percent(calls.success), milliseconds(calls.p50_ms), milliseconds(calls.p95_ms))
            for name, calls in ranges
        ]
        table(("LAST", "CALLS", "OK", "P50 MS", "P95 MS"), rows)
    if one.history:
        line()
        changes = [(moment(c.at), c.before, c.after, c.cause, short(c.reason, 70)) for c in one.history]
        table(("AT", "FROM", "TO", "BY", "REASON"), changes)


def _probe(probe: Probe | None) -> str:
    if probe is None:
        return ""
    how = f"answered in {probe.milliseconds:.0f} ms" if probe.ok else f"failed: {probe.error}"
    return f"{moment(probe.at)} {how}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"
