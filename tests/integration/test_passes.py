"""A person in a browser speaks MCP by a pass: at two workers, in both eras, as that person and nobody else."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.gateway import Gateway, Launch
from tests.support.processes import until_every_worker, until_true
from tests.support.talk import Talk, modern_call, text_of
from tests.support.visitor import Visitor, add_user

pytestmark = pytest.mark.anyio
TIME = ["-m", "gatehouse.samples.time"]


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with Gateway(tmp_path_factory.mktemp("passes") / "data", Launch(workers=2)) as started:
        await started.add_upstream("clock", command=sys.executable, args=TIME)
        await started.create_server("Times", ["clock"])
        yield started


async def a_pass(visitor: Visitor) -> str:
    made = await visitor.expect(200, "POST", "/auth/pass")
    return made["pass"]


async def opens(gateway: Gateway, token: str) -> bool:
    """On a connection of its own, so that any worker may have it."""
    answer = await modern_call(f"{gateway.url}/servers/times/mcp", token, "current_time", {"timezone": "UTC"})
    return "result" in answer


async def until_it_opens(gateway: Gateway, token: str) -> None:
    """A worker learns of a user that another one made within a second."""

    async def known() -> bool:
        return await opens(gateway, token)

    await until_every_worker(known)


async def test_it_opens_every_mcp_address_and_nothing_else(gateway: Gateway) -> None:
    await add_user(gateway, "ann")
    async with Visitor(gateway, "ann@example.com") as ann:
        token = await a_pass(ann)
        await until_it_opens(gateway, token)
        async with Talk(f"{gateway.url}/mcp", token) as talk:
            assert "UTC" in text_of(await talk.call("clock_current_time", {"timezone": "UTC"}))
            again = await a_pass(ann)
            async with httpx.AsyncClient(headers={"authorization": f"Bearer {again}"}) as http:
                message = {"jsonrpc": "2.0", "id": 9, "method": "tools/list"}
                listed = await http.post(talk.url, json=message, headers=talk.headers)
                assert listed.status_code == 200, "a session goes on with another pass of the same user"
    for path in ("/api/v1/servers", "/api/v1/auth/session", "/registry/v0.1/servers", "/metrics"):
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}) as http:
            assert (await http.get(f"{gateway.url}{path}")).status_code in (401, 403), path
    assert token not in gateway.log


async def test_its_calls_are_recorded_as_those_of_its_user(gateway: Gateway) -> None:
    user = await add_user(gateway, "bob")
    async with Visitor(gateway, "bob@example.com") as bob:
        token = await a_pass(bob)
        await until_true(lambda: opens(gateway, token), 10)

        async def recorded() -> bool:
            return bool(await gateway.items("/calls", principal=user))

        await until_true(recorded)
    (call,) = await gateway.items("/calls", principal=user)
    assert (call["principal"]["kind"], call["principal"]["name"]) == ("user", "bob@example.com")
    assert call["server"]["name"] == "times" and call["outcome"] == "ok"


async def test_who_is_switched_off_is_refused_by_every_worker(gateway: Gateway) -> None:
    user = await add_user(gateway, "eve")
    async with Visitor(gateway, "eve@example.com") as eve:
        token = await a_pass(eve)
        await until_it_opens(gateway, token)
        await gateway.expect(200, "PATCH", f"/users/{user}", {"active": False})

        async def refused() -> bool:
            return not await opens(gateway, token)

        await until_every_worker(refused)


async def test_once_signed_out_it_opens_nothing_that_it_has_not_opened_before(gateway: Gateway) -> None:
    await add_user(gateway, "zoe")
    async with Visitor(gateway, "zoe@example.com") as zoe:
        token = await a_pass(zoe)
        await zoe.expect(204, "POST", "/auth/logout")
    assert not await opens(gateway, token)
