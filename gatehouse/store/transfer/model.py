"""The words of export and import: items, the sections that they are in, and what an import makes of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

VERSION = 1
SECRET = "$secret"
Vault = Mapping[str, str]
"""Secrets by the paths that references name; never part of a document in the clear."""


class Reference(Struct, frozen=True, rename={"path": SECRET}, forbid_unknown_fields=True):
    """Stands in a document where a secret belongs."""

    path: str


class Item(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing as a document has it. It refers to others by their names, since ids differ between gateways."""

    @property
    def place(self) -> str:
        """Where its secrets are sent: where that changes, they have to be given again."""
        return ""


class OnConflict(StrEnum):
    """What becomes of a thing that is here already, and is another one there."""

    FAIL = "fail"
    SKIP = "skip"
    UPDATE = "update"
    RENAME = "rename"


class Verdict(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    RENAMED = "renamed"
    """Added under another name."""
    SAME = "same"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    LEFT_OUT = "left out"
    """What it belongs to is not there."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An item that is here, and its id."""

    id: str
    item: Any


@dataclass(frozen=True, slots=True)
class Given:
    """An item that is to come in. `fields`: those that the document says something of; the others stay as they are."""

    item: Any
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`before` and `after` are JSON values without secrets; of a list, only what leaves it and what comes in."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """What an import makes of one item. `item` is what will be here, with the id `id`."""

    section: str
    name: str
    verdict: Verdict
    item: Any = None
    id: str = ""
    before: Any = None
    fields: tuple[FieldChange, ...] = ()
    renamed_to: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def applied(self) -> bool:
        return self.verdict in (Verdict.ADDED, Verdict.RENAMED, Verdict.CHANGED)


class LeftOut(Exception):
    """Raised by `Section.settle`: the item can't come in; says why."""


class Names:
    """Between ids here and the names that documents have, for each section; things that are to come in have theirs, too."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}
        self._names: dict[tuple[str, str], str] = {}

    def add(self, section: str, id_: str, name: str) -> None:
        self._ids[section, name] = id_
        self._names[section, id_] = name

    def id(self, section: str, name: str | None) -> str | None:
        return None if name is None else self._ids.get((section, name))

    def name(self, section: str, id_: str | None) -> str | None:
        return None if id_ is None else self._names.get((section, id_))


@dataclass(slots=True)
class Arriving:
    """What is known while items are settled: who has which name, what was renamed or skipped, and what is to be told."""

    names: Names
    renamed: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    skipped: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    notes: list[str] = field(default_factory=list[str])

    def now_called(self, section: str, name: str) -> str:
        return self.renamed.get((section, name), name)


@dataclass(slots=True)
class Work:
    """What sections need to store items. `told`: to be called once everything is stored for good."""

    names: Names
    secrets: Vault
    now: float
    told: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything of one section, in its order, and the secrets in it by the paths of their references."""

    items: Sequence[Stored]
    secrets: Vault = field(default_factory=dict[str, str], repr=False)


class Section(Protocol):
    """One kind of thing. Sections stand in an order in which each refers to those before it alone."""

    @property
    def name(self) -> str:
        """Its key in a document."""
        ...

    @property
    def prefix(self) -> str:
        """Of ids."""
        ...

    @property
    def item(self) -> type[Item]: ...

    @property
    def secret(self) -> frozenset[str]:
        """The fields that references can stand in."""
        ...

    @property
    def personal(self) -> bool:
        """Part of a document only where it is asked for."""
        ...

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        """All that there is; it puts the names into `names`."""
        ...

    def key(self, item: Any) -> str:
        """What the item is known by among its like."""
        ...

    def settle(self, item: Any, arriving: Arriving) -> Any:
        """The item as it can be here: what it refers to by its name here, or left out with a note; raises `LeftOut`."""
        ...

    def renamed(self, item: Any, taken: Mapping[str, Stored]) -> Any | None:
        """The item under a name that is free; None where such things can't have another one."""
        ...

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        """Store those changes that are to be applied; raises `Invalid` for what can't be, and `Conflict`."""
        ...
