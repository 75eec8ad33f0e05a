"""Calls and figures, over the API: who sees what of them, and what is said where a question can't be answered."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from gatehouse.api.build import build_api
from gatehouse.kit.ids import new_id
from gatehouse.store.database import Database
from gatehouse.telemetry.figures import Figures
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.recorder import Recorder, Retention
from tests.unit.api.gate import URL, Gate, opened_gate, problem
from tests.unit.api.people import People
from tests.unit.api.persons import Person, person, team

pytestmark = pytest.mark.anyio
FIGURES = (
    "/metrics/totals",
    "/metrics/series",
    "/metrics/top",
    "/metrics/flows",
    "/metrics/errors",
    "/metrics/slowest",
)


@dataclass(slots=True)
class Calls:
    """The API with records of calls behind it."""

    gate: Gate
    recorder: Recorder

    async def note(self, **fields: Any) -> str:
        id_ = new_id("cal")
        usual: dict[str, Any] = {
            "method": "tools/call",
            "outcome": "ok",
            "name": "forecast",
            "upstream": "ups_1",
            "total_ms": 10.0,
        }
        self.recorder.intake.note(CallRecord(id=id_, **{"at": self.gate.clock.now() - 60, **usual, **fields}))
        await self.recorder.flush()
        return id_

    async def ids(self, token: str = "", **query: str) -> set[str]:
        answer = await self.gate.client.get("/calls", params=query, headers=bearer(token))
        assert answer.status_code == 200, answer.text
        return {one["id"] for one in answer.json()["items"]}

    async def sums(self, token: str = "", **query: str) -> dict[str, Any]:
        answer = await self.gate.client.get("/metrics/totals", params=query, headers=bearer(token))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["sums"]
        return found


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"} if token else {}


@pytest.fixture
async def calls(sqlite: Database) -> AsyncIterator[Calls]:
    async with opened_gate(sqlite) as gate:
        recorder = Recorder(sqlite, gate.clock, Retention())
        context = replace(gate.context, figures=Figures(sqlite, gate.clock))
        app = Starlette(routes=[build_api(context)])
        headers = {"authorization": f"Bearer {gate.admin}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=f"{URL}/api/v1", headers=headers
        ) as client:
            gate.client = client
            yield Calls(gate, recorder)


async def watcher(calls: Calls, name: str, scope: str) -> Person:
    """Somebody whose role on a team lets them see its calls."""
    known = await person(calls.gate, name)
    await calls.gate.create("/roles", name="watcher", permissions=["call.read", "server.read"])
    await People(calls.gate, users={name: known.id}).grant(name, "watcher", scope)
    await calls.gate.settle()
    return known


async def test_without_the_permission_nothing_is_told(calls: Calls) -> None:
    id_ = await calls.note()
    token = await calls.gate.token("server.read", "metrics.read")
    for path in ("/calls", "/calls/live", f"/calls/{id_}", "/metrics/unused", *FIGURES):
        refused = problem(await calls.gate.send("GET", path, token=token), 403)
        assert "call.read" in refused["hint"] and id_ not in str(refused)


async def test_nobody_sees_who_is_not_signed_in(calls: Calls) -> None:
    await calls.note()
    answer = await calls.gate.client.get("/calls", headers={"authorization": ""})
    assert answer.status_code == 401


async def test_who_may_not_see_calls_may_not_ask_which_tools_are_unused(calls: Calls) -> None:
    await calls.gate.weather()
    token = await calls.gate.token("tool.read")
    assert (await calls.gate.send("GET", "/tools", token=token)).status_code == 200
    problem(await calls.gate.send("GET", "/tools?unused_for=30d", token=token), 403)


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "until=32.13.2026",
        "outcome=fine",
        "color=red",
        "cursor=bm90IG91cnM",
        "limit=0",
    ],
)
async def test_a_question_that_can_not_be_read_is_refused_in_words(calls: Calls, query: str) -> None:
    assert problem(await calls.gate.send("GET", f"/calls?{query}"), 400)["hint"]


@pytest.mark.parametrize("query", ["by=moon", "measure=luck", "limit=501"])
async def test_figures_are_not_made_of_what_is_not_counted(calls: Calls, query: str) -> None:
    problem(await calls.gate.send("GET", f"/metrics/top?{query}"), 400)


async def test_a_series_of_too_many_steps_is_refused(calls: Calls) -> None:
    problem(await calls.gate.send("GET", "/metrics/series?since=2000-01-01&step=1m"), 400)


async def test_flows_lead_from_clients_through_servers_to_upstreams(calls: Calls) -> None:
    upstream = (await calls.gate.weather())["id"]
    desk = await calls.gate.create("/servers", name="Desk")
    for outcome in ("ok", "ok", "tool_error", "cancelled"):
        await calls.note(client="cursor", server=desk["id"], upstream=upstream, outcome=outcome)
    await calls.note(client="cursor", server="everything", upstream=upstream)
    await calls.note(upstream=upstream, principal="usr_1")
    await calls.note(client="claude", server="srv_gone", upstream="", name="", outcome="refused")
    told = await calls.gate.get("/metrics/flows")
    weather = {"id": upstream, "name": "weather"}
    gone, everything = {"id": "srv_gone", "name": "srv_gone"}, {"id": "everything", "name": "everything"}
    place = {"id": desk["id"], "name": "desk"}
    assert told["items"][0] == {"client": "cursor", "server": place, "upstream": weather, "calls": 4, "errors": 1}
    assert [(one["client"], one["server"], one["upstream"], one["errors"]) for one in told["items"][1:]] == [
        (None, None, weather, 0),
        ("claude", gone, None, 1),
        ("cursor", everything, weather, 0),
    ]
    assert told["left_out"] == 0
    few = await calls.gate.get("/metrics/flows", limit=1)
    assert few["items"] == told["items"][:1] and few["left_out"] == 3
    assert (await calls.gate.get("/metrics/flows", since="2020-01-01", until="2020-01-02"))["items"] == []


async def test_who_watches_a_team_sees_the_flows_of_its_servers_alone(calls: Calls) -> None:
    red, blue = await team(calls.gate, "red"), await team(calls.gate, "blue")
    anna = await watcher(calls, "anna", red)
    mine = await calls.gate.create("/servers", name="Mine", team=red)
    other = await calls.gate.create("/servers", name="Other", team=blue)
    for server in (mine, other):
        await calls.note(client="cursor", server=server["id"], principal="tok_stranger")
    answer = await calls.gate.send("GET", "/metrics/flows", token=anna.token)
    assert [one["server"]["id"] for one in answer.json()["items"]] == [mine["id"]]


async def test_a_call_that_is_not_there_and_one_out_of_sight_are_told_of_alike(calls: Calls) -> None:
    mates = await team(calls.gate, "red")
    anna = await watcher(calls, "anna", mates)
    hidden = await calls.note(server="srv_elsewhere", principal="tok_other")
    missing = "cal_" + "0" * 26
    answers = [await calls.gate.send("GET", f"/calls/{id_}", token=anna.token) for id_ in (hidden, missing)]
    first, second = (problem(answer, 404) for answer in answers)
    assert first["detail"].replace(hidden, "") == second["detail"].replace(missing, "")


async def test_who_watches_a_team_sees_the_calls_of_its_servers_and_their_own(calls: Calls) -> None:
    red = await team(calls.gate, "red")
    blue = await team(calls.gate, "blue")
    anna = await watcher(calls, "anna", red)
    mine = await calls.gate.create("/servers", name="Mine", team=red)
    other = await calls.gate.create("/servers", name="Other", team=blue)
    seen = await calls.note(server=mine["id"], principal="tok_stranger")
    own = await calls.note(server=other["id"], principal=anna.id, principal_kind="user", user=anna.id)
    hidden = await calls.note(server=other["id"], principal="tok_stranger")
    unplaced = await calls.note(server="everything", principal="tok_stranger")
    assert await calls.ids(anna.token) == {seen, own}
    assert (await calls.sums(anna.token))["calls"] == 2
    assert await calls.ids() == {seen, own, hidden, unplaced}
    assert (await calls.sums())["calls"] == 4
    assert await calls.ids(anna.token, server=other["slug"]) == {own}
    assert (await calls.gate.send("GET", f"/calls/{own}", token=anna.token)).status_code == 200
    top = (await calls.gate.send("GET", "/metrics/top?by=server", token=anna.token)).json()["items"]
    assert {one["key"]: one["sums"]["calls"] for one in top} == {mine["id"]: 1, other["id"]: 1}


async def test_a_token_for_one_server_sees_the_calls_of_that_one_alone(calls: Calls) -> None:
    mine, other = [await calls.gate.create("/servers", name=name) for name in ("Mine", "Other")]
    body = {"name": "narrow", "servers": [mine["id"]], "permissions": ["call.read"]}
    token = (await calls.gate.create("/tokens", **body))["token"]
    await calls.gate.settle()
    seen = await calls.note(server=mine["id"], principal="tok_stranger")
    await calls.note(server=other["id"], principal="tok_stranger")
    assert await calls.ids(token) == {seen}
    assert (await calls.sums(token))["calls"] == 1


async def test_calls_are_found_by_all_that_they_have(calls: Calls) -> None:
    upstream = await calls.gate.weather()
    server = await calls.gate.create("/servers", name="Desk")
    wanted = await calls.note(
        server=server["id"], upstream=upstream["id"], principal="tok_1", user="usr_1", team="tem_1", client="claude",
        outcome="tool_error", error_class="tool_error",
    )  # fmt: skip
    await calls.note(name="alert", method="prompts/get")
    for query in (
        {"server": "desk"}, {"server": server["id"]}, {"upstream": "weather"}, {"tool": "forecast"},
        {"method": "tools/call"}, {"principal": "tok_1"}, {"user": "usr_1"}, {"team": "tem_1"},
        {"client": "claude"}, {"outcome": "tool_error"},
    ):  # fmt: skip
        assert await calls.ids(**query) == {wanted}, query
        assert (await calls.sums(**query))["calls"] == 1, query
    assert await calls.ids(server="nowhere") == set()
    assert len(await calls.ids(since="1h")) == 2
    assert await calls.ids(since="10s") == set()


async def test_a_list_of_calls_goes_on_where_it_ended(calls: Calls) -> None:
    made = [await calls.note() for _ in range(5)]
    first = await calls.gate.get("/calls", limit=3)
    second = await calls.gate.get("/calls", limit=3, cursor=first["next"])
    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


async def test_figures_say_how_often_how_fast_and_how_it_ended(calls: Calls) -> None:
    for took in (10.0, 20.0, 30.0):
        await calls.note(total_ms=took, bytes_in=1, bytes_out=4, tokens=1, principal="tok_1")
    bad = await calls.note(name="alert", outcome="protocol_error", error_class="upstream_down", total_ms=500.0)
    sums = await calls.sums()
    assert (sums["calls"], sums["errors"], sums["outcomes"]) == (4, 1, {"ok": 3, "protocol_error": 1})
    assert (sums["bytes_in"], sums["bytes_out"], sums["tokens"]) == (3, 12, 3)
    assert sums["mean_ms"] == pytest.approx(140.0) and sums["p99_ms"] == pytest.approx(500.0, rel=0.05)
    top = await calls.gate.get("/metrics/top", by="tool", measure="latency")
    assert [one["name"] for one in top["items"]] == ["alert", "forecast"]
    (group,) = (await calls.gate.get("/metrics/errors"))["items"]
    assert (group["error_class"], group["calls"], group["example"]["id"]) == ("upstream_down", 1, bad)
    slow = await calls.gate.get("/metrics/slowest", limit=1)
    assert [one["id"] for one in slow["items"]] == [bad]
    series = await calls.gate.get("/metrics/series", step="1h")
    assert sum(point["sums"]["calls"] for point in series["points"]) == 4


async def test_prompts_resources_and_tokens_are_told_apart_and_each_has_its_course(calls: Calls) -> None:
    for _ in range(2):
        await calls.note(principal="tok_1")
    await calls.note(principal="usr_1", method="prompts/get", name="brief")
    await calls.note(principal="tok_2", method="resources/read", name="file:///a")
    expected = {
        "tool": ["forecast"], "prompt": ["brief"], "resource": ["file:///a"], "token": ["tok_1", "tok_2"],
    }  # fmt: skip
    for by, keys in expected.items():
        found = (await calls.gate.get("/metrics/top", by=by))["items"]
        assert [one["key"] for one in found] == keys, by
        series = await calls.gate.get("/metrics/series", step="1h", by=by)
        sums = {one["key"]: sum(point["sums"]["calls"] for point in one["points"]) for one in series["groups"]}
        assert list(sums) == keys and sum(sums.values()) == sum(one["sums"]["calls"] for one in found), by
        assert {len(one["points"]) for one in series["groups"]} == {len(series["points"])}
    (first,) = (await calls.gate.get("/metrics/series", by="token", limit=1))["groups"]
    assert first["key"] == "tok_1"


async def test_agents_are_told_apart_from_other_upstreams_and_called_by_their_names(calls: Calls) -> None:
    upstream = (await calls.gate.weather())["id"]
    agent = await calls.gate.create("/agents", name="helper", url="https://agent.test")
    await calls.note(upstream=upstream, server="srv_1")
    await calls.note(upstream=agent["id"], server=agent["id"], method="SendMessage")
    (found,) = (await calls.gate.get("/metrics/top", by="agent"))["items"]
    assert (found["key"], found["name"], found["sums"]["calls"]) == (agent["id"], "helper", 1)
    (course,) = (await calls.gate.get("/metrics/series", by="agent", step="1h"))["groups"]
    assert (course["name"], sum(one["sums"]["calls"] for one in course["points"])) == ("helper", 1)
    servers = (await calls.gate.get("/metrics/top", by="server"))["items"]
    assert {one["name"] for one in servers} == {"srv_1", "helper"}


async def test_whoever_accepts_csv_gets_what_json_says_as_a_table(calls: Calls) -> None:
    await calls.note(principal="tok_1", principal_name='=say "hi"', client="cursor", total_ms=10.0)
    await calls.note(outcome="tool_error", error_class="tool_error", error="no, not\nso")
    for path in ("/calls", *FIGURES, "/metrics/series?by=tool&step=1h", "/metrics/unused?unused_for=1s"):
        answer = await calls.gate.client.get(path, headers={"accept": "text/csv"})
        assert answer.headers["content-type"].startswith("text/csv"), path
        assert answer.headers["vary"] == "accept"
    rows = list(csv.DictReader(io.StringIO(await _csv(calls, "/calls"))))
    assert [one["outcome"] for one in rows] == ["tool_error", "ok"]
    assert (rows[1]["principal_name"], rows[1]["client_name"], rows[0]["error"]) == (
        "'=say \"hi\"", "cursor", "no, not\nso",
    )  # fmt: skip
    (top,) = csv.DictReader(io.StringIO(await _csv(calls, "/metrics/top")))
    assert (top["name"], top["calls"], top["outcomes_ok"]) == ("forecast", "2", "1")
    (totals,) = csv.DictReader(io.StringIO(await _csv(calls, "/metrics/totals")))
    assert (totals["calls"], totals["errors"]) == ("2", "1")
    json = await calls.gate.client.get("/calls", headers={"accept": "application/json, text/csv"})
    assert json.json()["items"]
    refused = await calls.gate.client.get("/metrics/top?by=moon", headers={"accept": "text/csv"})
    problem(refused, 400)


async def _csv(calls: Calls, path: str) -> str:
    return (await calls.gate.client.get(path, headers={"accept": "text/csv, */*;q=0.1"})).text


async def test_arguments_are_shown_with_one_call_and_in_no_list(calls: Calls) -> None:
    id_ = await calls.note(arguments='{"name":"forecast"}', result='{"content":[]}')
    bare = await calls.note()
    one = await calls.gate.get(f"/calls/{id_}")
    assert (one["arguments"], one["result"]) == ({"name": "forecast"}, {"content": []})
    other = await calls.gate.get(f"/calls/{bare}")
    assert (other["arguments"], other["result"]) == (None, None)
    for listed in (await calls.gate.get("/calls"))["items"]:
        assert "arguments" not in listed and "result" not in listed


async def test_the_empty_house_has_figures_too(calls: Calls) -> None:
    sums = await calls.sums()
    assert (sums["calls"], sums["mean_ms"], sums["p50_ms"]) == (0, None, None)
    for path in ("/metrics/top", "/metrics/errors", "/metrics/slowest", "/metrics/unused"):
        assert (await calls.gate.get(path))["items"] == []


async def test_what_nobody_used_for_long_is_told_with_what_depends_on_it(calls: Calls) -> None:
    upstream = await calls.gate.weather()
    tools = {one["name"]: one["id"] for one in (await calls.gate.get("/tools"))["items"]}
    await calls.gate.create("/servers", name="Desk", tools=list(tools.values()))
    assert (await calls.gate.get("/metrics/unused"))["items"] == [], "all are new"
    calls.gate.clock.time += 40 * 86400
    await calls.note(upstream=upstream["id"], original="forecast", server="srv_1")
    (unused,) = (await calls.gate.get("/metrics/unused", unused_for="30d"))["items"]
    assert (unused["id"], unused["name"], unused["servers"]) == (tools["alert"], "weather_alert", ["desk"])
    assert unused["last_used_at"] is None
    listed = await calls.gate.get("/tools", unused_for="30d")
    assert [one["name"] for one in listed["items"]] == ["alert"]
    assert (await calls.gate.get("/metrics/unused", of="upstream"))["items"] == []
    servers = (await calls.gate.get("/metrics/unused", of="server"))["items"]
    assert [one["name"] for one in servers] == ["desk"]
    assert (await calls.gate.get("/metrics/unused", of="token"))["items"]
