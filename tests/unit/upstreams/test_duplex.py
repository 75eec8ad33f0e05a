"""One peer over a duplex stream whose other end the test holds."""

from __future__ import annotations

import asyncio
import json as stdjson
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest

from gatehouse.kit import json
from gatehouse.kit.errors import TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol.call import Answer, Ask, Log, Notice, Progress, Result
from gatehouse.upstreams import duplex
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.peer import ListsChanged, Outgoing, ResourceUpdated, Stray, ignore
from tests.support.upstream_links import Events

pytestmark = pytest.mark.anyio


class End:
    """A `Channel` in memory: what is sent into it, the test takes; what the test says, the peer hears."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.alive = True
        self._came = asyncio.Condition()

    async def open(self, on_message: Callable[[bytes], None], on_close: Callable[[str], None]) -> None:
        self.say_bytes, self.end = on_message, on_close

    async def send(self, message: bytes) -> None:
        if not self.alive:
            raise UpstreamDown("It is gone")
        async with self._came:
            self.sent.append(stdjson.loads(message))
            self._came.notify_all()

    async def close(self) -> None:
        self.alive = False

    def say(self, **fields: Any) -> None:
        self.say_bytes(stdjson.dumps({"jsonrpc": "2.0", **fields}).encode())

    def die(self, reason: str) -> None:
        self.alive = False
        self.end(reason)

    async def until(self, count: int) -> dict[str, Any]:
        with anyio.fail_after(5):
            async with self._came:
                while len(self.sent) < count:
                    await self._came.wait()
        return self.sent[count - 1]


class Line:
    def __init__(self, tasks: Tasks) -> None:
        self.tasks, self.end, self.strays = tasks, End(), Strays()
        self.peer = DuplexPeer(self.end, tasks, self.strays)

    async def call(self, emit: Any, method: str = "tools/call", **fields: Any) -> asyncio.Task[Any]:
        """Begin a request and wait until the other end has it."""
        already = len(self.end.sent)
        task = self.tasks.spawn(self.peer.request(Outgoing(method, {}, **fields), emit), "call")
        await self.end.until(already + 1)
        return task


class Strays(list[Stray]):
    def __init__(self) -> None:
        super().__init__()
        self._came = asyncio.Condition()

    async def __call__(self, stray: Stray) -> None:
        async with self._came:
            self.append(stray)
            self._came.notify_all()

    async def until(self, count: int = 1) -> Stray:
        with anyio.fail_after(5):
            async with self._came:
                while len(self) < count:
                    await self._came.wait()
        return self[count - 1]


@pytest.fixture
async def line(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Line]:
    tasks = Tasks()
    line = Line(tasks)
    await line.peer.open()
    yield line
    await line.peer.close()
    await tasks.cancel_all()


async def raised(task: asyncio.Task[Any]) -> Any:
    await asyncio.wait({task}, timeout=5)
    return task.exception()


async def test_answers_find_their_requests_in_any_order(line: Line) -> None:
    first, second = await line.call(Events()), await line.call(Events())
    line.end.say(id=2, result={"n": 2})
    line.end.say(id=1, result={"n": 1})
    assert [bytes((await task).fields["n"]) for task in (first, second)] == [b"1", b"2"]


async def test_events_keep_their_order_and_come_before_the_end(line: Line) -> None:
    events = Events()
    task = await line.call(events, wants_progress=True)
    assert line.end.sent[0]["params"] == {"_meta": {"progressToken": 1}}
    for step in range(50):
        line.end.say(method="notifications/progress", params={"progressToken": 1, "progress": step})
        line.end.say(method="notifications/message", params={"level": "info", "data": step})
    line.end.say(id=1, result={})
    assert isinstance(await task, Result)
    assert [type(event) for event in events] == [Progress, Log] * 50
    assert [json.load(event.params["progress"]) for event in events if isinstance(event, Progress)] == list(range(50))


async def test_progress_is_for_the_call_that_it_names_or_for_nobody(line: Line) -> None:
    one, two = Events(), Events()
    await line.call(one, wants_progress=True)
    await line.call(two, wants_progress=True)
    line.end.say(method="notifications/progress", params={"progressToken": 2, "progress": 1})
    line.end.say(method="notifications/progress", params={"progressToken": 9, "progress": 1})
    await two.until()
    assert not one and not line.strays


async def test_a_question_with_one_call_in_flight_belongs_to_it(line: Line) -> None:
    events = Events()
    await line.call(events)
    line.end.say(id="q", method="elicitation/create", params={"message": "?"})
    ask = await events.until()
    assert isinstance(ask, Ask)
    await ask.reply(Answer(json.raw({"action": "decline"})))
    assert await line.end.until(2) == {"jsonrpc": "2.0", "id": "q", "result": {"action": "decline"}}


async def test_a_question_with_two_calls_in_flight_is_a_stray(line: Line) -> None:
    one, two = Events(), Events()
    await line.call(one)
    await line.call(two)
    line.end.say(id="q", method="elicitation/create", params={})
    assert isinstance(await line.strays.until(), Ask)
    assert not one and not two


async def test_an_open_subscription_and_what_nobody_listens_to_do_not_make_a_call_ambiguous(line: Line) -> None:
    listening, events = Events(), Events()
    await line.call(listening, "subscriptions/listen", timeout=None)
    await line.call(ignore, "logging/setLevel")
    await line.call(events)
    line.end.say(method="notifications/message", params={"level": "info"})
    assert isinstance(await events.until(), Log)
    meta = {"io.modelcontextprotocol/subscriptionId": 1}
    line.end.say(method="notifications/tools/list_changed", params={"_meta": meta})
    heard = await listening.until()
    assert isinstance(heard, Notice) and heard.method == "notifications/tools/list_changed"


async def test_what_belongs_to_no_call_is_a_stray(line: Line) -> None:
    line.end.say(method="notifications/tools/list_changed")
    line.end.say(method="notifications/resources/list_changed", params=None)
    line.end.say(method="notifications/resources/updated", params={"uri": "a:b"})
    line.end.say(method="notifications/message", params={"level": "info"})
    await line.strays.until(4)
    assert line.strays[:2] == [ListsChanged("tools"), ListsChanged("resources")]
    assert isinstance(line.strays[2], ResourceUpdated) and isinstance(line.strays[3], Log)


async def test_a_ping_is_answered_here(line: Line) -> None:
    line.end.say(id=5, method="ping")
    assert await line.end.until(1) == {"jsonrpc": "2.0", "id": 5, "result": {}}


@pytest.mark.parametrize(
    "answer", [b'{"id":1,"result":5}', b'{"id":1,"error":"no"}', b'{"id":1}', b'{"id":1,"result":{},"params":[]}']
)
async def test_who_waits_for_an_answer_that_can_not_be_read_hears_of_it_at_once(line: Line, answer: bytes) -> None:
    task = await line.call(Events())
    line.end.say_bytes(answer)
    assert isinstance(await raised(task), UpstreamFailed)


@pytest.mark.parametrize(
    "noise",
    [
        b"[1,2]",
        b"5",
        b'{"method":"notifications/progress","params":[]}',
        b'{"id":99,"result":{}}',
        b"\xff",
        b"[" * 9999,
    ],
)
async def test_noise_hurts_nobody(line: Line, noise: bytes) -> None:
    task = await line.call(Events())
    line.end.say_bytes(noise)
    line.end.say(id=1, result={})
    assert isinstance(await task, Result)


async def test_a_batch_is_its_messages(line: Line) -> None:
    events = Events()
    task = await line.call(events)
    line.end.say_bytes(b'[{"method":"notifications/message","params":{"level":"info"}},{"id":1,"result":{}}]')
    assert isinstance(await task, Result) and len(events) == 1


async def test_a_cancelled_request_is_cancelled_in_words(line: Line) -> None:
    task = await line.call(Events())
    task.cancel()
    said = await line.end.until(2)
    assert (said["method"], said["params"]) == ("notifications/cancelled", {"requestId": 1})


@pytest.mark.parametrize("method", ["initialize", "server/discover"])
async def test_a_handshake_is_never_cancelled_in_words(line: Line, method: str) -> None:
    task = await line.call(Events(), method, timeout=0.01)
    assert isinstance(await raised(task), TimedOut)
    line.end.say(id=5, method="ping")
    assert "result" in await line.end.until(2)


async def test_a_silent_peer_is_given_up_and_told_so(line: Line) -> None:
    task = await line.call(Events(), timeout=0.01)
    assert isinstance(await raised(task), TimedOut)
    assert (await line.end.until(2))["method"] == "notifications/cancelled"


async def test_while_a_question_is_open_the_silence_of_the_peer_means_nothing(line: Line) -> None:
    events = Events()
    task = await line.call(events, timeout=0.3)
    line.end.say(id="q", method="roots/list")
    ask = await events.until()
    assert isinstance(ask, Ask)
    done, _ = await asyncio.wait({task}, timeout=0.8)
    assert not done
    await ask.reply(Answer(json.EMPTY))
    assert isinstance(await raised(task), TimedOut)


async def test_a_client_that_can_not_keep_up_costs_its_own_call_alone(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplex, "MAX_WAITING", 10)
    stuck = anyio.Event()

    async def emit(event: Any) -> None:
        await stuck.wait()

    slow = await line.call(emit)
    for _ in range(20):
        line.end.say(method="notifications/message", params={"level": "info"})
    stuck.set()
    assert isinstance(await raised(slow), UpstreamFailed)
    assert (await line.end.until(2))["method"] == "notifications/cancelled"


async def test_the_end_of_the_stream_is_told_to_all_who_wait(line: Line) -> None:
    tasks = [await line.call(Events()) for _ in range(3)]
    line.end.die("'prog' was killed")
    for task in tasks:
        error = await raised(task)
        assert isinstance(error, UpstreamDown) and "was killed" in str(error)
    assert not line.peer.alive
    with anyio.fail_after(5):
        await line.peer.wait_ended()


async def test_closing_it_ends_what_waits(line: Line) -> None:
    task = await line.call(Events(), timeout=None)
    await line.peer.close()
    assert isinstance(await raised(task), UpstreamDown)


async def test_a_server_ends_a_subscription_by_cancelling_it(line: Line) -> None:
    task = await line.call(Events(), "subscriptions/listen", timeout=None)
    line.end.say(method="notifications/cancelled", params={"requestId": 1})
    assert isinstance(await raised(task), UpstreamDown)


async def test_an_upstream_that_withdraws_a_question_does_not_speak_to_the_client_in_its_own_ids(line: Line) -> None:
    events = Events()
    task = await line.call(events)
    line.end.say(method="notifications/cancelled", params={"requestId": "q"})
    line.end.say(id=1, result={})
    await task
    assert not events and not line.strays


async def test_an_answer_to_an_upstream_that_has_gone_is_no_error(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    events = Events()
    await line.call(events)
    line.end.say(id="q", method="roots/list")
    ask = await events.until()
    assert isinstance(ask, Ask)
    line.end.die("gone")
    await ask.reply(Answer(json.EMPTY))
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR and "ancel" in record.message]
