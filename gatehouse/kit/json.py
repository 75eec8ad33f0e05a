"""JSON that keeps what it does not need as the bytes it came in.

`msgspec.Raw` neither validates UTF-8 nor bounds nesting, so `check` stands before every decode of a stranger's bytes.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

Raw = msgspec.Raw
Fields = dict[str, msgspec.Raw]
"""A JSON object opened one level: its keys in order, each value still the bytes that were sent."""

_fields = msgspec.json.Decoder(Fields)
_anything = msgspec.json.Decoder(Any)
_encoder = msgspec.json.Encoder()

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)

EMPTY = Raw(b"{}")
NULL = Raw(b"null")


class BadJson(ValueError):
    """The bytes are not JSON that can be read: malformed, not UTF-8, or nested too deeply."""


def check_text(data: bytes) -> None:
    """Raise `BadJson` unless `data` is UTF-8."""
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise BadJson(f"not UTF-8 at byte {error.start}") from None


def fields(data: bytes | Raw) -> Fields:
    """Open an object one level; raises `BadJson` for anything but an object."""
    try:
        return _fields.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadJson(_words(error)) from None


def load(data: bytes | Raw | str) -> Any:
    """Decode in full; raises `BadJson`."""
    try:
        return _anything.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadJson(_words(error)) from None


def dump(value: Any) -> bytes:
    """Encode; `Raw` values are spliced in as they are."""
    return _encoder.encode(value)


def raw(value: Any) -> Raw:
    """Encode to something that can be spliced."""
    return Raw(_encoder.encode(value))


def text(value: Raw | None) -> str | None:
    """The string that `value` holds, or None where it holds anything else."""
    decoded = load(value) if value is not None else None
    return decoded if isinstance(decoded, str) else None


def strip_comments(text: str) -> str:
    """JSON as people write it, without `//` and `/* */` comments and trailing commas; strings stay as they are."""
    bare = _COMMENT.sub(lambda match: match[1] or " ", text)
    return _TRAILING_COMMA.sub(lambda match: match[1] or "", bare)


def _words(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
