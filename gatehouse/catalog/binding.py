"""Which bindings a server gets: what stays keeps id, name and aliases; what is new gets a name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gatehouse.catalog.model import Binding, Capability, Kind
from gatehouse.catalog.naming import advertised, check_name
from gatehouse.catalog.requests import WantedBinding
from gatehouse.kit.errors import Invalid
from gatehouse.kit.ids import new_id

_BY_NAME = (Kind.TOOL, Kind.PROMPT)


@dataclass(frozen=True, slots=True)
class Wish:
    """A wanted binding whose capability was found."""

    capability: Capability
    upstream: str
    """The upstream's name."""
    wanted: WantedBinding


@dataclass(slots=True)
class _Taken:
    """Names of one kind in one server, with whose they are; aliases apart."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    aliases: set[str] = field(default_factory=set[str])

    def __contains__(self, name: object) -> bool:
        return name in self.names or name in self.aliases


def plan(server_id: str, wishes: Sequence[Wish], existing: Sequence[Binding]) -> list[Binding]:
    """All bindings of the server, in order; raises `Invalid` for a name that two want, or that can't be."""
    before = {one.capability_id: one for one in existing}
    _check_once(wishes)
    taken = _taken(wishes, before)
    ids = iter(sorted(new_id("bnd") for _ in wishes))
    return [
        _binding(server_id, position, wish, before.get(wish.capability.id), taken[wish.capability.kind], next(ids))
        for position, wish in enumerate(wishes)
    ]


def kept(capability_id: str, existing: Mapping[str, Binding]) -> WantedBinding:
    """The wish that a binding be as it is; a plain one where there is none yet."""
    old = existing.get(capability_id)
    if old is None:
        return WantedBinding(capability=capability_id)
    return WantedBinding(capability=capability_id, title=old.title, description=old.description, enabled=old.enabled)


def _binding(server_id: str, position: int, wish: Wish, old: Binding | None, taken: _Taken, fresh_id: str) -> Binding:
    name = _settled_name(wish, old)
    if name is None:
        name = wish.capability.key if wish.capability.kind not in _BY_NAME else _given_name(wish, taken)
        taken.names.setdefault(name, wish.capability.id)
    return Binding(
        id=fresh_id if old is None else old.id,
        server_id=server_id,
        capability_id=wish.capability.id,
        name=name,
        position=position,
        title=wish.wanted.title,
        description=wish.wanted.description,
        aliases=_aliases(wish, old, name),
        enabled=wish.wanted.enabled,
    )


def _given_name(wish: Wish, taken: _Taken) -> str:
    return advertised(wish.upstream, wish.capability.key, taken)


def _settled_name(wish: Wish, old: Binding | None) -> str | None:
    """The name that was asked for, or that is stored."""
    if wish.wanted.name is None:
        return None if old is None else old.name
    if wish.capability.kind in _BY_NAME:
        return check_name(wish.wanted.name)
    if wish.wanted.name != wish.capability.key:
        # What upstreams say is full of their own URIs: another one here would lead nowhere.
        raise Invalid(f"'{wish.capability.key[:100]}' can't be advertised under another uri.", "Leave its name out.")
    return wish.wanted.name


def _aliases(wish: Wish, old: Binding | None, name: str) -> tuple[str, ...]:
    """A renamed capability stays callable under its old name."""
    kept_ones = wish.wanted.aliases if wish.wanted.aliases is not None else () if old is None else old.aliases
    former = () if old is None else (old.name,)
    return tuple(dict.fromkeys(alias for alias in (*kept_ones, *former) if alias != name))


def _taken(wishes: Sequence[Wish], before: Mapping[str, Binding]) -> dict[Kind, _Taken]:
    """What the settled names and aliases leave no room for."""
    taken = {kind: _Taken() for kind in Kind}
    for wish in wishes:
        old, mine = before.get(wish.capability.id), taken[wish.capability.kind]
        name = _settled_name(wish, old)
        if name is None:
            mine.aliases.update(wish.wanted.aliases or ())
            continue
        other = mine.names.setdefault(name, wish.capability.id)
        if other != wish.capability.id and wish.capability.kind in _BY_NAME:
            raise Invalid(f"Two bindings want the name '{name}': {other} and {wish.capability.id}.", "Rename one.")
        mine.aliases.update(_aliases(wish, old, name))
    return taken


def _check_once(wishes: Iterable[Wish]) -> None:
    seen: set[str] = set()
    for wish in wishes:
        if wish.capability.id in seen:
            raise Invalid(f"'{wish.wanted.capability}' is wanted twice.", "Name each capability once.")
        seen.add(wish.capability.id)
