"""HTTP+SSE of 2024-11-05: one stream for everything, and an address to post to."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx
import pytest

from tests.integration.fronts import gateway
from tests.integration.test_front_legacy import ANSWERS
from tests.support.front import CLIENT, EVERY_CAPABILITY, Events, Json, Peer, peer, text_of, until
from tests.support.gateway import Gateway

__all__ = ["gateway"]
pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Older:
    """A client of 2024-11-05."""

    peer: Peer
    events: Events
    address: str

    async def post(self, message: object) -> httpx.Response:
        return await self.peer.http.post(self.address, content=json.dumps(message), headers=self.peer.headers())

    async def ask(self, method: str, params: Json | None = None) -> Json:
        """The response, which comes on the stream; what comes before it is passed over."""
        request = self.peer.request(method, params)
        assert (await self.post(request)).status_code == 202
        while (message := await self.events.message()).get("id") != request["id"] or "method" in message:
            pass
        return message


@contextlib.asynccontextmanager
async def older(
    gateway: Gateway, server: str = "desk", capabilities: Json | None = None, token: str | None = None
) -> AsyncGenerator[Older]:
    async with peer(gateway, server, token) as client:
        client.url = client.url.removesuffix("mcp") + "sse"
        async with client.listening() as events:
            endpoint = await events.next()
            assert endpoint is not None and endpoint.kind == "endpoint"
            made = Older(client, events, gateway.url + endpoint.data)
            params = {"protocolVersion": "2024-11-05", "capabilities": capabilities or {}, "clientInfo": CLIENT}
            hello = await made.ask("initialize", params)
            assert hello["result"]["protocolVersion"] == "2024-11-05"
            assert (await made.post({"jsonrpc": "2.0", "method": "notifications/initialized"})).status_code == 202
            yield made


async def test_answers_come_on_the_stream(gateway: Gateway) -> None:
    async with older(gateway) as client:
        assert client.address.startswith(f"{gateway.url}/servers/desk/messages?session_id=")
        assert (await client.ask("ping"))["result"] == {}
        tools = (await client.ask("tools/list"))["result"]["tools"]
        assert "test_simple_text" in [tool["name"] for tool in tools]
        assert "simple text" in text_of(await client.ask("tools/call", {"name": "test_simple_text"}))
        assert (await client.ask("no/such"))["error"]["code"] == -32601
        assert (await client.ask("tools/call", {"name": "x", "_meta": 5}))["error"]["code"] == -32602
        assert (await client.ask("initialize", {}))["error"]["code"] == -32602


async def test_it_works_over_everything_too(gateway: Gateway) -> None:
    async with older(gateway, "") as client:
        assert client.address.startswith(f"{gateway.url}/messages?session_id=")
        assert "simple text" in text_of(await client.ask("tools/call", {"name": "box_test_simple_text"}))


async def test_progress_and_changes_come_on_the_stream(gateway: Gateway) -> None:
    async with older(gateway) as client:
        params = {"name": "test_tool_with_progress", "_meta": {"progressToken": 4}}
        await client.post(client.peer.request("tools/call", params, id="slow"))
        seen = [await client.events.message() for _ in range(4)]
        assert [m["params"]["progress"] for m in seen[:3]] == [0, 50, 100]
        assert seen[3]["id"] == "slow"
        await gateway.expect(200, "PATCH", "/tools/box_test_simple_text", {"title": "Renamed"})
        assert (await client.events.message())["method"] == "notifications/tools/list_changed"


async def test_questions_come_on_the_stream(gateway: Gateway) -> None:
    async with older(gateway, capabilities=EVERY_CAPABILITY) as client:
        params = {"name": "test_elicitation", "arguments": {"message": "Who?"}}
        await client.post(client.peer.request("tools/call", params, id="asks"))
        question = await client.events.message()
        assert question["method"] == "elicitation/create"
        answer = {"jsonrpc": "2.0", "id": question["id"], "result": ANSWERS["elicitation/create"]}
        assert (await client.post(answer)).status_code == 202
        assert "action=accept" in text_of(await client.events.message())


async def test_batches_are_taken_apart(gateway: Gateway) -> None:
    async with older(gateway) as client:
        batch = [client.peer.request("ping", id="a"), [client.peer.request("ping", id="b")], 5]
        assert (await client.post(batch)).status_code == 202
        seen = [await client.events.message() for _ in range(3)]
        assert {m["id"]: "result" in m for m in seen if m["id"]} == {"a": True}
        assert [m["error"]["code"] for m in seen if "error" in m] == [-32600, -32600]
        for refused in ([], [client.peer.request("ping")] * 101, 5):
            assert (await client.post(refused)).status_code == 400
        deep: object = 1
        for _ in range(500):
            deep = [deep]
        assert (await client.post(deep)).status_code == 202
        assert (await client.events.message())["error"]["message"] == "Invalid request: a batch in a batch"


async def test_messages_to_a_session_that_is_not_ones_own_are_not_found(gateway: Gateway) -> None:
    token = await gateway.create_token("somebody else", ["desk"])
    async with older(gateway) as client, peer(gateway, token=token) as stranger:
        message = json.dumps(client.peer.request("ping"))
        response = await stranger.http.post(client.address, content=message, headers=stranger.headers())
        assert response.status_code == 404
        for wrong in ("nonsense", ""):
            address = client.address.partition("?")[0] + (f"?session_id={wrong}" if wrong else "")
            response = await client.peer.http.post(address, content=message, headers=client.peer.headers())
            assert response.status_code == 404
            assert "open the stream again" in response.json()["error"]["message"]
        assert (await client.ask("ping"))["result"] == {}


async def test_a_session_of_the_newer_transport_has_no_stream_to_answer_on(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        await client.initialize()
        address = f"{gateway.url}/servers/desk/messages?session_id={client.session}"
        response = await client.http.post(address, json=client.request("ping"), headers=client.headers())
        assert response.status_code == 404


async def test_the_session_ends_with_its_stream(gateway: Gateway) -> None:
    async with older(gateway) as client:
        address, headers = client.address, client.peer.headers()
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with httpx.AsyncClient() as http:

        async def is_gone() -> bool:
            return (await http.post(address, json=message, headers=headers)).status_code == 404

        await until(is_gone)


async def test_the_verbs_are_those_of_the_transport(gateway: Gateway) -> None:
    async with peer(gateway) as client:
        base = client.url.removesuffix("mcp")
        for face, verb, allowed in (("sse", "POST", "GET"), ("messages", "GET", "POST"), ("sse", "DELETE", "GET")):
            response = await client.http.request(verb, base + face, headers=client.headers())
            assert (response.status_code, response.headers["allow"]) == (405, allowed)


async def test_without_a_token_there_is_no_stream(gateway: Gateway) -> None:
    async with peer(gateway, token="") as client:
        client.url = client.url.removesuffix("mcp") + "sse"
        async with client.listening() as events:
            assert events.response.status_code == 401
