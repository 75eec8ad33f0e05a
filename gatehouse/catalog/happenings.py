"""What the catalog reports once it is stored, so that others can tell of it. It comes to that worker alone which stored it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gatehouse.catalog.model import Server, Upstream
from gatehouse.catalog.offers import Comparison

Turn = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class UpstreamTurned:
    """By people. `fields`: which of them changed, by their names here."""

    upstream: Upstream
    turn: Turn
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpstreamFailed:
    """It could not be reached; `before` says whether that is news."""

    before: Upstream
    after: Upstream


@dataclass(frozen=True, slots=True)
class UpstreamFound:
    """It was found to be in another status, without a full look at what it offers."""

    before: Upstream
    after: Upstream


@dataclass(frozen=True, slots=True)
class UpstreamAnswered:
    before: Upstream
    after: Upstream
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class ServerTurned:
    server: Server
    turn: Turn
    fields: tuple[str, ...] = ()


Happening = UpstreamTurned | UpstreamFailed | UpstreamFound | UpstreamAnswered | ServerTurned
Report = Callable[[Happening], None]
"""Must neither wait nor raise."""


def nobody_asks(happening: Happening) -> None:
    """Where nothing is told of what happens."""
