from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit.json import Raw
from gatehouse.protocol.call import Failure, Result
from tests.support.operations import an_offer
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/tools/x/call", "/prompts/x/get", "/resources/x/read"])
async def test_what_does_not_exist_can_not_be_called(gate: Gate, path: str) -> None:
    problem(await gate.send("POST", path, {}), 404)


@pytest.mark.parametrize("body", [{"arguments": []}, {"arguments": None}, {"args": {}}, [], "x"])
async def test_arguments_that_are_no_object_are_refused(gate: Gate, body: Any) -> None:
    await gate.weather()
    problem(await gate.send("POST", "/tools/weather_forecast/call", body), 400)
    assert gate.operations.calls == []


async def test_a_tool_that_is_off_is_not_called(gate: Gate) -> None:
    await gate.weather()
    await gate.send("PATCH", "/tools/weather_forecast", {"enabled": False})
    problem(await gate.send("POST", "/tools/weather_forecast/call", {}), 409)
    assert gate.operations.calls == []


async def test_a_tool_that_is_gone_is_not_called(gate: Gate) -> None:
    await gate.weather()
    gate.operations.offers["weather"] = an_offer()
    await gate.send("POST", "/upstreams/weather/refresh")
    assert "Refresh" in problem(await gate.send("POST", "/tools/weather_forecast/call", {}), 409)["hint"]


async def test_a_template_can_not_be_read_without_a_uri(gate: Gate) -> None:
    made = await gate.weather()
    path = f"/resources/{made['resource_templates'][0]['id']}/read"
    assert "city://{name}" in problem(await gate.send("POST", path, {}), 400)["hint"]


async def test_a_resource_is_not_read_under_another_uri(gate: Gate) -> None:
    made = await gate.weather()
    path = f"/resources/{made['resources'][0]['id']}/read"
    problem(await gate.send("POST", path, {"uri": "file:///etc/passwd"}), 400)
    assert gate.operations.calls == []


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure(-32602, "Bad arguments", Raw(b'{"field":"city"}')), 400),
        (Failure(-32601, "No such method"), 404),
        (Failure(-32002, "No such resource"), 404),
        (Failure(-32603, "Out of order"), 502),
        (Failure(7, "Its own"), 502),
        (Failure(-31503, "Not ours", own=False), 502),
        (Failure(-31503, "The upstream is down", own=True), 503),
        (Failure(-31504, "The upstream took too long", own=True), 504),
    ],
)
async def test_a_failure_is_a_problem_with_its_code(gate: Gate, failure: Failure, status: int) -> None:
    await gate.weather()
    gate.operations.outcomes["forecast"] = failure
    found = problem(await gate.send("POST", "/tools/weather_forecast/call", {}), status)
    assert (found["detail"], found["rpc_code"]) == (failure.message, failure.code)
    assert found.get("rpc_data") == ({"field": "city"} if failure.data else None)


async def test_a_result_comes_as_it_is(gate: Gate) -> None:
    await gate.weather()
    gate.operations.outcomes["forecast"] = Result({"content": Raw(b"[ ]"), "isError": Raw(b"true"), "own": Raw(b"1.0")})
    response = await gate.send("POST", "/tools/weather_forecast/call", {"arguments": {"city": "Bern"}})
    assert (response.status_code, response.content) == (200, b'{"content":[ ],"isError":true,"own":1.0}')
    assert gate.operations.calls == [("admin", "forecast", {"arguments": {"city": "Bern"}})]


async def test_arguments_reach_the_upstream_exactly(gate: Gate) -> None:
    await gate.weather()
    headers = {"content-type": "application/json"}
    body = b'{"arguments": {"n": 12345678901234567890, "text": "\\u0000"}}'
    await gate.client.post("/tools/weather_forecast/call", content=body, headers=headers)
    assert gate.operations.calls[0][2] == {"arguments": {"n": 12345678901234567890, "text": "\x00"}}


async def test_a_tool_can_be_called_without_a_body(gate: Gate) -> None:
    await gate.weather()
    assert (await gate.client.post("/tools/weather_forecast/call")).status_code == 200
    assert gate.operations.calls[0][2] == {"arguments": {}}


async def test_a_call_changes_nothing_that_would_have_to_settle(gate: Gate) -> None:
    await gate.weather()
    before = gate.settled
    await gate.send("POST", "/tools/weather_forecast/call", {})
    assert gate.settled == before


async def test_a_prompt_is_got(gate: Gate) -> None:
    await gate.weather()
    await gate.send("POST", "/prompts/weather_brief/get", {"arguments": {"tone": "dry"}})
    assert gate.operations.calls == [("admin", "brief", {"arguments": {"tone": "dry"}})]


async def test_resources_and_templates_are_read(gate: Gate) -> None:
    made = await gate.weather()
    await gate.send("POST", f"/resources/{made['resources'][0]['id']}/read")
    path = f"/resources/{made['resource_templates'][0]['id']}/read"
    await gate.send("POST", path, {"uri": "city://Bern"})
    assert [params for _, _, params in gate.operations.calls] == [{"uri": "file:///a"}, {"uri": "city://Bern"}]
