"""What the published documents about MCP registries ask for, stated field for field in our own words.

`server`: the schema of server.json, dated 2025-12-11, as in the file of that name and date. `server (API)`, `response`
and `list`: ServerDetail, ServerResponse and ServerList of the registry's OpenAPI document, version 2025-12-01. The two
have one form of server.json; they differ in the URL of a transport, which the OpenAPI document lets begin with a
variable. Neither forbids fields that it doesn't name, but for what a registry says under its own key.

`test_registry_schema.py` holds `server` against the published file, which a package ships; `published` reads that file.
What both documents only say in prose is in `check_words`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from gatehouse.kit import json
from tests.support.environments import files

Json = dict[str, Any]
FORMATS = FormatChecker(formats=())
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_RANGE = re.compile(r"[\^~<>=]|.*[*xX]$|latest$")


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    """With a scheme, as RFC 3986 has it."""
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


@FORMATS.checks("date-time")
def _is_moment(value: object) -> bool:
    """As RFC 3339 has it."""
    return not isinstance(value, str) or _MOMENT.fullmatch(value) is not None


def _texts(*names: str) -> Json:
    return {name: {"type": "string"} for name in names}


def _flags(*names: str) -> Json:
    return {name: {"type": "boolean", "default": False} for name in names}


def _object(required: str, **properties: Any) -> Json:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(of: str) -> Json:
    return {"type": "array", "items": _ref(of)}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _words(*words: str) -> Json:
    return {"type": "string", "enum": list(words)}


def _text(least: int, most: int, **more: Any) -> Json:
    return {"type": "string", "minLength": least, "maxLength": most, **more}


LINK: Json = {"type": "string", "format": "uri"}
MOMENT: Json = {"type": "string", "format": "date-time"}
ADDRESS: Json = {"type": "string", "pattern": r"^https?://[^\s]+$"}
ADDRESS_OR_VARIABLE: Json = {"type": "string", "pattern": r"^(https?://[^\s]+|\{[a-zA-Z_][a-zA-Z0-9_]*\}[^\s]*)$"}
_VARIABLES: Json = {"type": "object", "additionalProperties": _ref("input")}
_INPUT: Json = {
    **_texts("description", "value", "default", "placeholder"),
    **_flags("isRequired", "isSecret"),
    "format": {**_words("string", "number", "boolean", "filepath"), "default": "string"},
    "choices": {"type": "array", "items": {"type": "string"}},
}
_FILLED: Json = {**_INPUT, "variables": _VARIABLES}
_ARGUMENT: Json = {**_FILLED, **_flags("isRepeated")}
INPUTS: Json = {
    "input": _object("", **_INPUT),
    "keyed": _object("name", **_FILLED, **_texts("name")),
    "named": _object("type name", **_ARGUMENT, type=_words("named"), **_texts("name")),
    "positional": _object("type", **_ARGUMENT, type=_words("positional"), **_texts("valueHint"))
    | {"anyOf": [{"required": ["valueHint"]}, {"required": ["value"]}]},
    "argument": {"anyOf": [_ref("positional"), _ref("named")]},
}
TRANSPORTS: Json = {
    "stdio": _object("type", type=_words("stdio")),
    "http": _object("type url", type=_words("streamable-http"), url=_ref("address"), headers=_list("keyed")),
    "sse": _object("type url", type=_words("sse"), url=_ref("address"), headers=_list("keyed")),
    "local": {"anyOf": [_ref("stdio"), _ref("http"), _ref("sse")]},
    "remote": {"anyOf": [_ref("http"), _ref("sse")], "properties": {"variables": _VARIABLES}},
}
PACKAGE: Json = _object(
    "registryType identifier transport",
    **_texts("registryType", "identifier", "runtimeHint"),
    registryBaseUrl=LINK,
    version={"type": "string", "minLength": 1, "not": {"const": "latest"}},
    fileSha256={"type": "string", "pattern": "^[a-f0-9]{64}$"},
    transport=_ref("local"),
    runtimeArguments=_list("argument"),
    packageArguments=_list("argument"),
    environmentVariables=_list("keyed"),
)
ICON: Json = _object(
    "src",
    src={**LINK, "maxLength": 255},
    mimeType=_words("image/png", "image/jpeg", "image/jpg", "image/svg+xml", "image/webp"),
    sizes={"type": "array", "items": {"type": "string", "pattern": r"^(\d+x\d+|any)$"}},
    theme=_words("light", "dark"),
)
_SERVER: Json = {
    "$schema": LINK,
    "name": _text(3, 200, pattern="^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$"),
    "title": _text(1, 100),
    "description": _text(1, 100),
    "version": {"type": "string", "maxLength": 255},
    "websiteUrl": LINK,
    "repository": _object("url source", url=LINK, **_texts("source", "id", "subfolder")),
    "icons": _list("icon"),
    "packages": _list("package"),
    "remotes": _list("remote"),
    "_meta": _object("", **{"io.modelcontextprotocol.registry/publisher-provided": {"type": "object"}}),
}
_OFFICIAL: Json = _object(
    "",
    status=_words("active", "deprecated", "deleted"),
    statusMessage={"type": "string", "maxLength": 500},
    **dict.fromkeys(("statusChangedAt", "publishedAt", "updatedAt"), MOMENT),
    isLatest={"type": "boolean"},
)
ANSWERS: Json = {
    "official": {**_OFFICIAL, "additionalProperties": False},
    "response": _object(
        "server",
        server=_ref("server"),
        _meta=_object("", **{"io.modelcontextprotocol.registry/official": _ref("official")}),
    ),
    "list": _object(
        "servers",
        servers=_list("response"),
        metadata=_object("", nextCursor={"type": "string"}, count={"type": "integer"}),
    ),
}
_COMMON: Json = {
    **INPUTS,
    **TRANSPORTS,
    **ANSWERS,
    "package": PACKAGE,
    "icon": ICON,
    "server": _object("name description version", **_SERVER),
}
SCHEMAS: Json = {
    "server": ("server", {**_COMMON, "address": ADDRESS}),
    **{
        name: (name.removesuffix(" (API)"), {**_COMMON, "address": ADDRESS_OR_VARIABLE})
        for name in ("server (API)", "response", "list")
    },
}


def validator(what: str) -> Any:
    """`what`: server, server (API), response or list."""
    name, definitions = SCHEMAS[what]
    return Draft202012Validator({**_ref(name), "$defs": definitions}, format_checker=FORMATS)


@lru_cache(maxsize=1)
def published() -> Any:
    """A validator of the schema of server.json, dated 2025-12-11, from the file itself."""
    found = files("registry") / "mcpreg" / "_spec" / "server.schema.snapshot.json"
    return Draft7Validator(json.load(found.read_bytes()), format_checker=FORMATS)


def check(what: str, value: Any) -> None:
    """Raises `AssertionError`. Each server in it is held against the published file as well."""
    _none_wrong(validator(what), value)
    servers = value.get("servers", [value]) if what in ("response", "list") else [{"server": value}]
    for one in servers:
        _none_wrong(published(), one["server"])
        check_words(one["server"])


def _none_wrong(against: Any, value: Any) -> None:
    wrong = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in against.iter_errors(value)]
    assert not wrong, wrong


def check_words(server: Json) -> None:
    """What the documents say in their descriptions alone: exact versions, links of https, a digest for a bundle."""
    packages = server.get("packages", [])
    versions = [server["version"], *(one["version"] for one in packages if "version" in one)]
    assert not [version for version in versions if _RANGE.match(version)], versions
    links = [server.get("websiteUrl"), *(icon["src"] for icon in server.get("icons", []))]
    assert all(link.startswith("https://") for link in links if link is not None), links
    assert all("fileSha256" in one for one in packages if one["registryType"] == "mcpb")
