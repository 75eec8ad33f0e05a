"""A2A on the wire, 0.3 and 1.0, in its JSON-RPC binding: methods, agent cards, and the card that we show instead. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw

V03, V10 = "0.3", "1.0"
VERSION_HEADER = b"a2a-version"
EXTENSION_HEADERS = (b"a2a-extensions", b"x-a2a-extensions")
"""Which extensions are used: the name of 1.0, and that of 0.3."""
CARD_PATHS = ("/.well-known/agent-card.json", "/.well-known/agent.json")
"""Since 0.3, and before it."""
TASK_NOT_FOUND = -32001
TASK_NOT_CANCELABLE = -32002
PUSH_NOT_SUPPORTED = -32003
UNSUPPORTED_OPERATION = -32004
VERSION_NOT_SUPPORTED = -32009


class Operation(StrEnum):
    """What a method does, whatever it is called in a version."""

    SEND = "send"
    STREAM = "stream"
    GET = "get"
    LIST = "list"
    CANCEL = "cancel"
    SUBSCRIBE = "subscribe"
    CARD = "card"
    PUSH = "push"


class Method(msgspec.Struct, frozen=True):
    version: str
    operation: Operation


_NAMES = {
    V10: {
        Operation.SEND: ["SendMessage"],
        Operation.STREAM: ["SendStreamingMessage"],
        Operation.GET: ["GetTask"],
        Operation.LIST: ["ListTasks"],
        Operation.CANCEL: ["CancelTask"],
        Operation.SUBSCRIBE: ["SubscribeToTask"],
        Operation.CARD: ["GetExtendedAgentCard"],
        Operation.PUSH: [
            "CreateTaskPushNotificationConfig",
            "GetTaskPushNotificationConfig",
            "ListTaskPushNotificationConfigs",
            "DeleteTaskPushNotificationConfig",
        ],
    },
    V03: {
        Operation.SEND: ["message/send"],
        Operation.STREAM: ["message/stream"],
        Operation.GET: ["tasks/get"],
        Operation.LIST: ["tasks/list"],
        Operation.CANCEL: ["tasks/cancel"],
        Operation.SUBSCRIBE: ["tasks/resubscribe"],
        Operation.CARD: ["agent/getAuthenticatedExtendedCard"],
        Operation.PUSH: [f"tasks/pushNotificationConfig/{verb}" for verb in ("set", "get", "list", "delete")],
    },
}
METHODS = {
    name: Method(version, operation)
    for version, operations in _NAMES.items()
    for operation, names in operations.items()
    for name in names
}


def method_name(version: str, operation: Operation) -> str:
    return _NAMES[version][operation][0]


class Interface(msgspec.Struct, frozen=True):
    """Where an agent speaks JSON-RPC. `version` is `V03` or `V10`."""

    url: str
    version: str
    tenant: str = ""


class Skill(msgspec.Struct, frozen=True):
    """What an agent says that it can do. `definition` is its object as it came."""

    id: str
    name: str
    description: str = ""
    tags: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    definition: Raw = json.EMPTY


class Card(msgspec.Struct, frozen=True):
    """`interfaces`: one for each version, the newest first; `others`: what else it offers, which is not spoken here."""

    name: str
    description: str
    version: str
    streaming: bool
    interfaces: tuple[Interface, ...]
    others: tuple[str, ...]
    skills: tuple[Skill, ...]

    def interface(self, version: str) -> Interface | None:
        return next((one for one in self.interfaces if one.version == version), None)

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(one.version for one in self.interfaces)


class BadCard(ValueError):
    """The card is none, or none that can be used. Its text says why, and can be shown to people."""


class _WireInterface(msgspec.Struct):
    url: str = ""
    protocolBinding: str | None = None
    transport: str | None = None
    protocolVersion: str | None = None
    tenant: str | None = None


class _WireSkill(msgspec.Struct):
    id: str
    name: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    examples: list[str] | None = None


class _WireCapabilities(msgspec.Struct):
    streaming: bool | None = None


class _WireCard(msgspec.Struct):
    name: str
    description: str | None = None
    version: str | None = None
    url: str | None = None
    preferredTransport: str | None = None
    protocolVersion: str | None = None
    additionalInterfaces: list[_WireInterface] | None = None
    supportedInterfaces: list[_WireInterface] | None = None
    capabilities: _WireCapabilities | None = None
    skills: list[Raw] | None = None


_decode_card = msgspec.json.Decoder(_WireCard).decode
_decode_skill = msgspec.json.Decoder(_WireSkill).decode


def read_card(body: bytes) -> Card:
    """Raises `BadCard`."""
    try:
        json.check_text(body)
        wire = _decode_card(body)
        skills = tuple(_skill(raw) for raw in wire.skills or ())
        json.load(body)  # The rest of it is shown to people and clients, who can't read half a document.
    except RecursionError:
        raise BadCard("its card can't be read: nested too deeply") from None
    except (msgspec.DecodeError, json.BadJson) as error:
        raise BadCard(f"its card can't be read: {error}") from None
    interfaces, others = _sorted_out(list(_announced(wire)))
    capabilities = wire.capabilities or _WireCapabilities()
    return Card(
        name=wire.name,
        description=wire.description or "",
        version=wire.version or "",
        streaming=bool(capabilities.streaming),
        interfaces=interfaces,
        others=others,
        skills=skills,
    )


def _announced(wire: _WireCard) -> Iterable[tuple[str, str, Interface]]:
    """Binding and version as they are written, and the interface. What a card says in the way of 1.0 comes first."""
    for one in wire.supportedInterfaces or ():
        version = one.protocolVersion or V10
        yield one.protocolBinding or "JSONRPC", version, Interface(one.url, _major(version), one.tenant or "")
    version = wire.protocolVersion or V03
    if wire.url:
        yield wire.preferredTransport or "JSONRPC", version, Interface(wire.url, _major(version))
    for one in wire.additionalInterfaces or ():
        yield one.transport or one.protocolBinding or "JSONRPC", version, Interface(one.url, _major(version))


def _sorted_out(announced: list[tuple[str, str, Interface]]) -> tuple[tuple[Interface, ...], tuple[str, ...]]:
    spoken: dict[str, Interface] = {}
    others: dict[str, None] = {}
    for binding, version, interface in announced:
        if binding.upper() == "JSONRPC" and interface.version in (V03, V10) and interface.url:
            spoken.setdefault(interface.version, interface)
        else:
            others[f"{binding[:50]} of A2A {version[:20]}"] = None
    return tuple(spoken[version] for version in (V10, V03) if version in spoken), tuple(others)


def _major(version: str) -> str:
    """The version whose methods it has: patches change none, and 0.2 has those of 0.3."""
    if version.startswith("1."):
        return V10
    return V03 if version.startswith(("0.2", "0.3")) else version


def _skill(raw: Raw) -> Skill:
    wire = _decode_skill(raw)
    return Skill(
        id=wire.id,
        name=wire.name or wire.id,
        description=wire.description or "",
        tags=tuple(wire.tags or ()),
        examples=tuple(wire.examples or ()),
        definition=raw,
    )


_UNSAID = ("signatures", "supportsAuthenticatedExtendedCard", "security", "securityRequirements", "securitySchemes")
_OF_03 = ("url", "preferredTransport", "protocolVersion", "additionalInterfaces")


def shown_card(body: bytes, url: str, versions: Sequence[str]) -> bytes:
    """An agent's card as our clients get it: our address `url`, our way to sign in, no more than we carry.

    What is left stays the bytes that came. Signatures go, since they are of another document; webhooks too, since what
    an agent posts would pass us by. Raises `json.BadJson`.
    """
    card = json.fields(body)
    extended = _true(card.get("supportsAuthenticatedExtendedCard"))
    for name in (*_UNSAID, *_OF_03, "supportedInterfaces"):
        card.pop(name, None)
    if V10 in versions:
        offered = [{"url": url, "protocolBinding": "JSONRPC", "protocolVersion": version} for version in versions]
        card["supportedInterfaces"] = json.raw(offered)
        card["securityRequirements"] = json.raw([{"schemes": {_SCHEME: {"list": []}}}])
    if V03 in versions:
        card |= {"url": json.raw(url), "preferredTransport": json.raw("JSONRPC"), "protocolVersion": json.raw("0.3.0")}
        card["additionalInterfaces"] = json.raw([{"url": url, "transport": "JSONRPC"}])
        card["security"] = json.raw([{_SCHEME: []}])
        if extended:
            card["supportsAuthenticatedExtendedCard"] = Raw(b"true")
    card["securitySchemes"] = json.raw({_SCHEME: _scheme(versions)})
    card["capabilities"] = _without_push(card.get("capabilities", json.EMPTY))
    card["skills"] = _without_security(card.get("skills", Raw(b"[]")))
    return json.dump(card)


_SCHEME = "gatehouse"


def _scheme(versions: Sequence[str]) -> dict[str, Any]:
    """A bearer token. The versions write it in different members, so that one object can say both."""
    words = "A token of Gatehouse that opens this agent"
    new = {"httpAuthSecurityScheme": {"scheme": "Bearer", "description": words}} if V10 in versions else {}
    old = {"type": "http", "scheme": "bearer", "description": words} if V03 in versions else {}
    return {**new, **old}


def _without_push(capabilities: Raw) -> Raw:
    fields = json.fields(capabilities) if bytes(capabilities)[:1] == b"{" else {}
    return json.raw({**fields, "pushNotifications": Raw(b"false")})


def _without_security(skills: Raw) -> Raw:
    """What an agent asks for single skills is between it and Gatehouse."""
    if bytes(skills)[:1] != b"[":
        return Raw(b"[]")
    return json.raw([_bare(one) for one in msgspec.json.decode(skills, type=list[Raw])])


def _bare(skill: Raw) -> Fields | Raw:
    if bytes(skill)[:1] != b"{":
        return skill
    return {name: value for name, value in json.fields(skill).items() if name not in _UNSAID}


def _true(value: Raw | None) -> bool:
    return value is not None and bytes(value) == b"true"


class _WireStatus(msgspec.Struct):
    state: str = ""


class _WireStateOfTask(msgspec.Struct):
    status: _WireStatus | None = None


class _WireState(msgspec.Struct):
    status: _WireStatus | None = None
    task: _WireStateOfTask | None = None
    statusUpdate: _WireStateOfTask | None = None


_decode_state = msgspec.json.Decoder(_WireState).decode


def state_of(result: Fields) -> str:
    """How the task in a result or an event is, as in `input-required`; empty where there is none."""
    try:
        wire = _decode_state(json.dump(result))
    except (msgspec.DecodeError, RecursionError):
        return ""
    status = next((one.status for one in (wire, wire.task, wire.statusUpdate) if one is not None and one.status), None)
    return plain_state(status.state) if status is not None else ""


def plain_state(state: str) -> str:
    """`TASK_STATE_INPUT_REQUIRED` and `input-required` are `input-required`."""
    return state.removeprefix("TASK_STATE_").lower().replace("_", "-")
