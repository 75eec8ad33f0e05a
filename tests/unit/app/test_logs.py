"""Where each request is to be in the log, what stands around the faces; and that nothing does where it is not."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import re
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from starlette.types import Receive, Scope, Send

from gatehouse.app.logs import Requests
from gatehouse.kit.net import Proxies
from gatehouse.serving.http import JSON_HEADERS, ClientGone, Exchange, Handler, HttpRequest, Work
from gatehouse.telemetry.logs.lines import JsonForm, TextForm
from gatehouse.telemetry.logs.output import Output, Writing
from gatehouse.telemetry.logs.requests import CAPACITY, NOW, RequestLog, note_request
from gatehouse.telemetry.record import CallRecord, Course, recorded

pytestmark = pytest.mark.anyio
HEADERS = {
    b"authorization": b"Bearer known",
    b"x-request-id": b"mine-1",
    b"x-forwarded-for": b"203.0.113.7",
    b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
REQUEST = HttpRequest("POST", "/servers/desk/mcp", b"secret=hunter2", HEADERS, b"{}", peer="10.0.0.1")
CALL = CallRecord(
    id="cal_1", at=1.0, outcome="tool_error", principal="tok_1", server_name="desk", name="add", upstream_name="sums",
    method="tools/call", total_ms=12.5, upstream_ms=11.0, error_class="tool_error",
)  # fmt: skip


class Book:
    """A log of requests, and the lines that it wrote."""

    def __init__(self) -> None:
        self.written: list[str] = []
        proxies = Proxies(["10.0.0.0/8"])
        self.log = RequestLog(self.who, proxies.client, JsonForm(), self.written.append, {"worker": 7})

    @staticmethod
    def who(authorization: bytes) -> str:
        return "tok_1" if authorization == b"Bearer known" else ""

    async def lines(self) -> list[dict[str, Any]]:
        await self.log.flush()
        return [json.loads(line) for line in "".join(self.written).splitlines()]


class Answer:
    """An exchange that keeps what is answered."""

    def __init__(self) -> None:
        self.gone = self.started = False
        self.body = b""

    def when_gone(self, callback: object) -> None: ...

    def cancel_when_gone(self) -> None: ...

    def reply(self, status: int, headers: object, body: bytes) -> None:
        self.body = body

    async def start(self, status: int, headers: object) -> None:
        self.started = True

    async def write(self, data: bytes) -> None:
        if self.gone:
            raise ClientGone
        self.body += data

    async def end(self) -> None: ...

    def settle(self) -> None: ...


@pytest.fixture
def book() -> Iterator[Book]:
    logger = logging.getLogger("gatehouse.requests")
    level = logger.level
    logger.setLevel(logging.INFO)
    yield Book()
    logger.setLevel(level)


def requests(book: Book) -> Requests:
    wanted = Requests(False, lambda: pytest.fail("not asked"), Proxies())
    wanted.log = book.log
    return wanted


async def answered(book: Book, handler: Handler, request: HttpRequest = REQUEST) -> Answer:
    exchange = Answer()
    left = requests(book).handler(handler)(request, exchange)
    assert NOW.get() is None
    if left is not None:
        async with anyio.create_task_group() as group:
            group.start_soon(_await, left)
    return exchange


async def _await(work: Work) -> None:
    await work


def at_once(request: HttpRequest, exchange: Exchange) -> Work | None:
    exchange.reply(200, JSON_HEADERS, b"12345")
    return None


def test_where_it_is_off_nothing_is_on_the_path() -> None:
    off = Requests(False, lambda: pytest.fail("not asked"), Proxies())

    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    def take(call: Course) -> None: ...

    assert off.handler(at_once) is at_once
    assert off.app(app) is app
    assert off.taking(take) is take


async def test_a_request_is_one_line(book: Book) -> None:
    assert (await answered(book, at_once)).body == b"12345"
    (line,) = await book.lines()
    assert line.pop("duration_ms") >= 0 and re.fullmatch(r"[\d-]+T[\d:.]+Z", line.pop("time"))
    assert line == {
        "level": "info",
        "logger": "gatehouse.requests",
        "message": "POST /servers/desk/mcp 200",
        "worker": 7,
        "method": "POST",
        "path": "/servers/desk/mcp",
        "status": 200,
        "bytes": 5,
        "request_id": "mine-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "principal": "tok_1",
        "address": "203.0.113.7",
    }


async def test_on_a_terminal_nothing_is_said_twice(book: Book) -> None:
    book.log = RequestLog(book.who, Proxies().client, TextForm(True, False), book.written.append, {})
    await answered(book, at_once)
    await book.log.flush()
    (line,) = book.written
    assert "INFO    gatehouse.requests: POST /servers/desk/mcp 200 duration_ms=" in line and line.endswith("\n")
    assert line.count("/servers/desk/mcp") == 1


async def test_a_call_is_told_in_the_line_of_its_request(book: Book) -> None:
    taken: list[Course] = []
    take = requests(book).taking(taken.append)

    def calling(request: HttpRequest, exchange: Exchange) -> Work:
        async def work() -> None:
            await anyio.lowlevel.checkpoint()
            take(recorded(CALL))
            await exchange.start(200, ())
            await exchange.write(b"abc")
            await exchange.write(b"de")
            await exchange.end()
            exchange.settle()

        return work()

    await answered(book, calling)
    (line,) = await book.lines()
    told = {name: line[name] for name in ("rpc_method", "outcome", "server", "name", "upstream", "call_ms", "bytes")}
    assert told == {
        "rpc_method": "tools/call", "outcome": "tool_error", "server": "desk", "name": "add", "upstream": "sums",
        "call_ms": 12.5, "bytes": 5,
    }  # fmt: skip
    assert len(taken) == 1, "and it is recorded as ever"


async def test_a_call_for_another_worker_has_a_line_of_its_own(book: Book) -> None:
    book.log.called(recorded(CALL))
    (line,) = await book.lines()
    assert (line["message"], line["principal"], line["upstream"]) == ("tools/call tool_error", "tok_1", "sums")


async def test_a_client_that_goes_away_is_told(book: Book) -> None:
    def leaving(request: HttpRequest, exchange: Exchange) -> Work:
        async def work() -> None:
            exchange.settle()

        return work()

    await answered(book, leaving)
    (line,) = await book.lines()
    assert line["status"] == 499


async def test_what_fails_is_told(book: Book) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("inside")

    async with _client(book, failing) as client:
        with pytest.raises(RuntimeError):
            await client.get("/x")
    (line,) = await book.lines()
    assert (line["path"], line["status"]) == ("/x", 499)


async def test_no_query_and_no_secret_in_a_path_is_told(book: Book) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    token = "gh_" + "a" * 40
    async with _client(book, app) as client:
        await client.get(f"/x/{token}?code=hunter2", headers={"authorization": "Bearer hunter2"})
        await client.get("/%0aforged%1b", headers={"x-request-id": token})
    text = json.dumps(await book.lines())
    assert "hunter2" not in text and token not in text
    assert len(book.written) == 1, "written at once"
    assert len("".join(book.written).splitlines()) == 2


async def test_requests_can_be_silenced_at_run_time(book: Book) -> None:
    await answered(book, at_once)
    logging.getLogger("gatehouse.requests").setLevel(logging.WARNING)
    assert await book.lines() == []


async def test_more_than_can_be_written_is_left_out_and_told(book: Book, caplog: pytest.LogCaptureFixture) -> None:
    note = note_request("GET", "/x", {})
    for _ in range(CAPACITY + 3):
        book.log.done(note)
    assert len(await book.lines()) == CAPACITY
    assert [one.message for one in caplog.records] == ["3 requests are not in the log: more came than could be written"]


def test_who_was_killed_in_the_middle_of_a_line_holds_nobody_up_for_ever() -> None:
    turn = multiprocessing.get_context("spawn").Lock()
    turn.acquire()
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    output = Output(stream, JsonForm(), Writing("json", turn))
    output.write("one\n")
    assert output._turn is None
    output.write("two\n")
    assert stream.buffer.getvalue() == b"one\ntwo\n"  # type: ignore[attr-defined]


def _client(book: Book, app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(requests(book).app(app)), base_url="http://x.test")
