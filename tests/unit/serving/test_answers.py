"""One answer: a body where nothing comes before it, a stream where something does, and signs of life where it is quiet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio
import pytest

from gatehouse.kit import json
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.call import Answer, Ask, Client, Era, Failure, Log, Notice, Outcome, Progress, Result
from gatehouse.relay.sessions import ClientSession
from gatehouse.relay.streams import KEPT_BYTES
from gatehouse.serving.answers import SILENCE, KeepAlive, LegacyAnswer, ModernAnswer
from gatehouse.serving.http import ClientGone, Headers
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
DONE = Result({"content": json.raw([])})
HALF = Progress({"progress": json.raw(50)})
TOKEN = json.raw("p")


class Page:
    """An exchange that keeps what is written, and whose client can go, or read no further."""

    def __init__(self) -> None:
        self.gone = False
        self.status = 0
        self.body = b""
        self.ended = False
        self.streams = False
        self.stuck: anyio.Event | None = None

    def when_gone(self, callback: Callable[[], object]) -> None: ...

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        assert not self.status, "answered twice"
        self.status, self.body, self.ended = status, body, True

    async def start(self, status: int, headers: Headers) -> None:
        assert not self.status, "answered twice"
        self.status, self.streams = status, dict(headers)[b"content-type"] == b"text/event-stream"

    async def write(self, data: bytes) -> None:
        if self.stuck is not None:
            await self.stuck.wait()
        if self.gone:
            raise ClientGone
        assert self.status and not self.ended, "written before or after the answer"
        self.body += data

    async def end(self) -> None:
        self.ended = True


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    made = Tasks()
    yield made
    await made.cancel_all()


def modern(page: Page, level: str | None = None, token: json.Raw | None = TOKEN) -> ModernAnswer:
    return ModernAnswer(page, (), b"7", token, level, 0.0)


async def finish(answer: ModernAnswer | LegacyAnswer, outcome: Outcome) -> None:
    """As the faces do."""
    if isinstance(answer, LegacyAnswer) or not answer.reply(outcome):
        await answer.finish(outcome)


def a_session(version: str = "2025-11-25", capabilities: bytes = b"{}") -> ClientSession:
    return ClientSession("s", "srv_1", "p", Client(Era.LEGACY, version, json.Raw(capabilities)), 0.0)


def legacy(page: Page, tasks: Tasks, session: ClientSession | None = None) -> LegacyAnswer:
    return LegacyAnswer(session or a_session(), page, (), b"7", TOKEN, tasks)


async def test_with_nothing_before_it_an_answer_is_one_body(tasks: Tasks) -> None:
    for make in (modern, lambda page: legacy(page, tasks)):
        page = Page()
        await finish(make(page), DONE)
        assert (page.status, page.body) == (200, b'{"jsonrpc":"2.0","id":7,"result":{"content":[]}}')


@pytest.mark.parametrize(
    ("code", "status"), [(-32602, 400), (-32601, 404), (-32021, 400), (-32603, 200), (-31503, 200)]
)
async def test_a_failure_has_the_status_of_its_era(tasks: Tasks, code: int, status: int) -> None:
    now, then = Page(), Page()
    await finish(modern(now), Failure(code, "no"))
    await finish(legacy(then, tasks), Failure(code, "no"))
    assert (now.status, then.status) == (status, 200)


async def test_progress_makes_a_stream_for_who_asked_for_it_alone() -> None:
    page, silent = Page(), Page()
    for answer in (modern(page), modern(silent, token=None)):
        await answer.emit(HALF)
        await finish(answer, DONE)
    assert page.streams and page.ended
    assert page.body.count(b"data: ") == 2 and b'"progressToken":"p"' in page.body
    assert not silent.streams


@pytest.mark.parametrize(("level", "heard"), [(None, False), ("debug", True), ("info", True), ("warning", False)])
async def test_a_modern_client_hears_the_logs_that_it_asked_for(level: str | None, heard: bool) -> None:
    page = Page()
    await modern(page, level).emit(Log(json.raw({"level": "info", "data": "x"})))
    assert page.streams is heard


async def test_a_modern_client_is_never_asked() -> None:
    page, answers = Page(), list[Answer]()

    async def reply(answer: Answer) -> None:
        answers.append(answer)

    await modern(page).emit(Ask("roots/list", json.EMPTY, reply))
    assert not page.status
    assert answers[0].error is not None and json.load(answers[0].error)["code"] == -32601


async def test_a_modern_client_that_has_gone_ends_the_call() -> None:
    page = Page()
    answer = modern(page)
    await answer.emit(HALF)
    page.gone = True
    with pytest.raises(ClientGone):
        await answer.emit(HALF)


@pytest.mark.parametrize(("version", "primed"), [("2025-11-25", True), ("2025-06-18", False), ("2024-11-05", False)])
async def test_a_legacy_stream_is_primed_for_those_who_come_back(tasks: Tasks, version: str, primed: bool) -> None:
    page = Page()
    answer = legacy(page, tasks, a_session(version))
    await answer.emit(HALF)
    await answer.finish(DONE)
    assert page.body.startswith(b"id: 1-0\ndata: \n\n") is primed
    assert page.ended and page.body.count(b'"jsonrpc"') == 2


async def test_a_legacy_call_goes_on_without_its_client_and_can_be_come_back_to(tasks: Tasks) -> None:
    page, session = Page(), a_session()
    answer = legacy(page, tasks, session)
    await answer.emit(HALF)
    page.gone = True
    await answer.emit(HALF)
    await answer.emit(Notice("notifications/x", json.EMPTY))
    await answer.finish(DONE)
    found = session.streams.find("1-0")
    assert found is not None
    again = Page()
    await again.start(200, ((b"content-type", b"text/event-stream"),))
    await found[0].pour(again, found[1])
    assert again.body.count(b'"jsonrpc"') == 4


async def test_nothing_is_lost_of_what_is_larger_than_is_kept(tasks: Tasks) -> None:
    page = Page()
    answer = legacy(page, tasks)
    large = json.raw("x" * KEPT_BYTES)
    await answer.emit(Progress({"progress": json.raw(1), "message": large}))
    await answer.finish(Result({"content": large}))
    assert page.body.count(b'"jsonrpc"') == 2 and page.ended


async def test_a_quiet_call_gets_a_sign_of_life_and_then_its_answer(tasks: Tasks) -> None:
    clock = HandClock(0.0)
    keep_alive = KeepAlive(clock)
    for make in (modern, lambda page: legacy(page, tasks)):
        page = Page()
        answer = make(page)
        keep_alive.add(answer)
        clock.time = SILENCE - 1
        await keep_alive.sweep()
        assert not page.status
        clock.time = SILENCE
        await keep_alive.sweep()
        assert page.streams and b": \n\n" in page.body
        keep_alive.remove(answer)
        await finish(answer, DONE)
        assert page.ended and page.body.count(b'"jsonrpc"') == 1
        await keep_alive.sweep()
        clock.time = 0.0


async def test_an_open_stream_gets_signs_of_life_until_it_is_closed() -> None:
    keep_alive, page = KeepAlive(HandClock()), Page()
    await page.start(200, ((b"content-type", b"text/event-stream"),))
    with keep_alive.open(page):
        await keep_alive.sweep()
    await keep_alive.sweep()
    assert page.body == b": \n\n"


async def test_many_slow_readers_hold_up_the_sweep_no_longer_than_one() -> None:
    keep_alive, slow, quick = KeepAlive(HandClock()), [Page() for _ in range(50)], Page()
    for page in (*slow, quick):
        await page.start(200, ((b"content-type", b"text/event-stream"),))
        page.stuck = None if page is quick else anyio.Event()
    with anyio.fail_after(3):
        opened = [keep_alive.open(page) for page in (*slow, quick)]
        for each in opened:
            each.__enter__()
        await keep_alive.sweep()
    assert quick.body == b": \n\n" and not any(page.body for page in slow)


async def test_a_stream_whose_client_has_gone_disturbs_no_other() -> None:
    keep_alive, gone, there = KeepAlive(HandClock()), Page(), Page()
    gone.gone = True
    await there.start(200, ((b"content-type", b"text/event-stream"),))
    with keep_alive.open(gone), keep_alive.open(there):
        await keep_alive.sweep()
    assert there.body == b": \n\n"
