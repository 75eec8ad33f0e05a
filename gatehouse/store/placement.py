"""Where a thing stands among people: whose it is, which team's, and who may see it. In memory and in SQL alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, and_, false, or_, true


class Visibility(StrEnum):
    """PRIVATE: its owner; TEAM: who is in its team; PUBLIC: everybody who is signed in."""

    PRIVATE = "private"
    TEAM = "team"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Placement:
    """`owner` is a user's id, None for what the installation itself has; `team` is a team's id.

    What is private has no team, and what is its team's has one.
    """

    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC


@dataclass(frozen=True, slots=True)
class Sight:
    """All placements that somebody reaches; hashable, so that what was made for one can be kept for all like them."""

    everything: bool = False
    """What is private to others, too."""
    shared: bool = False
    """Everything but what is private."""
    public: bool = False
    teams: frozenset[str] = frozenset()
    owner: str | None = None

    def sees(self, placed: Placement) -> bool:
        if self.everything:
            return True
        own = self.owner is not None and placed.owner == self.owner and placed.team is None
        if placed.visibility is Visibility.PRIVATE:
            return own
        common = placed.visibility is Visibility.PUBLIC and self.public
        return self.shared or own or common or placed.team in self.teams


EVERYTHING = Sight(everything=True)


def seen(table: Table, sight: Sight) -> ColumnElement[bool]:
    """`Sight.sees` as a condition on a table with the columns `owner`, `team` and `visibility`."""
    if sight.everything:
        return true()
    columns = table.c
    own = and_(columns.owner == sight.owner, columns.team.is_(None)) if sight.owner is not None else false()
    ways: list[ColumnElement[bool]] = [own]
    if sight.shared:
        ways.append(columns.visibility != Visibility.PRIVATE.value)
    if sight.public:
        ways.append(columns.visibility == Visibility.PUBLIC.value)
    if sight.teams:
        of_teams = columns.team.in_(sorted(sight.teams))
        ways.append(and_(of_teams, columns.visibility != Visibility.PRIVATE.value))
    return or_(*ways)
