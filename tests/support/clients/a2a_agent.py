"""An agent written with A2A's own SDK, for Gatehouse to call. Runs in the environment of `a2a.txt`; prints its URL.

What it does, the first word of a message says: `echo`, `message`, `ask`, `wait`, `fail` or `image`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket

import uvicorn
from a2a.helpers.proto_helpers import (
    get_message_text,
    new_data_part,
    new_raw_part,
    new_task_from_user_message,
    new_text_message,
    new_text_part,
)
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import AgentCapabilities, AgentCard, AgentInterface, AgentSkill
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PIXEL = b"\x89PNG\r\n\x1a\n"


class Agent(AgentExecutor):
    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        word, _, rest = get_message_text(context.message).partition(" ")
        if word == "message":
            await event_queue.enqueue_event(new_text_message(rest, context_id=context.context_id))
            return
        known = context.current_task is not None
        task = context.current_task or new_task_from_user_message(context.message)
        if not known:
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.start_work(new_text_message("Thinking", task_id=task.id, context_id=task.context_id))
        if known:
            await updater.add_artifact([new_text_part(f"The answer was {word}")], name="answer")
            await updater.complete()
        else:
            await getattr(self, f"_{word}")(updater, rest)

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        task = context.current_task
        await TaskUpdater(event_queue, task.id, task.context_id).cancel()

    async def _echo(self, updater: TaskUpdater, rest: str) -> None:
        half = len(rest) // 2
        await updater.add_artifact([new_text_part(rest[:half])], artifact_id="words", name="words")
        await updater.add_artifact([new_text_part(rest[half:])], artifact_id="words", append=True, last_chunk=True)
        await updater.add_artifact([new_data_part({"letters": len(rest)})], name="figures")
        await updater.complete()

    async def _ask(self, updater: TaskUpdater, rest: str) -> None:
        await updater.requires_input(new_text_message("Which city?"))

    async def _wait(self, updater: TaskUpdater, rest: str) -> None:
        await asyncio.Event().wait()

    async def _fail(self, updater: TaskUpdater, rest: str) -> None:
        await updater.failed(new_text_message("Out of paper"))

    async def _image(self, updater: TaskUpdater, rest: str) -> None:
        await updater.add_artifact([new_raw_part(PIXEL, media_type="image/png", filename="dot.png")], name="picture")
        await updater.complete()


class Guarded:
    """Refuses who does not show the token, once one is asked for; the card is open, as cards are."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = scope["type"] == "http" and self._token and scope["method"] == "POST"
        if guarded and Request(scope).headers.get("authorization") != f"Bearer {self._token}":
            await JSONResponse({"error": "who are you?"}, 401)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def card(url: str, versions: list[str], streaming: bool) -> AgentCard:
    echo = AgentSkill(id="echo", name="Echo", description="Says it again", tags=["words"], examples=["echo hello"])
    city = AgentSkill(id="find city!", name="City", description="Asks for a city", tags=["places"])
    return AgentCard(
        name="Box",
        description="An agent to try things on",
        version="1.2.3",
        supported_interfaces=[
            AgentInterface(url=url, protocol_binding="JSONRPC", protocol_version=version) for version in versions
        ],
        capabilities=AgentCapabilities(streaming=streaming, push_notifications=True),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[echo, city],
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--versions", nargs="+", default=["1.0", "0.3"])
    parser.add_argument("--token", default="")
    parser.add_argument("--plain", action="store_true", help="without streaming")
    said = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    shown = card(f"{base}/rpc", said.versions, not said.plain)
    handler = DefaultRequestHandler(Agent(), InMemoryTaskStore(), shown)
    routes = [*create_agent_card_routes(shown), *create_jsonrpc_routes(handler, "/rpc", enable_v0_3_compat=True)]
    app = Starlette(routes=routes, middleware=[Middleware(Guarded, token=said.token)])
    print(json.dumps({"url": base}), flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run([listener])


if __name__ == "__main__":
    main()
