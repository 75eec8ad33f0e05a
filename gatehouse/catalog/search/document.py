"""What is searched for: documents, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Protocol

from gatehouse.store.placement import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One thing that can be found. `kind` is the word of the API for it: `tool`, `server`, `agent`..."""

    kind: str
    id: str
    name: str
    placement: Placement
    title: str = ""
    description: str = ""
    schema: str = ""
    """Names of what it takes, separated by spaces."""
    tags: tuple[str, ...] = ()
    upstream: str | None = None
    """Id of the upstream that it is of, or that it is."""
    upstream_name: str = ""
    since: float = 0.0
    """When it was first seen, in seconds since the epoch."""
    gone: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents that change together. `version` differs from the one before when any of them changed."""

    key: str
    version: Hashable
    documents: Callable[[], Iterable[Document]]
    """Asked for only when `version` is new."""


class Source(Protocol):
    """Where documents come from. `name` is its own among all sources."""

    @property
    def name(self) -> str: ...

    async def prepare(self) -> None:
        """Asked before every search, before all else: for what is not in memory."""
        ...

    @property
    def version(self) -> Hashable:
        """Differs from the one before when any batch may have changed; looked at before every search."""
        ...

    def batches(self) -> Iterable[Batch]:
        """All that there is now. Keys are unique within a source."""
        ...
