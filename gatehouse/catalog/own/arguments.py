"""Typed arguments: what they must be when they are declared, and when they are given."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gatehouse.catalog.own.model import MOST, Argument, Scalar
from gatehouse.catalog.own.templates import NAME, written
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid
from gatehouse.kit.json import Fields

_INTEGER = re.compile(r"[+-]?\d{1,30}")
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
_MOST_COMPLETIONS = 100
"""2025-11-25 server/utilities/completion: values in one answer."""
_WANTED = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def check_arguments(arguments: Sequence[Argument]) -> None:
    """Raises `Invalid` for what can't be declared."""
    if len(arguments) > MOST:
        raise Invalid(f"There are {len(arguments)} arguments.", f"{MOST} is the most.")
    seen: set[str] = set()
    for argument in arguments:
        if not NAME.fullmatch(argument.name) or argument.name == "else":
            raise Invalid(
                f"'{argument.name[:70]}' can't be the name of an argument.", "It takes letters, digits, _ and -."
            )
        if argument.name in seen:
            raise Invalid(f"There are two arguments '{argument.name}'.", "Name each once.")
        seen.add(argument.name)
        _check_choices(argument)
        _check_default(argument)


def settle(arguments: Iterable[Argument], given: Fields, own: str = "argument") -> dict[str, Scalar]:
    """The value of each, defaults filled in; raises `Invalid` for what is missing, unknown or of another type.

    `own`: what they are called in what is said of them.
    """
    known = {argument.name: argument for argument in arguments}
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise Invalid(f"There is no {own} '{unknown[:70]}'.", f"It takes: {', '.join(known) or 'none'}.")
    values: dict[str, Scalar] = {}
    for name, argument in known.items():
        value = json.load(given[name]) if name in given else None
        if value is not None:
            values[name] = _typed(argument, value, own)
        elif argument.default is not None:
            values[name] = _typed(argument, argument.default, own)
        elif argument.required:
            raise Invalid(f"The {own} '{name}' is missing.", f"Give {_wanted(argument)}.")
    return values


def described(argument: Argument) -> str | None:
    """Its description, with what MCP has no field for: of which type it is, and what it is where it is not given."""
    words = [argument.description] if argument.description else []
    if argument.type != "string":
        words.append(f"Takes {_wanted(argument)}.")
    if argument.default is not None:
        words.append(f"Default: {written(argument.default)}.")
    return " ".join(words) or None


def completions(arguments: Iterable[Argument], name: str, begun: str) -> Mapping[str, Any]:
    """`completion` of completion/complete; raises `Invalid` for an argument that is not there."""
    argument = next((one for one in arguments if one.name == name), None)
    if argument is None:
        raise Invalid(f"There is no argument '{name[:70]}'.", "The list says which there are.")
    choices = ("true", "false") if argument.type == "boolean" else argument.choices
    lowered = begun.lower()
    first = [choice for choice in choices if choice.lower().startswith(lowered)]
    found = first + [choice for choice in choices if lowered in choice.lower() and choice not in first]
    return {"values": found[:_MOST_COMPLETIONS], "total": len(found), "hasMore": len(found) > _MOST_COMPLETIONS}


def _check_choices(argument: Argument) -> None:
    if argument.type == "enum" and not argument.choices:
        raise Invalid(f"The argument '{argument.name}' is an enum without choices.", "Name them in 'choices'.")
    if argument.type != "enum" and argument.choices:
        raise Invalid(f"The argument '{argument.name}' has choices, and is no enum.", "Give it the type enum.")
    if len(argument.choices) > 10 * MOST or len(set(argument.choices)) < len(argument.choices):
        raise Invalid(
            f"The choices of '{argument.name}' can't be used.", f"Name each once, and {10 * MOST} at the most."
        )


def _check_default(argument: Argument) -> None:
    if argument.default is None:
        return
    if argument.required:
        raise Invalid(f"The argument '{argument.name}' is required, and has a default.", "Leave one of them out.")
    _typed(argument, argument.default, "default of argument")


def _typed(argument: Argument, value: Any, own: str) -> Scalar:
    text = value if isinstance(value, str) else written(value) if isinstance(value, (bool, int, float)) else None
    taken = None if text is None else _read(argument, text)
    if taken is None:
        shown = json.dump(value).decode()[:50]
        raise Invalid(f"The {own} '{argument.name}' is {shown}.", f"Give {_wanted(argument)}.")
    return taken


def _read(argument: Argument, text: str) -> Scalar | None:
    """None for what is of another type. A number stays as it was written, so that none of its digits is lost."""
    match argument.type:
        case "string":
            return text
        case "integer":
            return text if _INTEGER.fullmatch(text) else None
        case "number":
            return text if _NUMBER.fullmatch(text) and math.isfinite(float(text)) else None
        case "boolean":
            return {"true": True, "false": False}.get(text)
        case "enum":
            return text if text in argument.choices else None


def _wanted(argument: Argument) -> str:
    if argument.type == "enum":
        return f"one of {', '.join(argument.choices[:20])}{', ...' if len(argument.choices) > 20 else ''}"
    return _WANTED[argument.type]
