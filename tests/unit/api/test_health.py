"""How an upstream is and was, as the API tells it, and maintenance."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.catalog.model import Cause, Status
from gatehouse.telemetry.recorder import Recorder
from gatehouse.telemetry.signals import Look, Signals
from gatehouse.telemetry.signals_store import SignalStore
from tests.unit.api.gate import WEATHER, Gate, problem
from tests.unit.telemetry.calls import call

pytestmark = pytest.mark.anyio


async def told(gate: Gate) -> list[tuple[str, str]]:
    """What happened to upstreams, oldest first, without what they offer."""
    await gate.events.flush()
    items = (await gate.get("/events", kind="upstream."))["items"]
    return [(one["kind"], one["message"]) for one in items[::-1]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"maintenance": "soon"}, "neither a duration nor a time"),
        ({"maintenance": "2001-01-01T00:00:00Z"}, "over already"),
        ({"maintenance_note": "a new disk"}, "not in maintenance"),
        ({"maintenance": None, "maintenance_note": "a new disk"}, "not in maintenance"),
        ({"maintenance": "2h", "maintenance_note": "x" * 501}, "500"),
    ],
)
async def test_a_maintenance_that_makes_no_sense_is_refused(gate: Gate, body: dict[str, Any], said: str) -> None:
    await gate.weather()
    answer = await gate.send("PATCH", "/upstreams/weather", body)
    assert said in problem(answer, 400)["detail"] + answer.text
    assert (await gate.get("/upstreams/weather"))["status"] == "ok"


async def test_health_takes_the_right_to_see_upstreams(gate: Gate) -> None:
    await gate.weather()
    token = await gate.token("tool.read")
    problem(await gate.send("GET", "/upstreams/weather/health", token=token), 403)
    problem(await gate.send("GET", "/upstreams/nothing/health"), 404)
    problem(await gate.send("GET", "/upstreams/weather/health?limit=0"), 400)


async def test_maintenance_is_told_once_and_its_tools_stay_listed(gate: Gate) -> None:
    await gate.weather()
    body = {"maintenance": "2h", "maintenance_note": "a new disk"}
    changed = (await gate.send("PATCH", "/upstreams/weather", body)).json()
    assert changed["status"] == "maintenance" and changed["maintenance"]["note"] == "a new disk"
    assert changed["counts"]["tools"] == 2 and len((await gate.get("/tools"))["items"]) == 2
    del gate.operations.offers["weather"]
    await gate.send("POST", "/upstreams/weather/refresh")
    assert [one["name"] for one in (await gate.get("/upstreams", status="maintenance"))["items"]] == ["weather"]
    gate.operations.offers["weather"] = WEATHER
    over = (await gate.send("PATCH", "/upstreams/weather", {"maintenance": None})).json()
    assert (over["status"], over["maintenance"]) == ("ok", None)
    messages = await told(gate)
    assert [kind for kind, _ in messages] == ["upstream.added", "upstream.up", "upstream.maintenance", "upstream.up"]
    assert "in maintenance until 2027-01-15 10:00 UTC: a new disk." in messages[2][1]


async def test_each_turn_is_an_event_and_a_line_of_the_history(gate: Gate) -> None:
    made = await gate.weather()
    turns = (
        (Status.DEGRADED, Cause.CALLS, "7 of 20 calls failed."),
        (Status.DOWN, Cause.PROBE, "connection refused"),
        (Status.SIGN_IN, Cause.CALLS, "HTTP 401"),
        (Status.OK, Cause.CALLS, None),
    )
    for status, cause, reason in turns:
        gate.clock.time += 60
        assert await gate.catalog.record_health(await gate.catalog.upstream("weather"), status, cause, reason)
    assert (await told(gate))[2:] == [
        ("upstream.degraded", "Upstream 'weather' is degraded: 7 of 20 calls failed."),
        ("upstream.down", "Upstream 'weather' is down: connection refused."),
        ("upstream.sign_in_needed", "Upstream 'weather' wants to be signed in to: HTTP 401."),
        ("upstream.up", "Upstream 'weather' answers again, after 1 minute."),
    ]
    health = await gate.get(f"/upstreams/{made['id']}/health")
    found = [(one["before"], one["after"], one["cause"], one["reason"]) for one in health["history"]]
    assert found == [
        ("sign_in", "ok", "calls", None),
        ("down", "sign_in", "calls", "HTTP 401"),
        ("degraded", "down", "probe", "connection refused"),
        ("ok", "degraded", "calls", "7 of 20 calls failed."),
        ("unknown", "ok", "look", None),
    ]
    assert len((await gate.get("/upstreams/weather/health", limit=2))["history"]) == 2


async def test_health_tells_the_share_of_calls_that_went_well_and_the_last_probe(gate: Gate) -> None:
    made = await gate.weather()
    recorder, now = Recorder(gate.database, gate.clock), gate.clock.time
    for age, outcome in ((60, "ok"), (60, "tool_error"), (60, "refused"), (7200, "ok"), (3 * 86_400, "ok")):
        recorder.intake.note(call(now - age, upstream=made["id"], outcome=outcome, total_ms=20.0))
    await recorder.flush()
    store = SignalStore(gate.database)
    await store.tell("ins_1", Signals(looks={made["id"]: Look(now - 30, 12.5, "silent", failed=1)}), now)
    await store.tell("ins_2", Signals(looks={made["id"]: Look(now - 90, 1.0)}), now)
    health = await gate.get("/upstreams/weather/health")
    shares = [(health[name]["calls"], health[name]["ok"], health[name]["success"]) for name in ("hour", "day", "week")]
    assert shares == [(2, 1, 0.5), (3, 2, 0.6667), (4, 3, 0.75)]
    assert health["hour"]["p95_ms"] == pytest.approx(20, rel=0.05)
    probe = health["last_probe"]
    assert (probe["ok"], probe["milliseconds"], probe["error"]) == (False, 12.5, "silent")
    assert (health["status"], health["cause"], health["reason"], health["maintenance"]) == ("ok", "look", None, None)
