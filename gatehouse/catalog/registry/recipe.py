"""From an entry's way and what was filled in to how the upstream is reached. Pure: argument lists, and never a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from gatehouse.catalog.registry.form import PACKAGES, Field, Slot, Way
from gatehouse.catalog.registry.server_json import Argument, Package
from gatehouse.kit.errors import Conflict, Invalid

Values = Mapping[str, str]
LONGEST_VALUE = 20_000
_REGISTRIES = {"npm": "https://registry.npmjs.org", "pypi": "https://pypi.org", "oci": "https://docker.io"}
_SAFE = "-._~:,"
"""What a value may bring into a URL as it is."""


class WrongValues(Invalid):
    """What was filled in does not fit the form. `errors`: keys of fields, and what is wrong with each."""

    def __init__(self, errors: list[tuple[str, str]], hint: str) -> None:
        key, words = errors[0]
        super().__init__(f"'{key}' can't be used: {words}.", hint)
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an upstream is reached. Exactly one of `url` and `command` is there; `headers` and `env` hold secrets."""

    transport: str
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def command_line(self) -> str | None:
        """As it would be typed; what it is given in its environment is not in it."""
        return None if self.command is None else shlex.join([self.command, *self.args])


def filled(way: Way, values: Values) -> dict[str, str]:
    """By key, what was filled in or is the default; raises `WrongValues`."""
    fields = {one.key: one for one in way.fields}
    errors = [(key[:100], "the form has no such field") for key in values if key not in fields]
    found: dict[str, str] = {}
    for key, one in fields.items():
        value = values.get(key) or one.default or ""
        words = _wrong(one, value)
        if words is not None:
            errors.append((key, words))
        if value:
            found[key] = value
    if errors:
        raise WrongValues(errors, f"Fields of '{way.name}': {', '.join(map(_told, fields.values())) or 'none'}.")
    return found


def missing(way: Way, values: Values) -> tuple[Field, ...]:
    """The fields that have to be filled in, and are not."""
    return tuple(one for one in way.fields if one.required and not values.get(one.key))


def cook(way: Way, values: Values) -> Recipe:
    """Raises `WrongValues`; `Conflict` for a way that is not possible here."""
    if way.impossible:
        raise Conflict(f"'{way.name}' can't be installed. {way.impossible}", "Choose another way.")
    given = filled(way, values)
    return _remote(way, given) if way.remote is not None else _package(way, given)


def _wrong(one: Field, value: str) -> str | None:
    if not value:
        return "it is missing" if one.required else None
    lines = value.split("\n") if one.repeated else [value]
    if len(value) > LONGEST_VALUE or not all(line.isprintable() for line in lines):
        return f"it has control characters, or more than {LONGEST_VALUE} characters"
    if one.choices and not all(line in one.choices for line in lines):
        return f"it has to be one of {', '.join(one.choices)}"
    if one.format == "boolean" and value not in ("true", "false"):
        return "it has to be true or false"
    return "it has to be a number" if one.format == "number" and not _is_number(value) else None


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _told(one: Field) -> str:
    return f"{one.key} (required)" if one.required else one.key


def _remote(way: Way, given: Values) -> Recipe:
    url, *headers = way.slots
    template = url.input.value or ""
    # A variable that stands first is the beginning of the address; any other is a word in it.
    encoded = {key: value if template.startswith(f"{{{key}}}") else quote(value, _SAFE) for key, value in given.items()}
    found = {slot.name: text for slot in headers if (text := _text(slot, given))}
    return Recipe(way.transport, url=_text(url, encoded), headers=found)


def _package(way: Way, given: Values) -> Recipe:
    package = way.package
    if package is None:
        raise Conflict("There is no package.")
    env = {slot.name: text for slot in way.slots if slot.where == "env" and (text := _text(slot, given))}
    own = [word for slot in way.slots if slot.where == "argument" for word in _words(slot, given)]
    runtime = [word for slot in way.runtime_slots for word in _words(slot, given)]
    args = _ARGUMENTS[package.registry_type](package, runtime, own, list(env))
    return Recipe("stdio", command=PACKAGES[package.registry_type], args=tuple(args), env=env)


def _npm(package: Package, runtime: list[str], own: list[str], env: list[str]) -> list[str]:
    yes = [] if {"-y", "--yes"} & set(runtime) else ["-y"]
    elsewhere = [f"--registry={package.registry_base_url}"] if _is_elsewhere(package) else []
    name = f"{package.identifier}@{package.version}" if package.version else package.identifier
    return [*yes, *elsewhere, *runtime, name, *own]


def _pypi(package: Package, runtime: list[str], own: list[str], env: list[str]) -> list[str]:
    elsewhere = ["--default-index", str(package.registry_base_url)] if _is_elsewhere(package) else []
    name = f"{package.identifier}=={package.version}" if package.version else package.identifier
    return [*elsewhere, *runtime, name, *own]


def _oci(package: Package, runtime: list[str], own: list[str], env: list[str]) -> list[str]:
    image = package.identifier
    host = (package.registry_base_url or "").removeprefix("https://").strip("/")
    if _is_elsewhere(package) and not image.startswith(f"{host}/"):
        image = f"{host}/{image}"
    if package.version and "@" not in image and ":" not in image.rpartition("/")[2]:
        image = f"{image}:{package.version}"
    # Named alone, a variable is taken from the environment, so that its value is in no list of processes.
    passed = [word for name in env for word in ("-e", name)]
    return ["run", "-i", "--rm", *passed, *runtime, image, *own]


_ARGUMENTS = {"npm": _npm, "pypi": _pypi, "oci": _oci}


def _is_elsewhere(package: Package) -> bool:
    usual = _REGISTRIES[package.registry_type]
    return package.registry_base_url is not None and package.registry_base_url.rstrip("/") != usual


def _words(slot: Slot, given: Values) -> Iterator[str]:
    """The words of one argument; none where nothing was filled in."""
    text = _text(slot, given)
    one = slot.input
    name = one.name if isinstance(one, Argument) and one.type == "named" else None
    if one.format == "boolean" and name is not None:
        yield from [name] if text == "true" else []
        return
    for line in text.split("\n") if text else []:
        if name is None:
            yield line
        elif name.endswith("="):
            yield f"{name}{line}"
        else:
            yield from (name, line)


def _text(slot: Slot, given: Values) -> str:
    """The value of an input with its variables put in; empty where one of them has none."""
    one = slot.input
    if slot.own is not None:
        return given.get(slot.own.key, "")
    text = one.value or ""
    for name, variable in (one.variables or {}).items():
        if variable.value is not None:
            text = text.replace(f"{{{name}}}", variable.value)
    if any(not given.get(asked.key) for _, asked in slot.variables):
        return "" if slot.where != "url" else _put_in(text, slot, given)
    return _put_in(text, slot, given)


def _put_in(text: str, slot: Slot, given: Values) -> str:
    """In one pass, so that nothing in a value is taken for a variable."""
    values = {name: given.get(asked.key, "") for name, asked in slot.variables}
    parts = text.split("{")
    done = [parts[0]]
    for part in parts[1:]:
        name, closed, rest = part.partition("}")
        done.append(f"{values[name]}{rest}" if closed and name in values else f"{{{part}")
    return "".join(done)
