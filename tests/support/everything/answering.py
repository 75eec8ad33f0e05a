"""A client that can be asked anything, gives the same answers every time, and remembers what it was told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import anyio
import mcp_types as types
from mcp.client import Client, ClientRequestContext
from mcp.client.session import IncomingMessage
from mcp.shared.exceptions import MCPError

ROOT = types.Root(uri="file:///home/ada", name="home")  # pyright: ignore[reportArgumentType] - pydantic makes the URL
FIELDS: dict[str, str | int | float | bool | list[str] | None] = {
    "name": "Ada",
    "color": "green",
    "ok": True,
    "username": "ada",
    "email": "ada@example.com",
    "context": "chess",
}
SAID = "Good day,"

EXPECTED: dict[str, tuple[dict[str, Any], str]] = {
    "test_sampling": ({"prompt": "Greet me."}, "LLM response: Good day,"),
    "test_elicitation": (
        {"message": "Who are you?"},
        'User response: action=accept, content={"username": "ada", "email": "ada@example.com"}',
    ),
    "test_input_required_result_elicitation": ({}, "Hello, Ada!"),
    "test_input_required_result_sampling": ({}, "Good day,"),
    "test_input_required_result_list_roots": ({}, "Roots: file:///home/ada"),
    "test_input_required_result_request_state": ({}, "state-ok, ok=True"),
    "test_input_required_result_multiple_inputs": ({}, "Good day, Ada, roots: 1"),
    "test_input_required_result_multi_round": ({}, "Ada likes green."),
    "test_input_required_result_capabilities": ({}, "Asked: greeting, user_name"),
}
"""Arguments of the tools that ask, and what each says to this client, in either era."""


class Transport(Protocol):
    """What the SDK's client connects with."""

    async def __aenter__(self) -> Any: ...
    async def __aexit__(self, *reason: Any) -> bool | None: ...


@dataclass(slots=True)
class Memory:
    """What the client was asked and told, in order."""

    questions: list[str] = field(default_factory=list[str])
    logs: list[str] = field(default_factory=list[str])
    notifications: list[str] = field(default_factory=list[str])
    heard: anyio.Event = field(default_factory=anyio.Event)
    """Set with each notification."""

    async def elicit(self, context: ClientRequestContext, params: types.ElicitRequestParams) -> types.ElicitResult:
        self.questions.append(params.message)
        if not isinstance(params, types.ElicitRequestFormParams):
            return types.ElicitResult(action="decline")
        content = {name: FIELDS[name] for name in params.requested_schema["properties"]}
        return types.ElicitResult(action="accept", content=content)

    async def sample(
        self, context: ClientRequestContext, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult:
        self.questions.append("sampling")
        content = types.TextContent(type="text", text=SAID)
        return types.CreateMessageResult(role="assistant", content=content, model="none", stop_reason="endTurn")

    async def list_roots(self, context: ClientRequestContext) -> types.ListRootsResult:
        self.questions.append("roots")
        return types.ListRootsResult(roots=[ROOT])

    async def log(self, params: types.LoggingMessageNotificationParams) -> None:
        self.logs.append(f"{params.level}: {params.data}")

    async def message(self, message: IncomingMessage) -> None:
        if isinstance(message, Exception):
            return
        self.notifications.append(message.method)
        self.heard.set()


def answering(
    transport: Transport, mode: Literal["auto", "legacy"], memory: Memory, log_level: types.LoggingLevel | None = None
) -> Client:
    return Client(
        transport,
        mode=mode,
        elicitation_callback=memory.elicit,
        sampling_callback=memory.sample,
        list_roots_callback=memory.list_roots,
        logging_callback=memory.log,
        message_handler=memory.message,
        log_level=log_level,
    )


async def text_of(client: Client, tool: str, arguments: dict[str, Any] | None = None) -> str:
    """The text that a tool answers with; raises `MCPError` where it answers with an error instead."""
    result = await client.call_tool(tool, arguments or {})
    content = result.content[0]
    assert isinstance(content, types.TextContent), result
    if result.is_error:
        raise MCPError(types.INTERNAL_ERROR, content.text)
    return content.text
