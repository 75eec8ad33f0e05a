"""Who may ask why, and what is answered."""

from __future__ import annotations

import pytest

from gatehouse.access.tokens.conditions import conditions
from gatehouse.access.tokens.service import NewToken
from tests.unit.api.gate import Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio


async def test_everybody_may_ask_for_themselves(gate: Gate) -> None:
    await gate.weather()
    await gate.create("/servers", name="Desk", tools=["weather_forecast"])
    said = await gate.get("/explain", server="desk", tool="forecast")
    assert said["allowed"] and said["principal"]["name"] == "admin"
    assert [step["about"] for step in said["steps"]][:2] == ["token", "permission"]
    said = await gate.get("/explain", server="desk", tool="alert")
    assert not said["allowed"]
    assert said["reason"] == "no tool 'alert' is bound in server 'desk'" == said["steps"][-1]["words"]


@pytest.mark.parametrize("ref", ["tok_00000000000000000000000000", "nobody@example.com", "ann@example.com"])
async def test_of_others_one_hears_no_more_than_if_they_were_not_there(gate: Gate, ref: str) -> None:
    people = People(gate)
    await people.user("ann")
    await people.user("bob")
    response = await gate.client.get(
        "/explain", params={"principal": ref}, headers={"authorization": f"Bearer {people.tokens['bob']}"}
    )
    found = problem(response, 404)
    assert found["detail"].startswith(("There is no principal", "There is no token"))


async def test_who_knows_users_may_ask_about_one_by_address(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    await gate.create("/servers", name="Desk", visibility="public")
    said = await gate.get("/explain", principal="ann@example.com", server="desk")
    assert said["allowed"] and said["principal"] == {
        "id": people.users["ann"],
        "kind": "user",
        "name": "ann@example.com",
    }


async def test_the_address_is_asked_where_one_is_given(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    new = NewToken(name="office", permissions=("server.use",), conditions=conditions(allowed_ips=["10.0.0.0/8"]))
    token, _ = await gate.tokens.create(new)
    await gate.settle()
    assert (await gate.get("/explain", principal=token.id, server="desk"))["allowed"]
    assert (await gate.get("/explain", principal=token.id, server="desk", address="10.9.9.9"))["allowed"]
    said = await gate.get("/explain", principal=token.id, server="desk", address="192.0.2.1")
    assert said["reason"] == "token 'office' is not good from 192.0.2.1"
    problem(await gate.client.get("/explain", params={"address": "not one"}), 400)


async def test_a_revoked_token_is_explained_too(gate: Gate) -> None:
    token, _ = await gate.tokens.create(NewToken(name="old", permissions=("server.use",)))
    await gate.tokens.revoke(token.id)
    await gate.settle()
    said = await gate.get("/explain", principal=token.id)
    assert not said["allowed"] and said["reason"] == "token 'old' was revoked"
