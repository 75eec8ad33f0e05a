"""MCP for a small server that remembers nothing: both eras, and stdio. It knows nothing of time zones.

Legacy (2025-03-26 to 2025-11-25): `initialize` first; here nothing is remembered of it, since every answer is the same
with and without. Modern (2026-07-28): each request says in `_meta` who asks and in which version; a tool may ask back, since the client
comes with the answer and all that it said before.
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar, cast

MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26")
WITH_BATCHES = "2025-03-26"  # the one version that has them, and the one meant where HTTP names none

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
RESOURCE_NOT_FOUND, HEADER_MISMATCH, UNSUPPORTED_VERSION = -32002, -32020, -32022
STATUS = {METHOD_NOT_FOUND: 404} | dict.fromkeys(
    (PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS, HEADER_MISMATCH, UNSUPPORTED_VERSION), 400
)
META = "io.modelcontextprotocol/"
_ASKED = "question"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

Json = dict[str, Any]
Headers = Mapping[str, Sequence[str]]
"""The values of each HTTP header, by its name in lower case."""


class Fault(Exception):
    """A request that can't be answered: what JSON-RPC calls an error."""

    def __init__(self, code: int, message: str, data: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class NoSuchResource(Fault):
    def __init__(self, uri: object) -> None:
        super().__init__(INVALID_PARAMS, f"There is no resource {uri!r}; see resources/list.", {"uri": uri})


class BadArgument(ValueError):
    """An argument that the caller should correct; the text is for the model or the person who chose it."""


class Read(NamedTuple):
    """The content of a resource, as JSON text, and for how many seconds it stays true."""

    text: str
    fresh_for: int


class Said(NamedTuple):
    """What a tool answers where a JSON text is not all: blocks of content, and the structured content, if there is any."""

    content: list[Json]
    structured: Json | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a tool has to know from a person first (2026-07-28 "Elicitation"): words, and the schema of a form."""

    words: str
    schema: Json
    then: Callable[[Json | None], Said]
    """Takes what was filled in, None where nobody wanted to."""


@dataclass(frozen=True, slots=True)
class Tool:
    """`run` takes the arguments by name and gives the structured content, or all of the answer; raises `BadArgument`."""

    definition: Json
    run: Callable[..., Json | Said | Question]


@dataclass(frozen=True, slots=True)
class Prompt:
    """`render` takes the arguments by name and gives the text of the one message; raises `BadArgument`."""

    definition: Json
    render: Callable[..., str]


@dataclass(frozen=True, slots=True)
class Service:
    """What a server offers. `read` gives None where there is no such resource."""

    info: Json
    instructions: str
    tools: Sequence[Tool]
    prompts: Sequence[Prompt]
    resources: Sequence[Json]
    templates: Sequence[Json]
    read: Callable[[str], Read | None]
    complete: Callable[[Json, str, str], list[str]]
    """Takes the reference, the argument's name and what is typed so far; gives all that fits."""


class Answer(NamedTuple):
    """What goes back, None after a notification; and the HTTP status that goes with it."""

    body: Json | list[Json] | None
    status: int


def serve_stdio(service: Service) -> None:
    """Answer line by line until standard input ends."""
    for line in sys.stdin.buffer:
        if line.strip():
            body = answer(service, line).body
            if body is not None:
                sys.stdout.buffer.write(encode(body) + b"\n")
                sys.stdout.buffer.flush()


def encode(body: Json | list[Json]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def answer(service: Service, raw: bytes, headers: Headers | None = None) -> Answer:
    """Answer one message, in the era that it is written in; `headers` are those of HTTP, None on stdio."""
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return Answer(_error(None, Fault(PARSE_ERROR, "The message is not valid JSON.")), 400)
    if _is_modern(message, headers):
        return _answer_one(service, message, _answer_modern, headers)
    if isinstance(message, list):
        return _answer_batch(service, cast(list[Any], message), headers)
    return _answer_one(service, message, _answer_legacy, headers)


def _is_modern(message: Any, headers: Headers | None) -> bool:
    """2026-07-28 basic/versioning: by the HTTP header, else by the envelope that every modern request has."""
    stated = (headers or {}).get("mcp-protocol-version")
    return (bool(stated) and stated[0] not in LEGACY) or f"{META}protocolVersion" in _meta(message)


def _meta(message: Any) -> Json:
    """The request's `_meta`; empty where it has none."""
    for key in ("params", "_meta"):
        message = cast(Json, message).get(key) if isinstance(message, dict) else None
    return cast(Json, message) if isinstance(message, dict) else {}


def _answer_batch(service: Service, messages: list[Any], headers: Headers | None) -> Answer:
    stated = (headers or {}).get("mcp-protocol-version", [WITH_BATCHES])
    if stated[0] != WITH_BATCHES or not messages:
        return Answer(_error(None, Fault(INVALID_REQUEST, "Send one message, not an array of them.")), 400)
    answers = [_answer_one(service, message, _answer_legacy, headers).body for message in messages]
    bodies = [cast(Json, body) for body in answers if body is not None]
    return Answer(bodies, 200) if bodies else Answer(None, 202)


Answerer = Callable[[Service, str, Json, "Headers | None"], Json]


def _answer_one(service: Service, message: Any, answerer: Answerer, headers: Headers | None) -> Answer:
    request_id = None
    try:
        if not isinstance(message, dict):
            raise Fault(INVALID_REQUEST, "A message is a JSON object.")
        request = cast(Json, message)
        if _needs_no_answer(request, answerer):
            return Answer(None, 202)
        request_id = _id_of(request)
        method, params = request.get("method"), request.get("params", {})
        if request.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, dict):
            raise Fault(INVALID_REQUEST, 'A request has "jsonrpc": "2.0", a method, and an object as its params.')
        result = answerer(service, method, cast(Json, params), headers)
        return Answer({"jsonrpc": "2.0", "id": request_id, "result": result}, 200)
    except Fault as fault:
        status = STATUS.get(fault.code, 200) if answerer is _answer_modern or request_id is None else 200
        return Answer(_error(request_id, fault), status)


def _needs_no_answer(request: Json, answerer: Answerer) -> bool:
    """A notification; and, from a legacy client, an answer, which nobody here waits for."""
    if "method" in request:
        return "id" not in request
    return answerer is _answer_legacy and ("result" in request or "error" in request)


def _id_of(request: Json) -> str | int:
    request_id = request.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, str | int):
        raise Fault(INVALID_REQUEST, "A request's id is a string or an integer.")
    return request_id


def _error(request_id: str | int | None, fault: Fault) -> Json:
    error: Json = {"code": fault.code, "message": str(fault)}
    if fault.data is not None:
        error["data"] = fault.data
    return {"jsonrpc": "2.0", "id": request_id, "error": error}


def _answer_legacy(service: Service, method: str, params: Json, headers: Headers | None) -> Json:
    if method == "ping":
        return {}
    if method == "initialize":
        wanted = params.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in LEGACY else LEGACY[0],
            "capabilities": _capabilities(service),
            "serverInfo": service.info,
            "instructions": service.instructions,
        }
    try:
        result = _call(service, method, params)
    except NoSuchResource as fault:  # has a code of its own in this era
        raise Fault(RESOURCE_NOT_FOUND, str(fault), fault.data) from None
    return {key: value for key, value in result.items() if key not in ("ttlMs", "cacheScope")}


def _answer_modern(service: Service, method: str, params: Json, headers: Headers | None) -> Json:
    meta = _meta({"params": params})
    version, capabilities = meta.get(f"{META}protocolVersion"), meta.get(f"{META}clientCapabilities")
    if not isinstance(version, str) or not isinstance(capabilities, dict):
        raise Fault(INVALID_PARAMS, f"params._meta needs {META}protocolVersion and {META}clientCapabilities.")
    if headers is not None:
        _check_headers(headers, method, params, version)
    if version != MODERN:
        supported = [MODERN, *LEGACY]
        data = {"supported": supported, "requested": version}
        raise Fault(UNSUPPORTED_VERSION, f"This server speaks {', '.join(supported)}, not {version}.", data)
    if method == "server/discover":
        result = {
            "supportedVersions": [MODERN, *LEGACY],
            "capabilities": _capabilities(service),
            "instructions": service.instructions,
        } | _fresh_for(3600)
    else:
        result = _call(service, method, params)
    return {"resultType": "complete"} | result | {"_meta": {f"{META}serverInfo": service.info}}


def _check_headers(headers: Headers, method: str, params: Json, version: str) -> None:
    """2026-07-28 basic/transports "Request headers": each is there, once, and says what the body says."""
    expected: Json = {"MCP-Protocol-Version": version, "Mcp-Method": method}
    if method in NAMED_BY:
        expected["Mcp-Name"] = params.get(NAMED_BY[method])
    for name, value in expected.items():
        found = headers.get(name.lower(), ())
        if len(found) != 1 or _decoded(found[0]) != value:
            raise Fault(HEADER_MISMATCH, f"The header {name} must be there once, and say the same as the body.")


def _decoded(value: str) -> str | None:
    """A header's value, out of the form `=?base64?...?=` where it is in that; None where it can't be read."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value.strip()
    try:
        return base64.b64decode(value[len("=?base64?") : -len("?=")], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _capabilities(service: Service) -> Json:
    offered = {"tools": service.tools, "prompts": service.prompts, "resources": service.resources or service.templates}
    return cast(Json, {name: {} for name, some in offered.items() if some} | {"completions": {}})


def _fresh_for(seconds: int) -> Json:
    """What is offered is the same for everyone, so any cache may keep it."""
    return {"ttlMs": seconds * 1000, "cacheScope": "public"}


def _call(service: Service, method: str, params: Json) -> Json:
    """What the two eras have in common."""
    match method:
        case "tools/list":
            return {"tools": [tool.definition for tool in service.tools]} | _fresh_for(3600)
        case "tools/call":
            return _call_tool(service, params)
        case "prompts/list":
            return {"prompts": [prompt.definition for prompt in service.prompts]} | _fresh_for(3600)
        case "prompts/get":
            return _get_prompt(service, params)
        case "resources/list":
            return {"resources": list(service.resources)} | _fresh_for(3600)
        case "resources/templates/list":
            return {"resourceTemplates": list(service.templates)} | _fresh_for(3600)
        case "resources/read":
            return _read_resource(service, params)
        case "completion/complete":
            return _complete(service, params)
        case _:
            raise Fault(METHOD_NOT_FOUND, f"This server has no method {method}.")


def _call_tool(service: Service, params: Json) -> Json:
    tool = _named(service.tools, params, "tool")
    try:
        said = tool.run(**_arguments(tool.definition["inputSchema"], params))
        if isinstance(said, Question):
            answered = cast(Json, params.get("inputResponses") or {}).get(_ASKED)
            if not isinstance(answered, dict):
                return _asked(said, _meta({"params": params}))
            said = said.then(_filled_in(cast(Json, answered)))
    except BadArgument as error:
        return {"content": [{"type": "text", "text": str(error)}], "isError": True}
    if not isinstance(said, Said):
        said = Said([{"type": "text", "text": json.dumps(said, ensure_ascii=False)}], said)
    structured = {} if said.structured is None else {"structuredContent": said.structured}
    return {"content": said.content, **structured, "isError": False}


def _asked(question: Question, meta: Json) -> Json:
    """For the client to pass on to somebody; raises `BadArgument` where it has said that it can't."""
    if "elicitation" not in cast(Json, meta.get(f"{META}clientCapabilities") or {}):
        raise BadArgument(f"Somebody has to be asked first, and this client can't: {question.words}")
    params = {"mode": "form", "message": question.words, "requestedSchema": question.schema}
    return {
        "resultType": "input_required",
        "inputRequests": {_ASKED: {"method": "elicitation/create", "params": params}},
    }


def _filled_in(answered: Json) -> Json | None:
    content = answered.get("content")
    return cast(Json, content) if answered.get("action") == "accept" and isinstance(content, dict) else None


def _get_prompt(service: Service, params: Json) -> Json:
    prompt = _named(service.prompts, params, "prompt")
    taken: list[Json] = prompt.definition["arguments"]
    schema: Json = {
        "properties": {argument["name"]: {} for argument in taken},
        "required": [argument["name"] for argument in taken if argument.get("required")],
    }
    try:
        text = prompt.render(**_arguments(schema, params))
    except BadArgument as error:
        raise Fault(INVALID_PARAMS, str(error)) from None
    message = {"role": "user", "content": {"type": "text", "text": text}}
    return {"description": prompt.definition["description"], "messages": [message]}


Offered = TypeVar("Offered", Tool, Prompt)


def _named(offered: Sequence[Offered], params: Json, kind: str) -> Offered:
    for one in offered:
        if one.definition["name"] == params.get("name"):
            return one
    raise Fault(INVALID_PARAMS, f"There is no {kind} {params.get('name')!r}; see {kind}s/list.")


def _arguments(schema: Json, params: Json) -> dict[str, Any]:
    """The arguments; raises `BadArgument` where some are missing, strange, or not the strings that they should be."""
    arguments: Any = params.get("arguments") or {}
    if not isinstance(arguments, dict):
        raise BadArgument("The arguments must be an object.")
    given = cast(Json, arguments)
    known = ", ".join(schema["properties"])
    if missing := [name for name in schema.get("required", ()) if name not in given]:
        raise BadArgument(f"Missing: {', '.join(missing)}. The arguments are: {known}.")
    if strange := [name for name in given if name not in schema["properties"]]:
        raise BadArgument(f"There is no argument {', '.join(strange)}. The arguments are: {known}.")
    texts = {name for name, one in schema["properties"].items() if one.get("type", "string") == "string"}
    if wrong := [name for name, value in given.items() if name in texts and not isinstance(value, str)]:
        raise BadArgument(f"{', '.join(wrong)} must be a string.")
    return given


def _read_resource(service: Service, params: Json) -> Json:
    uri = params.get("uri")
    found = service.read(uri) if isinstance(uri, str) else None
    if found is None:
        raise NoSuchResource(uri)
    return {"contents": [{"uri": uri, "mimeType": "application/json", "text": found.text}]} | _fresh_for(
        found.fresh_for
    )


def _complete(service: Service, params: Json) -> Json:
    ref, argument = params.get("ref"), params.get("argument")
    if not isinstance(ref, dict) or not isinstance(argument, dict):
        raise Fault(INVALID_PARAMS, "A completion needs ref and argument.")
    typed = cast(Json, argument)
    if not isinstance(typed.get("name"), str) or not isinstance(typed.get("value"), str):
        raise Fault(INVALID_PARAMS, "The argument needs a name and a value, both strings.")
    values = service.complete(cast(Json, ref), typed["name"], typed["value"])
    return {"completion": {"values": values[:100], "total": len(values), "hasMore": len(values) > 100}}
