"""One request that is being answered, and what its handler may do with the client meanwhile; the same in both eras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import mcp_types as types
from mcp.server import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

Question = types.CreateMessageRequest | types.ElicitRequest | types.ListRootsRequest
Answer = dict[str, Any]

LEVELS: Final[tuple[types.LoggingLevel, ...]] = get_args(types.LoggingLevel)
"""From the least to the most severe."""
NEEDED: Final[Mapping[str, types.ClientCapabilities]] = {
    "sampling/createMessage": types.ClientCapabilities(sampling=types.SamplingCapability()),
    "elicitation/create": types.ClientCapabilities(elicitation=types.ElicitationCapability()),
    "roots/list": types.ClientCapabilities(roots=types.RootsCapability()),
}
"""What a client must have declared to be asked."""
ANSWERS: Final[Mapping[str, type[types.Result]]] = {
    "sampling/createMessage": types.CreateMessageResult,
    "elicitation/create": types.ElicitResult,
    "roots/list": types.ListRootsResult,
}


class Refusal(Exception):
    """The tool ran and failed: becomes a result with `isError`."""


class Pause(Exception):
    """The client has to answer first (2026-07-28 basic/utilities/mrtr)."""

    def __init__(self, result: types.InputRequiredResult) -> None:
        super().__init__("the client has to answer first")
        self.result = result


@dataclass(frozen=True, slots=True)
class Exchange:
    context: ServerRequestContext[Any, Any]
    params: types.InputResponseRequestParams
    arguments: Mapping[str, Any]
    lowest_level: types.LoggingLevel | None
    """The least severe level that the client wants to be told; None where it wants no log."""
    known: dict[str, Answer] = field(default_factory=dict[str, Answer])
    """Every answer that was given so far, in whatever round."""

    @property
    def is_modern(self) -> bool:
        return self.context.protocol_version in MODERN_PROTOCOL_VERSIONS

    def can(self, question: Question) -> bool:
        """Whether the client declared that it can be asked this."""
        declared = self.context.session.client_capabilities or types.ClientCapabilities()
        return all(getattr(declared, name) is not None for name in NEEDED[question.method].model_fields_set)

    async def log(self, level: types.LoggingLevel, text: str) -> None:
        if self.lowest_level is None or LEVELS.index(level) < LEVELS.index(self.lowest_level):
            return
        params = types.LoggingMessageNotificationParams(level=level, data=text, logger="everything")
        notification = types.LoggingMessageNotification(params=params)
        await self.context.session.send_notification(notification, self.context.request_id)

    async def progress(self, done: float, total: float) -> None:
        """Does nothing where the client gave no progress token."""
        await self.context.session.report_progress(done, total)

    async def ask(self, questions: Mapping[str, Question], *, with_state: bool = False) -> dict[str, Answer]:
        """The client's answers by key; raises `Pause` on the modern wire until they have come.

        Answers of earlier rounds travel in the request state, so that a handler asks as often as it likes, in plain
        sequence. `with_state` sends a state along in the first round, too.
        """
        for question in questions.values():
            self._require(question)
        if self.is_modern:
            return self._answers_of_this_round(questions, with_state)
        return {key: await self._ask_now(question) for key, question in questions.items()}

    def _require(self, question: Question) -> None:
        if self.can(question):
            return
        needed = NEEDED[question.method]
        if not self.is_modern:
            raise Refusal(f"The client can't be asked {question.method}: it didn't declare that it supports it.")
        data = types.MissingRequiredClientCapabilityErrorData(required_capabilities=needed)
        message = f"This needs a client that can be asked {question.method}."
        code = types.MISSING_REQUIRED_CLIENT_CAPABILITY
        raise MCPError(code, message, data.model_dump(by_alias=True, mode="json", exclude_none=True))

    def _answers_of_this_round(self, questions: Mapping[str, Question], with_state: bool) -> dict[str, Answer]:
        known, given = self.known, self.params.input_responses or {}
        known.update(json.loads(self.params.request_state or "{}"))
        known.update({key: _plain(answer) for key, answer in given.items() if _fits(questions.get(key), answer)})
        missing = {key: question for key, question in questions.items() if key not in known}
        if missing:
            state = json.dumps(known) if known or with_state else None
            raise Pause(types.InputRequiredResult(input_requests=missing, request_state=state))
        return {key: known[key] for key in questions}

    async def _ask_now(self, question: Question) -> Answer:
        related = ServerMessageMetadata(related_request_id=self.context.request_id)
        return _plain(await self.context.session.send_request(question, ANSWERS[question.method], metadata=related))


def _fits(question: Question | None, answer: types.InputResponse) -> bool:
    if isinstance(question, types.CreateMessageRequest):
        return isinstance(answer, types.CreateMessageResult | types.CreateMessageResultWithTools)
    return question is not None and isinstance(answer, ANSWERS[question.method])


def _plain(answer: types.Result) -> Answer:
    return answer.model_dump(by_alias=True, mode="json", exclude_none=True)


def form(message: str, properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> types.ElicitRequest:
    """A question to the user, answered by filling in a form."""
    schema = {"type": "object", "properties": dict(properties), "required": list(required or properties)}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(prompt: str, max_tokens: int = 100) -> types.CreateMessageRequest:
    """A question to the client's language model."""
    message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=prompt))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


def roots() -> types.ListRootsRequest:
    return types.ListRootsRequest()
