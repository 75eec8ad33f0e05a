"""Tokens over the API: how they are told, changed, rotated and used."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.access.model import Conditions, Rate
from gatehouse.access.tokens.usage import Usage
from tests.unit.api.gate import Gate, problem
from tests.unit.api.persons import made, person, team, tokens_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "'name' is missing"),
        ({"name": "agent"}, "needs something to open"),
        ({"name": "agent", "servers": []}, "needs something to open"),
        ({"name": "a\nb", "permissions": ["*"]}, "no name that can be shown"),
        ({"name": "agent", "servers": ["desk", "nowhere", "neither"]}, "There is no server 'nowhere', 'neither'"),
        ({"name": "agent", "permissions": ["upstream.reed"]}, "There is no permission 'upstream.reed'"),
        ({"name": "agent", "permissions": ["public"]}, "There is no permission 'public'"),
        ({"name": "agent", "permissions": ["signed in"]}, "There is no permission 'signed in'"),
        ({"name": "agent", "permissions": ["*"], "expires_in": "soon"}, "'soon' is not a duration"),
        ({"name": "agent", "permissions": ["*"], "expires_in": "999999999d"}, "'expires_in' is too long"),
        ({"name": "agent", "permissions": ["*"], "expires_in": 30}, "'expires_in' can't be used"),
        ({"name": "agent", "permissions": "*"}, "'permissions' can't be used"),
        ({"name": "agent", "permissions": ["*"], "allowed_ips": ["10.0.0.1/8"]}, "'10.0.0.1/8' is not a network"),
        ({"name": "agent", "permissions": ["*"], "allowed_ips": ["10.0.0.1"] * 101}, "'allowed_ips' can't be used"),
        ({"name": "agent", "permissions": ["*"], "rate_limit": "60"}, "'60' is not a rate"),
        ({"name": "agent", "permissions": ["*"], "rate_limit": "0/m"}, "'0/m' is not a rate"),
        ({"name": "agent", "permissions": ["*"], "daily_quota": 0}, "'daily_quota' can't be used"),
        ({"name": "agent", "permissions": ["*"], "windows": [{"days": ["noday"]}]}, "'noday' is not a day"),
        ({"name": "agent", "permissions": ["*"], "windows": [{"start": "8"}]}, "'8' is not a time of day"),
        ({"name": "agent", "permissions": ["*"], "windows": [{"timezone": "Nowhere"}]}, "'Nowhere' is not a time zone"),
        ({"name": "agent", "permissions": ["*"], "windows": [{"day": []}]}, "Unknown field 'windows[0].day'"),
        ({"name": "agent", "permissions": ["*"], "team": "ghosts"}, "is in no team 'ghosts'"),
    ],
)
async def test_a_token_that_can_not_be_is_refused(gate: Gate, body: dict[str, Any], told: str) -> None:
    await gate.create("/servers", name="Desk")
    for path in ("/tokens", "/tokens/preview"):
        assert told in problem(await gate.send("POST", path, body), 400)["detail"]
    assert len((await gate.get("/tokens"))["items"]) == 1


async def test_a_condition_that_can_not_be_is_told_with_its_place(gate: Gate) -> None:
    body = {"name": "agent", "permissions": ["*"], "allowed_ips": ["10.0.0.0/8", "x"]}
    (error,) = problem(await gate.send("POST", "/tokens", body), 400)["errors"]
    assert error["field"] == "allowed_ips[1]"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate"),
        ("GET", "/access"),
        ("GET", "/usage"),
    ],
)
async def test_a_token_out_of_sight_is_told_like_one_that_does_not_exist(gate: Gate, method: str, path: str) -> None:
    ann, eve = await person(gate, "ann", "editor"), await person(gate, "eve", "editor")
    hers = await made(gate, ann.token, name="hers", permissions=["tool.read"])
    told = [
        problem(await gate.send(method, f"/tokens/{ref}{path}", {} if method != "GET" else None, eve.token), 404)
        for ref in (hers["id"], "tok_none")
    ]
    assert told[0]["detail"].replace(hers["id"], "X") == told[1]["detail"].replace("tok_none", "X")
    assert (await gate.send("GET", f"/tokens/{hers['id']}", token=ann.token)).json()["revoked_at"] is None


async def test_a_token_is_shown_once(gate: Gate) -> None:
    server = await gate.create("/servers", name="Desk")
    made = await gate.create("/tokens", name="agent", servers=["desk", server["id"]], expires_in="30d")
    plain = made.pop("token")
    assert made["servers"] == [server["id"]] and made["permissions"] == []
    assert made["hint"] == plain[-4:]
    assert (made["created_at"], made["expires_at"]) == ("2027-01-15T08:00:00Z", "2027-02-14T08:00:00Z")
    assert await gate.get(f"/tokens/{made['id']}") == made
    listed = await gate.client.get("/tokens")
    assert listed.json()["items"][1] == made
    assert plain not in listed.text


async def test_a_new_token_opens_at_once_and_a_revoked_one_no_more(gate: Gate) -> None:
    made = await gate.create("/tokens", name="reader", permissions=["tool.read"])
    assert (await gate.send("GET", "/tools", token=made["token"])).status_code == 200
    assert (await gate.send("DELETE", f"/tokens/{made['id']}")).status_code == 204
    problem(await gate.send("GET", "/tools", token=made["token"]), 401)
    assert (await gate.get(f"/tokens/{made['id']}"))["revoked_at"] == "2027-01-15T08:00:00Z"


async def test_to_revoke_again_is_no_error(gate: Gate) -> None:
    made = await gate.create("/tokens", name="reader", permissions=["tool.read"])
    for _ in range(2):
        assert (await gate.send("DELETE", f"/tokens/{made['id']}")).status_code == 204


async def test_a_revoked_token_is_neither_changed_nor_rotated(gate: Gate) -> None:
    made = await gate.create("/tokens", name="reader", permissions=["tool.read"])
    await gate.send("DELETE", f"/tokens/{made['id']}")
    problem(await gate.send("PATCH", f"/tokens/{made['id']}", {"name": "x"}), 409)
    problem(await gate.send("POST", f"/tokens/{made['id']}/rotate", {}), 409)


async def test_tokens_come_in_pages(gate: Gate) -> None:
    for number in range(3):
        await gate.create("/tokens", name=f"t{number}", permissions=["tool.read"])
    first = await gate.get("/tokens", limit=3)
    second = await gate.get("/tokens", limit=3, cursor=first["next"])
    assert [one["name"] for one in first["items"] + second["items"]] == ["admin", "t0", "t1", "t2"]


async def test_everybody_sees_their_own_tokens_and_those_of_teams_that_they_run(gate: Gate) -> None:
    ann, bob = await person(gate, "ann"), await person(gate, "bob")
    await team(gate, "crew", owner=ann, member=bob)
    crews = await made(gate, ann.token, name="of crew", permissions=["tool.read"], team="crew")
    assert (crews["owner"], crews["team_name"]) == (None, "Crew")
    his = await made(gate, bob.token, name="his", permissions=["tool.read"])
    assert (his["owner"], his["owner_name"], his["team"]) == (bob.id, "bob@example.com", None)
    assert await tokens_of(gate, ann.token) == ["ann", "of crew"]
    assert await tokens_of(gate, bob.token) == ["bob", "his"]
    assert len(await tokens_of(gate, "")) == 5


async def test_conditions_are_told_as_they_were_given(gate: Gate) -> None:
    window = {"days": ["mon", "fri"], "start": "08:00", "end": "18:00", "timezone": "Europe/Berlin"}
    given = {
        "allowed_ips": ["10.0.0.0/8", "2001:db8::/32"],
        "windows": [window],
        "rate_limit": "60/m",
        "daily_quota": 5,
    }
    made = await gate.create("/tokens", name="agent", permissions=["tool.read"], **given)
    assert {name: made[name] for name in given} == given
    body = {"allowed_ips": ["192.0.2.1"], "windows": None, "daily_quota": None}
    changed = (await gate.send("PATCH", f"/tokens/{made['id']}", body)).json()
    assert changed["allowed_ips"] == ["192.0.2.1/32"]
    assert (changed["windows"], changed["rate_limit"], changed["daily_quota"]) == ([], "60/m", None)
    stored = (await gate.tokens.get(made["id"])).conditions
    assert isinstance(stored, Conditions) and stored.rate == Rate(60, 60)


async def test_a_token_is_changed_at_once(gate: Gate) -> None:
    made = await gate.create("/tokens", name="agent", permissions=["tool.read"], expires_in="1h")
    path = f"/tokens/{made['id']}"
    problem(await gate.send("PATCH", path, {"permissions": ["*"]}), 400)
    problem(await gate.send("PATCH", path, {"name": "a\tb"}), 400)
    problem(await gate.send("PATCH", path, {"rate_limit": "fast"}), 400)
    changed = (await gate.send("PATCH", path, {"name": "renamed", "expires_in": None})).json()
    assert (changed["name"], changed["expires_at"]) == ("renamed", None)
    assert (await gate.send("PATCH", path, {})).json() == changed
    changed = (await gate.send("PATCH", path, {"allowed_ips": ["10.0.0.0/8"]})).json()
    refusal = await gate.send("GET", "/tools", token=made["token"])
    assert "not good from 192.0.2.1" in problem(refusal, 403)["detail"]


async def test_a_rotated_token_has_a_new_text_and_the_old_one_ends(gate: Gate) -> None:
    made = await gate.create("/tokens", name="agent", permissions=["tool.read"])
    path, old = f"/tokens/{made['id']}/rotate", made["token"]
    problem(await gate.send("POST", path, {"overlap": "31d"}), 400)
    rotated = (await gate.send("POST", path, {"overlap": "1h"})).json()
    assert rotated["previous_until"] == "2027-01-15T09:00:00Z"
    assert rotated["token"] != old and rotated["hint"] == rotated["token"][-4:] and rotated["id"] == made["id"]
    for plain in (old, rotated["token"]):
        assert (await gate.send("GET", "/tools", token=plain)).status_code == 200
    gate.clock.time += 3600
    problem(await gate.send("GET", "/tools", token=old), 401)
    assert (await gate.send("GET", "/tools", token=rotated["token"])).status_code == 200
    again = (await gate.send("POST", path)).json()
    assert again["previous_until"] is None
    problem(await gate.send("GET", "/tools", token=rotated["token"]), 401)
    assert (await gate.send("GET", "/tools", token=again["token"])).status_code == 200


async def test_the_use_of_a_token_is_told_per_day(gate: Gate) -> None:
    made = await gate.create("/tokens", name="agent", permissions=["tool.read"])
    path, usage = f"/tokens/{made['id']}/usage", Usage(gate.database, gate.clock)
    for days in (0, 367):
        problem(await gate.client.get(path, params={"days": days}), 400)
    unused = await gate.get(path)
    assert len(unused["days"]) == 30 and unused["last_used_at"] is None
    usage.count(made["id"], calls=1)
    usage.refuse(made["id"])
    await usage.flush()
    gate.clock.time += 86400
    usage.count(made["id"])
    await usage.flush()
    assert await gate.get(path, days=3) == {
        "id": made["id"],
        "days": [
            {"day": "2027-01-14", "requests": 0, "calls": 0, "refused": 0},
            {"day": "2027-01-15", "requests": 1, "calls": 1, "refused": 1},
            {"day": "2027-01-16", "requests": 1, "calls": 0, "refused": 0},
        ],
        "totals": {"requests": 2, "calls": 1, "refused": 1},
        "last_used_at": "2027-01-16T08:00:00Z",
    }
    assert (await gate.get(path, days=1))["totals"] == {"requests": 1, "calls": 0, "refused": 0}
    assert (await gate.get(f"/tokens/{made['id']}"))["last_used_at"] == "2027-01-16T08:00:00Z"
    assert (await gate.get("/tokens"))["items"][1]["last_used_at"] == "2027-01-16T08:00:00Z"


async def test_no_text_of_a_token_reaches_the_audit(gate: Gate) -> None:
    made = await gate.create("/tokens", name="agent", permissions=["tool.read"])
    rotated = (await gate.send("POST", f"/tokens/{made['id']}/rotate", {"overlap": "1h"})).json()
    await gate.audit.flush(everything=True)
    records = (await gate.client.get("/audit")).text
    assert "token.create" in records and "token.rotate" in records
    assert made["token"] not in records and rotated["token"] not in records
