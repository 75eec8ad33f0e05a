"""When a token is good, and how often, by every front; and the commands for tokens."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest

from tests.integration.fronts import both_ways, furnish
from tests.integration.test_cli import Shell
from tests.support.everything.running import everything
from tests.support.front import LEGACY, Peer, last_message, peer, text_of, until
from tests.support.gateway import Gateway, Launch

__all__ = ["both_ways"]
pytestmark = pytest.mark.anyio
TOOL = {"name": "test_simple_text"}


@asynccontextmanager
async def holder(gateway: Gateway, **conditions: Any) -> AsyncIterator[tuple[Peer, str]]:
    """A client with a token of its own for the server `desk`, and the token's id."""
    body = {"name": "agent", "servers": ["desk"], **conditions}
    made = await gateway.expect(201, "POST", "/tokens", body)
    async with peer(gateway, token=made["token"]) as client:
        yield client, made["id"]


async def modern(client: Peer) -> httpx.Response:
    return await client.ask_for("tools/call", TOOL)


def refused(response: httpx.Response, words: str) -> int:
    """The seconds after which to come again."""
    assert response.status_code == 429, response.text
    assert words in response.text
    return int(response.headers["retry-after"])


def other_day() -> str:
    """One that is neither today nor next to it, anywhere on earth."""
    return (datetime.now(UTC) + timedelta(days=3)).strftime("%a").lower()


async def test_a_rate_is_of_all_requests_but_those_that_only_keep_up_a_connection(both_ways: Gateway) -> None:
    async with holder(both_ways, rate_limit="3/h") as (client, _):
        assert (await client.initialize()).status_code == 200
        for _ in range(5):
            assert (await client.say("ping")).status_code == 200
        assert text_of(await client.call("test_simple_text"))
        assert (await client.say("tools/list")).status_code == 200
        client.session = ""
        assert (await modern(client)).status_code == 200
        for _ in range(3):
            assert 1100 <= refused(await modern(client), "3 requests an hour") <= 1200


async def test_a_refusal_is_an_answer_in_the_words_of_the_protocol(both_ways: Gateway) -> None:
    async with holder(both_ways, rate_limit="1/h") as (client, _):
        await client.initialize()
        assert (await client.say("tools/list")).status_code == 200
        response = await client.say("tools/list")
        refused(response, "1 request an hour")
        error = last_message(response)["error"]
        assert error["code"] < 0 and "agent" in error["message"]


async def test_a_quota_is_of_calls_alone(both_ways: Gateway) -> None:
    async with holder(both_ways, daily_quota=2) as (client, _):
        for _ in range(2):
            assert (await modern(client)).status_code == 200
            assert (await client.ask_for("tools/list")).status_code == 200
        assert 0 < refused(await modern(client), "2 calls a day") <= 86400
        assert (await client.ask_for("tools/list")).status_code == 200


async def test_a_rate_holds_in_the_api_too(both_ways: Gateway) -> None:
    body = {"name": "reader", "permissions": ["tool.read"], "rate_limit": "2/h"}
    token = (await both_ways.expect(201, "POST", "/tokens", body))["token"]
    for _ in range(2):
        assert (await both_ways.api("GET", "/tools", token=token)).status_code == 200
    refused(await both_ways.api("GET", "/tools", token=token), "2 requests an hour")


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"allowed_ips": ["192.0.2.0/24", "2001:db8::/32"]}, "not good from 127.0.0.1"),
        ({"windows": [{"days": [other_day()]}]}, "not good at this time"),
    ],
)
async def test_a_token_is_no_good_from_elsewhere_and_at_other_times(
    both_ways: Gateway, conditions: dict[str, Any], words: str
) -> None:
    async with holder(both_ways, **conditions) as (client, _):
        for response in (
            await modern(client),
            await client.say("initialize", {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {}}),
            await client.http.get(client.url.replace("/mcp", "/sse"), headers=client.headers({"content-type": None})),
            await both_ways.api("GET", "/servers", token=client.token),
        ):
            assert response.status_code == 403 and words in response.text


async def test_a_forged_address_is_not_believed(both_ways: Gateway) -> None:
    async with holder(both_ways, allowed_ips=["192.0.2.7"]) as (client, _):
        for header in ("x-forwarded-for", "x-real-ip", "forwarded"):
            value = "for=192.0.2.7" if header == "forwarded" else "192.0.2.7"
            assert (await client.ask_for("tools/call", TOOL, headers={header: value})).status_code == 403


async def test_a_token_is_good_from_its_addresses_at_its_times(both_ways: Gateway) -> None:
    window = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "end": "00:00"}
    async with holder(both_ways, allowed_ips=["127.0.0.0/8", "::1"], windows=[window]) as (client, _):
        for _ in range(3):
            assert (await modern(client)).status_code == 200


async def test_a_change_of_conditions_holds_for_connections_that_are_open(both_ways: Gateway) -> None:
    async with holder(both_ways, rate_limit="100/h") as (client, id_):
        assert (await modern(client)).status_code == 200
        await both_ways.expect(200, "PATCH", f"/tokens/{id_}", {"rate_limit": "1/h"})
        refused(await modern(client), "1 request an hour")
        await both_ways.expect(200, "PATCH", f"/tokens/{id_}", {"allowed_ips": ["192.0.2.7"]})
        assert (await modern(client)).status_code == 403


@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "api_key"])
async def test_a_token_in_the_url_opens_nothing(both_ways: Gateway, name: str) -> None:
    query = {name: both_ways.token}
    async with peer(both_ways, token="") as client:
        message, headers = client.modern("tools/call", TOOL)
        for path in ("/servers/desk/mcp", "/mcp", "/servers/desk/sse", "/sse", "/servers/desk/messages", "/messages"):
            url = f"{both_ways.url}{path}"
            sent = await client.http.post(url, params=query, json=message, headers=client.headers(headers))
            assert sent.status_code in (401, 404, 405), f"POST {path}: {sent.status_code}"
            plain = client.headers({"content-type": None, "accept": "text/event-stream"})
            got = await client.http.get(url, params=query, headers=plain)
            assert got.status_code in (401, 404, 405), f"GET {path}: {got.status_code}"
        told = await client.http.get(f"{both_ways.url}/api/v1/tokens", params=query)
        assert told.status_code == 400 and both_ways.token not in told.text
        with_header = {"authorization": f"Bearer {both_ways.token}"}
        told = await client.http.get(f"{both_ways.url}/api/v1/tokens", params=query, headers=with_header)
        assert told.status_code == 400
    assert both_ways.token not in both_ways.log


async def test_how_a_token_is_used_is_told_about_a_second_later(both_ways: Gateway) -> None:
    async with holder(both_ways, daily_quota=2) as (client, id_):
        for _ in range(3):
            await modern(client)
        await client.ask_for("tools/list")

        async def told() -> bool:
            totals = (await both_ways.expect(200, "GET", f"/tokens/{id_}/usage"))["totals"]
            return totals == {"requests": 3, "calls": 2, "refused": 1}

        await until(told)
        assert (await both_ways.expect(200, "GET", f"/tokens/{id_}"))["last_used_at"]


async def test_a_preview_shows_what_a_client_then_finds(both_ways: Gateway) -> None:
    body = {"name": "agent", "servers": ["desk"]}
    (desk,) = (await both_ways.expect(200, "POST", "/tokens/preview", body))["servers"]
    async with holder(both_ways) as (client, _):
        for method, kind, key in (
            ("tools/list", "tools", "name"),
            ("prompts/list", "prompts", "name"),
            ("resources/list", "resources", "uri"),
        ):
            listed = (await client.ask(method))["result"][kind]
            assert {one[key] for one in listed} <= set(desk[kind])
        assert len((await client.ask("tools/list"))["result"]["tools"]) == len(desk["tools"])


async def test_what_was_used_is_known_to_all_workers_after_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("restart")
    async with everything(directory) as url:
        async with Gateway(directory / "data") as gateway:
            await furnish(gateway, url)
            async with holder(gateway, daily_quota=3) as (client, _):
                for _ in range(3):
                    assert (await modern(client)).status_code == 200
        async with Gateway(directory / "data", Launch(workers=2), gateway.port):
            for _ in range(12):
                async with httpx.AsyncClient(verify=False) as client.http:
                    refused(await modern(client), "3 calls a day")


async def test_the_commands_for_tokens(both_ways: Gateway) -> None:
    shell = Shell(both_ways, "")
    wanted = ("agent-7", "--server", "desk", "--ip", "127.0.0.0/8", "--rate", "60/m", "--quota", "9")
    times = ("--window", "mon-sun 00:00-00:00 Europe/Berlin")
    preview = await shell.expect("token", "create", *wanted, *times, "--dry-run")
    assert "desk" in preview.out and "test_simple_text" in preview.out
    assert "agent-7" not in (await shell.expect("token", "list")).out
    plain = (await shell.expect("token", "create", *wanted, *times)).out.strip()
    listed = (await shell.expect("token", "list", "--json")).json["items"]
    (id_,) = [one["id"] for one in listed if one["name"] == "agent-7"]
    shown = (await shell.expect("token", "show", id_)).out
    for words in ("127.0.0.0/8", "Europe/Berlin", "60/m", "the installation", "test_simple_text"):
        assert words in shown
    assert (await shell.expect("token", "show", id_, "--json")).json["daily_quota"] == 9
    assert (await shell.expect("call", "desk", "test_simple_text", GATEHOUSE_TOKEN=plain)).out
    rotated = await shell.expect("token", "rotate", id_, "--overlap", "1h")
    assert re.fullmatch(r"gh_\S{43}", rotated.out.strip()) and "is good until" in rotated.err
    for token in (plain, rotated.out.strip()):
        assert (await shell.expect("call", "desk", "test_simple_text", GATEHOUSE_TOKEN=token)).out

    async def counted() -> bool:
        return (await shell.expect("token", "usage", id_, "--json")).json["totals"]["calls"] == 3

    with anyio.fail_after(30):
        await until(counted)
    used = await shell.expect("token", "usage", id_, "--days", "7")
    assert "REQUESTS" in used.out and "all" in used.out
    refusal = await shell.run("token", "create", "x", "--window", "someday")
    assert refusal.code == 2 and "mon-fri" in refusal.err
    assert (await shell.run("token", "create", "x", "--team", "ghosts")).code == 1
    await shell.expect("token", "revoke", id_)
    assert "It opens nothing" in (await shell.expect("token", "show", id_)).out
