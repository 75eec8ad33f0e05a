"""An MCP server to try things on: what time it is, anywhere. Standard library only.

python -m gatehouse.samples.time                                     over stdio
python -m gatehouse.samples.time --http 8010 [--host 127.0.0.1]      over Streamable HTTP, at /mcp
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, time, tzinfo
from difflib import get_close_matches
from functools import cache
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ._rpc import BadArgument, Json, Prompt, Read, Service, Tool, serve_stdio

ZONES_URI = "time://zones"
ZONE_URI = "time://zone/"
A_DAY, A_MINUTE = 24 * 60 * 60, 60

Now = Callable[[], datetime]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m gatehouse.samples.time", description="An MCP server for the time.")
    parser.add_argument("--http", type=int, metavar="PORT", help="serve Streamable HTTP on this port (0: any free one)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on, with --http")
    options = parser.parse_args(arguments)
    with suppress(KeyboardInterrupt):
        if options.http is None:
            serve_stdio(time_service())
        else:
            # Loaded only here: it takes as long as everything else together, and stdio does not need it.
            from ._http import serve_http  # noqa: PLC0415

            serve_http(time_service(), options.host, options.http)


def time_service(now: Now = lambda: datetime.now(UTC)) -> Service:
    def current_time(timezone: str = "UTC") -> Json:
        return _moment(now().astimezone(_zone(timezone)), timezone)

    def convert_time(time: str, from_timezone: str, to_timezone: str) -> Json:
        source, target = _zone(from_timezone), _zone(to_timezone)
        return _convert(_on_clock(time, source, now()), from_timezone, target, to_timezone)

    def plan_meeting(timezones: str) -> str:
        zones = [zone.strip() for zone in timezones.split(",") if zone.strip()]
        return _meeting_prompt(zones, now())

    def read(uri: str) -> Read | None:
        return _read(uri, now())

    return Service(
        info={"name": "time", "title": "Time", "version": "1.0.0"},
        instructions="Times and time zones, by IANA names such as Europe/Paris.",
        tools=[Tool(CURRENT_TIME, current_time), Tool(CONVERT_TIME, convert_time)],
        prompts=[Prompt(PLAN_MEETING, plan_meeting)],
        resources=[ZONES],
        templates=[ZONE],
        read=read,
        complete=_complete,
    )


def _zone(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC  # known without any time zone data
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadArgument(_unknown_zone(name)) from None


def _unknown_zone(name: str) -> str:
    known = _zone_names()
    if not known:
        return "This computer has no time zone data, so only UTC is known. Install it with `pip install tzdata`."
    by_city = {zone.rpartition("/")[2].lower(): zone for zone in known}
    asked = name.strip().lower().replace(" ", "_")
    close = get_close_matches(asked.rpartition("/")[2], by_city, n=3, cutoff=0.7)
    guess = f"Did you mean {' or '.join(by_city[city] for city in close)}? " if close else ""
    return f"There is no time zone {name!r}. {guess}Use an IANA name such as Europe/Paris; {ZONES_URI} lists them all."


@cache
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def _moment(moment: datetime, timezone: str) -> Json:
    return {
        "timezone": timezone,
        "datetime": moment.isoformat(timespec="seconds"),
        "weekday": WEEKDAYS[moment.weekday()],
        "utc_offset": moment.strftime("%z")[:3] + ":" + moment.strftime("%z")[3:5],
        "is_dst": bool(moment.dst()),
    }


def _on_clock(text: str, zone: tzinfo, now: datetime) -> datetime:
    """The moment at which the clocks of a zone show this: `14:30` means today, there."""
    try:
        read = datetime.fromisoformat(text) if "-" in text else _at(time.fromisoformat(text), now.astimezone(zone))
    except ValueError:
        raise BadArgument(f"{text!r} is not a time. Write 14:30 for today, or 2026-07-01T14:30.") from None
    if read.tzinfo is not None:
        raise BadArgument(f"{text!r} has an offset of its own. Leave it out: from_timezone says where the clock is.")
    moment = read.replace(tzinfo=zone)
    if _shifted(_shifted(moment, UTC), zone).replace(tzinfo=None) != read:
        raise BadArgument(f"There was no {text} in {zone} on that day: the clocks were put forward past it.")
    return moment


def _at(clock: time, today: datetime) -> datetime:
    return datetime.combine(today.date(), clock)


def _convert(moment: datetime, from_timezone: str, target: tzinfo, to_timezone: str) -> Json:
    shifted = _shifted(moment, target)
    hours = ((shifted.utcoffset() or ZERO) - (moment.utcoffset() or ZERO)).total_seconds() / 3600
    return {
        "from": _moment(moment, from_timezone),
        "to": _moment(shifted, to_timezone),
        "difference_hours": round(hours, 2),
    }


def _shifted(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:
        raise BadArgument("Years go from 1 to 9999, and this one would fall outside.") from None


def _meeting_prompt(zones: list[str], now: datetime) -> str:
    if not zones:
        raise BadArgument("Name the time zones, with commas between them: Europe/Paris, Asia/Tokyo.")
    clocks = [f"- {zone}: {now.astimezone(_zone(zone)):%A %Y-%m-%d %H:%M}" for zone in zones]
    return "\n".join(
        [
            "Find a time for a meeting of one hour between people in these time zones. It is now:",
            *clocks,
            "Propose three times in the next five working days, within 9:00 and 18:00 for everyone where that can be.",
            "Where it can't, share the early and late hours fairly, and say so. Check each time with convert_time,",
            "and show it in every zone.",
        ]
    )


def _read(uri: str, now: datetime) -> Read | None:
    if uri == ZONES_URI:
        return Read(json.dumps(_zone_names()), A_DAY)
    name = unquote(uri.removeprefix(ZONE_URI))
    if not uri.startswith(ZONE_URI) or (name not in _zone_names() and name != "UTC"):
        return None
    return Read(json.dumps(_moment(now.astimezone(_zone(name)), name)), A_MINUTE)


def _complete(ref: dict[str, Any], argument: str, typed: str) -> list[str]:
    if (ref.get("type"), ref.get("name"), argument) == ("ref/prompt", "plan_meeting", "timezones"):
        done, comma, last = typed.rpartition(",")
        lead = f"{done}, " if comma else ""
        return [lead + zone for zone in _matching(last.strip())]
    if (ref.get("type"), ref.get("uri"), argument) == ("ref/resource", ZONE["uriTemplate"], "name"):
        return _matching(typed)
    return []


def _matching(typed: str) -> list[str]:
    """The zones that have this in their names; first those of which a part begins with it."""
    wanted = typed.lower().replace(" ", "_")
    found = [zone for zone in _zone_names() if wanted in zone.lower()]
    return sorted(found, key=lambda zone: f"/{wanted}" not in f"/{zone.lower()}")


ZERO = datetime.min - datetime.min
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
READ_ONLY = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
TIMEZONE = {"type": "string", "description": "IANA name of a time zone, such as Europe/Paris"}
MOMENT = {
    "type": "object",
    "properties": {
        "timezone": {"type": "string"},
        "datetime": {"type": "string", "format": "date-time"},
        "weekday": {"type": "string", "enum": list(WEEKDAYS)},
        "utc_offset": {"type": "string", "description": "such as +02:00"},
        "is_dst": {"type": "boolean", "description": "whether daylight saving time is in force"},
    },
    "required": ["timezone", "datetime", "weekday", "utc_offset", "is_dst"],
}
CURRENT_TIME = {
    "name": "current_time",
    "title": "Current time",
    "description": "Tell the date and time that it is now in a time zone (UTC where none is named).",
    "inputSchema": {
        "type": "object",
        "properties": {"timezone": TIMEZONE | {"default": "UTC"}},
        "additionalProperties": False,
    },
    "outputSchema": MOMENT,
    "annotations": READ_ONLY | {"idempotentHint": False},
}
CONVERT_TIME = {
    "name": "convert_time",
    "title": "Convert a time",
    "description": "Tell what the clocks of one time zone show when those of another show a given time. "
    "Of an hour that the end of daylight saving time repeats, the first is meant.",
    "inputSchema": {
        "type": "object",
        "properties": {
            "time": {"type": "string", "description": "14:30 (today, in from_timezone) or 2026-07-01T14:30"},
            "from_timezone": TIMEZONE,
            "to_timezone": TIMEZONE,
        },
        "required": ["time", "from_timezone", "to_timezone"],
        "additionalProperties": False,
    },
    "outputSchema": {
        "type": "object",
        "properties": {"from": MOMENT, "to": MOMENT, "difference_hours": {"type": "number"}},
        "required": ["from", "to", "difference_hours"],
    },
    "annotations": READ_ONLY,
}
PLAN_MEETING = {
    "name": "plan_meeting",
    "title": "Plan a meeting",
    "description": "Find an hour that suits people in several time zones.",
    "arguments": [
        {
            "name": "timezones",
            "description": "IANA names with commas between them: Europe/Paris, Asia/Tokyo",
            "required": True,
        }
    ],
}
ZONES = {
    "uri": ZONES_URI,
    "name": "zones",
    "title": "Time zones",
    "description": "The names of all time zones, as a JSON array.",
    "mimeType": "application/json",
}
ZONE = {
    "uriTemplate": f"{ZONE_URI}{{name}}",
    "name": "zone",
    "title": "A time zone",
    "description": "The time and the offset in one zone, now; the / in its name may be written as %2F.",
    "mimeType": "application/json",
}

if __name__ == "__main__":
    main()
