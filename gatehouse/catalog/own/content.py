"""What own prompts and resources say to clients: their definitions in lists, and what they answer. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gatehouse.catalog.own.arguments import completions, described, settle
from gatehouse.catalog.own.checks import declared
from gatehouse.catalog.own.model import (
    Argument,
    Document,
    EmbeddedContent,
    Message,
    PromptDocument,
    ResourceDocument,
    Scalar,
    Source,
    TemplateDocument,
    TextContent,
    Version,
)
from gatehouse.catalog.own.templates import Room, Template
from gatehouse.catalog.own.uris import OwnTemplate
from gatehouse.kit import json
from gatehouse.kit.errors import NotFound
from gatehouse.kit.json import Fields, Raw

VERSION_KEY = "gatehouse/version"
"""In `_meta` of what is listed: it moves with each change, by which clients are told that there was one."""
_Values = Mapping[str, Scalar]
_Part = Callable[[_Values, Room], dict[str, Any]]


def definition(key: str, document: Document, version: Version) -> bytes:
    """As it stands in prompts/list, resources/list or resources/templates/list."""
    match document:
        case PromptDocument():
            facts: dict[str, Any] = {"name": key, "arguments": [_argument(one) for one in document.arguments]}
        case ResourceDocument():
            facts = {"uri": key, "name": document.name, "size": version.size}
        case TemplateDocument():
            facts = {"uriTemplate": key, "name": document.name}
    facts |= {"title": document.title, "description": document.description}
    if not isinstance(document, PromptDocument):
        facts |= {"mimeType": document.mime_type, "annotations": _annotations(document, version)}
    facts["_meta"] = {VERSION_KEY: version.number}
    return json.dump({name: value for name, value in facts.items() if value is not None})


class OwnPrompt:
    """A prompt, its templates read. `get` and `complete` raise `Invalid` for what is wrong with the arguments."""

    def __init__(self, document: PromptDocument) -> None:
        self._document = document
        self._messages = [_message(one) for one in document.messages]

    def get(self, given: Fields) -> Fields:
        """The result of prompts/get."""
        values, room = settle(self._document.arguments, given), Room()
        messages = [part(values, room) for part in self._messages]
        said = {"description": self._document.description} if self._document.description else {}
        return {name: json.raw(value) for name, value in {**said, "messages": messages}.items()}

    def complete(self, name: str, begun: str) -> Fields:
        """The result of completion/complete."""
        return {"completion": json.raw(completions(self._document.arguments, name, begun))}


class OwnResource:
    """What it holds does not depend on anything, so it is made once."""

    def __init__(self, uri: str, document: ResourceDocument, blob: bytes | None) -> None:
        content = {"blob": base64.b64encode(blob).decode()} if blob is not None else {"text": document.text or ""}
        self._result = _contents(uri, document.mime_type, content)

    def read(self, uri: str) -> Fields:
        """The result of resources/read."""
        return dict(self._result)


class OwnResourceTemplate:
    """A template of resources. `read` raises `NotFound` for a uri of another form, else as `OwnPrompt.get` does."""

    def __init__(self, uri_template: str, document: TemplateDocument) -> None:
        self._uri = OwnTemplate(uri_template)
        self._arguments = declared(self._uri.names, document.arguments)
        self._media = document.mime_type
        self._text = Template(document.text)

    def read(self, uri: str) -> Fields:
        found = self._uri.values(uri)
        if found is None:
            raise NotFound(f"Resource not found: {uri[:200]}")
        values = settle(self._arguments, {name: json.raw(value) for name, value in found.items()}, "variable")
        return _contents(uri, self._media, {"text": self._text.render(values, Room())})

    def complete(self, name: str, begun: str) -> Fields:
        return {"completion": json.raw(completions(self._arguments, name, begun))}


Own = OwnPrompt | OwnResource | OwnResourceTemplate


def opened(key: str, source: Source) -> Own:
    """Ready to answer; raises `Invalid` for what a newer Gatehouse could read."""
    match source.document:
        case PromptDocument() as document:
            return OwnPrompt(document)
        case ResourceDocument() as document:
            return OwnResource(key, document, source.blob)
        case TemplateDocument() as document:
            return OwnResourceTemplate(key, document)


def _contents(uri: str, media: str | None, content: Mapping[str, str]) -> Fields:
    facts = {"uri": uri, **({"mimeType": media} if media else {}), **content}
    return {"contents": json.raw([facts])}


def _message(message: Message) -> _Part:
    role, content = message.role, message.content
    if isinstance(content, TextContent):
        text = Template(content.text)
        return lambda values, room: {"role": role, "content": {"type": "text", "text": text.render(values, room)}}
    if isinstance(content, EmbeddedContent) and content.resource.text is not None:
        inner, facts = Template(content.resource.text), json.fields(json.raw(content.resource))
        return lambda values, room: {
            "role": role,
            "content": {"type": "resource", "resource": {**facts, "text": inner.render(values, room)}},
        }
    fixed: dict[str, Any] = {"role": role, "content": json.raw(content)}
    return lambda values, room: fixed


def _argument(argument: Argument) -> dict[str, Any]:
    facts = {"name": argument.name, "title": argument.title, "description": described(argument)}
    told = {name: value for name, value in facts.items() if value is not None}
    return {**told, "required": True} if argument.required else told


def _annotations(document: ResourceDocument | TemplateDocument, version: Version) -> dict[str, Any] | None:
    facts: dict[str, Raw] = json.fields(json.raw(document.annotations))
    if isinstance(document, ResourceDocument):
        changed = datetime.fromtimestamp(version.created_at, UTC).isoformat(timespec="seconds")
        facts["lastModified"] = json.raw(changed.replace("+00:00", "Z"))
    return facts or None
