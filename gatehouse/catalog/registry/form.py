"""The ways to install an entry, and for each the form of what it needs. Pure.

A way is one of the entry's remotes or packages. Its name (`http`, `sse`, `npm`, `pypi`, `oci`; a second one of a sort is
`npm-2`) stays the same from version to version, so that what was filled in can be used for the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gatehouse.catalog.registry.server_json import Argument, Input, KeyValue, Package, Remote, ServerJson, clean

Where = Literal["header", "url", "env", "argument"]
TRANSPORTS = {"streamable-http": "http", "sse": "sse"}
PACKAGES = {"npm": "npx", "pypi": "uvx", "oci": "docker"}
"""Sorts of packages that become commands, and what runs them."""
_VARIABLE = re.compile(r"\{([A-Za-z0-9_.-]+)\}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@._/:+-]{0,299}")
_FORMATS = ("string", "number", "boolean", "filepath")
_DASHES = re.compile(r"^-+|=$")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `key` names it among the values of its way; `format`: string, number, boolean or filepath."""

    key: str
    label: str
    description: str
    required: bool
    secret: bool
    where: Where
    format: str = "string"
    default: str | None = None
    choices: tuple[str, ...] = ()
    placeholder: str = ""
    repeated: bool = False
    """It takes several values, one on a line."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An input of the entry, with the field for itself or those for its variables, by their names."""

    where: Where
    name: str
    input: Input
    own: Field | None = None
    variables: tuple[tuple[str, Field], ...] = ()

    @property
    def fields(self) -> Iterator[Field]:
        if self.own is not None:
            yield self.own
        for _, field in self.variables:
            yield field


@dataclass(frozen=True, slots=True)
class Way:
    """`impossible` says why it can't be installed; None where it can."""

    name: str
    transport: str
    """`http`, `sse` or `stdio`."""
    summary: str
    remote: Remote | None = None
    package: Package | None = None
    slots: tuple[Slot, ...] = ()
    runtime_slots: tuple[Slot, ...] = ()
    """Arguments of what runs the package."""
    impossible: str | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """Each once, in the order of the entry."""
        found = (field for slot in (*self.runtime_slots, *self.slots) for field in slot.fields)
        return tuple({field.key: field for field in found}.values())


def ways(server: ServerJson) -> tuple[Way, ...]:
    """Those over HTTP first: they run nothing here."""
    taken: set[str] = set()
    found = [_of_remote(one, taken) for one in server.remotes or ()]
    return (*found, *(_of_package(one, taken) for one in server.packages or ()))


def _of_remote(remote: Remote, taken: set[str]) -> Way:
    transport = TRANSPORTS.get(remote.type, remote.type)
    keys: set[str] = set()
    url = _slot("url", "url", Input(value=remote.url, variables=remote.variables), keys)
    headers = [_named_slot("header", one, keys) for one in remote.headers or ()]
    way = Way(_name(transport, taken), transport, clean(remote.url), remote=remote, slots=(url, *headers))
    return _judged(way, None if remote.type in TRANSPORTS else f"Gatehouse does not speak '{clean(remote.type, 40)}'.")


def _of_package(package: Package, taken: set[str]) -> Way:
    keys: set[str] = set()
    variables = [_named_slot("env", one, keys) for one in package.environment_variables or ()]
    slots = (*variables, *_arguments(package.package_arguments, keys))
    way = Way(
        _name(clean(package.registry_type, 20) or "package", taken),
        "stdio",
        clean(f"{package.identifier} {package.version or ''}", 300),
        package=package,
        slots=slots,
        runtime_slots=tuple(_arguments(package.runtime_arguments, keys)),
    )
    return _judged(way, _unfit(package))


def _unfit(package: Package) -> str | None:
    if package.registry_type not in PACKAGES:
        return f"Packages of the sort '{clean(package.registry_type, 40)}' are not run here; those of {', '.join(PACKAGES)} are."
    if not _IDENTIFIER.fullmatch(package.identifier):
        return "The identifier of its package has characters that none has."
    if package.transport.type != "stdio":
        return "It listens on a port of its own: run it by yourself, and add its URL."
    if package.file_sha256:
        return "It names the checksum of a file, which what runs it here does not verify."
    return None


def _judged(way: Way, reason: str | None) -> Way:
    """What would show a secret to everybody who sees the upstream, or its process, is not done."""
    shown = [one for one in way.fields if one.secret and one.where in ("url", "argument")]
    if reason is None and shown:
        place = "URL" if shown[0].where == "url" else "command line"
        reason = f"It puts the secret '{shown[0].key}' into the {place}, where it would be seen and logged."
    if reason is None:
        return way
    return Way(way.name, way.transport, way.summary, way.remote, way.package, way.slots, way.runtime_slots, reason)


def _name(sort: str, taken: set[str]) -> str:
    number, name = 1, sort
    while name in taken:
        number += 1
        name = f"{sort}-{number}"
    taken.add(name)
    return name


def _arguments(arguments: Iterable[Argument] | None, keys: set[str]) -> Iterator[Slot]:
    for number, one in enumerate(arguments or (), 1):
        name = one.name if one.type == "named" else one.value_hint
        yield _slot("argument", name or f"argument-{number}", one, keys, one.is_repeated)


def _named_slot(where: Where, one: KeyValue, keys: set[str]) -> Slot:
    return _slot(where, one.name, one, keys)


def _slot(where: Where, name: str, one: Input, keys: set[str], repeated: bool = False) -> Slot:
    if one.value is None:
        return Slot(where, name, one, own=_field(where, name, one, keys, repeated))
    asked = [found for found in dict.fromkeys(_VARIABLE.findall(one.value)) if found in (one.variables or {})]
    variables = ((variable, (one.variables or {})[variable]) for variable in asked)
    fields = ((variable, _field(where, variable, inner, keys, False, name)) for variable, inner in variables)
    return Slot(where, name, one, variables=tuple(pair for pair in fields if not _fixed(one, pair[0])))


def _fixed(one: Input, variable: str) -> bool:
    """A variable that has a value is nobody's to fill in."""
    return (one.variables or {})[variable].value is not None


def _field(where: Where, name: str, one: Input, keys: set[str], repeated: bool, owner: str = "") -> Field:
    plain = clean(_DASHES.sub("", name), 100) or "value"
    key = plain if plain not in keys or not owner else f"{clean(owner, 100)}.{plain}"
    key = _name(key, keys)
    return Field(
        key=key,
        label=clean(owner if where == "header" and owner else plain, 100),
        description=clean(one.description, 500),
        required=one.is_required and one.default is None,
        secret=one.is_secret,
        where=where,
        format=one.format if one.format in _FORMATS else "string",
        default=None if one.default is None else clean(one.default),
        choices=tuple(clean(choice, 200) for choice in one.choices or ())[:100],
        placeholder=clean(one.placeholder, 200),
        repeated=repeated,
    )
