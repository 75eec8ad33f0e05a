"""The HTTP headers that mirror a modern request's body: `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*`.

2026-07-28 basic/transports "Standard headers" and server/tools "x-mcp-header".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

NAME_PARAM = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Which param `Mcp-Name` mirrors."""
PARAM_PREFIX = "mcp-param-"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SENTINEL = re.compile(r"=\?base64\?(.*)\?=", re.DOTALL)
_PLAIN = re.compile(r"[\x20-\x7e]*")
_DECIMAL = re.compile(r"-?[0-9]{1,400}(\.0+)?")
_TYPES = ("string", "integer", "boolean")
_MAPS_OF_SCHEMAS = frozenset({"$defs", "definitions", "patternProperties", "dependentSchemas"})
_LONGEST_INTEGER = 1024
"""Bits; what is longer is no argument that anybody routes by, and Python does not even print it."""
_DATA = frozenset({"const", "default", "enum", "examples", "x-mcp-header"})

HeaderMap = dict[str, tuple[str, ...]]
"""Lower-case header name after `mcp-param-` -> path of the argument."""


def encode_value(value: str) -> str:
    """As it is where that is safe in a header, else in the `=?base64?...?=` form."""
    if _PLAIN.fullmatch(value) and value == value.strip(" ") and not _SENTINEL.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def decode_value(value: bytes) -> str | None:
    """The text that a header value stands for; None where it is malformed."""
    try:
        text = value.decode("ascii")
        match = _SENTINEL.fullmatch(text)
        return _decode_base64(match[1]) if match else text if _PLAIN.fullmatch(text) else None
    except (UnicodeDecodeError, binascii.Error):
        return None


def _decode_base64(text: str) -> str | None:
    """Raises `binascii.Error` or `UnicodeDecodeError`. One value has one form: bits left over at the end are zero."""
    data = base64.b64decode(text, validate=True)
    return data.decode() if base64.b64encode(data).decode() == text else None


def header_map(schema: Any) -> HeaderMap:
    """The annotated properties of an inputSchema; raises `ValueError` naming what breaks the rules of x-mcp-header."""
    found: HeaderMap = {}
    for path, node in _nodes(schema, ()):
        if "x-mcp-header" not in node:
            continue
        name: Any = node["x-mcp-header"]
        if not path:
            raise ValueError("x-mcp-header stands where a value can't be found by properties alone")
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ValueError(f"x-mcp-header at '{'.'.join(path)}' is not a header name")
        if node.get("type") not in _TYPES:
            raise ValueError(f"x-mcp-header '{name}' is on a value that is not a string, integer or boolean")
        if name.lower() in found:
            raise ValueError(f"x-mcp-header '{name}' is used twice")
        found[name.lower()] = path
    return found


def _nodes(node: Any, path: tuple[str, ...] | None) -> Iterator[tuple[tuple[str, ...] | None, dict[str, Any]]]:
    """Each object in a schema, with the path of the argument it describes, or None where no `properties` chain leads."""
    stack: list[tuple[Any, tuple[str, ...] | None]] = [(node, path)]
    while stack:
        value, here = stack.pop()
        if isinstance(value, list):
            stack.extend((item, None) for item in cast("list[Any]", value))
        if not isinstance(value, dict):
            continue
        schema = cast("dict[str, Any]", value)
        yield here, schema
        for key, child in schema.items():
            if key == "properties" and isinstance(child, dict):
                for name, sub in cast("dict[str, Any]", child).items():
                    stack.append((sub, (*here, name) if here is not None else None))
            elif key in _MAPS_OF_SCHEMAS and isinstance(child, dict):
                stack.extend((sub, None) for sub in cast("dict[str, Any]", child).values())
            elif key not in _DATA:
                stack.append((child, None))


def param_headers(names: HeaderMap, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The `Mcp-Param-*` headers that a call with these arguments needs."""
    pairs = ((name, _scalar(_at(arguments, path))) for name, path in names.items())
    return [(PARAM_PREFIX + name, encode_value(value)) for name, value in pairs if value is not None]


def param_mismatch(names: HeaderMap, arguments: Mapping[str, Any], headers: Mapping[str, bytes]) -> str | None:
    """What is wrong with the `mcp-param-*` of a request (full lower-case names), or None."""
    for name, path in names.items():
        value, sent = _at(arguments, path), headers.get(PARAM_PREFIX + name)
        expected = _scalar(value)
        if expected is None and sent is not None:
            return f"Mcp-Param-{name} was sent, but its argument is absent"
        if expected is None:
            continue
        if sent is None:
            return f"Mcp-Param-{name} is missing"
        if not _same(value, expected, decode_value(sent)):
            return f"Mcp-Param-{name} does not match the argument"
    return None


def _same(value: Any, expected: str, sent: str | None) -> bool:
    if sent == expected:
        return True
    if isinstance(value, (int, float)) and not isinstance(value, bool) and sent is not None:
        return bool(_DECIMAL.fullmatch(sent)) and int(sent.partition(".")[0]) == value
    return False


def _at(arguments: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(arguments, dict):
            return None
        arguments = cast("dict[str, Any]", arguments).get(name)
    return arguments


def _scalar(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value) if value.bit_length() <= _LONGEST_INTEGER else None
    return value if isinstance(value, str) else None
