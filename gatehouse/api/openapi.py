"""The API's description of itself (OpenAPI 3.1), made from the same declarations that serve it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gatehouse.api.actions import Action
from gatehouse.api.problems import MEDIA_TYPE, Problem
from gatehouse.api.routing import Asked, Endpoint, endpoint
from gatehouse.kit.json import Raw, raw

ABOUT = (
    "Upstreams are what Gatehouse calls; they offer tools, prompts and resources. A server is a chosen set of these "
    "behind one MCP endpoint, and a token opens servers, or this API. A slug is accepted wherever an id is. "
    "Errors are problem documents (RFC 9457) that say what to do next. Lists are pages: pass `next` on as `cursor`."
)
_TEMPLATE = "#/components/schemas/{name}"
_PROBLEMS = {
    400: "Something in the request can't be used",
    401: "No token, or not a good one",
    403: "The token lacks the permission",
    404: "There is no such thing",
    409: "In the way of something that exists",
    413: "The body is too large",
    415: "The body is not JSON",
    502: "The upstream failed",
    503: "The upstream is down",
    504: "The upstream took too long",
}
_VERBS = {
    ("GET", False): "list",
    ("POST", False): "create",
    ("GET", True): "show",
    ("PATCH", True): "change",
    ("DELETE", True): "delete",
}
Node = dict[str, Any]


def describing(endpoints: Iterable[Endpoint]) -> Endpoint:
    """The route that serves the description of `endpoints` and of itself."""

    async def describe(asked: Asked[None, None]) -> Raw:
        return raw(document([*endpoints, described], asked.context.version, asked.public_url))

    described = endpoint("GET /openapi.json", Action.PUBLIC, describe, "This description")
    return described


def document(endpoints: Iterable[Endpoint], version: str, public_url: str) -> Node:
    declared = list(endpoints)
    schemas = _Schemas(declared)
    paths: dict[str, Node] = {}
    for one in declared:
        item = paths.setdefault(one.path, _item(one.path))
        item[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatehouse", "version": version, "description": ABOUT},
        "servers": [{"url": f"{public_url}/api/v1"}],
        "security": [{"bearer": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(one.path) for one in declared)],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {str(status): _problem(text, schemas) for status, text in _PROBLEMS.items()},
            "schemas": schemas.components,
        },
    }


class _Schemas:
    """JSON Schemas of all types that the endpoints take and give, each struct once, by its name."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        found = {kind: None for one in endpoints for kind in (one.body, one.answer) if kind is not type(None)}
        kinds = [*found, Problem]
        schemas, self.components = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
        self._by_kind = dict(zip(kinds, schemas, strict=True))

    def of(self, kind: Any) -> Node:
        return {"type": "object"} if kind is Raw else self._by_kind[kind]

    def needed(self, kind: Any) -> bool:
        """Whether a body of this type has anything that can't be left out."""
        schema = self.of(kind)
        name = schema.get("$ref", "").rpartition("/")[2]
        return "$ref" not in schema or bool(self.components[name].get("required"))


def _item(path: str) -> Node:
    if "{id}" not in path:
        return {}
    text = "Id" if path.split("/")[1] in {"tools", "prompts", "resources", "tokens"} else "Id or slug"
    return {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "description": text, "schema": {"type": "string"}}
        ]
    }


def _operation(one: Endpoint, schemas: _Schemas) -> Node:
    operation: Node = {
        "operationId": _operation_id(one.method, one.path),
        "summary": one.summary,
        "tags": [_tag(one.path)],
        "parameters": _parameters(one.query),
        "responses": {str(one.status): _success(one, schemas), **_problems(one)},
    }
    if one.action is Action.PUBLIC:
        operation["security"] = []
    else:
        operation["description"] = f"Needs the permission `{one.action.value}`."
    if one.body is not type(None):
        content = {"application/json": {"schema": schemas.of(one.body)}}
        operation["requestBody"] = {"required": schemas.needed(one.body), "content": content}
    return operation


def _parameters(query: Any) -> list[Node]:
    if query is type(None):
        return []
    (schema,), components = msgspec.json.schema_components([query], ref_template=_TEMPLATE)
    properties: dict[str, Node] = components[schema["$ref"].rpartition("/")[2]]["properties"]
    return [_parameter(name, node) for name, node in properties.items()]


def _parameter(name: str, node: Node) -> Node:
    """A parameter that is left out is not null, so null is no part of its schema."""
    schema = dict(node)
    choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    schema |= choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {}
    if schema.get("default", "") is None:
        del schema["default"]
    text = schema.pop("description", None)
    return {"name": name, "in": "query", **({"description": text} if text else {}), "schema": schema}


def _success(one: Endpoint, schemas: _Schemas) -> Node:
    if one.status == 204:
        return {"description": "Done"}
    content = {"application/json": {"schema": schemas.of(one.answer)}}
    if one.status != 201:
        return {"description": "What was asked for", "content": content}
    location = {"Location": {"description": "Its path", "schema": {"type": "string"}}}
    return {"description": "Made", "headers": location, "content": content}


def _problems(one: Endpoint) -> dict[str, Node]:
    statuses = [400]
    statuses += [401, 403] if one.action is not Action.PUBLIC else []
    statuses += [404] if "{id}" in one.path else []
    statuses += [409] if one.method != "GET" else []
    statuses += [413, 415] if one.body is not type(None) else []
    statuses += [502, 503, 504] if one.answer is Raw and one.method == "POST" else []
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _problem(text: str, schemas: _Schemas) -> Node:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schemas.of(Problem)}}}


def _operation_id(method: str, path: str) -> str:
    """`list_tools`, `show_tool`, `get_server_bindings`, `call_tool`."""
    collection, *rest = path.strip("/").split("/")
    one = collection.removesuffix("s")
    if len(rest) < 2:
        verb = _VERBS[method, bool(rest)]
        return f"{verb}_{collection.replace('.', '_') if verb == 'list' else one}"
    verb = {"GET": "get", "PUT": "set"}.get(method)
    return f"{verb}_{one}_{rest[1]}" if verb else f"{rest[1]}_{one}"


def _tag(path: str) -> str:
    return path.split("/")[1].partition(".")[0]
