"""What the published schemas of MCP registries ask for: server.json of 2025-12-11, and the answers of the API v0.1.

Written down anew from the published rules, so that nothing has to be fetched: what is required, of which type, in which
form. It is a JSON Schema of draft 2020-12.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator

Json = dict[str, Any]
_TEXT: Json = {"type": "string"}
_FLAG: Json = {"type": "boolean"}
_LINK: Json = {"type": "string", "pattern": "^https?://"}
_MOMENT: Json = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
_INPUT: Json = {
    "value": _TEXT,
    "default": _TEXT,
    "description": _TEXT,
    "placeholder": _TEXT,
    "isRequired": _FLAG,
    "isSecret": _FLAG,
    "format": {"enum": ["string", "number", "boolean", "filepath"]},
    "choices": {"type": "array", "items": _TEXT},
}
_VARIABLES: Json = {"type": "object", "additionalProperties": {"$ref": "#/$defs/input"}}
_DEFINITIONS: Json = {
    "input": {"type": "object", "properties": _INPUT},
    "keyed": {
        "type": "object",
        "required": ["name"],
        "properties": {**_INPUT, "name": _TEXT, "variables": _VARIABLES},
    },
    "argument": {
        "type": "object",
        "required": ["type"],
        "properties": {
            **_INPUT,
            "type": {"enum": ["positional", "named"]},
            "isRepeated": _FLAG,
            "variables": _VARIABLES,
        },
        "if": {"properties": {"type": {"const": "named"}}},
        "then": {"required": ["name"]},
        "else": {"anyOf": [{"required": ["value"]}, {"required": ["valueHint"]}]},
    },
    "remote": {
        "type": "object",
        "required": ["type", "url"],
        "properties": {
            "type": {"enum": ["streamable-http", "sse"]},
            "url": {"type": "string", "pattern": r"^(https?://\S+|\{[a-zA-Z_]\w*\}\S*)$"},
            "headers": {"type": "array", "items": {"$ref": "#/$defs/keyed"}},
            "variables": _VARIABLES,
        },
    },
    "package": {
        "type": "object",
        "required": ["registryType", "identifier", "transport"],
        "properties": {
            "registryType": _TEXT,
            "identifier": _TEXT,
            "registryBaseUrl": _LINK,
            "runtimeHint": _TEXT,
            # One exact version, and neither a range nor a word for the newest.
            "version": {"type": "string", "pattern": r"^(?!latest$)(?![\^~<>=])(?!.*[*xX]$).{1,255}$"},
            "fileSha256": {"type": "string", "pattern": "^[a-f0-9]{64}$"},
            "transport": {"type": "object", "required": ["type"]},
            "runtimeArguments": {"type": "array", "items": {"$ref": "#/$defs/argument"}},
            "packageArguments": {"type": "array", "items": {"$ref": "#/$defs/argument"}},
            "environmentVariables": {"type": "array", "items": {"$ref": "#/$defs/keyed"}},
        },
    },
    "server": {
        "type": "object",
        "required": ["name", "description", "version"],
        "properties": {
            "$schema": _LINK,
            "name": {
                "type": "string",
                "minLength": 3,
                "maxLength": 200,
                "pattern": r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$",
            },
            "title": {"type": "string", "minLength": 1, "maxLength": 100},
            "description": {"type": "string", "minLength": 1, "maxLength": 100},
            "version": {"type": "string", "maxLength": 255, "pattern": r"^(?![\^~<>=])(?!.*[*xX]$)"},
            "websiteUrl": _LINK,
            "repository": {
                "type": "object",
                "required": ["url", "source"],
                "properties": {"url": _LINK, "source": _TEXT, "subfolder": _TEXT, "id": _TEXT},
            },
            "icons": {"type": "array", "items": {"type": "object", "required": ["src"], "properties": {"src": _LINK}}},
            "packages": {"type": "array", "items": {"$ref": "#/$defs/package"}},
            "remotes": {"type": "array", "items": {"$ref": "#/$defs/remote"}},
            "_meta": {"type": "object"},
        },
    },
    "official": {
        "type": "object",
        "properties": {
            "status": {"enum": ["active", "deprecated", "deleted"]},
            "statusMessage": {"type": "string", "maxLength": 500},
            "statusChangedAt": _MOMENT,
            "publishedAt": _MOMENT,
            "updatedAt": _MOMENT,
            "isLatest": _FLAG,
        },
        "additionalProperties": False,
    },
    "response": {
        "type": "object",
        "required": ["server"],
        "properties": {
            "server": {"$ref": "#/$defs/server"},
            "_meta": {
                "type": "object",
                "properties": {"io.modelcontextprotocol.registry/official": {"$ref": "#/$defs/official"}},
            },
        },
    },
    "list": {
        "type": "object",
        "required": ["servers", "metadata"],
        "properties": {
            "servers": {"type": "array", "items": {"$ref": "#/$defs/response"}},
            "metadata": {"type": "object", "properties": {"nextCursor": _TEXT, "count": {"type": "integer"}}},
        },
    },
}


def check(what: str, value: object) -> None:
    """Raises `AssertionError`. `what`: server, response or list."""
    validator: Any = Draft202012Validator({"$ref": f"#/$defs/{what}", "$defs": _DEFINITIONS})
    wrong = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value)]
    assert not wrong, wrong
