"""How the workers are: who may see it, and what of it is told."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from gatehouse.api.build import build_api
from gatehouse.telemetry.metrics import Meter, Shown
from gatehouse.telemetry.report import Machine, Report, report
from tests.unit.api.gate import URL, Gate, problem

pytestmark = pytest.mark.anyio


def worker(instance: str, started_at: float) -> Report:
    meter = Meter()
    meter.gauge("gatehouse_sessions", "Sessions", lambda: 3)
    meter.gauge("gatehouse_event_loop_lag_seconds", "Lag", lambda: 0.0125)
    meter.counter("gatehouse_records_dropped_total", "Lost", lambda: 2)
    meter.show(Shown("gatehouse_upstreams", "Upstreams", "gauge", lambda: {("down",): 1.0}, ("status",)))
    return report(meter, instance, started_at)


def client(gate: Gate, token: str) -> httpx.AsyncClient:
    async def machine() -> Machine:
        return Machine("postgresql", "ins_b", (worker("ins_a", 1_800_000_000.0), worker("ins_b", 1_800_000_001.0)))

    app = Starlette(routes=[build_api(replace(gate.context, machine=machine))])
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{URL}/api/v1", headers=headers)


async def test_who_may_not_see_the_figures_does_not_see_the_workers(gate: Gate) -> None:
    async with client(gate, await gate.token("call.read", "server.read")) as http:
        problem(await http.get("/status"), 403)
    async with client(gate, await gate.token("metrics.read")) as http:
        assert (await http.get("/status")).status_code == 200


async def test_a_gateway_that_does_not_watch_itself_says_so(gate: Gate) -> None:
    app = Starlette(routes=[build_api(replace(gate.context, machine=None))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"{URL}/api/v1") as http:
        problem(await http.get("/status", headers={"authorization": f"Bearer {gate.admin}"}), 404)


async def test_each_worker_is_told_of(gate: Gate) -> None:
    async with client(gate, gate.admin) as http:
        told = (await http.get("/status")).json()
    assert told["database"] == "postgresql" and told["version"] == "1.2.3" and told["upstreams"] == {"down": 1}
    assert [(one["id"], one["answering"]) for one in told["workers"]] == [("ins_a", False), ("ins_b", True)]
    first = told["workers"][0]
    assert (first["sessions"], first["records_dropped"], first["loop_lag_ms"]) == (3, 2, 12.5)
    assert first["started_at"] == "2027-01-15T08:00:00Z"
    assert first["memory_bytes"] is None, "it was not told"
