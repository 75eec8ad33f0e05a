"""Types that several resources share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct

from gatehouse.kit.errors import Invalid
from gatehouse.kit.pages import PageRequest, page_request
from gatehouse.store.placement import Visibility

Timestamp = Annotated[datetime, Meta(tz=True)]
Cursor = Annotated[str, Meta(description="`next` of the page before")]
Limit = Annotated[int, Meta(description="How many at most, 1 to 500")]
Search = Annotated[str, Meta(description="Words that the name or description holds")]
Tag = Annotated[str, Meta(min_length=1, max_length=100)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
Text = Annotated[str, Meta(max_length=20_000)]
JsonObject = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]
"""To be answered, never to be read: msgspec can't tell a Raw from null."""
Slug = Annotated[str, Meta(description="1 to 63 of a-z, 0-9 and -")]
TeamRef = Annotated[str, Meta(description="Id or slug of a team")]
TeamId = Annotated[str, Meta(description="Id of the team that it is of")]
OwnerId = Annotated[str, Meta(description="Id of the user whose it is; null: the installation's")]
VisibilityWanted = Annotated[Visibility, Meta(description="Left out: the team's, or what is usual for who asks")]
_ID = re.compile(r"[a-z]{1,12}_[0-9a-z]{26}")


def one_of(*values: str, about: str | None = None) -> Meta:
    """For what is stored as plain text, and is one of these."""
    return Meta(description=about, extra_json_schema={"enum": list(values)})


def is_id(text: str) -> bool:
    """Whether it has the form of an id of ours."""
    return _ID.fullmatch(text) is not None


def asked_page(cursor: str | None, limit: int | None) -> PageRequest:
    """All lists of the API are in the order of ids. Raises `Invalid`."""
    wanted = page_request(cursor, limit)
    if wanted.after is not None and not _ID.fullmatch(wanted.after):
        raise Invalid("The cursor is not one of ours.", "Start again without a cursor.")
    return wanted


def timestamp(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def maybe_timestamp(seconds: float | None) -> datetime | None:
    return None if seconds is None else timestamp(seconds)


def told(body: Struct, empty: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The fields of a PATCH that were sent; null stands for `empty[field]` where that is given."""
    values = {name: getattr(body, name) for name in body.__struct_fields__}
    sent = {name: value for name, value in values.items() if value is not UNSET}
    return {name: (empty or {}).get(name) if value is None else value for name, value in sent.items()}
