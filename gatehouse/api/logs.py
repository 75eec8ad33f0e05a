"""How much Gatehouse logs: what is usual, and what was asked for, for a while, at run time."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from gatehouse.api.actions import Action
from gatehouse.api.fields import Timestamp, maybe_timestamp
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.durations import parse_duration
from gatehouse.kit.errors import Invalid
from gatehouse.telemetry.logs.levels import LogLevels, checked

USUAL, LONGEST = "1h", "7d"
Levels = Annotated[
    dict[str, str],
    Meta(description="Logger -> `debug`, `info`, `warning` or `error`; `*`: all that have no level of their own"),
]


class LevelsView(Struct, frozen=True, kw_only=True):
    """How much is logged by all workers."""

    levels: Annotated[Levels, Meta(description="What counts for now, besides the usual ones")]
    until: Annotated[Timestamp | None, Meta(description="When the usual ones come back; null: they are back")]
    usual: Annotated[Levels, Meta(description="Those of the setting log_level")]


class LevelsInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Takes the place of what was asked for before; without any levels the usual ones come back."""

    levels: Levels
    duration: Annotated[str, Meta(description="As in `15m`, up to `7d`")] = field(default=USUAL, name="for")


async def get_levels(asked: Asked[None, None]) -> LevelsView:
    return _view(asked.context.log_levels)


async def set_levels(asked: Asked[None, LevelsInput]) -> LevelsView:
    body, levels = asked.body, asked.context.log_levels
    seconds = _seconds(body.duration)
    try:
        wanted = checked(body.levels)
    except Invalid as error:
        raise InvalidFields(error.message, [FieldError("levels", error.message)], error.hint) from None
    await levels.ask(wanted, seconds)
    return _view(levels)


def _seconds(text: str) -> int:
    try:
        seconds = parse_duration(text)
    except Invalid as error:
        raise InvalidFields(error.message, [FieldError("for", error.message)], error.hint) from None
    if seconds > parse_duration(LONGEST):
        words = f"{text} is too long"
        raise InvalidFields(
            f"{words}.", [FieldError("for", words)], f"Ask for up to {LONGEST}, or use the setting log_level."
        )
    return seconds


def _view(levels: LogLevels) -> LevelsView:
    wish = levels.wish
    return LevelsView(levels=wish.levels, until=maybe_timestamp(wish.until or None), usual=levels.usual)


ENDPOINTS = (
    endpoint("GET /logs/levels", Action.LOG_READ, get_levels, "Tell how much is logged"),
    endpoint("PUT /logs/levels", Action.LOG_WRITE, set_levels, "Log more, or less, for a while"),
)
