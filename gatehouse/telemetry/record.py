"""What is kept of one call. Ids and names are plain strings here: what they stand for, others know."""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["ok", "tool_error", "protocol_error", "refused", "cancelled", "timed_out"]
OUTCOMES: tuple[Outcome, ...] = ("ok", "tool_error", "protocol_error", "refused", "cancelled", "timed_out")
ERROR_LENGTH = 500
"""Characters that are kept of an error's message."""
NAME_LENGTH = 255
"""Characters that are kept of a name; a longer one is found by its beginning."""


class CallRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One call, in whichever way it ended. What is not known is empty. Times are seconds since the epoch."""

    id: str
    """`new_id("cal")`."""
    at: float
    """When it began."""
    outcome: Outcome
    principal: str = ""
    principal_kind: str = ""
    principal_name: str = ""
    user: str = ""
    team: str = ""
    client: str = ""
    """The name that the client gives itself."""
    client_version: str = ""
    era: str = ""
    server: str = ""
    server_name: str = ""
    name: str = ""
    """As it is advertised."""
    upstream: str = ""
    """Empty where the call was refused before it was known where it would go."""
    upstream_name: str = ""
    original: str = ""
    """The upstream's own name of what was called."""
    method: str = ""
    total_ms: float = 0.0
    upstream_ms: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    tokens: int = 0
    """Of the result, estimated: a token for each four bytes."""
    trace_id: str = ""
    error_class: str = ""
    error: str = ""


def capped(text: str, length: int = NAME_LENGTH) -> str:
    """What every database can store of a stranger's text: no NUL, no half of a surrogate pair, not too long."""
    if text.isascii() and len(text) <= length and "\x00" not in text:
        return text
    return text[:length].replace("\x00", "").encode(errors="replace").decode()
