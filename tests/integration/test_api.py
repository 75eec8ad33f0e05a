"""The JSON API on SQLite, PostgreSQL and MariaDB: the way that a person goes through it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from gatehouse.catalog.model import Kind
from gatehouse.store.database import Database
from tests.support.databases import backend, database, database_url
from tests.support.operations import an_offer, offered
from tests.unit.api.gate import Gate, opened_gate, problem

__all__ = ["backend", "database", "database_url"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def gate(database: Database) -> AsyncIterator[Gate]:
    async with opened_gate(database) as opened:
        yield opened


async def test_from_an_upstream_to_a_token(gate: Gate) -> None:
    upstream = await gate.weather()
    server = await gate.create("/servers", name="Desk", tools=[one["id"] for one in upstream["tools"]])
    token = await gate.create("/tokens", name="agent", servers=["desk"], expires_in="30d")
    assert token["servers"] == [server["id"]]
    assert [one["slug"] for one in (await gate.get("/tools/weather_forecast"))["servers"]] == ["desk"]
    assert (await gate.send("DELETE", "/upstreams/weather")).status_code == 204
    assert (await gate.get("/servers/desk"))["bindings"] == []
    assert (await gate.get("/tools"))["items"] == []


async def test_every_page_comes_once_and_in_order(gate: Gate) -> None:
    names = [f"tool-{number}" for number in range(25)]
    gate.operations.offers["many"] = an_offer(*(offered(Kind.TOOL, b'{"name":"%b"}' % n.encode()) for n in names))
    await gate.create("/upstreams", name="many", url="https://many.test")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await gate.get("/tools", limit=7, **cursor)
        found += [one["name"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert found == names


async def test_words_are_found_whatever_their_case_and_wildcards_are_words(gate: Gate) -> None:
    await gate.create("/upstreams", name="a", url="https://a.test", description="50% off_ALL")
    await gate.create("/upstreams", name="b", url="https://b.test", description="nothing")
    for words in ("50%", "OFF_"):
        assert [one["name"] for one in (await gate.get("/upstreams", q=words))["items"]] == ["a"], words
    for words in ("n%g", "noth_ng"):
        assert (await gate.get("/upstreams", q=words))["items"] == []


@pytest.mark.parametrize("path", ["/upstreams", "/tools", "/servers", "/tokens"])
@pytest.mark.parametrize("cursor", ["AA", "JyBPUiAxPTE", "8J-YgA"])
async def test_a_cursor_of_somebody_elses_making_is_refused(gate: Gate, path: str, cursor: str) -> None:
    problem(await gate.send("GET", f"{path}?cursor={cursor}"), 400)


async def test_text_of_any_kind_is_kept(gate: Gate) -> None:
    text = "Grüße 🌦 \\ \" ' ; -- \n\ttab"
    await gate.create("/upstreams", name="a", url="https://a.test", description=text, tags=["ø", "🌦"])
    upstream = await gate.get("/upstreams/a")
    assert (upstream["description"], upstream["tags"]) == (text, ["ø", "🌦"])
    assert len((await gate.get("/upstreams", tag="🌦"))["items"]) == 1


async def test_a_nul_is_refused_on_every_database_and_everywhere(gate: Gate) -> None:
    await gate.weather()
    problem(await gate.send("POST", "/upstreams", {"name": "a", "url": "https://a.test", "description": "a\x00"}), 400)
    problem(await gate.send("PATCH", "/tools/weather_forecast", {"title": "\x00"}), 400)
    problem(await gate.send("POST", "/servers", {"name": "a\x00"}), 400)
    problem(await gate.send("POST", "/tokens", {"name": "a\x00", "permissions": ["*"]}), 400)
    problem(await gate.send("GET", "/tools?q=%00"), 400)
    problem(await gate.send("GET", "/tools/a%00b"), 404)


@pytest.mark.parametrize("ref", ["x" * 3000, "%F0%9F%8C%A6", "'%20OR%201=1", "%ED%A0%80", "..%2F.."])
async def test_a_strange_reference_is_nothing_that_exists(gate: Gate, ref: str) -> None:
    for path in (f"/upstreams/{ref}", f"/tools/{ref}", f"/servers/{ref}", f"/tokens/{ref}"):
        response: httpx.Response = await gate.send("GET", path)
        problem(response, 404)
