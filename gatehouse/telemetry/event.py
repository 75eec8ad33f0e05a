"""What is kept of something that happened. Ids and names are plain strings here: what they stand for, others know."""

from __future__ import annotations

from typing import Any

import msgspec

from gatehouse.store.placement import Placement, Visibility

_SEVERAL = ("added", "changed", "gone", "back")
KINDS = (
    "upstream.added",
    "upstream.changed",
    "upstream.removed",
    "upstream.down",
    "upstream.up",
    "upstream.degraded",
    "upstream.sign_in_needed",
    "upstream.maintenance",
    *(f"{kind}.{what}" for kind in ("tool", "prompt", "resource", "resource_template") for what in _SEVERAL),
    "server.added",
    "server.changed",
    "server.removed",
    "token.refused",
    "calls.lost",
)
"""All there are. The word before the point is the family: what such an event is about, and whose rights show it."""
MESSAGE_LENGTH = 1000
"""Characters that are kept of a message."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, once or `count` times. What is not known is empty."""

    kind: str
    """One of `KINDS`."""
    at: float
    """Seconds since the epoch; of several the first."""
    subject_kind: str
    subject: str = ""
    """The id of what it happened to."""
    subject_name: str = ""
    message: str
    """One sentence for a person."""
    data: dict[str, Any] = {}
    """More for programs; small, and without secrets."""
    count: int = 1
    upstream: str = ""
    server: str = ""
    token: str = ""
    """Ids of the upstream, server and token that it has to do with."""
    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    """Where its subject stood then: who could see that, sees this."""
    id: str = ""
    """Given when it is written, so that who looks for what is new by id misses nothing that had to wait."""

    @property
    def family(self) -> str:
        return self.kind.partition(".")[0]


def placed(placement: Placement) -> dict[str, Any]:
    """A placement as fields of an event."""
    return {"owner": placement.owner, "team": placement.team, "visibility": placement.visibility}
