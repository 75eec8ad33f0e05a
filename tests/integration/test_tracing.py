"""One trace from an agent through the gateway to an upstream, as a collector sees it; and a gateway without one."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.support.collector import Collector, Seen
from tests.support.gateway import Gateway, Launch, free_port
from tests.support.processes import until_every_worker
from tests.support.program import PAUSE, ROOT, Program, clean_environment, running
from tests.support.talk import ACCEPT, CLIENT, MODERN, Talk, last_message, modern_call

pytestmark = pytest.mark.anyio
TOOL = "test_simple_text"
FAILING = "test_error_handling"
ZONE = {"timezone": "UTC"}
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OTHER_TRACE, OTHER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass(frozen=True, slots=True)
class House:
    gateway: Gateway
    collector: Collector
    token: str

    @property
    def desk(self) -> str:
        return f"{self.gateway.url}/servers/desk/mcp"

    async def record(self, trace: str) -> dict[str, Any]:
        with anyio.fail_after(10):
            while True:
                for call in await self.gateway.items("/calls"):
                    if call["trace_id"] == trace:
                        return call
                await anyio.sleep(PAUSE)

    async def spans(self, trace: str, upstreams: str = TOOL) -> tuple[Seen, Seen, Seen]:
        """Ours for the call as it came in, ours for the upstream's part, and the upstream's own."""
        server = await self.collector.one("gatehouse", f"tools/call {upstreams}", "SERVER", trace)
        client = await self.collector.one("gatehouse", f"tools/call {upstreams}", "CLIENT", trace)
        return server, client, await self.collector.one("upstream", f"tools/call {upstreams}", "SERVER", trace)


def exporting_to(collector: Collector) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}


@contextlib.asynccontextmanager
async def upstream(directory: Path, collector: Collector) -> AsyncGenerator[str]:
    command = [sys.executable, "-m", "tests.support.instrumented", "upstream", "--http"]
    program = Program(command, directory / "upstream.log", exporting_to(collector), piped=True)
    async with running(program):
        with anyio.fail_after(30):
            url: str = json.loads(await program.first_line())["url"]
        yield url


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    directory = tmp_path_factory.mktemp("tracing")
    with Collector() as collector:
        environment = {
            "GATEHOUSE_TRACING__ENDPOINT": collector.url,
            "GATEHOUSE_TRACING__HEADERS": "authorization=Bearer%20of%20the%20collector,x-team=a",
            "GATEHOUSE_TRACING__SAMPLE": "0",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        }
        launch = Launch(environment=environment)
        async with upstream(directory, collector) as url, Gateway(directory / "data", launch) as gateway:
            await gateway.add_upstream("box", url=url)
            command = {"command": sys.executable, "args": ["-m", "tests.support.instrumented", "upstream", "--stdio"]}
            await gateway.add_upstream("pipe", **command, env=exporting_to(collector), cwd=str(ROOT))
            desk = await gateway.create_server("Desk", ["box"])
            await gateway.create_server("Piped", ["pipe"])
            yield House(gateway, collector, await gateway.create_token("agent", [desk["id"]]))


async def call(
    url: str, token: str, tool: str = TOOL, meta: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """One modern call, with these in addition."""
    told = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": CLIENT,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"name": tool, "arguments": {}, "_meta": told | (meta or {})}
    sent = {"accept": ACCEPT, "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
    sent |= {"authorization": f"Bearer {token}"} | (headers or {})
    async with httpx.AsyncClient(timeout=60) as http:
        message = {"jsonrpc": "2.0", "id": "call-7", "method": "tools/call", "params": params}
        return last_message(await http.post(url, json=message, headers=sent))


def parent(trace: str, span: str = SPAN, flags: str = "01") -> str:
    return f"00-{trace}-{span}-{flags}"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agents_call_is_one_trace_down_to_the_upstream(house: House, mode: str) -> None:
    command = [sys.executable, "-m", "tests.support.instrumented", "client", house.desk, mode, TOOL]
    variables = clean_environment() | exporting_to(house.collector) | {"TOKEN": house.token}
    seen = len(house.collector.spans)
    with anyio.fail_after(60):
        done = await anyio.run_process(command, cwd=ROOT, env=variables)
    assert b"simple text response" in done.stdout
    agent = await house.collector.one("client", "agent", trace=_newest_trace(house.collector, seen))
    sent = await house.collector.one("client", f"MCP send tools/call {TOOL}", trace=agent.trace)
    server, client, upstream = await house.spans(agent.trace)
    assert [sent.parent, server.parent, client.parent, upstream.parent] == [agent.id, sent.id, server.id, client.id]
    assert server.attributes["mcp.protocol.version"] == (MODERN if mode == "auto" else "2025-11-25")
    assert ("mcp.session.id" in server.attributes) == (mode == "legacy")
    assert (await house.record(agent.trace))["name"] == TOOL


def _newest_trace(collector: Collector, seen: int) -> str:
    return next(each.trace for each in collector.spans[seen:] if each.service == "client" and each.name == "agent")


async def test_the_trace_of_a_message_comes_before_that_of_its_request(house: House) -> None:
    headers = {"traceparent": parent(OTHER_TRACE, OTHER_SPAN)}
    await call(house.desk, house.token, meta={"traceparent": parent(TRACE)}, headers=headers)
    server, client, upstream = await house.spans(TRACE)
    assert (server.parent, client.parent, upstream.parent) == (SPAN, server.id, client.id)
    assert server.links == ((OTHER_TRACE, OTHER_SPAN),)
    assert server.attributes["jsonrpc.request.id"] == "call-7"


async def test_a_trace_in_the_headers_of_a_legacy_call_is_gone_on_with(house: House) -> None:
    async with Talk(house.desk, house.token) as talk, httpx.AsyncClient(timeout=60) as http:
        trace = "1" * 32
        headers = talk.headers | {"authorization": f"Bearer {house.token}", "traceparent": parent(trace)}
        params = {"name": TOOL, "arguments": {}}
        message = {"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params}
        assert "result" in last_message(await http.post(house.desk, json=message, headers=headers))
        server, client, upstream = await house.spans(trace)
        assert (server.parent, client.parent, upstream.parent) == (SPAN, server.id, client.id)
        assert talk.session not in str(server)


async def test_a_trace_reaches_a_program_by_meta_alone(house: House) -> None:
    trace = "2" * 32
    url = f"{house.gateway.url}/servers/piped/mcp"
    await call(url, house.gateway.token, headers={"traceparent": parent(trace)})
    server, client, upstream = await house.spans(trace)
    assert (server.parent, client.parent, upstream.parent) == (SPAN, server.id, client.id)
    assert client.attributes["network.transport"] == "pipe" and "server.address" not in client.attributes


async def test_a_tool_that_failed_fails_every_span_of_the_trace(house: House) -> None:
    trace = "3" * 32
    await call(house.desk, house.token, FAILING, headers={"traceparent": parent(trace)})
    for span in await house.spans(trace, FAILING):
        assert span.failed and span.attributes["error.type"] == "tool_error"


async def test_a_call_that_its_client_leaves_untraced_is_noted_with_its_trace_and_no_more(house: House) -> None:
    trace = "4" * 32
    await call(house.desk, house.token, headers={"traceparent": parent(trace, flags="00")})
    await call(house.desk, house.token)
    assert (await house.record(trace))["outcome"] == "ok"
    await call(house.desk, house.token, headers={"traceparent": parent("5" * 32)})
    await house.spans("5" * 32)
    named = [span for span in house.collector.spans if span.service == "gatehouse"]
    assert not [span for span in named if span.trace == trace or not span.parent]


async def test_the_collector_is_asked_with_the_headers_that_were_set(house: House) -> None:
    await call(house.desk, house.token, headers={"traceparent": parent("6" * 32)})
    await house.collector.one("gatehouse", f"tools/call {TOOL}", "SERVER", "6" * 32)
    asked = [headers for path, headers in house.collector.requests if path == "/v1/traces" and "x-team" in headers]
    assert asked and all(headers["authorization"] == "Bearer of the collector" for headers in asked)
    assert "of the collector" not in house.gateway.log


async def test_what_is_left_at_a_stop_is_sent(tmp_path: Path) -> None:
    """Two workers, told by OpenTelemetry's own variable, of which each sends what it has."""
    with Collector() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        async with Gateway(tmp_path / "data", Launch(workers=2, environment=environment)) as gateway:
            await furnish_with_time(gateway)
            address = f"{gateway.url}/servers/clock/mcp"

            async def is_known() -> bool:
                """Asked with a method that no span is made of."""
                async with httpx.AsyncClient(headers={"authorization": f"Bearer {gateway.token}"}) as http:
                    return (await http.put(address)).status_code == 405

            await until_every_worker(is_known)
            for _ in range(10):
                answer = await modern_call(address, gateway.token, "current_time", ZONE)
                assert "result" in answer
            assert collector.spans == []
        assert len([span for span in collector.spans if span.kind == "SERVER"]) == 10
        assert len({span.trace for span in collector.spans}) == 10


async def test_a_collector_that_is_not_there_harms_no_call_and_holds_no_stop_up(tmp_path: Path) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    environment = {"GATEHOUSE_TRACING__ENDPOINT": endpoint, "GATEHOUSE_TRACING__HEADERS": "authorization=s3cret"}
    async with Gateway(tmp_path / "data", Launch(environment=environment)) as gateway:
        await furnish_with_time(gateway)
        answer = await modern_call(f"{gateway.url}/servers/clock/mcp", gateway.token, "current_time", ZONE)
        assert "result" in answer
        with anyio.fail_after(12):
            assert await gateway.stop() == -signal.SIGTERM
        assert "s3cret" not in gateway.log and "Traceback" not in gateway.log


async def test_without_the_extra_a_gateway_that_should_trace_says_what_to_install(tmp_path: Path) -> None:
    # What comes first on the path hides what is installed.
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    variables = clean_environment() | {"GATEHOUSE_TRACING__ENDPOINT": "http://127.0.0.1:4318"}
    variables["PYTHONPATH"] = f"{tmp_path}:{ROOT}"
    command = [sys.executable, "-m", "gatehouse", "up", "--port", "0", "--data", str(tmp_path / "data"), "--no-browser"]
    with anyio.fail_after(30):
        done = await anyio.run_process(command, cwd=ROOT, env=variables, check=False)
    assert done.returncode != 0 and b"pip install 'gatehouse[otel]'" in done.stderr and b"Traceback" not in done.stderr


async def furnish_with_time(gateway: Gateway) -> None:
    await gateway.add_upstream("time", command=sys.executable, args=["-m", "gatehouse.samples.time"])
    await gateway.create_server("Clock", ["time"])
