"""Times and durations in query strings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.kit.durations import parse_duration
from gatehouse.kit.errors import Invalid

Moment = Annotated[str, Meta(description="A time as in `2026-11-21T08:00:00Z`, a day, or how long ago, as in `24h`")]
Duration = Annotated[str, Meta(description="As in `30d` or `12h`")]


def moment(field: str, text: str | None, now: float) -> float | None:
    """Seconds since the epoch; raises `InvalidFields`. A time without a zone is UTC."""
    if not text:
        return None
    try:
        return now - parse_duration(text)
    except Invalid:
        pass
    try:
        read = datetime.fromisoformat(text.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InvalidFields(
            f"'{text[:50]}' is neither a time nor how long ago something was.",
            [FieldError(field, "not a time")],
            "Write 2026-11-21T08:00:00Z, 2026-11-21, or 30m, 24h, 7d.",
        ) from None


def later(field: str, text: str, now: float) -> float:
    """Seconds since the epoch of a time to come, or so long from now; raises `InvalidFields`. Without a zone it is UTC."""
    hint = "Write how long from now, as in 30m, 2h or 1d, or a time to come, as in 2026-11-21T18:00:00Z."
    try:
        return now + parse_duration(text)
    except Invalid:
        pass
    try:
        read = datetime.fromisoformat(text.strip())
        at = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        words = f"'{text[:50]}' is neither a duration nor a time."
        raise InvalidFields(words, [FieldError(field, "not a time")], hint) from None
    if at <= now:
        raise InvalidFields(f"'{text[:50]}' is over already.", [FieldError(field, "in the past")], hint)
    return at


def before(field: str, text: str, now: float) -> float:
    """The moment that lies so long back; raises `InvalidFields`."""
    try:
        return now - parse_duration(text)
    except Invalid as error:
        raise InvalidFields(error.message, [FieldError(field, error.message)], error.hint) from None
