"""`gatehouse connect` as the SDK's stdio clients see it, in front of a real server of both eras."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp import Client, StdioServerParameters

from tests.support.everything.running import COMMAND, everything
from tests.support.gateway import free_port
from tests.support.program import ROOT, Program, clean_environment, running

pytestmark = pytest.mark.anyio
VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with everything(tmp_path) as url:
        yield url


def command(target: str) -> list[str]:
    return [sys.executable, "-m", "gatehouse", "connect", target]


def through(target: str) -> StdioServerParameters:
    program, *arguments = command(target)
    return StdioServerParameters(command=program, args=arguments, env=clean_environment(), cwd=str(ROOT))


def modern(**params: Any) -> dict[str, Any]:
    return {**params, "_meta": {VERSION: "2026-07-28", CAPABILITIES: {}}}


class Pipe:
    """A `gatehouse connect` whose messages are written and read by hand."""

    def __init__(self, process: Process) -> None:
        self.process = process
        assert process.stdin and process.stdout and process.stderr
        self._in, self._lines = process.stdin, BufferedByteReceiveStream(process.stdout)
        self.errors = BufferedByteReceiveStream(process.stderr)

    async def send(self, id_: int | None, method: str, params: dict[str, Any] | None = None) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        await self.write(json.dumps(message if id_ is None else message | {"id": id_}).encode())

    async def write(self, line: bytes) -> None:
        await self._in.send(line + b"\n")

    async def line(self) -> bytes:
        return await self._lines.receive_until(b"\n", 1 << 20)

    async def receive(self) -> dict[str, Any]:
        return json.loads(await self.line())

    async def answer(self, id_: int) -> dict[str, Any]:
        """The response to a request; what comes before it is passed over."""
        while (message := await self.receive()).get("id") != id_ or "method" in message:
            pass
        return message

    async def end(self) -> int:
        await self._in.aclose()
        return await self.process.wait()


@pytest.fixture
async def pipe(url: str) -> AsyncIterator[Pipe]:
    with anyio.fail_after(60):
        async with await opened(url) as process:
            yield Pipe(process)
            if process.returncode is None:
                process.kill()


async def opened(target: str) -> Process:
    return await anyio.open_process(
        command(target), cwd=ROOT, env=clean_environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def test_a_gateway_that_is_down_is_told_on_stdout_and_stderr_and_tried_again(tmp_path: Path) -> None:
    port = free_port()
    with anyio.fail_after(60):
        async with await opened(f"http://127.0.0.1:{port}/mcp") as process:
            pipe = Pipe(process)
            await pipe.send(1, "initialize", INITIALIZE)
            told = await pipe.answer(1)
            assert "can't be reached" in told["error"]["message"]
            assert "gatehouse up" in told["error"]["message"]
            assert b"can't be reached" in await pipe.errors.receive_until(b"\n", 4096)
            program = Program([*COMMAND, "--http", "--port", str(port)], tmp_path / "log")
            async with running(program):
                await program.until_listening(port)
                await pipe.send(2, "initialize", INITIALIZE)
                assert (await pipe.answer(2))["result"]["serverInfo"]["name"] == "everything"
                assert await pipe.end() == 0


async def test_what_is_no_message_gets_an_error_and_ends_nothing(pipe: Pipe) -> None:
    await pipe.write(b"{nonsense")
    assert (await pipe.receive())["error"]["code"] == -32700
    await pipe.write(b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]')
    assert (await pipe.receive())["error"]["code"] == -32600
    await pipe.send(2, "tools/call", modern(name="test_simple_text"))
    assert "result" in await pipe.answer(2)


async def test_an_error_of_the_server_comes_with_the_id_of_its_request(pipe: Pipe) -> None:
    await pipe.send(5, "tools/call", modern(name="nothing like this"))
    assert (await pipe.answer(5))["error"]["code"] == -32602
    await pipe.send(6, "no/such/method", modern())
    assert (await pipe.answer(6))["error"]["code"] == -32601


async def test_an_id_that_the_server_writes_in_other_bytes_is_the_same_id(pipe: Pipe) -> None:
    meta = b'{"%b":"2026-07-28","%b":{}}' % (VERSION.encode(), CAPABILITIES.encode())
    call = b'{"name":"test_x_mcp_header","arguments":{"region":"\\u00fc"},"_meta":%b}' % meta
    await pipe.write(b'{"id":"a\\u0041","jsonrpc":"2.0","method":"tools/call","params":%b}' % call)
    answer = await pipe.receive()
    assert answer["id"] == "aA"
    assert answer["result"]["content"][0]["text"] == "Region: ü"


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_of_either_era_lists_calls_and_gets(url: str, mode: Any) -> None:
    with anyio.fail_after(60):
        async with Client(through(url), mode=mode) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            assert "test_simple_text" in tools
            assert (await client.call_tool("test_error_handling", {})).is_error
            image = (await client.call_tool("test_image_content", {})).content[0]
            assert isinstance(image, types.ImageContent)
            assert await client.get_prompt("test_simple_prompt")
            assert (await client.read_resource("test://static-text")).contents


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_progress_arrives_before_the_answer(url: str, mode: Any) -> None:
    seen: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    with anyio.fail_after(60):
        async with Client(through(url), mode=mode) as client:
            await client.call_tool("test_tool_with_progress", {}, progress_callback=note)
    assert len(seen) == 3


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_question_reaches_the_client_and_its_answer_the_server(url: str, mode: Any) -> None:
    async def answer(context: Any, params: Any) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content={"username": "ada", "email": "ada@example.com"})

    with anyio.fail_after(60):
        async with Client(through(url), mode=mode, elicitation_callback=answer) as client:
            result = await client.call_tool("test_elicitation", {"message": "who?"})
    assert "accept" in str(result.content)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_many_calls_at_once_are_all_answered_whole(url: str, mode: Any) -> None:
    answered: list[bool] = []
    with anyio.fail_after(60):
        async with Client(through(url), mode=mode) as client:

            async def call() -> None:
                answered.append((await client.call_tool("test_multiple_content_types", {})).is_error)

            async with anyio.create_task_group() as tasks:
                for _ in range(40):
                    tasks.start_soon(call)
    assert answered == [False] * 40


async def test_a_stream_that_broke_off_is_come_back_to(url: str) -> None:
    with anyio.fail_after(60):
        async with Client(through(url), mode="legacy") as client:
            assert not (await client.call_tool("test_reconnection", {})).is_error


async def test_what_the_server_says_on_its_own_arrives(url: str) -> None:
    changed = anyio.Event()

    async def note(message: Any) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            changed.set()

    with anyio.fail_after(60):
        async with Client(through(url), mode="legacy", message_handler=note) as client:
            while not changed.is_set():
                await client.call_tool("test_trigger_tool_change", {})
                with anyio.move_on_after(1):
                    await changed.wait()


async def test_headers_that_mirror_arguments_are_learnt_when_the_server_misses_them(pipe: Pipe) -> None:
    await pipe.send(1, "tools/call", modern(name="test_x_mcp_header", arguments={"region": "ü ", "limit": 3}))
    assert "result" in await pipe.answer(1)


async def test_a_lasting_stream_of_a_modern_client_brings_what_changes(pipe: Pipe) -> None:
    await pipe.send(1, "subscriptions/listen", modern(notifications={"toolsListChanged": True}))
    assert (await pipe.receive())["method"] == "notifications/subscriptions/acknowledged"
    await pipe.send(2, "tools/call", modern(name="test_trigger_tool_change"))
    messages = [await pipe.receive(), await pipe.receive()]
    assert "notifications/tools/list_changed" in [message.get("method") for message in messages]
    assert await pipe.end() == 0


async def test_cancelling_a_modern_request_closes_its_stream_and_nothing_more_is_said(pipe: Pipe) -> None:
    await pipe.send(1, "subscriptions/listen", modern(notifications={"toolsListChanged": True}))
    await pipe.receive()
    await pipe.send(None, "notifications/cancelled", {"requestId": 1})
    await pipe.send(2, "tools/call", modern(name="test_trigger_tool_change"))
    assert (await pipe.receive())["id"] == 2


async def test_cancelling_a_legacy_request_reaches_the_server_and_nothing_more_is_said(pipe: Pipe) -> None:
    await pipe.send(1, "initialize", INITIALIZE | {"capabilities": {"elicitation": {}}})
    await pipe.answer(1)
    await pipe.send(None, "notifications/initialized")
    await pipe.send(2, "tools/call", {"name": "test_elicitation", "arguments": {"message": "who?"}})
    assert (await pipe.receive())["method"] == "elicitation/create"
    await pipe.send(None, "notifications/cancelled", {"requestId": 2})
    await pipe.send(3, "ping")
    answered = [message["id"] for message in [await pipe.receive()] if "method" not in message]
    assert answered == [3]
    assert await pipe.end() == 0


async def test_a_session_that_is_gone_is_opened_again_without_the_client_knowing(tmp_path: Path) -> None:
    port = free_port()
    start = [*COMMAND, "--http", "--port", str(port)]
    with anyio.fail_after(60):
        async with await opened(f"http://127.0.0.1:{port}/mcp") as process:
            pipe = Pipe(process)
            first = Program(start, tmp_path / "first")
            async with running(first):
                await first.until_listening(port)
                await pipe.send(1, "initialize", INITIALIZE)
                assert (await pipe.answer(1))["result"]["protocolVersion"] == "2025-11-25"
                await pipe.send(None, "notifications/initialized")
                await pipe.send(2, "tools/list")
                assert "result" in await pipe.answer(2)
            second = Program(start, tmp_path / "second")
            async with running(second):
                await second.until_listening(port)
                await pipe.send(3, "tools/list")
                assert "result" in await pipe.answer(3)
                assert await pipe.end() == 0


async def test_requests_under_way_are_answered_after_stdin_has_ended(url: str) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": modern(name="test_tool_with_progress")}
    with anyio.fail_after(60):
        ended = await anyio.run_process(
            command(url), input=json.dumps(call).encode(), cwd=ROOT, env=clean_environment()
        )
    assert json.loads(ended.stdout.splitlines()[-1])["id"] == 1
