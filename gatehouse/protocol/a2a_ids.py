"""Whose task is it? Ids of tasks and contexts, tied to the one who was given them. No I/O, and nothing to remember.

An agent sees one caller, Gatehouse, and would show any task to all who come through it. So an id goes out with a tag: a
code over the agent, the principal and the id, under a key that the workers share. Only its own principal can bring it
back. The same id always gets the same tag, since clients compare them.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256

import msgspec

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol.a2a import Operation

_LENGTH = 22
"""Characters of a tag: 132 bits."""
_CARRIERS = frozenset({Operation.SEND, Operation.STREAM})
_SNAKES = frozenset(
    "task_id context_id reference_task_ids push_notification_config task_push_notification_config".split()
)
"""Other ways to write what is looked at here, which readers of Protobuf's JSON take too."""
_PUSH = ("pushNotificationConfig", "taskPushNotificationConfig")
_INNER = ("status", "message", "task", "statusUpdate", "artifactUpdate")
_SEVERAL = ("history", "tasks")
_DEEPEST = 8
"""Where ids still are: lists of tasks, a task, its status, the message of that."""
_decode_list = msgspec.json.Decoder(list[Raw]).decode


class NotTheirs(ValueError):
    """A task that is not there, or another's: told in the same words."""


class NotCarried(ValueError):
    """The request wants something that does not go through Gatehouse; its text says what."""


class Ids:
    """Of one principal at one agent."""

    def __init__(self, key: bytes, agent: str, principal: str) -> None:
        self._key = key
        self._whose = f"{agent}\0{principal}"

    def task_out(self, id_: str) -> str:
        return self._tagged("task", id_)

    def task_in(self, shown: str) -> str:
        """Raises `NotTheirs`."""
        id_ = self._opened("task", shown)
        if id_ is None:
            raise NotTheirs
        return id_

    def context_out(self, id_: str) -> str:
        """One that the client chose comes back as it was chosen."""
        chosen = self._opened("chosen", id_)
        return chosen if chosen is not None else self._tagged("context", id_)

    def context_in(self, shown: str) -> str:
        """A client may choose a context's id. The agent gets it with the tag, so that nobody else can choose the same."""
        id_ = self._opened("context", shown)
        return id_ if id_ is not None else self._tagged("chosen", shown)

    def _tagged(self, kind: str, id_: str) -> str:
        return f"{id_}.{self._tag(kind, id_)}" if id_ else id_

    def _opened(self, kind: str, shown: str) -> str | None:
        id_, dot, tag = shown.rpartition(".")
        good = dot and hmac.compare_digest(tag.encode(), self._tag(kind, id_).encode())
        return id_ if good else None

    def _tag(self, kind: str, id_: str) -> str:
        code = hmac.digest(self._key, f"{kind}\0{self._whose}\0{id_}".encode(), sha256)
        return base64.urlsafe_b64encode(code)[:_LENGTH].decode()


def inward(ids: Ids, operation: Operation, params: Fields) -> Fields:
    """Params with the ids that the agent knows; raises `NotTheirs`, `NotCarried` or `json.BadJson`."""
    params = dict(params)
    _check_spelling(params)
    # Which tenant we are is between the agent and Gatehouse.
    params.pop("tenant", None)
    if operation in _CARRIERS:
        params["message"] = json.raw(_message_in(ids, json.fields(params.get("message", json.NULL))))
        _check_configuration(params.get("configuration", json.EMPTY))
    elif operation is Operation.LIST:
        _translate(params, "contextId", _must_be(ids))
    elif operation is not Operation.CARD:
        _translate(params, "id", ids.task_in)
    return params


def _must_be(ids: Ids) -> Callable[[str], str]:
    """For lists: of all tasks of an agent nobody can tell whose they are, of those in a context everybody can."""

    def known(shown: str) -> str:
        if not shown:
            raise NotCarried("Through Gatehouse tasks are listed by context: send contextId")
        return ids.context_in(shown)

    return known


def _message_in(ids: Ids, message: Fields) -> Fields:
    _check_spelling(message)
    if "taskId" in message:
        _translate(message, "taskId", lambda shown: ids.task_in(shown) if shown else shown)
    if "contextId" in message:
        _translate(message, "contextId", lambda shown: ids.context_in(shown) if shown else shown)
    if (listed := message.get("referenceTaskIds")) is not None:
        message["referenceTaskIds"] = json.raw([ids.task_in(json.text(one) or "") for one in _items(listed)])
    return message


def _check_configuration(configuration: Raw) -> None:
    if bytes(configuration)[:1] != b"{":
        return
    fields = json.fields(configuration)
    _check_spelling(fields)
    if any(bytes(fields.get(name, json.NULL)) != b"null" for name in _PUSH):
        raise NotCarried("Push notifications do not go through Gatehouse; stream, or ask for the task again")


def _check_spelling(fields: Fields) -> None:
    if found := _SNAKES & fields.keys():
        raise json.BadJson(f"'{min(found)}' is not written as in A2A's JSON, which has it in camelCase")


def _translate(fields: Fields, name: str, change: Callable[[str], str]) -> None:
    fields[name] = json.raw(change(json.text(fields.get(name)) or ""))


def outward(ids: Ids, fields: Fields, deep: int = 0) -> Fields:
    """A result, or what is in one, with the ids that the client is to know; all else stays the bytes that came.

    Tasks, messages, updates and lists of them name their ids alike in both versions.
    """
    shown = dict(fields)
    if "id" in shown and "status" in shown:
        _translate(shown, "id", ids.task_out)
    for name, change in (("taskId", ids.task_out), ("contextId", ids.context_out)):
        if name in shown:
            _translate(shown, name, change)
    if (listed := shown.get("referenceTaskIds")) is not None:
        shown["referenceTaskIds"] = json.raw([ids.task_out(json.text(one) or "") for one in _items(listed)])
    if deep == _DEEPEST:
        return shown
    for name in _INNER:
        if bytes(shown.get(name, b""))[:1] == b"{":
            shown[name] = json.raw(outward(ids, json.fields(shown[name]), deep + 1))
    for name in _SEVERAL:
        if name in shown:
            shown[name] = json.raw([_shown(ids, one, deep + 1) for one in _items(shown[name])])
    return shown


def _shown(ids: Ids, one: Raw, deep: int) -> Raw:
    return json.raw(outward(ids, json.fields(one), deep)) if bytes(one)[:1] == b"{" else one


def _items(listed: Raw) -> list[Raw]:
    if bytes(listed) == b"null":
        return []
    try:
        return _decode_list(listed)
    except (msgspec.DecodeError, RecursionError) as error:
        raise json.BadJson(str(error)) from None
