"""GET /search: what it answers, to whom, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.catalog.model import Kind
from gatehouse.kit.ids import new_id
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.recorder import Recorder
from tests.support.operations import an_offer, offered
from tests.unit.api.gate import Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
DAY = 86400.0


async def names(gate: Gate, token: str = "", **query: str | int) -> list[str]:
    found = await answer(gate, token, **query)
    return [one["name"] for one in found["items"]]


async def answer(gate: Gate, token: str = "", **query: str | int) -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    response = await gate.client.get("/search", params=query, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"kind": "toll"}, 400, "Accepted: tool, prompt"),
        ({"limit": 0}, 400, "1 to 500"),
        ({"cursor": "nonsense"}, 400, "without a cursor"),
        ({"cursor": "WzEsMl0"}, 400, "without a cursor"),
        ({"q": "x" * 501}, 400, "500"),
        ({"unused_for": "a while"}, 400, "30d"),
        ({"query": "x"}, 400, "Accepted: q"),
    ],
)
async def test_bad_input_is_told_what_to_do(gate: Gate, query: dict[str, str | int], status: int, said: str) -> None:
    response = await gate.client.get("/search", params=query)
    assert said in problem(response, status).get("hint", "") + response.text


async def test_a_stranger_and_a_token_that_may_read_nothing_are_refused(gate: Gate) -> None:
    problem(await gate.client.get("/search", headers={"authorization": ""}), 401)
    for permission in ("token.read", "audit.read"):
        problem(await gate.send("GET", "/search?q=x", token=await gate.token(permission)), 403)


async def test_a_token_finds_only_kinds_that_it_may_read(gate: Gate) -> None:
    await gate.weather()
    token = await gate.token("prompt.read")
    await gate.settle()
    assert await names(gate, token) == ["brief"]
    problem(await gate.send("GET", "/search?kind=tool", token=token), 403)
    problem(await gate.send("GET", "/search?unused_for=1d", token=token), 403)


async def test_what_is_another_teams_answers_as_what_does_not_exist(gate: Gate) -> None:
    people = People(gate)
    for name in ("ann", "bob"):
        await people.user(name)
    await people.team("red", ann="owner")
    await people.team("blue", bob="owner")
    gate.operations.offers["weather"] = an_offer(offered(Kind.TOOL, b'{"name":"forecast","inputSchema":{}}'))
    upstream = await gate.create("/upstreams", name="weather", url="https://weather.test/mcp", team="red")
    await gate.create("/servers", name="Forecasts", team="red", tools=[upstream["tools"][0]["id"]])
    assert len(await names(gate, people.tokens["ann"], q="forecast")) == 2
    for query in (
        {},
        {"upstream": "weather"},
        {"upstream": upstream["id"]},
        {"team": "red"},
        {"team": people.teams["red"]},
    ):
        mine = await answer(gate, people.tokens["bob"], q="forecast", **query)
        assert mine["items"] == [] and mine["next"] is None


async def test_it_finds_every_kind_and_says_what_it_is(gate: Gate) -> None:
    upstream = await gate.weather()
    server = await gate.create("/servers", name="Desk", tools=[upstream["tools"][0]["id"]])
    assert sorted(await names(gate)) == sorted(
        ["weather", "desk", "forecast", "alert", "brief", "file:///a", "city://{name}"]
    )
    (found,) = (await answer(gate, q="forcast", kind="tool"))["items"]
    score = found.pop("score")
    assert score > 0
    assert found == {
        "kind": "tool",
        "id": upstream["tools"][0]["id"],
        "name": "forecast",
        "title": "Forecast",
        "description": "Tell",
        "tags": [],
        "upstream": {"id": upstream["id"], "name": "weather"},
        "servers": [{"id": server["id"], "slug": "desk", "name": "Desk"}],
        "enabled": True,
        "matched": [{"field": "name", "words": ["forecast"]}, {"field": "title", "words": ["forecast"]}],
    }
    assert await names(gate, kind="server, upstream") == ["desk", "weather"]


async def test_servers_that_the_caller_may_not_see_are_not_told(gate: Gate) -> None:
    upstream = await gate.weather()
    await gate.create("/servers", name="Desk", tools=[upstream["tools"][0]["id"]])
    token = await gate.token("tool.read")
    await gate.settle()
    (found,) = (await answer(gate, token, q="forecast"))["items"]
    assert found["servers"] == []


async def test_what_was_just_changed_is_found_as_it_is_now(gate: Gate) -> None:
    upstream = await gate.weather()
    tool = upstream["tools"][0]["id"]
    assert await names(gate, q="marzipan") == []
    await gate.client.patch(f"/tools/{tool}", json={"title": "Marzipan", "tags": ["sweet"]})
    assert await names(gate, q="marzipan") == ["forecast"]
    assert await names(gate, tag="sweet") == ["forecast"]
    gate.operations.offers["weather"] = an_offer(offered(Kind.PROMPT, b'{"name":"brief"}'))
    await gate.client.post(f"/upstreams/{upstream['id']}/refresh")
    (gone,) = (await answer(gate, q="marzipan"))["items"]
    assert gone["gone"] is True
    await gate.client.delete(f"/upstreams/{upstream['id']}")
    assert await names(gate) == []


async def test_pages_put_together_are_the_whole(gate: Gate) -> None:
    await gate.weather()
    whole = await names(gate, q="weather")
    pieces: list[str] = []
    cursor = ""
    while True:
        page = await answer(gate, q="weather", limit=2, **({"cursor": cursor} if cursor else {}))
        pieces += [one["name"] for one in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert pieces == whole
    assert len(whole) == 6


async def test_use_filters_and_orders(gate: Gate) -> None:
    upstream = await gate.weather()
    server = await gate.create("/servers", name="Desk", tools=[upstream["tools"][0]["id"]])
    gate.clock.time += 2 * DAY
    await _call(gate, upstream["id"], server["id"], "forecast", 3)
    await _call(gate, upstream["id"], "", "alert", 1)
    assert await names(gate, kind="tool", used="1d") == ["forecast", "alert"]
    assert await names(gate, kind="tool", used="1d", q="alert") == ["alert"]
    assert await names(gate, unused_for="1d") == ["brief", "city://{name}", "file:///a"]
    assert await names(gate, kind="server,upstream", used="1d") == ["weather", "desk"]
    assert await names(gate, unused_for="3d") == []
    gate.clock.time += 2 * DAY
    assert await names(gate, kind="tool", used="3d", unused_for="1d") == ["forecast", "alert"]


async def _call(gate: Gate, upstream: str, server: str, tool: str, times: int) -> None:
    recorder = Recorder(gate.database, gate.clock)
    for _ in range(times):
        recorder.intake.note(
            CallRecord(
                id=new_id("cal"), at=gate.clock.now(), upstream=upstream, server=server, name=tool, original=tool,
                method="tools/call", outcome="ok",
            )
        )  # fmt: skip
    await recorder.flush()
