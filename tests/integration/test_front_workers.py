"""Several workers behind one port, and one after another on the same data: sessions are good in all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import httpx
import pytest

from tests.integration.fronts import furnish
from tests.integration.test_front_legacy import answered
from tests.support.everything.running import everything
from tests.support.front import EVERY_CAPABILITY, Peer, last_message, peer, text_of, until
from tests.support.gateway import Gateway, Launch
from tests.support.processes import until_every_worker

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway of two workers."""
    directory = tmp_path_factory.mktemp("pair")
    async with everything(directory) as url, Gateway(directory / "data", Launch(workers=2)) as gateway:
        await furnish(gateway, url)
        async with peer(gateway) as client:
            await until_every_worker(lambda: knows(client))
        yield gateway


async def knows(client: Peer) -> bool:
    """Of whichever worker gets a new connection."""
    async with httpx.AsyncClient(verify=False) as client.http:
        return (await client.ask_for("tools/list")).status_code == 200


async def afresh(client: Peer, method: str, params: dict[str, object] | None = None) -> httpx.Response:
    """A legacy request on a connection of its own, which either worker may get."""
    async with httpx.AsyncClient(timeout=30, verify=False) as http:
        return await http.post(client.url, json=client.request(method, params), headers=client.headers())


async def test_a_session_is_good_in_every_worker(pair: Gateway) -> None:
    async with peer(pair) as client:
        await client.initialize(EVERY_CAPABILITY)
        async with anyio.create_task_group() as group:

            async def use() -> None:
                for _ in range(5):
                    response = await afresh(client, "tools/call", {"name": "test_simple_text"})
                    assert "simple text" in text_of(last_message(response))
                    assert len(response.headers.get_list("date")) == 1

            for _ in range(8):
                group.start_soon(use)
        deleted = await client.http.delete(client.url, headers=client.headers())
        assert deleted.status_code == 204
        for _ in range(10):
            assert (await afresh(client, "ping")).status_code == 404


async def test_streams_and_questions_find_their_session_wherever_they_come_in(pair: Gateway) -> None:
    for _ in range(6):
        async with peer(pair) as client, peer(pair) as standing:
            await client.initialize(EVERY_CAPABILITY)
            standing.session, standing.version = client.session, client.version
            async with standing.listening() as changes:
                async with peer(pair) as asker:
                    asker.session, asker.version = client.session, client.version
                    params = {"name": "test_elicitation", "arguments": {"message": "Who?"}}
                    async with asker.posted(asker.request("tools/call", params)) as events:
                        asked, response = await answered(client, events)
                assert asked == ["elicitation/create"]
                assert "action=accept" in text_of(response)
                await pair.expect(200, "PATCH", "/tools/box_test_simple_text", {"title": client.session[:9]})
                assert (await changes.message())["method"] == "notifications/tools/list_changed"


async def test_a_change_is_seen_in_every_worker_within_a_second(pair: Gateway) -> None:
    made = await pair.expect(201, "POST", "/tokens", {"name": "short-lived", "servers": ["desk"]})
    async with peer(pair, token=made["token"]) as client:

        async def statuses() -> set[int]:
            seen: set[int] = set()
            for _ in range(10):
                async with httpx.AsyncClient(verify=False) as client.http:
                    seen.add((await client.ask_for("tools/list")).status_code)
            return seen

        async def all_let_in() -> bool:
            return await statuses() == {200}

        async def all_refuse() -> bool:
            return await statuses() == {401}

        await until(all_let_in)
        await pair.expect(204, "DELETE", f"/tokens/{made['id']}")
        with anyio.fail_after(1.5):
            await until(all_refuse)


async def test_a_modern_round_may_come_back_to_another_worker(pair: Gateway) -> None:
    params = {"name": "test_input_required_result_request_state", "arguments": {}}
    for _ in range(6):
        async with peer(pair) as first, peer(pair) as second:
            asked = (await first.ask("tools/call", params, capabilities=EVERY_CAPABILITY))["result"]
            answers = {
                "inputResponses": {"confirm": {"action": "accept", "content": {"ok": True}}},
                "requestState": asked["requestState"],
            }
            response = await second.ask("tools/call", {**params, **answers}, capabilities=EVERY_CAPABILITY)
            assert text_of(response) == "state-ok, ok=True"


@pytest.mark.parametrize("gently", [True, False], ids=["stopped", "killed"])
async def test_a_session_outlives_its_gateway(tmp_path: Path, gently: bool) -> None:
    data = tmp_path / "data"
    async with everything(tmp_path) as url:
        async with Gateway(data) as first:
            await furnish(first, url)
            async with peer(first) as client:
                await client.initialize()
                await client.say("logging/setLevel", {"level": "error"})
                session, version = client.session, client.version
            if not gently:
                first.kill()
        async with Gateway(data) as second, peer(second) as client:
            client.session, client.version = session, version

            async def is_taken_over() -> bool:
                return (await client.say("ping")).status_code == 200

            await until(is_taken_over)
            assert "simple text" in text_of(await client.call("test_simple_text"))
            async with client.posted(client.request("tools/call", {"name": "test_logging_tool"})) as events:
                messages = [event.message for event in await events.rest() if event.data]
            levels = [m["params"]["level"] for m in messages if m.get("method") == "notifications/message"]
            assert levels == ["error"]
            async with client.listening() as events:
                await second.expect(200, "PATCH", "/tools/box_test_simple_text", {"title": "After"})
                assert (await events.message())["method"] == "notifications/tools/list_changed"


async def test_sessions_are_bounded_and_the_longest_unused_one_goes(tmp_path: Path) -> None:
    launch = Launch(environment={"GATEHOUSE_LIMITS__SESSIONS": "20"})
    async with Gateway(tmp_path / "data", launch) as gateway:
        await gateway.expect(201, "POST", "/servers", {"name": "Desk"})
        async with peer(gateway) as client:
            sessions: list[str] = []
            for _ in range(60):
                await client.initialize()
                sessions.append(client.session)
                client.session = sessions[0]
                assert (await client.say("ping")).status_code == 200
            alive: list[int] = []
            for number, client.session in enumerate(sessions):
                if (await client.say("ping")).status_code == 200:
                    alive.append(number)
        assert alive == [0, *range(41, 60)]
