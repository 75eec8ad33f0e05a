"""Read `K=V` and `K: V` arguments."""

from __future__ import annotations

from collections.abc import Iterable

from gatehouse.cli.errors import Misused


def environment(items: Iterable[str]) -> dict[str, str]:
    """`K=V` each; raises `Misused`, which does not repeat the value."""
    return _split(items, "=", "-e", "KEY=VALUE")


def headers(items: Iterable[str]) -> dict[str, str]:
    """`K: V` each; raises `Misused`, which does not repeat the value."""
    found = _split(items, ":", "-H", "'Name: value'")
    for name, value in found.items():
        if not name.isascii() or any(character.isspace() for character in name) or not value.isprintable():
            raise Misused(f"-H {name!r} is not a header.", "Write it as -H 'Name: value'.")
    return found


def _split(items: Iterable[str], mark: str, option: str, form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        name, separator, value = item.partition(mark)
        if not separator or not name.strip():
            raise Misused(f"{option} takes {form}; one has no '{mark}'.", f"Write it as {option} {form}.")
        found[name.strip()] = value.strip() if mark == ":" else value
    return found
