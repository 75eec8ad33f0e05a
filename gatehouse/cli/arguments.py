"""`key=value` from a shell into the JSON that a tool's inputSchema asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from gatehouse.cli.errors import Misused
from gatehouse.kit import json

Schema = Mapping[str, Any]
_WORDS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_ORDER = ("integer", "number", "boolean", "null", "array", "object")


def read_arguments(pairs: Iterable[str], schema: Schema, given: str = "") -> dict[str, Any]:
    """`given` is a JSON object to start from; `key=value` follows the schema, `key:=json` is taken as it is.

    A key that comes twice makes a list where the schema has one. Raises `Misused`.
    """
    arguments = _start(given)
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator or not name.rstrip(":"):
            raise Misused(f"'{pair}' is not an argument.", "Write key=value, or key:=JSON.")
        if name.endswith(":"):
            arguments[name[:-1]] = _json(name[:-1], text)
            continue
        types = _types(_property(schema, name), schema)
        if "array" in types and not text.lstrip().startswith("["):
            arguments[name] = [*_list(arguments.get(name)), _item(name, text, schema)]
        else:
            arguments[name] = _value(name, text, types)
    return arguments


def missing(arguments: Mapping[str, Any], schema: Schema) -> list[str]:
    """What the schema requires and the arguments lack."""
    required: Any = schema.get("required")
    names = cast("list[Any]", required) if isinstance(required, list) else []
    return [name for name in names if isinstance(name, str) and name not in arguments]


def usage(schema: Schema) -> str:
    """`timezone=STRING [limit=INTEGER]`."""
    required: Any = schema.get("required") or []
    words: list[str] = []
    for name in _properties(schema):
        types = _types(_property(schema, name), schema) - {"null"}
        word = f"{name}={'|'.join(sorted(types)).upper() or 'STRING'}"
        words.append(word if name in required else f"[{word}]")
    return " ".join(words)


def _start(given: str) -> dict[str, Any]:
    value: Any = _json("--json-args", given) if given else {}
    if not isinstance(value, dict):
        raise Misused("--json-args is not an object.", """Write it as --json-args '{"key": "value"}'.""")
    return cast("dict[str, Any]", value)


def _json(name: str, text: str) -> Any:
    try:
        return json.load(text)
    except json.BadJson as error:
        raise Misused(
            f"{name} is not JSON: {error}.", "Mind that the shell eats quotes: put it in single ones."
        ) from None


def _properties(schema: Schema) -> dict[str, Any]:
    found: Any = schema.get("properties")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _property(schema: Schema, name: str) -> Schema:
    found: Any = _properties(schema).get(name)
    return cast("Schema", found) if isinstance(found, dict) else {}


def _types(part: Schema, root: Schema, depth: int = 8) -> set[str]:
    """Every JSON type that a value here may have, as far as `$ref`, `anyOf` and `oneOf` tell."""
    said: Any = part.get("type")
    types = {said} if isinstance(said, str) else set(cast("list[str]", said)) if isinstance(said, list) else set[str]()
    if depth:
        for inner in [*_parts(part, "anyOf"), *_parts(part, "oneOf"), *_parts(part, "allOf"), _referred(part, root)]:
            types |= _types(inner, root, depth - 1)
    return types


def _parts(part: Schema, key: str) -> list[Schema]:
    found: Any = part.get(key)
    items = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Schema", item) for item in items if isinstance(item, dict)]


def _referred(part: Schema, root: Schema) -> Schema:
    reference: Any = part.get("$ref")
    node: Any = root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return {}
    for step in reference[2:].split("/"):
        node = (
            cast("dict[str, Any]", node).get(step.replace("~1", "/").replace("~0", "~"))
            if isinstance(node, dict)
            else None
        )
    return cast("Schema", node) if isinstance(node, dict) else {}


def _item(name: str, text: str, schema: Schema) -> Any:
    inner: Any = _property(schema, name).get("items")
    return _value(name, text, _types(cast("Schema", inner), schema) if isinstance(inner, dict) else set())


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _value(name: str, text: str, types: set[str]) -> Any:
    """`text` as the first type that it fits, and as a string where that is allowed or nothing is said."""
    for kind in _ORDER:
        if kind in types:
            found, value = _as(kind, text)
            if found:
                return value
    if types and "string" not in types:
        wanted = " or ".join(kind for kind in _ORDER if kind in types)
        raise Misused(f"{name} should be {wanted}; '{text}' is not.", f"Write {name}:=JSON to send any JSON value.")
    return text


def _as(kind: str, text: str) -> tuple[bool, Any]:
    if kind == "boolean":
        return text.lower() in _WORDS, _WORDS.get(text.lower())
    try:
        value = json.load(text.strip())
    except json.BadJson:
        return False, None
    return _is(kind, value), value


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    kinds = {"integer": int, "number": (int, float), "null": type(None), "array": list, "object": dict}
    return isinstance(value, kinds[kind])
