"""A2A's own SDK as a client. Runs in the environment of `a2a.txt`: BASE_URL TOKEN STEP [WORDS]; prints what it saw, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx
from a2a.client import ClientConfig, create_client
from a2a.client.client import Client
from a2a.helpers.proto_helpers import new_text_message
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Role,
    SendMessageRequest,
    SubscribeToTaskRequest,
    TaskState,
)
from google.protobuf.json_format import MessageToDict


def asked(words: str, task: str | None = None, context: str | None = None) -> SendMessageRequest:
    return SendMessageRequest(message=new_text_message(words, task_id=task, context_id=context, role=Role.ROLE_USER))


async def send(client: Client, words: str) -> Any:
    """All events of one message."""
    return [MessageToDict(event) async for event in client.send_message(asked(words))]


async def answer(client: Client, words: str) -> Any:
    """A task that asks, and the answer to it."""
    events = await send(client, "ask")
    task = events[0]["task"]
    return events + [
        MessageToDict(one) async for one in client.send_message(asked(words, task["id"], task["contextId"]))
    ]


async def get(client: Client, words: str) -> Any:
    return MessageToDict(await client.get_task(GetTaskRequest(id=words)))


async def list_(client: Client, words: str) -> Any:
    return MessageToDict(await client.list_tasks(ListTasksRequest(context_id=words)))


async def cancel(client: Client, words: str) -> Any:
    """Begin a task that waits, leave it, come back to it on another stream, and cancel it meanwhile."""
    task = ""
    async for event in client.send_message(asked("wait")):
        task = task or event.task.id
        if event.status_update.status.state == TaskState.TASK_STATE_WORKING:
            break
    seen: list[Any] = []
    back = asyncio.Event()

    async def follow() -> None:
        async for event in client.subscribe(SubscribeToTaskRequest(id=task)):
            seen.append(MessageToDict(event))
            back.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(follow())
        await back.wait()
        cancelled = await client.cancel_task(CancelTaskRequest(id=task))
    return {"cancelled": MessageToDict(cancelled), "seen": seen, "now": await get(client, task)}


async def main() -> None:
    base, token, step, *words = sys.argv[1:]
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        client = await create_client(base, ClientConfig(httpx_client=http))
        steps = {"send": send, "answer": answer, "get": get, "list": list_, "cancel": cancel}
        try:
            seen: Any = await steps[step](client, " ".join(words))
        except Exception as error:
            seen = {"error": type(error).__name__, "words": str(error)}
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main())
