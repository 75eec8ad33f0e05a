"""Tools of the demo, made of tables: five things that can be done with each of four things, and answers by a seed."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

from ._demo_catalog import KOREAN, Domain
from ._demo_special import SPECIAL
from ._rpc import BadArgument, Json, Prompt, Read, Said, Service, Tool

STATES = ["open", "waiting", "done", "dropped"]
PEOPLE = [
    "Dana Moon",
    "Minji Kim",
    "Tom Baker",
    "Ada Okafor",
    "Jonas Weber",
    "Sofia Rossi",
    "Luis Ortega",
    "Grace Park",
]
WORDS = [
    "north",
    "quiet",
    "amber",
    "first",
    "harbour",
    "spring",
    "paper",
    "signal",
    "copper",
    "meadow",
    "winter",
    "lantern",
]
SLOW = 1.2
"""Seconds that reports take."""
READ = {"readOnlyHint": True, "openWorldHint": False}
CHANGES = {"readOnlyHint": False, "destructiveHint": False, "openWorldHint": False}
DESTROYS = {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": False}
ID = {"type": "string", "description": "Its id, as the list has it", "examples": ["42"]}
DATE = {"type": "string", "format": "date"}
LIMIT = {"type": "integer", "minimum": 1, "maximum": 200, "default": 20, "description": "How many at most"}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "email": {"type": "string", "format": "email"}},
    "required": ["name"],
}


def service_of(domain: Domain) -> Service:
    tools = [tool for at, thing in enumerate(domain.things) for tool in _tools(domain, thing, at)]
    tools += [SPECIAL[domain.name]()] if domain.name in SPECIAL else []
    listed = {"uri": f"{domain.name}://overview", "name": "overview", "title": f"{domain.title}: overview"}
    return Service(
        info={
            "name": domain.name,
            "title": domain.title,
            "version": f"{1 + len(domain.name) % 4}.{len(domain.about) % 9}.0",
        },
        instructions=f"{domain.about}. Search before you create, so that nothing is there twice.",
        tools=tools,
        prompts=[_summary_prompt(domain)],
        resources=[{**listed, "description": domain.about, "mimeType": "application/json"}],
        templates=[],
        read=lambda uri: Read(json.dumps(_record(domain, "overview", uri)), 60) if uri == listed["uri"] else None,
        complete=lambda ref, argument, typed: [one for one in domain.things if one.startswith(typed)],
    )


def _tools(domain: Domain, thing: str, at: int) -> list[Tool]:
    last = ("delete", _delete_schema(), DESTROYS) if at == 3 else ("update", _update_schema(), CHANGES)
    rows: list[tuple[str, Json, Json]] = [
        ("list", _list_schema(), READ),
        ("get", {"type": "object", "properties": {"id": ID}, "required": ["id"]}, READ),
        ("search", _search_schema(), READ),
        ("report", _report_schema(), READ) if at == 2 else ("create", _create_schema(thing), CHANGES),
        last,
    ]
    return [
        Tool(_definition(domain, verb, thing, schema, hints), _runner(domain, verb, thing))
        for verb, schema, hints in rows
    ]


def _definition(domain: Domain, verb: str, thing: str, schema: Json, hints: Json) -> Json:
    plural = verb in ("list", "search")
    noun = _plural(thing) if plural else thing
    words = noun.replace("_", " ")
    description = f"{_VERBS[verb].format(words)} in {domain.title}. {domain.about}."
    title = f"{verb.capitalize()} {words}"
    if domain.korean:
        description = f"{KOREAN.get(thing, thing)} {KOREAN.get(verb, '보고서를 만듭니다')}."
        title = f"{KOREAN.get(thing, thing)} · {verb}"
    return {
        "name": f"{verb}_{noun}",
        "title": title,
        "description": description,
        "inputSchema": schema,
        "annotations": {"title": title, **hints},
    }


def _plural(thing: str) -> str:
    if thing.endswith("y") and thing[-2] not in "aeiou":
        return f"{thing[:-1]}ies"
    return thing if thing.endswith("s") else f"{thing}{'es' if thing.endswith(('ch', 'sh')) else 's'}"


_VERBS = {
    "list": "List {}, the newest first,",
    "get": "Get all that is known of one {}",
    "search": "Find {} by words, dates and people",
    "create": "Create a new {}",
    "update": "Change what stands in one {}",
    "delete": "Delete one {}, for good,",
    "report": "Draw a report about every {}",
}


def _list_schema() -> Json:
    state = {"type": "string", "enum": STATES, "description": "Only those in this state"}
    return {"type": "object", "properties": {"state": state, "limit": LIMIT, "cursor": {"type": "string"}}}


def _search_schema() -> Json:
    properties: Json = {
        "query": {"type": "string", "minLength": 2, "description": "Words, in any order"},
        "since": DATE,
        "until": DATE,
        "people": {"type": "array", "items": {"type": "string"}, "description": "Names of people"},
        "limit": LIMIT,
    }
    return {"type": "object", "properties": properties, "required": ["query"]}


def _create_schema(thing: str) -> Json:
    properties: Json = {
        "title": {"type": "string", "description": f"What the {thing.replace('_', ' ')} is called"},
        "description": {"type": "string"},
        "priority": {"type": "string", "enum": ["low", "normal", "high"], "default": "normal"},
        "due": DATE,
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "assignee": PERSON,
        "notify": {"type": "boolean", "default": False},
    }
    return {"type": "object", "properties": properties, "required": ["title"]}


def _update_schema() -> Json:
    changes: Json = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "state": {"type": "string", "enum": STATES},
            "assignee": {"oneOf": [PERSON, {"type": "null"}]},
            "weight": {"type": "number", "minimum": 0},
        },
        "additionalProperties": False,
    }
    return {"type": "object", "properties": {"id": ID, "changes": changes}, "required": ["id", "changes"]}


def _delete_schema() -> Json:
    confirm = {"type": "boolean", "description": "Must be true"}
    return {"type": "object", "properties": {"id": ID, "confirm": confirm}, "required": ["id", "confirm"]}


def _report_schema() -> Json:
    by = {"type": "string", "enum": ["day", "week", "month"], "default": "week"}
    return {"type": "object", "properties": {"by": by, "since": DATE}}


def _runner(domain: Domain, verb: str, thing: str) -> Callable[..., Json | Said]:
    def many(limit: int = 20, **asked: Any) -> Json:
        count = min(limit, 4 + _number(domain.name, thing, asked) % 9)
        return {"items": [_record(domain, thing, str(at), **asked) for at in range(count)], "next": None}

    def one(id: str, changes: Json | None = None) -> Json:
        if not id.strip() or id == "0":
            raise BadArgument(f"There is no {thing} with the id {id!r}. Look it up with search_{_plural(thing)}.")
        return _record(domain, thing, id) | (changes or {})

    def made(title: str, **more: Any) -> Json:
        return _record(domain, thing, title) | {"title": title, "state": "open", **more}

    def gone(id: str, confirm: bool) -> Json:
        if not confirm:
            raise BadArgument("Nothing was deleted: confirm must be true.")
        return {"deleted": id}

    def drawn(by: str = "week", since: str = "") -> Said:
        time.sleep(SLOW)
        values = [_number(domain.name, thing, by, since, at) % 90 + 10 for at in range(24)]
        text = {
            "type": "text",
            "text": f"{thing.replace('_', ' ').capitalize()} by {by}: {sum(values)} in all, most {max(values)}.",
        }
        link = {"type": "resource_link", "uri": f"{domain.name}://overview", "name": "overview"}
        image = {"type": "image", "mimeType": "image/png", "data": base64.b64encode(_picture(values)).decode()}
        return Said([text, image, link], {"by": by, "values": values})

    return {"list": many, "search": many, "get": one, "update": one, "create": made, "delete": gone, "report": drawn}[
        verb
    ]


def _summary_prompt(domain: Domain) -> Prompt:
    things = ", ".join(domain.things)

    def render(about: str, tone: str = "plain") -> str:
        return f"Sum up what {domain.title} knows about {about}, in a {tone} tone. Use its tools for {things}."

    arguments = [
        {"name": "about", "description": "What it is about", "required": True},
        {"name": "tone", "description": "plain, warm or brief"},
    ]
    definition = {"name": f"sum_up_{domain.name.replace('-', '_')}", "title": f"Sum up {domain.title}"}
    return Prompt(
        {**definition, "description": f"A summary made of {domain.about.lower()}.", "arguments": arguments}, render
    )


def _number(*parts: object) -> int:
    """The same for the same parts, on every machine."""
    return int.from_bytes(hashlib.blake2s(repr(parts).encode(), digest_size=6).digest(), "big")


def _record(domain: Domain, thing: str, id: str, **asked: Any) -> Json:
    seed = _number(domain.name, thing, id, sorted(asked.items(), key=str))
    title = " ".join(WORDS[seed // step % len(WORDS)] for step in (1, 7, 49))
    return {
        "id": id if id.isdigit() else str(seed % 90_000),
        "title": title.capitalize(),
        "state": asked.get("state") or STATES[seed % len(STATES)],
        "assignee": PEOPLE[seed // 3 % len(PEOPLE)],
        "updated": f"2026-{seed % 12 + 1:02}-{seed // 12 % 28 + 1:02}",
    }


def _picture(values: list[int]) -> bytes:
    """Bars as a PNG of 240 by 100."""
    width, height = 240, 100
    rows: list[bytes] = []
    for y in range(height):
        row = bytearray([0])
        for x in range(width):
            filled = x % 10 < 7 and height - y <= values[x // 10]
            row += b"\x3d\x63\xdd" if filled else b"\xf4\xf5\xf8"
        rows.append(bytes(row))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
