from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from gatehouse.access.model import Circumstances, Grant, Principal, Resource
from gatehouse.access.policy import allows
from gatehouse.access.roles import ADMIN
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def levels_put_back() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in [*logging.root.manager.loggerDict, None]}
    yield
    for name in [*logging.root.manager.loggerDict, None]:
        logging.getLogger(name).setLevel(before.get(name, logging.NOTSET))


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_nobody_without_the_permission_sees_or_sets_levels(gate: Gate, method: str) -> None:
    body = {"levels": {"gatehouse": "debug"}}
    token = await gate.token("metrics.read", "server.read")
    problem(await gate.send(method, "/logs/levels", body, token), 403)


def test_an_admin_of_a_team_does_not_set_levels_for_all() -> None:
    logs, at = Resource("log"), Circumstances(0.0)
    for action in ("log.read", "log.write"):
        for scope, may in (("team_1", False), ("*", True)):
            principal = Principal("u", "user", "u", None, frozenset({"*"}), grants=(Grant("admin", ADMIN, scope),))
            assert allows(principal, action, logs, at).allowed is may


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"levels": {"gatehouse": "loud"}}, "'loud' is not a level"),
        ({"levels": {"gate house": "debug"}}, "'gate house' is not the name"),
        ({"levels": {"aiosqlite": "debug"}}, "can't be set"),
        ({"levels": {"gatehouse": "debug"}, "for": "soon"}, "'soon' is not a duration"),
        ({"levels": {"gatehouse": "debug"}, "for": "8d"}, "8d is too long"),
        ({"levels": {"gatehouse": 10}}, "levels"),
        ({}, "levels"),
        ({"levels": {}, "until": "tomorrow"}, "until"),
    ],
)
async def test_levels_that_can_not_be_used_are_refused(gate: Gate, body: dict[str, Any], part: str) -> None:
    found = problem(await gate.send("PUT", "/logs/levels", body), 400)
    assert part in f"{found['detail']} {found.get('errors')}"
    assert (await gate.get("/logs/levels"))["levels"] == {}


async def test_levels_are_set_for_a_while_and_audited(gate: Gate) -> None:
    response = await gate.send("PUT", "/logs/levels", {"levels": {"gatehouse.x": "DEBUG"}, "for": "15m"})
    assert response.status_code == 200
    found = response.json()
    assert (found["levels"], found["usual"]) == ({"gatehouse.x": "debug"}, {"*": "info"})
    assert datetime.fromisoformat(found["until"]).timestamp() == gate.clock.time + 900
    assert found == await gate.get("/logs/levels")
    newest = (await gate.get("/audit"))["items"][0]
    assert (newest["action"], newest["before"]["levels"], newest["after"]["levels"]) == (
        "log.levels.set",
        {},
        {"gatehouse.x": "debug"},
    )


async def test_without_levels_the_usual_ones_come_back(gate: Gate) -> None:
    await gate.send("PUT", "/logs/levels", {"levels": {"gatehouse.x": "debug"}})
    response = await gate.send("PUT", "/logs/levels", {"levels": {}})
    assert response.json() == {"levels": {}, "until": None, "usual": {"*": "info"}}


@pytest.mark.parametrize("sent", ["mine-1", "4f1c:ab.c_d~e+f=", "x" * 128])
async def test_a_well_formed_request_id_is_kept(gate: Gate, sent: str) -> None:
    response = await gate.client.get("/servers", headers={"x-request-id": sent})
    assert response.headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "two words", "x" * 129, "a\tb", "<script>", 'quote"', "semi;colon"])
async def test_another_one_is_replaced(gate: Gate, sent: str) -> None:
    ids = {(await gate.client.get("/nothing", headers={"x-request-id": sent})).headers["x-request-id"] for _ in "ab"}
    assert len(ids) == 2
    assert all(one.startswith("req_") for one in ids)


async def test_what_fails_inside_is_found_in_the_log_by_its_id(
    gate: Gate, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is broken inside: something that no handler reckons with.
    monkeypatch.setattr(gate.log_levels, "wish", None)
    response = await gate.client.get("/logs/levels", headers={"x-request-id": "mine-1"})
    found = problem(response, 500)
    assert found["request_id"] == "mine-1" == response.headers["x-request-id"]
    assert "log" in found["hint"]
    assert [one.message for one in caplog.records if one.levelno == logging.ERROR] == ["GET /logs/levels failed"]
