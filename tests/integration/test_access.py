"""Who may what, over real HTTP: what `explain` says is what every front does, and who loses a right loses it at once."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import anyio
import httpx
import pytest

from tests.support.front import Events, peer
from tests.support.gateway import Gateway
from tests.support.visitor import Visitor, add_user

pytestmark = pytest.mark.anyio
TIME = ["-m", "gatehouse.samples.time"]
SOON = 1.5
"""Seconds: within one, and some slack."""
TOOLS = ("current_time", "convert_time", "red_current_time", "nothing")


@dataclass(slots=True)
class Company:
    """Two teams with an upstream and a server each, servers and upstreams of persons, and tokens of all kinds."""

    gateway: Gateway
    tokens: dict[str, str] = field(default_factory=dict[str, str])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    servers: tuple[str, ...] = ()


@pytest.fixture(scope="module")
async def company(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    async with Gateway(tmp_path_factory.mktemp("company") / "data") as gateway:
        made = Company(gateway)
        await _furnish(made)
        yield made


async def _furnish(company: Company) -> None:
    gateway = company.gateway
    for name in ("ann", "bob", "eve"):
        company.ids[name] = await add_user(gateway, name)
    for team, owner in (("red", "ann"), ("blue", "bob")):
        await gateway.expect(201, "POST", "/teams", {"name": team.title(), "slug": team})
        members = {"user": company.ids[owner], "role": "owner"}
        await gateway.expect(201, "POST", f"/teams/{team}/members", members)
        await gateway.add_upstream(team, command=sys.executable, args=TIME, team=team)
        await gateway.create_server(f"{team} desk", [team], slug=f"{team}-desk", team=team)
    await gateway.add_upstream("common", command=sys.executable, args=TIME)
    await gateway.create_server("Everybody", ["common"], slug="everybody")
    await gateway.create_server("Off", ["common"], slug="off", enabled=False)
    async with Visitor(gateway, "ann@example.com") as ann:
        tools = [one["id"] for one in await gateway.items("/tools", upstream="red")]
        await ann.expect(201, "POST", "/servers", {"name": "Anns own", "slug": "anns", "tools": tools[:1]})
        company.tokens["ann's"] = await _token(ann, {"permissions": ["*"]})
        company.tokens["ann's for a server"] = await _token(ann, {"servers": ["red-desk"]})
        company.tokens["ann's for reading"] = await _token(ann, {"permissions": ["server.read"]})
        company.tokens["the red team's"] = await _token(ann, {"servers": ["red-desk"], "team": "red"})
    async with Visitor(gateway, "bob@example.com") as bob:
        company.tokens["bob's"] = await _token(bob, {"permissions": ["*"]})
    async with Visitor(gateway, "eve@example.com") as eve:
        company.tokens["eve's"] = await _token(eve, {"permissions": ["server.use"]})
    company.tokens["the installation's"] = gateway.token
    company.tokens["for a red desk"] = await gateway.create_token("desk", ["red-desk"])
    company.servers = ("red-desk", "blue-desk", "everybody", "anns", "off", "nowhere")


async def _token(person: Visitor, body: dict[str, Any]) -> str:
    return (await person.expect(201, "POST", "/tokens", {"name": f"of {person.email}", **body}))["token"]


async def _explained(company: Company, token: str, server: str, tool: str) -> dict[str, Any]:
    """Asked by the installation, about a token that is known by its id."""
    listed = {one["hint"]: one["id"] for one in await company.gateway.items("/tokens")}
    query = {"principal": listed[token[-4:]], "tool": tool} | ({"server": server} if server else {})
    answer: dict[str, Any] = await company.gateway.expect(200, "GET", "/explain", params=query)
    return answer


async def test_every_front_does_what_explain_says(company: Company) -> None:
    allowed = 0
    for token, server in product(company.tokens.values(), ("", *company.servers)):
        for tool in TOOLS if server else ("red_current_time", "common_current_time"):
            said = await _explained(company, token, server, tool)
            allowed += said["allowed"]
            assert said["allowed"] == await _modern_calls(company, token, server, tool), said
            assert said["allowed"] == await _legacy_calls(company, token, server, tool), said
    assert allowed > 20


async def _modern_calls(company: Company, token: str, server: str, tool: str) -> bool:
    async with peer(company.gateway, server, token) as client:
        listed = await client.ask("tools/list")
        names = [one["name"] for one in listed.get("result", {"tools": []})["tools"]]
        called = await client.ask("tools/call", {"name": tool, "arguments": {"timezone": "UTC"}})
        assert ("result" in called) == (tool in names)
        return tool in names


async def _legacy_calls(company: Company, token: str, server: str, tool: str) -> bool:
    async with peer(company.gateway, server, token) as client:
        response = await client.initialize()
        if response.status_code != 200:
            return False
        names = [one["name"] for one in (await client.say("tools/list")).json()["result"]["tools"]]
        called = await client.call(tool, {"timezone": "UTC"})
        assert ("result" in called) == (tool in names)
        return tool in names


async def test_the_api_calls_and_lists_what_explain_says(company: Company) -> None:
    gateway, allowed = company.gateway, 0
    tools = {tool["id"]: tool["handle"] for tool in await gateway.items("/tools")}
    known = {one["hint"]: one["id"] for one in await gateway.items("/tokens")}
    for token in company.tokens.values():
        listed = await gateway.api("GET", "/tools", token=token, params={"limit": "500"})
        seen = {one["id"] for one in listed.json().get("items", [])}
        for ref in (*tools, *tools.values(), "nothing"):
            query = {"principal": known[token[-4:]], "tool": ref, "via": "api"}
            said = await gateway.expect(200, "GET", "/explain", params=query)
            called = await gateway.api("POST", f"/tools/{ref}/call", {"arguments": {"timezone": "UTC"}}, token=token)
            assert said["allowed"] == (called.status_code not in (403, 404)), (said, called.text)
            assert not said["allowed"] or listed.status_code == 403 or ref in seen or ref not in tools
            allowed += said["allowed"]
    assert allowed > 10


async def test_what_a_limit_would_say_is_told_before_it_says_it(company: Company) -> None:
    gateway = company.gateway
    made = await gateway.expect(
        201, "POST", "/tokens", {"name": "once", "servers": ["everybody"], "daily_quota": 1, "rate_limit": "9/h"}
    )
    query = {"principal": made["id"], "server": "everybody", "tool": "current_time"}
    said = await gateway.expect(200, "GET", "/explain", params=query)
    assert (said["allowed"], said["steps"][-1]["about"]) == (True, "limit")
    async with peer(gateway, "everybody", made["token"]) as client:
        call = {"name": "current_time", "arguments": {"timezone": "UTC"}}
        assert "result" in await client.ask("tools/call", call)
        said = await gateway.expect(200, "GET", "/explain", params=query)
        refused = await client.ask_for("tools/call", call)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
    assert not said["allowed"] and said["reason"] in refused.json()["error"]["message"]


async def test_a_refusal_has_the_words_of_the_explanation(company: Company) -> None:
    said = await _explained(company, company.tokens["for a red desk"], "blue-desk", "current_time")
    async with peer(company.gateway, "blue-desk", company.tokens["for a red desk"]) as client:
        refused = await client.ask("tools/list")
    assert said["reason"] in refused["error"]["message"]


@pytest.mark.parametrize("token", ["for a red desk", "ann's for a server", "the red team's"])
async def test_a_token_of_one_server_opens_no_other_by_any_front(company: Company, token: str) -> None:
    plain, url = company.tokens[token], company.gateway.url
    bearer = {"authorization": f"Bearer {plain}"}
    async with httpx.AsyncClient(headers=bearer, timeout=30) as http:
        for method, path in product(("GET", "POST", "DELETE"), ("mcp", "sse", "messages")):
            response = await http.request(method, f"{url}/servers/blue-desk/{path}", json={})
            assert response.status_code == 403, (method, path, response.text)
        for path in ("/upstreams", "/servers/blue-desk", "/tools", "/tokens", "/auth/session"):
            assert (await http.get(f"{url}/api/v1{path}")).status_code == 403, path
    async with peer(company.gateway, "", plain) as client:
        names = {one["name"] for one in (await client.ask("tools/list"))["result"]["tools"]}
    assert names and all(name.startswith("red_") for name in names)


async def test_who_loses_a_right_loses_every_open_stream_within_a_second(company: Company) -> None:
    gateway = company.gateway
    await gateway.expect(201, "POST", "/teams/red/members", {"user": company.ids["eve"], "role": "member"})
    eve = company.tokens["eve's"]
    async with (
        peer(gateway, "red-desk", eve) as modern,
        peer(gateway, "red-desk", eve) as legacy,
        httpx.AsyncClient(timeout=30) as http,
    ):
        await legacy.initialize()
        old = http.stream("GET", f"{gateway.url}/servers/red-desk/sse", headers={"authorization": f"Bearer {eve}"})
        async with modern.subscribed({"toolsListChanged": True}) as listen, legacy.listening() as get, old as sse:
            await listen.message()
            await gateway.expect(204, "DELETE", f"/teams/red/members/{company.ids['eve']}")
            with anyio.fail_after(SOON):
                for events in (listen, get, Events(sse)):
                    await events.rest()
        assert (await legacy.say("tools/list")).status_code in (403, 404)


async def test_who_is_switched_off_is_out_at_once_with_all_tokens(company: Company) -> None:
    gateway = company.gateway
    dan = await add_user(gateway, "dan")
    async with Visitor(gateway, "dan@example.com") as visitor:
        plain = await _token(visitor, {"permissions": ["server.use"]})
        async with peer(gateway, "everybody", plain) as client:
            assert "result" in await client.ask("tools/list")
            await gateway.expect(200, "PATCH", f"/users/{dan}", {"active": False})
            refused = await client.ask_for("tools/list")
            assert refused.status_code == 401
        assert (await visitor.send("GET", "/servers")).status_code in (401, 403)
