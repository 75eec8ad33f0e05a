"""Whatever changes something through the API is in the audit, with what was before and what is now."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import Mount, Router

from gatehouse.access.audit.masking import MASK, safe
from gatehouse.access.audit.repository import Wanted
from gatehouse.access.model import ANONYMOUS, Principal
from gatehouse.api.actions import Action
from gatehouse.api.auditing import Auditing, differing, is_audited
from gatehouse.api.build import ENDPOINTS
from gatehouse.api.context import Caller
from gatehouse.api.problems import InvalidToken, LacksPermission
from gatehouse.api.routing import Asked, Endpoint, endpoint, routes
from gatehouse.kit.errors import Conflict, NotFound, RateLimited, Unauthenticated
from gatehouse.kit.pages import page_request
from tests.unit.api.gate import URL, Gate

pytestmark = pytest.mark.anyio
SECRET = "hunter2-XyZ"


async def records(gate: Gate, wanted: Wanted | None = None) -> list[dict[str, Any]]:
    """Oldest first."""
    await gate.audit.flush(everything=True)
    found = await gate.audit.list(wanted or Wanted(), page_request(None, 500))
    return [msgspec.to_builtins(one.record) for one in found.items][::-1]


async def last(gate: Gate) -> dict[str, Any]:
    return (await records(gate))[-1]


async def everything_stored(gate: Gate) -> str:
    await gate.audit.flush(everything=True)
    return b"".join([chunk async for chunk in gate.audit.export(Wanted())]).decode()


async def test_a_refusal_in_a_handler_is_recorded_with_its_reason(gate: Gate) -> None:
    token = await gate.token("token.*", "upstream.read")
    await gate.send("POST", "/tokens", {"name": "more", "permissions": ["*"]}, token)
    record = await last(gate)
    assert (record["action"], record["outcome"], record["actor"]["name"]) == ("token.create", "refused", "some token")
    assert "can't give it" in record["reason"]


async def test_a_change_that_failed_is_recorded_with_why(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    await gate.send("POST", "/servers", {"name": "Other", "slug": "desk"})
    record = await last(gate)
    assert (record["action"], record["outcome"], record["after"]) == ("server.create", "failed", None)
    assert "desk" in record["reason"]


async def test_a_mistake_of_ours_is_recorded_without_its_words(gate: Gate) -> None:
    async def broken(asked: Asked[None, None]) -> Named:
        raise RuntimeError(f"the password is {SECRET}")

    async with over(gate, [endpoint("POST /things", Action.SERVER_WRITE, broken, "Break")]) as client:
        await client.post("/things")
    assert (await last(gate))["reason"] == "Gatehouse failed at this request."
    assert SECRET not in await everything_stored(gate)


async def test_what_is_made_is_recorded_as_it_is_answered(gate: Gate) -> None:
    headers = {"x-request-id": "r-17"}
    made = (await gate.client.post("/servers", json={"name": "Desk"}, headers=headers)).json()
    record = await last(gate)
    assert (record["action"], record["outcome"], record["before"]) == ("server.create", "done", None)
    assert record["resource"] == {"kind": "server", "id": made["id"], "name": "desk"}
    assert (record["actor"]["kind"], record["actor"]["name"], record["address"]) == ("token", "admin", "192.0.2.1")
    assert (record["request_id"], record["session"]) == ("r-17", None)
    assert record["after"] == made


async def test_of_what_is_changed_the_fields_that_differ_are_recorded(gate: Gate) -> None:
    made = await gate.create("/servers", name="Desk", description="old")
    gate.clock.time += 60
    await gate.send("PATCH", "/servers/desk", {"description": "new", "name": "Desk"})
    record = await last(gate)
    assert (record["action"], record["resource"]["id"]) == ("server.change", made["id"])
    assert (record["before"], record["after"]) == ({"description": "old"}, {"description": "new"})


async def test_a_change_that_changes_nothing_says_so(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    await gate.send("PATCH", "/servers/desk", {"name": "Desk"})
    record = await last(gate)
    assert (record["action"], record["before"], record["after"]) == ("server.change", None, None)


async def test_of_what_is_deleted_it_is_recorded_what_it_was(gate: Gate) -> None:
    made = await gate.create("/servers", name="Desk")
    before = await gate.get("/servers/desk")
    await gate.send("DELETE", "/servers/desk")
    record = await last(gate)
    assert (record["action"], record["resource"]["id"]) == ("server.delete", made["id"])
    assert (record["before"], record["after"]) == (before, None)


async def test_of_a_part_the_whole_is_named(gate: Gate) -> None:
    upstream = await gate.weather()
    made = await gate.create("/servers", name="Desk")
    tool = upstream["tools"][0]["id"]
    await gate.send("PUT", "/servers/desk/bindings", [{"capability": tool}])
    record = await last(gate)
    assert (record["action"], record["resource"]["id"]) == ("server.bindings.set", made["id"])
    assert record["before"] == {"items": []}
    assert record["after"]["items"][0]["capability"] == tool


async def test_who_may_change_but_not_see_is_recorded_with_what_was(gate: Gate) -> None:
    await gate.create("/servers", name="Desk", description="old")
    token = await gate.token("server.write")
    await gate.send("DELETE", "/servers/desk", token=token)
    record = await last(gate)
    assert (record["actor"]["name"], record["before"]["description"]) == ("some token", "old")


async def test_something_that_is_done_to_a_thing_has_its_own_name(gate: Gate) -> None:
    made = await gate.weather()
    await gate.send("POST", "/upstreams/weather/refresh")
    record = await last(gate)
    assert (record["action"], record["resource"]["id"]) == ("upstream.refresh", made["id"])


async def test_what_changes_nothing_is_no_record(gate: Gate) -> None:
    upstream = await gate.weather()
    before = len(await records(gate))
    await gate.get("/upstreams/weather")
    await gate.send("POST", "/upstreams/weather/check")
    await gate.send("POST", f"/tools/{upstream['tools'][0]['id']}/call", {})
    await gate.get("/audit")
    await gate.send("POST", "/audit/verify")
    assert len(await records(gate)) == before


async def test_a_long_field_is_told_by_its_size(gate: Gate) -> None:
    await gate.create("/servers", name="Desk", description="x" * 15_000)
    after = (await last(gate))["after"]
    assert (after["description"], after["name"]) == ("(15002 bytes)", "Desk")


async def test_no_token_gets_into_the_audit(gate: Gate) -> None:
    made = await gate.create("/tokens", name="agent", permissions=["server.use"])
    assert (await last(gate))["after"]["token"] == MASK
    rotated = await gate.send("POST", f"/tokens/{made['id']}/rotate", {})
    assert (await last(gate))["action"] == "token.rotate"
    stored = await everything_stored(gate)
    assert made["token"] not in stored and gate.admin not in stored
    assert "token" not in rotated.json() or rotated.json()["token"] not in stored


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://a.test/mcp", "credential": {"type": "bearer", "token": SECRET}},
        {"url": "https://a.test/mcp", "credential": {"type": "basic", "username": "ada", "password": SECRET}},
        {"url": "https://a.test/mcp", "credential": {"type": "headers", "headers": {"X-Thing": SECRET}}},
        {"url": f"https://a.test/mcp?api_key={SECRET}"},
        {"command": "server", "args": ["--token", SECRET, f"--password={SECRET}"], "env": {"THING": SECRET}},
    ],
)
async def test_no_secret_of_an_upstream_gets_into_the_audit(gate: Gate, body: dict[str, Any]) -> None:
    await gate.create("/upstreams", name="one", enabled=False, **body)
    await gate.send("PATCH", "/upstreams/one", {**body, "description": "x"})
    await gate.send("DELETE", "/upstreams/one")
    assert [one["action"] for one in await records(gate)][-3:] == [
        "upstream.create",
        "upstream.change",
        "upstream.delete",
    ]
    assert SECRET not in await everything_stored(gate)


async def test_that_a_secret_was_replaced_is_told(gate: Gate) -> None:
    old = {"type": "bearer", "token": SECRET}
    await gate.create("/upstreams", name="one", enabled=False, url="https://a.test/mcp", credential=old)
    await gate.send("PATCH", "/upstreams/one", {"credential": {"type": "bearer", "token": "another"}})
    record = await last(gate)
    assert (record["before"], record["after"]) == (None, {"credential": {"type": "bearer", "token": MASK}})


NO_SECRETS = {"token_id", "use_for", "scopes_to_permissions", "key", "tokens"}
"""Names in bodies that sound like secrets and are none."""


def test_every_field_of_a_body_that_sounds_like_a_secret_is_hidden() -> None:
    bodies = [one.body for one in ENDPOINTS if one.body is not type(None)]
    _, components = msgspec.json.schema_components(bodies)
    names = {name for schema in components.values() for name in schema.get("properties", {})}
    sounding = {name for name in names if re.search("token|secret|passw|credential|authori[sz]ation|code|key", name)}
    assert sounding
    for name in sounding - NO_SECRETS:
        assert SECRET not in json.dumps(safe({name: SECRET})), name


def test_whatever_changes_something_is_audited() -> None:
    for declared in ENDPOINTS:
        assert is_audited(declared) or declared.method == "GET" or not declared.changes, declared.path


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ({"b": 2}, {"b": 3})),
        ({"a": 1}, {"a": 1, "b": None}, (None, None)),
        ({"a": 1}, {"a": 1, "b": 2}, (None, {"b": 2})),
        ({"a": 1, "updated_at": 1}, {"a": 1, "updated_at": 2}, (None, None)),
        (None, {"a": 1}, (None, {"a": 1})),
        ({"a": 1}, None, ({"a": 1}, None)),
        ([1], [2], ([1], [2])),
        ([1], [1], (None, None)),
    ],
)
def test_only_what_differs_is_told(before: Any, after: Any, expected: tuple[Any, Any]) -> None:
    assert differing(before, after) == expected


class Named(Struct):
    id: str
    name: str = ""


class Login(Struct):
    email: str
    password: str


class SignedIn(Struct):
    user: Named
    csrf_token: str


class Member(Struct):
    user: str
    role: str


class Members(Struct):
    items: list[Member]
    next: str | None = None


async def let_in(asked: Asked[None, Login]) -> SignedIn:
    if asked.body.password != SECRET:
        raise Unauthenticated("This address and this password don't belong together.")
    return SignedIn(Named("usr_1", "ada@example.com"), "csrf-" + SECRET)


async def get_crew(asked: Asked[None, None]) -> Named:
    return Named("crew_1", "Sales")


class Crew:
    """Members as an API keeps them: a list under the crew."""

    def __init__(self) -> None:
        self.members = {"usr_1": Member("usr_1", "member")}

    async def list(self, asked: Asked[None, None]) -> Members:
        return Members(list(self.members.values()))

    async def add(self, asked: Asked[None, Member]) -> Member:
        self.members[asked.body.user] = asked.body
        return asked.body

    async def change(self, asked: Asked[None, Member]) -> Member:
        self.members[asked.params["user"]] = asked.body
        return asked.body

    async def remove(self, asked: Asked[None, None]) -> None:
        del self.members[asked.params["user"]]

    async def promote(self, asked: Asked[None, None]) -> None:
        self.members[asked.params["user"]] = Member(asked.params["user"], "owner")

    @property
    def endpoints(self) -> list[Endpoint]:
        read = write = Action.METRICS_READ
        return [
            endpoint("GET /crews/{id}", read, get_crew, "Show"),
            endpoint("GET /crews/{id}/members", read, self.list, "List"),
            endpoint("POST /crews/{id}/members", write, self.add, "Add"),
            endpoint("PATCH /crews/{id}/members/{user}", write, self.change, "Change"),
            endpoint("DELETE /crews/{id}/members/{user}", write, self.remove, "Remove"),
            endpoint("POST /crews/{id}/members/{user}/promote", write, self.promote, "Promote"),
        ]


@asynccontextmanager
async def over(gate: Gate, endpoints: list[Endpoint]) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/api/v1", Router(routes(gate.context, endpoints)))])
    headers = {"authorization": f"Bearer {gate.admin}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{URL}/api/v1", headers=headers) as client:
        yield client


SIGN_IN = endpoint("POST /auth/login", Action.PUBLIC, let_in, "Sign in", changes=False)


async def test_a_failed_sign_in_is_recorded_without_the_password(gate: Gate) -> None:
    async with over(gate, [SIGN_IN]) as client:
        for _ in range(3):
            await client.post("/auth/login", json={"email": "ada@example.com", "password": "wrong-" + SECRET})
        await client.post("/auth/login", json={"email": "wrong-" + SECRET, "password": "x"})
    first, second = await records(gate)
    assert (first["action"], first["outcome"], first["count"]) == ("auth.login", "refused", 3)
    assert first["resource"] == {"kind": "user", "id": None, "name": "ada@example.com"}
    assert second["resource"]["name"] == ""
    assert SECRET not in await everything_stored(gate)


async def test_a_sign_in_is_recorded_as_of_who_came_in(gate: Gate) -> None:
    async with over(gate, [SIGN_IN]) as client:
        await client.post("/auth/login", json={"email": "ada@example.com", "password": SECRET})
    record = await last(gate)
    assert (record["action"], record["outcome"]) == ("auth.login", "done")
    assert record["actor"] == {"id": "usr_1", "kind": "user", "name": "ada@example.com", "user": "usr_1"}
    assert record["resource"] == {"kind": "user", "id": "usr_1", "name": "ada@example.com"}
    assert SECRET not in await everything_stored(gate)


async def test_what_is_in_a_list_under_a_thing_is_found_there(gate: Gate) -> None:
    async with over(gate, Crew().endpoints) as client:
        await client.post("/crews/sales/members", json={"user": "usr_2", "role": "member"})
        await client.patch("/crews/sales/members/usr_2", json={"user": "usr_2", "role": "owner"})
        await client.delete("/crews/sales/members/usr_2")
        await client.post("/crews/sales/members/usr_1/promote")
    made, changed, removed, promoted = await records(gate)
    assert {one["resource"]["id"] for one in (made, changed, removed, promoted)} == {"crew_1"}
    assert (made["action"], made["after"]) == ("crew.members.create", {"user": "usr_2", "role": "member"})
    assert (changed["action"], changed["before"]) == ("crew.members.change", {"role": "member"})
    assert changed["after"] == {"role": "owner", "user": "usr_2"}
    assert (removed["action"], removed["before"]) == ("crew.members.delete", {"user": "usr_2", "role": "owner"})
    assert promoted["action"] == "crew.members.promote"
    assert (promoted["before"], promoted["after"]["role"]) == ({"role": "member"}, "owner")


async def test_a_refusal_before_the_handler_is_recorded(gate: Gate) -> None:
    agent = Caller(Principal("tok_1", "token", "agent", user="usr_1"), "192.0.2.7", "ses_1")
    auditing = Auditing(gate.audit, ENDPOINTS)
    by_route = {f"{one.method} {one.path}": one for one in ENDPOINTS}
    hidden = NotFound("There is no server 'x'.")
    hidden.__cause__ = LacksPermission("Not allowed: server 'x' is private.", "server.write")
    auditing.refused(by_route["PATCH /servers/{id}"], agent, "x", hidden)
    auditing.refused(by_route["GET /upstreams"], agent, "", LacksPermission("Not allowed.", "upstream.read"))
    auditing.refused(by_route["POST /tokens"], agent, "", RateLimited("Too many."))
    auditing.refused(by_route["GET /tools"], Caller(ANONYMOUS, "192.0.2.8"), "", InvalidToken("Not known."))
    auditing.refused(by_route["GET /tools"], agent, "", Conflict("x"))
    auditing.refused(by_route["GET /tools"], agent, "", NotFound("x"))
    found = [(one["action"], one["reason"], one["address"], one["session"]) for one in await records(gate)]
    assert found == [
        ("server.change", "Not allowed: server 'x' is private.", "192.0.2.7", "ses_1"),
        ("upstream.read", "Not allowed.", "192.0.2.7", "ses_1"),
        ("token.create", "Too many.", "192.0.2.7", "ses_1"),
        ("tool.read", "Not known.", "192.0.2.8", None),
    ]
