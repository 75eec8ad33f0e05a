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


def before(field: str, text: str, now: float) -> float:
    """The moment that lies so long back; raises `InvalidFields`."""
    try:
        return now - parse_duration(text)
    except Invalid as error:
        raise InvalidFields(error.message, [FieldError(field, error.message)], error.hint) from None
