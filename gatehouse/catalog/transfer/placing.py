"""Where things stand among people, by the words that documents have for it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from gatehouse.store.placement import Placement, Visibility
from gatehouse.store.transfer.model import Arriving, Names

USERS, TEAMS = "users", "teams"


class Placed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`owner`: a user's address, null for the installation's; `team`: a slug."""

    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC


def words_of(placement: Placement, names: Names) -> dict[str, Any]:
    return {
        "owner": names.name(USERS, placement.owner),
        "team": names.name(TEAMS, placement.team),
        "visibility": placement.visibility,
    }


def placement_of(item: Any, names: Names) -> Placement:
    """Of an item with the fields of `Placed`."""
    return Placement(names.id(USERS, item.owner), names.id(TEAMS, item.team), item.visibility)


def settled(item: Any, arriving: Arriving) -> Any:
    """With people and teams that are here; what was for a team that is not becomes private."""
    values: dict[str, Any] = {}
    if item.owner is not None and arriving.names.id(USERS, item.owner) is None:
        values["owner"] = None
        arriving.notes.append(f"there is no user '{item.owner}' here: it is nobody's")
    if item.team is not None:
        values["team"] = arriving.now_called(TEAMS, item.team)
        if arriving.names.id(TEAMS, values["team"]) is None:
            values |= {"team": None, "visibility": Visibility.PRIVATE}
            arriving.notes.append(f"there is no team '{item.team}' here: only administrators see it")
    return structs.replace(item, **values) if values else item
