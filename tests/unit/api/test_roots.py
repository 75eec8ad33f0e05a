"""Roots over the API: for administrators alone, checked, and for all upstreams or some."""

from __future__ import annotations

import pytest

from gatehouse.catalog.roots import EXPLAINED
from tests.unit.api.gate import Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
SRV = "file:///srv/projects"


async def test_what_can_be_no_root_is_refused(gate: Gate) -> None:
    for body, status, words in (
        ({"uri": "https://example.com"}, 400, "can't be a root"),
        ({"uri": "file://x y/"}, 400, "can't be a root"),
        ({"uri": SRV, "upstreams": ["nowhere"]}, 400, "no upstream 'nowhere'"),
        ({}, 400, "'uri' is missing"),
    ):
        refused = problem(await gate.client.post("/roots", json=body), status)
        assert words in refused["detail"]
    problem(await gate.client.patch("/roots/roo_x", json={"name": "a"}), 404)
    problem(await gate.client.delete("/roots/roo_x"), 404)


async def test_roots_are_the_administrators(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    await people.grant("ann", "editor")
    for method, body in (("GET", None), ("POST", {"uri": SRV})):
        refused = await gate.send(method, "/roots", body, people.tokens["ann"])
        assert refused.status_code == 403


async def test_a_root_is_for_all_upstreams_or_for_some(gate: Gate) -> None:
    weather = await gate.weather()
    made = await gate.create("/roots", uri=SRV)
    assert (made["name"], made["upstreams"]) == ("projects", None)
    problem(await gate.client.post("/roots", json={"uri": SRV}), 409)
    listed = await gate.get("/roots")
    assert (listed["items"], listed["about"]) == ([made], EXPLAINED)
    path = f"/roots/{made['id']}"
    roots = gate.context.roots
    assert await roots.reload() and not await roots.reload()
    assert [one.uri for one in roots.offered_to("any")] == [SRV]
    some = (await gate.client.patch(path, json={"upstreams": ["weather"], "name": "Work"})).json()
    assert (some["upstreams"], some["name"]) == ([weather["id"]], "Work")
    assert await roots.reload()
    assert not roots.offered_to("any") and roots.offered_to(weather["id"])
    assert (await gate.client.patch(path, json={"upstreams": None})).json()["upstreams"] is None
    assert (await gate.client.delete(path)).status_code == 204
    assert (await gate.get("/roots"))["items"] == []
