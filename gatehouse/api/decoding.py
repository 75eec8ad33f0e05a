"""A stranger's query string or body into a typed value, or an error that names the field and what is accepted."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from gatehouse.api.problems import FieldError, InvalidFields, UnsupportedMediaType
from gatehouse.kit.errors import Invalid, TooLarge
from gatehouse.kit.json import BadJson, check_text

SECRET_PARAMETERS = frozenset(
    {"access_token", "api_key", "apikey", "auth", "authorization", "bearer", "id_token", "key", "password", "token"}
)
_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<name>.*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[[^\]]*\]")
Value = TypeVar("Value")


def refuse_secrets(names: Iterable[str]) -> None:
    """A URL ends up in logs and histories, so a token in one is refused even where it would be good."""
    found = sorted({name for name in names if name.lower() in SECRET_PARAMETERS})
    if found:
        raise Invalid(
            f"'{found[0]}' in the query string: secrets do not belong in a URL.",
            "Send the token in the header `Authorization: Bearer ...`, and replace it, because URLs are logged.",
        )


def decode_query(pairs: Sequence[tuple[str, str]], kind: type[Value]) -> Value:
    """Read query parameters; raises `InvalidFields`."""
    twice = {name for index, (name, _) in enumerate(pairs) if name in {earlier for earlier, _ in pairs[:index]}}
    if twice:
        raise InvalidFields(
            f"{_listed(twice)} is given more than once.", [FieldError(name, "given more than once") for name in twice]
        )
    if any("\x00" in value for _, value in pairs):
        raise Invalid("The query string holds a NUL character.", "Leave it out.")
    try:
        return msgspec.convert(dict(pairs), kind, strict=False)
    except msgspec.ValidationError as error:
        raise _explain(error, kind, "query parameter") from None


async def read_body(request: Request, limit: int) -> bytes:
    """All of the body; raises `TooLarge` as soon as more than `limit` bytes are announced or come."""
    too_large = TooLarge(f"The body has more than {limit} bytes.", "Send less.")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def check_media_type(content_type: str | None) -> None:
    """A body without a type is taken for JSON; any other type is refused."""
    media = (content_type or "application/json").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMediaType(f"The body is '{media}'.", "Send JSON, with `Content-Type: application/json`.")


def decode_body(data: bytes, kind: Any, storable: bool) -> Any:
    """Read a JSON body, an empty one as `{}`. `storable`: refuse NUL, which not every database can hold."""
    content = data if data.strip() else b"{}"
    try:
        check_text(content)
        value = msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise _explain(error, kind, "field") from None
    except RecursionError:
        raise Invalid("The body is nested too deeply.") from None
    except (BadJson, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"The body is not JSON: {error}.", "Send a JSON object.") from None
    if storable and b"\\u0000" in content:
        raise Invalid("The body holds a NUL character.", "Leave it out.")
    return value


def _explain(error: msgspec.ValidationError, kind: Any, noun: str) -> InvalidFields:
    match = _PLACE.match(str(error))
    message, path = (match["message"], match["path"] or "") if match else (str(error), "")
    nodes = _nodes_at(kind, path)
    unknown, missing = _UNKNOWN.match(message), _MISSING.match(message)
    if unknown:
        accepted = list(dict.fromkeys(name for node in nodes for name in node.get("properties", {})))
        return _unknown(_field(path, unknown["name"]), unknown["name"], accepted, noun)
    if missing:
        field = _field(path, missing["name"])
        return InvalidFields(f"The {noun} '{field}' is missing.", [FieldError(field, "missing")])
    values = [value for node in nodes for value in node.get("enum", [])]
    hint = f"Accepted: {_listed(values)}." if values else ""
    field = path.lstrip(".")
    told = f"The {noun} '{field}' can't be used" if field else "The body can't be used"
    return InvalidFields(f"{told}: {_lower(message)}.", [FieldError(field, message)], hint)


def _unknown(field: str, name: str, accepted: list[str], noun: str) -> InvalidFields:
    close = difflib.get_close_matches(name, accepted, n=1)
    guess = f"Did you mean '{close[0]}'? " if close else ""
    hint = f"{guess}Accepted: {_listed(accepted)}." if accepted else f"No {noun} is accepted here."
    return InvalidFields(f"Unknown {noun} '{field[:200]}'.", [FieldError(field[:200], f"unknown {noun}")], hint)


def _nodes_at(kind: Any, path: str) -> list[dict[str, Any]]:
    """The JSON Schemas that can stand at `path` (msgspec's: `.name` for a field, `[...]` for an element)."""
    (schema,), components = msgspec.json.schema_components([kind], ref_template="{name}")
    nodes = _open(schema, components)
    for step in _STEP.finditer(path):
        nodes = [found for node in nodes for inner in _inside(node, step[1]) for found in _open(inner, components)]
    return nodes


def _inside(node: dict[str, Any], name: str | None) -> list[dict[str, Any]]:
    if name is not None:
        inner = node.get("properties", {}).get(name)
    else:
        inner = node.get("items", node.get("additionalProperties"))
    return [inner] if isinstance(inner, dict) else []


def _open(node: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    """A node without its references and alternatives."""
    if "$ref" in node:
        return _open(components[node["$ref"]], components)
    if "anyOf" in node:
        return [found for choice in node["anyOf"] for found in _open(choice, components)]
    return [node]


def _field(path: str, name: str) -> str:
    return f"{path}.{name}".lstrip(".")


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(value) for value in values)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
