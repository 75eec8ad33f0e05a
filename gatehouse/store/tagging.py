"""Tags on things: what one may be, how the column of them is written, and which things have one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Table, false, true

from gatehouse.kit import json
from gatehouse.kit.errors import Invalid
from gatehouse.store.placement import Sight, seen

_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Tagged:
    """A kind of thing that has tags: its table, which rows of it, and those of them that somebody sees."""

    table: Table
    which: ColumnElement[bool] | None = None
    within: Callable[[Sight], ColumnElement[bool]] | None = None
    """None: by the columns of where it is placed."""

    def conditions(self, sight: Sight) -> Sequence[ColumnElement[bool]]:
        place = seen(self.table, sight) if self.within is None else self.within(sight)
        return (place,) if self.which is None else (place, self.which)


def all_or_none(sight: Sight) -> ColumnElement[bool]:
    """For what stands nowhere among people."""
    return true() if sight.everything else false()


def clean_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Each once, without space around it."""
    cleaned = tuple(dict.fromkeys(tag.strip() for tag in tags))
    for tag in cleaned:
        if not tag or len(tag) > _LENGTH or not tag.isprintable():
            raise Invalid(f"'{tag[:50]!a}' can't be a tag.", f"It takes 1 to {_LENGTH} printable characters.")
    return cleaned


def tagged(table: Table, tag: str) -> ColumnElement[bool]:
    return table.c.tags.contains(json.dump(tag).decode(), autoescape=True)


def tags_text(tags: Sequence[str]) -> str | None:
    """For a column that is empty where there are none."""
    return json.dump(tags).decode() if tags else None


def read_tags(text: str | None) -> tuple[str, ...]:
    return () if text is None else msgspec.json.decode(text, type=tuple[str, ...])
