"""The API's description of itself (OpenAPI 3.1), made from the same declarations that serve it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, cast

import msgspec

from gatehouse.access.sign_in.cookies import SECURE
from gatehouse.api import csv
from gatehouse.api.actions import Action
from gatehouse.api.problems import MEDIA_TYPE, Problem
from gatehouse.api.routing import Asked, Endpoint, Lines, Live, Redirect, endpoint
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
    403: "The caller lacks the permission",
    404: "There is no such thing",
    409: "In the way of something that exists",
    413: "The body is too large",
    429: "Too many requests; Retry-After says when to come back",
    415: "The body is not JSON",
    502: "The upstream failed",
    503: "The upstream is down",
    504: "The upstream took too long",
}
_VERBS = {"GET": "show", "PATCH": "change", "DELETE": "delete", "PUT": "set", "POST": "take"}
_ON_WHOLE = {"GET": "get", "PUT": "set", "PATCH": "change", "DELETE": "delete"}
_WITHOUT_SCHEMA = (type(None), Lines, Live, Redirect)
_NAMES = {"id": "Id or slug", "user": "Id or email of a user"}
_PARAMETER = re.compile(r"\{(\w+)\}")
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
    collections = frozenset(one.path for one in declared if one.method == "GET")
    paths: dict[str, Node] = {}
    for one in declared:
        item = paths.setdefault(one.path, _item(one.path))
        item[one.method.lower()] = _operation(one, schemas, collections)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatehouse", "version": version, "description": ABOUT},
        "servers": [{"url": f"{public_url}/api/v1"}],
        "security": [{"bearer": []}, {"session": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(_tag(one.path) for one in declared)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": SECURE},
            },
            "responses": {str(status): _problem(text, schemas) for status, text in _PROBLEMS.items()},
            "schemas": schemas.components,
        },
    }


class _Schemas:
    """JSON Schemas of all types that the endpoints take and give, each struct once, by its name."""

    def __init__(self, endpoints: Collection[Endpoint]) -> None:
        asked = {kind: None for one in endpoints for kind in (one.body, _answer(one))}
        kinds = [*(kind for kind in asked if kind not in _WITHOUT_SCHEMA), Problem]
        schemas, self.components = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
        self._by_kind = dict(zip(kinds, schemas, strict=True))
        _say_that_objects_are_open(self.components)
        taken = self._reached(one.body for one in endpoints)
        for name in self._reached(_answer(one) for one in endpoints) - taken:
            _always_whole(self.components[name])

    def _reached(self, kinds: Iterable[Any]) -> set[str]:
        """Names of all structs that values of these types hold."""
        found: set[str] = set()
        waiting = [self._by_kind[kind] for kind in kinds if kind in self._by_kind]
        while waiting:
            names = {one.rpartition("/")[2] for one in _references(waiting.pop())} - found
            found |= names
            waiting += [self.components[name] for name in names]
        return found

    def of(self, kind: Any) -> Node:
        return {"type": "object", "additionalProperties": {}} if kind is Raw else self._by_kind[kind]

    def needed(self, kind: Any) -> bool:
        """Whether a body of this type has anything that can't be left out."""
        schema = self.of(kind)
        name = schema.get("$ref", "").rpartition("/")[2]
        return "$ref" not in schema or bool(self.components[name].get("required"))


def _nodes(node: Any) -> Iterator[Node]:
    """Every object in it, and itself."""
    if isinstance(node, dict):
        yield cast("Node", node)
        node = list(cast("Node", node).values())
    if isinstance(node, list):
        for inner in cast("list[Any]", node):
            yield from _nodes(inner)


def _references(node: Any) -> Iterator[str]:
    return (inner["$ref"] for inner in _nodes(node) if isinstance(inner.get("$ref"), str))


def _say_that_objects_are_open(components: Node) -> None:
    """Where nothing is said of its fields, generators of clients take an object for one that has none."""
    for node in _nodes(components):
        if node.get("type") == "object" and not node.keys() & {"properties", "additionalProperties"}:
            node["additionalProperties"] = {}


def _always_whole(component: Node) -> None:
    """What may be left out of a body is never left out of an answer, its default included."""
    for name, node in component.get("properties", {}).items():
        if "default" in node:
            del node["default"]
            component.setdefault("required", []).append(name)


def _item(path: str) -> Node:
    plain = path.split("/")[1] in {"tools", "prompts", "resources", "tokens"}
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "Id" if plain else _NAMES.get(name, "Id"),
            "schema": {"type": "string"},
        }
        for name in _PARAMETER.findall(path)
    ]
    return {"parameters": parameters} if parameters else {}


def _operation(one: Endpoint, schemas: _Schemas, collections: frozenset[str]) -> Node:
    operation: Node = {
        "operationId": _operation_id(one, collections),
        "summary": one.summary,
        "tags": [_tag(one.path)],
        "parameters": _parameters(one.query),
        "responses": {str(one.status): _success(one, schemas), **_problems(one)},
    }
    if one.action is Action.PUBLIC:
        operation["security"] = []
    elif one.action is Action.SIGNED_IN:
        operation["description"] = "For everybody who is signed in."
    else:
        operation["description"] = f"Needs the permission `{one.action.value}`."
    if one.table:
        # Not as another content: in generated clients each answer would be a text or an object.
        operation["description"] += f" With `Accept: {csv.MEDIA_TYPE}` it is a table in CSV."
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
    if one.answer in (Lines, Live):
        kinds = ["application/x-ndjson", *(["text/event-stream"] if one.answer is Live else [])]
        return {
            "description": "One JSON document a line, or an event",
            "content": {kind: {"schema": {"type": "string"}} for kind in kinds},
        }
    if one.answer is Redirect:
        return {"description": "Go on there", "headers": {"Location": {"schema": {"type": "string"}}}}
    content = {"application/json": {"schema": schemas.of(_answer(one))}}
    if one.status != 201:
        return {"description": "What was asked for", "content": content}
    location = {"Location": {"description": "Its path", "schema": {"type": "string"}}}
    return {"description": "Made", "headers": location, "content": content}


def _answer(one: Endpoint) -> Any:
    return one.answer if one.shape is None else one.shape


def _problems(one: Endpoint) -> dict[str, Node]:
    statuses = [400]
    statuses += [401, 403, 429] if one.action is not Action.PUBLIC else []
    statuses += [404] if "{" in one.path else []
    statuses += [409] if one.method != "GET" else []
    statuses += [413, 415] if one.body is not type(None) else []
    statuses += [502, 503, 504] if one.answer is Raw and one.method == "POST" else []
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}


def _problem(text: str, schemas: _Schemas) -> Node:
    return {"description": text, "content": {MEDIA_TYPE: {"schema": schemas.of(Problem)}}}


def _operation_id(one: Endpoint, collections: frozenset[str]) -> str:
    """`list_tools`, `show_tool`, `get_server_bindings`, `create_team_member`, `call_tool`, `login`."""
    segments = one.path.strip("/").replace(".", "_").replace("-", "_").split("/")
    names = [
        name.removesuffix("s") if segments[at + 1 : at + 2] and segments[at + 1].startswith("{") else name
        for at, name in enumerate(segments)
        if not name.startswith("{")
    ]
    names = names[1:] if names[0] == "auth" and len(names) == 2 else names
    if segments[-1].startswith("{"):
        return "_".join([_VERBS[one.method], *names])
    if one.method == "POST" and one.path not in collections:
        return "_".join([names[-1], *(name.removesuffix("s") for name in names[:-1])])
    if one.method == "POST":
        return "_".join(["create", *names[:-1], names[-1].removesuffix("s")])
    plain = len(names) == 1 and names[0].endswith(("s", "json"))
    return "_".join(["list" if plain and one.method == "GET" else _ON_WHOLE[one.method], *names])


def _tag(path: str) -> str:
    return path.split("/")[1].partition(".")[0]
