"""Between A2A and MCP: arguments of a tool become a message, and what an agent says becomes the result of a tool. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.a2a import V03, Skill, plain_state

_ENDED = frozenset({"completed", "canceled", "failed", "rejected"})
_WAITING = frozenset({"input-required", "auth-required"})
_ERRORS = frozenset({"canceled", "failed", "rejected", "auth-required"})
_MEDIA = {"image": "image", "audio": "audio"}
_NOTES = {
    "input-required": "The agent waits for an answer. To give it, call this tool again with taskId and contextId as below.",
    "auth-required": "The agent wants to be authorised further, which has to be done by who runs it or Gatehouse.",
    "failed": "The agent's task failed.",
    "rejected": "The agent rejected the task.",
    "canceled": "The agent's task was cancelled.",
}
_UNDER_WAY = "The agent is still at work on its task; it did not end in the time that Gatehouse waits."
_SILENT = "The agent finished, and said nothing."


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of 0.3. `bytes` are base64."""

    bytes: str | None = None
    uri: str | None = None
    mimeType: str | None = None
    name: str | None = None


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of what is said, in the form of either version. `raw` is base64."""

    kind: str | None = None
    text: str | None = None
    raw: str | None = None
    url: str | None = None
    data: Raw | UnsetType = UNSET
    file: File | None = None
    filename: str | None = None
    mediaType: str | None = None
    metadata: Raw | UnsetType = UNSET


class _Message(msgspec.Struct):
    parts: list[Part] = []
    taskId: str | None = None
    contextId: str | None = None


class _Status(msgspec.Struct):
    state: str = ""
    message: _Message | None = None


class _Artifact(msgspec.Struct):
    artifactId: str = ""
    parts: list[Part] = []


class _Said(msgspec.Struct):
    """A task, a message or an update, which tell themselves apart by their members."""

    id: str | None = None
    taskId: str | None = None
    contextId: str | None = None
    status: _Status | None = None
    artifacts: list[_Artifact] | None = None
    artifact: _Artifact | None = None
    append: bool | None = None
    parts: list[Part] | None = None


class ToolArguments(msgspec.Struct, frozen=True):
    """What a tool that is a skill is called with."""

    message: str
    contextId: str | None = None
    taskId: str | None = None
    data: Raw | UnsetType = UNSET


_decode_said = msgspec.json.Decoder(_Said).decode
_WRAPPERS = ("task", "message", "statusUpdate", "artifactUpdate")


def tool_definition(name: str, skill: Skill) -> bytes:
    """A skill as a tool of MCP: one message in words, and what is needed to go on with a task."""
    return json.dump(
        {"name": name, "title": skill.name, "description": _described(skill), "inputSchema": Raw(_INPUT_SCHEMA)}
    )


def _described(skill: Skill) -> str:
    words = [skill.description or skill.name]
    words += [f"Tags: {', '.join(skill.tags)}."] if skill.tags else []
    words += ["Examples:\n" + "\n".join(f"- {example}" for example in skill.examples)] if skill.examples else []
    return "\n\n".join(words)


_INPUT_SCHEMA = json.dump(
    {
        "type": "object",
        "properties": {
            "message": {"type": "string", "description": "What to ask or tell the agent, in words"},
            "contextId": {"type": "string", "description": "To go on with a conversation: its contextId"},
            "taskId": {"type": "string", "description": "To go on with a task that waits for an answer: its taskId"},
            "data": {"type": "object", "description": "Structured data that goes with the message"},
        },
        "required": ["message"],
    }
)


def new_message(version: str, id_: str, parts: list[Part], task: str | None, context: str | None) -> Fields:
    """A user's message in the form of that version."""
    old = version == V03
    message = {"kind": json.raw("message")} if old else {}
    message["messageId"] = json.raw(id_)
    message["role"] = json.raw("user" if old else "ROLE_USER")
    message["parts"] = json.raw([_old_part(part) if old else part for part in parts])
    message |= {"taskId": json.raw(task)} if task else {}
    message |= {"contextId": json.raw(context)} if context else {}
    return message


def _old_part(part: Part) -> Part:
    """From the form of 1.0 to that of 0.3."""
    if part.text is not None:
        return Part(kind="text", text=part.text, metadata=part.metadata)
    if not isinstance(part.data, UnsetType):
        return Part(kind="data", data=part.data, metadata=part.metadata)
    file = File(part.raw, part.url, part.mediaType, part.filename)
    return Part(kind="file", file=file, metadata=part.metadata)


@dataclass(slots=True)
class Conversation:
    """What came back so far, piece by piece."""

    task: str | None = None
    context: str | None = None
    state: str = ""
    answered: bool = False
    """It answered with a plain message, and that is all."""
    said: list[Part] = field(default_factory=list[Part])
    """The agent's last words: of its status, or its message."""
    artifacts: dict[str, list[Part]] = field(default_factory=dict[str, list[Part]])

    @property
    def settled(self) -> bool:
        """Nothing more comes by itself."""
        return self.answered or self.state in _ENDED or self.state in _WAITING

    def take(self, result: Fields) -> str | None:
        """Take in a result or an event; the words for a progress notice where it has any. Raises `json.BadJson`."""
        inner = next((result[name] for name in _WRAPPERS if bytes(result.get(name, b""))[:1] == b"{"), None)
        try:
            said = _decode_said(inner if inner is not None and "status" not in result else json.dump(result))
        except (msgspec.DecodeError, RecursionError) as error:
            raise json.BadJson(str(error)) from None
        self.task = said.taskId or (said.id if said.status is not None else None) or self.task
        self.context = said.contextId or self.context
        self._take_artifacts(said)
        if said.parts is not None:
            self.said, self.answered = said.parts, True
        return self._take_status(said.status) if said.status is not None else None

    def _take_artifacts(self, said: _Said) -> None:
        for artifact in said.artifacts or ():
            self.artifacts[artifact.artifactId] = list(artifact.parts)
        one = said.artifact
        if one is not None and said.append:
            _append(self.artifacts.setdefault(one.artifactId, []), one.parts)
        elif one is not None:
            self.artifacts[one.artifactId] = list(one.parts)

    def _take_status(self, status: _Status) -> str:
        self.state = plain_state(status.state)
        self.said = status.message.parts if status.message is not None else []
        words = " ".join(part.text for part in self.said if part.text)
        return words or self.state

    @property
    def text(self) -> str:
        """All that was said in words, data among it as JSON."""
        blocks = [block for part in self._parts() for block in content_of(part)]
        return "\n".join(block["text"] for block in blocks if block["type"] == "text")

    def as_result(self) -> Fields:
        """A CallToolResult."""
        structured: dict[str, Any] = {"state": self.state, "taskId": self.task, "contextId": self.context}
        parts = self._parts()
        data = [part.data for part in parts if not isinstance(part.data, UnsetType)]
        structured |= {"data": data} if data else {}
        content = [block for part in parts for block in content_of(part)] + self._notes()
        fields = {
            "content": json.raw(content or [_text(_SILENT)]),
            "structuredContent": json.raw({name: value for name, value in structured.items() if value}),
        }
        if self.state in _ERRORS:
            fields["isError"] = Raw(b"true")
        return fields

    def _parts(self) -> list[Part]:
        """Of a task that is done its artifacts are the result; its last words are, where there are none."""
        made = [part for parts in self.artifacts.values() for part in parts]
        if self.state == "completed" and made:
            return made
        return [*made, *self.said]

    def _notes(self) -> list[dict[str, Any]]:
        if not self.settled:
            return [_text(f"{_UNDER_WAY} taskId: {self.task}")]
        note = _NOTES.get(self.state)
        if note is None:
            return []
        ids = f" taskId: {self.task}, contextId: {self.context}" if self.state == "input-required" else ""
        return [_text(note + ids)]


def _append(known: list[Part], more: list[Part]) -> None:
    """Words that come in pieces are one text."""
    for part in more:
        if part.text is not None and known and known[-1].text is not None:
            known[-1] = msgspec.structs.replace(known[-1], text=known[-1].text + part.text)
        else:
            known.append(part)


def error_result(words: str) -> Fields:
    """A CallToolResult that says what went wrong, for the model to read."""
    return {"content": json.raw([_text(words)]), "isError": Raw(b"true")}


def content_of(part: Part) -> list[dict[str, Any]]:
    """One part as blocks of MCP's content."""
    if part.text is not None:
        return [_text(part.text)]
    if not isinstance(part.data, UnsetType):
        return [] if bytes(part.data) == b"null" else [_text(bytes(part.data).decode(errors="replace"))]
    file = part.file or File(part.raw, part.url, part.mediaType, part.filename)
    kind = file.mimeType or part.mediaType
    if file.bytes is not None:
        return [_embedded(file.bytes, kind or "application/octet-stream", file.name or "file")]
    if file.uri:
        link = {"type": "resource_link", "uri": file.uri, "name": file.name or file.uri.rpartition("/")[2] or "file"}
        return [{**link, "mimeType": kind} if kind else link]
    return []


def _embedded(data: str, kind: str, name: str) -> dict[str, Any]:
    medium = _MEDIA.get(kind.partition("/")[0])
    if medium is not None:
        return {"type": medium, "data": data, "mimeType": kind}
    return {"type": "resource", "resource": {"uri": f"a2a:///{quote(name)}", "mimeType": kind, "blob": data}}


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}
