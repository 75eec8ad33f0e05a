"""The relay where calls are traced: over real upstreams, with a real collector at the other end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest

from gatehouse.access.model import ANONYMOUS
from gatehouse.catalog.model import Kind, Upstream
from gatehouse.kit import json
from gatehouse.protocol.call import Call, Client, Era, Failure, Outcome, Result
from gatehouse.relay.door import Entry
from gatehouse.relay.noting import Notes
from gatehouse.relay.offering import Offering
from gatehouse.relay.rounds import Rounds
from gatehouse.relay.tracing import TracedRelay, Tracing
from gatehouse.telemetry.metrics import Meter
from gatehouse.telemetry.record import CallRecord, Course
from gatehouse.telemetry.spans import LAST_WAIT, Spans
from gatehouse.upstreams.pool import Pool
from tests.support.clocks import HandClock
from tests.support.collector import Collector, Seen
from tests.support.upstream_links import Events, bench, legacy_client, modern_client
from tests.support.upstream_scripts import Heard, Reply, Scripted, scripted
from tests.unit.relay.views import BOX, LEGACY, MODERN, SECRETS, capability, snapshot, tool

pytestmark = pytest.mark.anyio
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class House:
    collector: Collector
    upstream: Scripted
    spans: Spans
    relay: TracedRelay
    box: Upstream
    records: list[CallRecord]

    async def call(self, name: str = "add", client: Client | None = None, **fields: Any) -> Outcome:
        method = fields.pop("method", "tools/call")
        params = fields.pop("params", {"name": json.raw(name), "arguments": json.EMPTY})
        call = Call(method, params, client or modern_client(), "p", fields.pop("session", None), **fields)
        return await self.relay.relay(self.entry, call, Events())

    @property
    def entry(self) -> Entry:
        offered = [tool(1, "add", self.box), capability(2, Kind.RESOURCE, "file:///a", self.box)]
        offered.append(capability(3, Kind.PROMPT, "greet", self.box))
        view = snapshot(offered, upstreams=[self.box]).server("desk")
        assert view is not None
        return Entry(ANONYMOUS, Offering(view, SECRETS, 100), "desk")

    async def seen(self) -> list[Seen]:
        """All that was told, the outermost first."""
        await self.spans.close()
        return self.collector.spans[::-1]

    def last(self) -> Heard:
        return self.upstream.heard[-1]


@asynccontextmanager
async def house(
    sample: float = 0.0, handler: Any = None, era: Era = Era.MODERN, endpoint: str = ""
) -> AsyncGenerator[House]:
    async def answer(heard: Heard, reply: Reply) -> None:
        await reply.result({"content": [], "resultType": "complete"})

    with Collector() as collector:
        async with scripted(handler or answer) as upstream, bench() as made:
            spans, pool, records = (
                Spans(endpoint or f"{collector.url}/v1/traces", {}, "ins_1"),
                Pool(made.reach),
                list[CallRecord](),
            )

            def take(course: Course) -> None:
                records.append(course.made)

            notes, rounds = Notes(take), Rounds(SECRETS, HandClock())
            relay = TracedRelay(pool, rounds, Meter(), notes, Tracing(spans, sample))
            box = replace(BOX, url=upstream.url, detected=MODERN if era is Era.MODERN else LEGACY)
            try:
                yield House(collector, upstream, spans, relay, box, records)
            finally:
                await pool.close()
                await spans.close()


def raw(**fields: object) -> dict[str, json.Raw]:
    return {key: json.raw(value) for key, value in fields.items()}


async def test_a_call_that_nobody_traces_goes_on_without_a_trace() -> None:
    async with house() as here:
        assert isinstance(await here.call(), Result)
        assert "traceparent" not in here.last().headers
        assert "traceparent" not in here.last().message["params"]["_meta"]
        assert await here.seen() == [] and here.records[0].trace_id == ""


async def test_who_calls_decides_against_a_trace_and_is_passed_on_as_it_came() -> None:
    async with house(sample=1.0) as here:
        headers = (("traceparent", UNSAMPLED), ("tracestate", "a=1"), ("baggage", "k=v"))
        await here.call(headers=headers, meta=raw(traceparent=UNSAMPLED, other=1))
        sent = here.last()
        assert {name: sent.headers[name] for name, _ in headers} == dict(headers)
        assert sent.message["params"]["_meta"]["traceparent"] == UNSAMPLED
        assert sent.message["params"]["_meta"]["other"] == 1
        assert await here.seen() == [] and here.records[0].trace_id == TRACE


@pytest.mark.parametrize("sample", [0.0, 1.0])
async def test_who_calls_decides_for_a_trace(sample: float) -> None:
    async with house(sample) as here:
        await here.call(headers=(("traceparent", SAMPLED), ("tracestate", "a=1")))
        server, client = await here.seen()
        assert (server.trace, server.parent, server.kind) == (TRACE, SPAN, "SERVER")
        assert (client.trace, client.parent, client.kind) == (TRACE, server.id, "CLIENT")
        assert client.state == "a=1"
        sent, told = here.last().headers, here.last().message["params"]["_meta"]
        assert sent["traceparent"] == told["traceparent"] == f"00-{TRACE}-{client.id}-01"
        assert sent["tracestate"] == told["tracestate"] == "a=1"
        assert here.records[0].trace_id == TRACE


async def test_meta_is_the_parent_and_the_request_around_it_a_link() -> None:
    async with house() as here:
        raw_meta = json.raw({"traceparent": SAMPLED})
        await here.call(headers=(("traceparent", OTHER),), meta=raw(traceparent=SAMPLED), raw_meta=raw_meta)
        server, client = await here.seen()
        assert (server.trace, server.parent) == (TRACE, SPAN)
        assert server.links == ((OTHER[3:35], OTHER[36:52]),)
        assert here.last().headers["traceparent"] == f"00-{TRACE}-{client.id}-01"
        assert here.records[0].trace_id == TRACE


@pytest.mark.parametrize("flags", ["01", "03"])
async def test_how_the_ids_of_a_trace_were_made_is_passed_on(flags: str) -> None:
    async with house() as here:
        await here.call(meta=raw(traceparent=SAMPLED[:-2] + flags))
        assert here.last().headers["traceparent"].endswith(f"-{flags}")


async def test_a_trace_begins_here_where_chance_wants_it() -> None:
    async with house(sample=1.0) as here:
        await here.call(headers=(("traceparent", "nonsense"), ("tracestate", "a=1")), meta=raw(tracestate="b=2"))
        server, client = await here.seen()
        assert server.parent == "" and client.parent == server.id and client.state == ""
        sent = here.last()
        assert sent.headers["traceparent"].startswith(f"00-{server.trace}-{client.id}-")
        assert "tracestate" not in sent.headers and "tracestate" not in sent.message["params"]["_meta"]
        assert here.records[0].trace_id == server.trace


async def test_the_part_of_calls_that_was_asked_for_is_traced() -> None:
    async with house(sample=0.5) as here:
        for _ in range(100):
            await here.call()
        traced = {each.trace for each in await here.seen()}
        assert 20 < len(traced) < 80
        assert traced == {record.trace_id for record in here.records} - {""}


async def test_a_span_says_what_the_conventions_ask_for() -> None:
    async with house(sample=1.0) as here:
        await here.call(id=b'"call-7"')
        server, client = await here.seen()
        assert server.name == client.name == "tools/call add"
        assert server.attributes == {
            "mcp.method.name": "tools/call",
            "mcp.protocol.version": "2026-07-28",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "add",
            "jsonrpc.request.id": "call-7",
            "network.transport": "tcp",
            "network.protocol.name": "http",
            "gatehouse.server.name": "desk",
            "gatehouse.upstream.name": "box",
        }
        assert client.attributes == {
            "mcp.method.name": "tools/call",
            "mcp.protocol.version": "2026-07-28",
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "add",
            "network.transport": "tcp",
            "network.protocol.name": "http",
            "server.address": "127.0.0.1",
            "server.port": int(here.upstream.url.rsplit(":", 1)[1].partition("/")[0]),
            "gatehouse.upstream.name": "box",
        }
        assert not server.failed and not client.failed
        assert server.resource["service.name"] == "gatehouse" and server.resource["service.instance.id"] == "ins_1"


async def test_a_resource_is_told_by_its_uri_and_not_in_the_title() -> None:
    async with house(sample=1.0) as here:
        await here.call(method="resources/read", params=raw(uri="file:///a"), id=b"7")
        server, client = await here.seen()
        assert server.name == client.name == "resources/read"
        assert server.attributes["mcp.resource.uri"] == client.attributes["mcp.resource.uri"] == "file:///a"
        assert server.attributes["jsonrpc.request.id"] == "7"


async def test_a_prompt_is_told_by_its_name() -> None:
    async with house(sample=1.0) as here:
        await here.call(method="prompts/get", params=raw(name="greet"))
        server, client = await here.seen()
        assert server.name == client.name == "prompts/get greet"
        assert server.attributes["gen_ai.prompt.name"] == client.attributes["gen_ai.prompt.name"] == "greet"
        assert "gen_ai.operation.name" not in server.attributes


async def test_a_session_is_told_apart_without_its_id() -> None:
    async with house(sample=1.0, era=Era.LEGACY) as here:
        await here.call(client=legacy_client(), session="the id of a session")
        server, _ = await here.seen()
        assert server.attributes["mcp.session.id"] and "the id" not in str(server)


async def test_a_tool_that_failed_fails_both_spans() -> None:
    async def refuse(heard: Heard, reply: Reply) -> None:
        await reply.result({"content": [], "isError": True, "resultType": "complete"})

    async with house(1.0, refuse) as here:
        assert isinstance(await here.call(), Result)
        for span in await here.seen():
            assert span.failed and span.attributes["error.type"] == "tool_error"
            assert "rpc.response.status_code" not in span.attributes


async def test_an_error_of_the_upstream_is_told_by_its_code_and_words() -> None:
    async def refuse(heard: Heard, reply: Reply) -> None:
        await reply.error(200, -32000, "not today")

    async with house(1.0, refuse) as here:
        assert isinstance(await here.call(), Failure)
        for span in await here.seen():
            assert (span.failed, span.words) == (True, "not today")
            assert span.attributes["error.type"] == span.attributes["rpc.response.status_code"] == "-32000"


async def test_an_upstream_that_is_down_is_told_by_what_is_wrong() -> None:
    async with house(sample=1.0) as here:
        here.box = replace(here.box, url="http://127.0.0.1:1/mcp")
        assert isinstance(await here.call(), Failure)
        server, client = await here.seen()
        assert client.attributes["error.type"] == "upstream_down"
        assert "rpc.response.status_code" not in client.attributes
        assert server.attributes["error.type"] == server.attributes["rpc.response.status_code"] == "-31503"


async def test_a_name_that_is_not_here_gets_no_title_and_goes_nowhere() -> None:
    async with house(sample=1.0) as here:
        assert isinstance(await here.call("made-up"), Failure)
        (server,) = await here.seen()
        assert server.name == "tools/call" and server.attributes["error.type"] == "-32602"
        assert "gen_ai.tool.name" not in server.attributes
        assert here.upstream.heard == [] and here.records[0].trace_id == server.trace


async def test_a_call_that_is_cancelled_ends_its_spans() -> None:
    async def wait(heard: Heard, reply: Reply) -> None:
        await heard.gone.wait()

    async with house(1.0, wait) as here:
        async with anyio.create_task_group() as group:
            group.start_soon(here.call)
            await here.upstream.until("tools/call")
            group.cancel_scope.cancel()
        spans = await here.seen()
        assert [span.attributes["error.type"] for span in spans] == ["cancelled", "cancelled"]


async def test_a_collector_that_is_gone_harms_no_call_and_holds_no_stop_up() -> None:
    async with house(sample=1.0, endpoint="http://127.0.0.1:1/v1/traces") as here:
        assert isinstance(await here.call(), Result)
        with anyio.fail_after(LAST_WAIT + 2):
            assert await here.seen() == []
        assert isinstance(await here.call(), Result)


async def test_an_id_or_an_address_that_cant_be_read_harms_no_call() -> None:
    async with house(sample=1.0) as here:
        assert isinstance(await here.call(id=b'"\\ud800"'), Result)
        here.box = replace(here.box, url="http://127.0.0.1:port/mcp", config_revision=1)
        assert isinstance(await here.call(id=b"12345678901234567890"), Failure)
        spans = await here.seen()
        assert [span.attributes.get("server.address") for span in spans if span.kind == "CLIENT"] == [None, "127.0.0.1"]
        assert spans[0].attributes["jsonrpc.request.id"] == "12345678901234567890"
