"""Messages to agents, and their tasks, from the API: as a client of A2A would send them, under the same policy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from gatehouse.api.context import ApiContext
from gatehouse.api.fields import JsonObject
from gatehouse.api.problems import CallFailed, FieldError, InvalidFields
from gatehouse.api.routing import Asked
from gatehouse.catalog.model import Upstream
from gatehouse.kit import json
from gatehouse.kit.errors import Conflict
from gatehouse.kit.ids import random_handle
from gatehouse.kit.json import Fields
from gatehouse.protocol import a2a
from gatehouse.protocol.a2a import Operation, method_name
from gatehouse.protocol.a2a_content import Conversation, Part, new_message
from gatehouse.protocol.call import Failure, Outcome
from gatehouse.protocol.errors import INVALID_PARAMS
from gatehouse.relay.agents import Agents, Answers, Asking

_STATUS = {INVALID_PARAMS: 400, a2a.TASK_NOT_FOUND: 404, a2a.TASK_NOT_CANCELABLE: 409, a2a.UNSUPPORTED_OPERATION: 400}
_OWN_CODES = range(-31599, -31399)
_CLIENT = ("gatehouse-api", "")
_Params = Callable[[str], Fields]
"""Params in the form of a version."""


class PartInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `text`, `data`, `url` (of a file) and `raw` (a file, in base64)."""

    text: str | None = None
    data: Annotated[Any, Meta(description="Any JSON")] | UnsetType = UNSET
    url: str | None = None
    raw: str | None = None
    filename: str | None = None
    media_type: str | None = None


class SendInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message, as `text` or in `parts`. With `task_id` it is an answer to a task that waits for one."""

    text: str | None = None
    parts: Annotated[list[PartInput], Meta(max_length=100)] = []
    context_id: str | None = None
    task_id: str | None = None


class Reply(Struct, frozen=True, kw_only=True):
    """What the agent says, in short, and whole: `result` is its answer in the words of the A2A version that it speaks."""

    state: Annotated[str | None, Meta(description="Of its task: `working`, `input-required`, `completed`, `failed`...")]
    task_id: str | None
    context_id: str | None
    text: Annotated[str, Meta(description="All that it says in words")]
    result: JsonObject


async def sent_message(asked: Asked[None, SendInput], agent: Upstream) -> Reply:
    outcome = await _ask(asked, agent, Operation.SEND, _message(asked.body))
    if isinstance(outcome, Answers):
        outcome.close()
        raise CallFailed(502, "The agent streams although it was not asked to.", INVALID_PARAMS, None)
    return _reply(outcome)


async def streamed_message(asked: Asked[None, SendInput], agent: Upstream) -> AsyncIterator[bytes]:
    """Each thing that the agent says as it comes; once, where it can't stream."""
    streaming = (await _agents(asked.context).read_card(agent)).streaming
    operation = Operation.STREAM if streaming else Operation.SEND
    outcome = await _ask(asked, agent, operation, _message(asked.body))
    return _followed(outcome) if isinstance(outcome, Answers) else _once(_reply(outcome))


async def task_now(asked: Asked[None, None], agent: Upstream, task: str) -> Reply:
    return await _about_task(asked, agent, Operation.GET, task)


async def cancelled_task(asked: Asked[None, None], agent: Upstream, task: str) -> Reply:
    return await _about_task(asked, agent, Operation.CANCEL, task)


async def _about_task(asked: Asked[None, None], agent: Upstream, operation: Operation, task: str) -> Reply:
    outcome = await _ask(asked, agent, operation, lambda version: {"id": json.raw(task)})
    if isinstance(outcome, Answers):
        outcome.close()
        raise CallFailed(502, "The agent streams although it was not asked to.", INVALID_PARAMS, None)
    return _reply(outcome)


async def _ask(asked: Asked[Any, Any], agent: Upstream, operation: Operation, params: _Params) -> Outcome | Answers:
    agents = _agents(asked.context)
    version = (await agents.read_card(agent)).versions[0]
    method = method_name(version, operation)
    asking = Asking(method, operation, version, params(version), client=_CLIENT)
    return await agents.ask(asked.principal, agent, asking)


def _agents(context: ApiContext) -> Agents:
    if context.agents is None:
        raise Conflict("Agents can't be called here.")
    return context.agents


def _message(body: SendInput) -> _Params:
    if (body.text is None) == (not body.parts):
        raise InvalidFields(
            "A message needs a text, or parts.",
            [FieldError("text", "missing, or there are parts too")],
            "Send one of `text` and `parts`.",
        )
    parts = (
        [Part(text=body.text)] if body.text is not None else [_part(index, one) for index, one in enumerate(body.parts)]
    )

    def params(version: str) -> Fields:
        message = json.raw(new_message(version, random_handle(16), parts, body.task_id, body.context_id))
        waits = {"configuration": json.raw({"blocking": True})} if version == a2a.V03 else {}
        return {"message": message, **waits}

    return params


def _part(index: int, part: PartInput) -> Part:
    given = [one for one in (part.text, part.url, part.raw) if one is not None]
    if len(given) + (part.data is not UNSET) != 1:
        raise InvalidFields(
            "Each part is one thing.",
            [FieldError(f"parts[{index}]", "has none or several of text, data, url and raw")],
            "Send exactly one of them in each part.",
        )
    data = UNSET if part.data is UNSET else json.raw(part.data)
    return Part(
        text=part.text, data=data, url=part.url, raw=part.raw, filename=part.filename, mediaType=part.media_type
    )


async def _followed(answers: Answers) -> AsyncIterator[bytes]:
    """A stream that breaks ends in a line with `error`."""
    try:
        while (outcome := await answers.next()) is not None:
            if isinstance(outcome, Failure):
                yield json.dump({"error": {"code": outcome.code, "message": outcome.message}})
            else:
                yield msgspec.json.encode(_reply(outcome))
    finally:
        answers.close()


async def _once(reply: Reply) -> AsyncIterator[bytes]:
    yield msgspec.json.encode(reply)


def _reply(outcome: Outcome) -> Reply:
    if isinstance(outcome, Failure):
        status = -outcome.code - 31000 if outcome.own and outcome.code in _OWN_CODES else _STATUS.get(outcome.code, 502)
        raise CallFailed(status, outcome.message, outcome.code, outcome.data)
    talk = Conversation()
    try:
        talk.take(outcome.fields)
    except json.BadJson as error:
        raise CallFailed(502, f"The agent's answer can't be read: {error}.", INVALID_PARAMS, None) from None
    return Reply(
        state=talk.state or None,
        task_id=talk.task,
        context_id=talk.context,
        text=talk.text,
        result=Raw(json.dump(outcome.fields)),
    )
