"""What is another team's answers exactly as what does not exist: in every path parameter of every route."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import delete

from gatehouse.access.tables import MEMBERS
from gatehouse.access.tokens.service import NewToken
from gatehouse.kit.ids import new_id
from gatehouse.store.database import PEOPLE
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.recorder import Recorder
from tests.support.operations import OfferedOperations
from tests.unit.access.sign_in.showing import shown
from tests.unit.api.gate import HELPER, WEATHER, Gate
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
_PARAMETER = re.compile(r"\{(\w+)\}")
_NOTHING = "nothing_00000000000000000000000000"
_FOR_ALL = ("get", "/roles/{id}")
"""Which roles there are everybody may see."""
_OPEN = ("/auth/", "/registry/{id}")
"""Routes whose parameters name nothing that is stored, what is the caller's alone by its making, or what is everybody's."""


async def _team_with_everything(gate: Gate) -> tuple[People, dict[str, str]]:
    """Ann's team has one of each; Bob is in another."""
    people = People(gate)
    for name in ("ann", "bob"):
        await people.user(name)
    team = await people.team("red", ann="owner")
    await people.team("blue", bob="owner")
    operations: OfferedOperations = gate.operations
    operations.offers |= {"weather": WEATHER, "helper": HELPER}
    upstream = await gate.create("/upstreams", name="weather", url="https://weather.test/mcp", team="red")
    tools = upstream["tools"]
    agent = await gate.create("/agents", name="helper", url="https://helper.test", team="red")
    server = await gate.create("/servers", name="Desk", team="red", tools=[tools[0]["id"]])
    token, _ = await gate.tokens.create(NewToken(name="theirs", permissions=("upstream.read",), team=team))
    things = {
        "upstreams": upstream["id"],
        "tools": tools[0]["id"],
        "verdicts": await _judged(gate, tools),
        "prompts": upstream["prompts"][0]["id"],
        "resources": upstream["resources"][0]["id"],
        "servers": server["id"],
        "tokens": token.id,
        "teams": team,
        "users": people.users["ann"],
        "agents": agent["id"],
        "tasks": "a-task-of-theirs",
        "versions": "98765",
        "roots": "roo_00000000000000000000000000",
    }
    return people, things | await _what_hangs_on_it(gate, people) | {"calls": await _called(gate, server["id"])}


async def _judged(gate: Gate, tools: list[dict[str, Any]]) -> str:
    """The id of what somebody said of them."""
    body = {"tools": [one["id"] for one in tools], "verdict": "different"}
    said = await gate.send("PUT", "/tools/duplicates/verdicts", body)
    return str(said.json()["id"])


async def _called(gate: Gate, server: str) -> str:
    """The id of a call that somebody made there."""
    record = CallRecord(id=new_id("cal"), at=gate.clock.now(), server=server, method="tools/call", outcome="ok")
    recorder = Recorder(gate.database, gate.clock)
    recorder.intake.note(record)
    await recorder.flush()
    return record.id


async def _what_hangs_on_it(gate: Gate, people: People) -> dict[str, str]:
    invitation = await gate.create("/teams/red/invitations", role="member")
    await people.user("joe")
    await gate.client.patch("/teams/red", json={"visibility": "public"})
    request = await gate.send("POST", "/teams/red/requests", {"message": "me too"}, people.tokens["joe"])
    await gate.client.patch("/teams/red", json={"visibility": "private"})
    grant = await gate.create("/grants", user="joe@example.com", role="viewer", scope="red")
    provider = await gate.create(
        "/providers", name="Works", issuer="https://id.example.com", client_id="g", client_secret="s3cret-s3cret"
    )
    records = (await gate.get("/audit"))["items"]
    begun = await gate.context.sign_in.sessions.begin(people.users["ann"], "password", shown(secure=False))
    return {
        "sessions": begun.session.id,
        "invitations": invitation["id"],
        "requests": request.json()["id"],
        "grants": grant["id"],
        "providers": provider["id"],
        "audit": records[0]["id"],
        **await _of_the_registry(gate, people),
    }


async def _of_the_registry(gate: Gate, people: People) -> dict[str, str]:
    gate.registry.approval = True
    asked = await gate.send("POST", "/registry/github/install", {"values": {"token": "t"}}, people.tokens["ann"])
    gate.registry.approval = False
    sources = (await gate.get("/registry/sources"))["items"]
    return {"sources": sources[0]["id"], "install_requests": asked.json()["request"]["id"]}


async def test_what_is_another_teams_is_as_if_it_were_not_there(gate: Gate) -> None:
    people, things = await _team_with_everything(gate)
    described: dict[str, Any] = await gate.get("/openapi.json")
    tried = 0
    for path, methods in described["paths"].items():
        bare = path.removeprefix("/api/v1")
        if "{" not in bare or bare.startswith(_OPEN):
            continue
        for method in methods:
            if method in ("get", "post", "put", "patch", "delete") and (method, bare) != _FOR_ALL:
                await _is_hidden(gate, people, method, bare, things)
                tried += 1
    assert tried > 50


async def _is_hidden(gate: Gate, people: People, method: str, path: str, things: dict[str, str]) -> None:
    collection = path.split("/")[1]
    for parameter in _PARAMETER.findall(path):
        assert _kind(parameter, collection) in {*things, "roles"}, f"nothing of another team is known for {path}"
    real = _PARAMETER.sub(lambda found: things.get(_kind(found[1], collection), _NOTHING), path)
    unreal = _PARAMETER.sub(_NOTHING, path)
    body = None if method in ("get", "delete") else {}
    there = await gate.send(method.upper(), real, body, people.tokens["bob"])
    nowhere = await gate.send(method.upper(), unreal, body, people.tokens["bob"])
    assert there.status_code in (403, 404), (method, real, there.text)
    assert there.status_code == nowhere.status_code, (method, path, there.text, nowhere.text)
    words = there.text
    for id_ in (*things.values(), *people.users.values()):
        words = words.replace(id_, _NOTHING)
    assert words == nowhere.text, (method, path)


def _kind(parameter: str, collection: str) -> str:
    return collection if parameter == "id" else parameter + "s"


async def test_a_teams_own_people_reach_it(gate: Gate) -> None:
    people, things = await _team_with_everything(gate)
    for collection in ("upstreams", "tools", "prompts", "resources", "servers", "tokens", "agents"):
        found = await gate.send("GET", f"/{collection}/{things[collection]}", token=people.tokens["ann"])
        assert found.status_code == 200, (collection, found.text)


@pytest.mark.parametrize("collection", ["upstreams", "tools", "prompts", "resources", "servers", "tokens", "agents"])
async def test_lists_have_what_the_caller_may_see_and_no_more(gate: Gate, collection: str) -> None:
    people, things = await _team_with_everything(gate)

    async def listed(token: str) -> list[str]:
        return [one["id"] for one in (await gate.send("GET", f"/{collection}", token=token)).json()["items"]]

    assert things[collection] in await listed(people.tokens["ann"])
    assert things[collection] not in await listed(people.tokens["bob"])
    assert things[collection] in await listed(gate.admin)


async def test_nobody_puts_a_thing_where_they_may_not(gate: Gate) -> None:
    people = People(gate)
    await people.user("bob")
    await people.team("red")
    body = {"name": "Desk"}
    refused = await gate.send("POST", "/servers", {**body, "visibility": "public"}, people.tokens["bob"])
    assert refused.status_code == 403
    assert "may not put a server there" in refused.json()["detail"]
    for place in ({"team": "red"}, {"team": "red", "visibility": "public"}, {"team": "nowhere"}):
        refused = await gate.send("POST", "/servers", {**body, **place}, people.tokens["bob"])
        assert refused.status_code == 400, (place, refused.text)
        assert "There is no team" in refused.json()["detail"]
    made = await gate.send("POST", "/servers", body, people.tokens["bob"])
    assert made.status_code == 201, made.text
    assert (made.json()["visibility"], made.json()["owner"]) == ("private", people.users["bob"])
    refused = await gate.send("PATCH", f"/servers/{made.json()['id']}", {"visibility": "public"}, people.tokens["bob"])
    assert refused.status_code == 403
    refused = await gate.send("POST", "/upstreams", {"name": "run", "command": "date"}, people.tokens["bob"])
    assert refused.status_code == 403
    assert "upstream.stdio" in refused.json()["detail"]


async def test_nobody_binds_what_they_may_not_use(gate: Gate) -> None:
    people, things = await _team_with_everything(gate)
    refused = await gate.send("POST", "/servers", {"name": "Mine", "tools": [things["tools"]]}, people.tokens["bob"])
    assert refused.status_code == 400
    assert "There is no tool" in refused.json()["detail"]
    missing = await gate.send("POST", "/servers", {"name": "Mine", "tools": ["tol_none"]}, people.tokens["bob"])
    assert refused.json()["detail"].replace(things["tools"], "X") == missing.json()["detail"].replace("tol_none", "X")


async def test_a_server_shows_only_what_its_owner_may_use(gate: Gate) -> None:
    """Ann binds a tool of her team into a server of her own, and is put out of the team."""
    people, things = await _team_with_everything(gate)
    made = await gate.send("POST", "/servers", {"name": "Mine", "tools": [things["tools"]]}, people.tokens["ann"])
    assert made.status_code == 201, made.text

    def shown() -> list[str]:
        offering = gate.current.server(made.json()["id"])
        assert offering is not None
        return [one.name for one in offering.view.listing(WEATHER.items[0].kind)]

    assert shown() == ["forecast"]
    async with gate.database.write() as connection:
        await gate.database.count_up(connection, PEOPLE)
        await connection.execute(delete(MEMBERS).where(MEMBERS.c.user_id == people.users["ann"]))
    await gate.settle()
    assert shown() == []
