"""Sources, updates with their differences, and requests for approval, over the API."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.support.registry_server import RegistryServer, server_json
from tests.unit.api.gate import WEATHER, Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
TOKEN = {"token": {"isSecret": True, "isRequired": True}}
HEADER = {"name": "Authorization", "value": "Bearer {token}", "variables": TOKEN}


def remote(version: str, url: str = "https://one.example/mcp", *headers: dict[str, Any]) -> dict[str, Any]:
    found = {"type": "streamable-http", "url": url} | ({"headers": list(headers)} if headers else {})
    return server_json("com.example/one", version=version, title="One", remotes=[found])


def package(version: str) -> dict[str, Any]:
    one = {"registryType": "npm", "identifier": "one", "version": version, "transport": {"type": "stdio"}}
    return server_json("com.example/one", version=version, title="One", remotes=[], packages=[one])


async def installed(gate: Gate, server: dict[str, Any], **body: Any) -> dict[str, Any]:
    """An upstream `one`, from a source `ours` with this server alone."""
    gate.operations.offers["one"] = WEATHER
    await gate.create("/registry/sources", name="ours", servers=[server])
    (entry,) = (await gate.get("/registry", source="ours"))["items"]
    made = await gate.client.post(f"/registry/{entry['id']}/install", json=body)
    assert made.status_code == 200, made.text
    return made.json()["upstream"]


async def republish(gate: Gate, *servers: dict[str, Any]) -> list[dict[str, Any]]:
    """The updates that there are once the source has these."""
    response = await gate.client.patch("/registry/sources/ours", json={"servers": list(servers)})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = (await gate.get("/registry/updates"))["items"]
    return found


async def test_what_is_as_its_registry_has_it_has_no_update(gate: Gate) -> None:
    await installed(gate, remote("1.0.0"))
    assert await republish(gate, remote("1.0.0") | {"description": "Other words"}) == []


async def test_an_update_shows_what_changes_and_is_taken_after_consent_to_that_version(gate: Gate) -> None:
    upstream = await installed(gate, remote("1.0.0"))
    (update,) = await republish(gate, remote("1.1.0", "https://two.example/mcp"))
    assert update["changes"] == [
        {"field": "version", "before": "1.0.0", "after": "1.1.0"},
        {"field": "url", "before": "https://one.example/mcp", "after": "https://two.example/mcp"},
    ]
    path = f"/upstreams/{upstream['id']}/update"
    assert "at version 1.1.0 now" in problem(await gate.client.post(path, json={"version": "1.0.9"}), 409)["detail"]
    taken = (await gate.client.post(path, json={"version": "1.1.0"})).json()
    assert (taken["state"], taken["upstream"]["url"]) == ("installed", "https://two.example/mcp")
    assert (await gate.get("/registry/updates"))["items"] == []


async def test_an_update_that_does_not_answer_leaves_the_upstream_as_it_was(gate: Gate) -> None:
    upstream = await installed(gate, remote("1.0.0"))
    await republish(gate, remote("1.1.0", "https://two.example/mcp"))
    gate.operations.offers.clear()
    problem(await gate.client.post(f"/upstreams/{upstream['id']}/update", json={"version": "1.1.0"}), 502)
    assert (await gate.get(f"/upstreams/{upstream['id']}"))["url"] == "https://one.example/mcp"
    assert len((await gate.get("/registry/updates"))["items"]) == 1


async def test_an_update_asks_for_what_is_new_in_its_form_and_keeps_the_rest(gate: Gate) -> None:
    upstream = await installed(gate, remote("1.0.0"))
    (update,) = await republish(gate, remote("2.0.0", "https://one.example/mcp", HEADER))
    assert [one["key"] for one in update["fields"]] == ["token"]
    path = f"/upstreams/{upstream['id']}/update"
    problem(await gate.client.post(path, json={"version": "2.0.0"}), 400)
    await gate.client.post(path, json={"version": "2.0.0", "values": {"token": "t0ken"}})
    assert gate.catalog.open_credential(await gate.catalog.upstream("one")) == {
        "type": "headers",
        "headers": {"Authorization": "Bearer t0ken"},
    }
    await republish(gate, remote("3.0.0", "https://one.example/mcp/v3", HEADER))
    assert (await gate.client.post(path, json={"version": "3.0.0"})).status_code == 200
    after = await gate.catalog.upstream("one")
    assert after.url == "https://one.example/mcp/v3"
    assert (gate.catalog.open_credential(after) or {})["headers"] == {"Authorization": "Bearer t0ken"}


async def test_a_credential_that_was_changed_by_hand_stays_through_an_update(gate: Gate) -> None:
    upstream = await installed(gate, remote("1.0.0", "https://one.example/mcp", HEADER), values={"token": "old"})
    new = {"type": "headers", "headers": {"authorization": "Bearer new"}}
    await gate.client.patch(f"/upstreams/{upstream['id']}", json={"credential": new})
    await republish(gate, remote("2.0.0", "https://one.example/v2", HEADER))
    path = f"/upstreams/{upstream['id']}/update"
    assert (await gate.client.post(path, json={"version": "2.0.0"})).status_code == 200
    stored = gate.catalog.open_credential(await gate.catalog.upstream("one")) or {}
    assert list(stored["headers"].values()) == ["Bearer new"]
    own = {"type": "bearer", "token": "mine"}
    await gate.client.patch(f"/upstreams/{upstream['id']}", json={"credential": own})
    await republish(gate, remote("3.0.0", "https://one.example/v3", HEADER))
    assert (await gate.client.post(path, json={"version": "3.0.0"})).status_code == 200
    assert gate.catalog.open_credential(await gate.catalog.upstream("one")) == own


async def test_a_new_command_is_accepted_word_for_word_too(gate: Gate) -> None:
    upstream = await installed(gate, package("1.0.0"), accept_command="npx -y one@1.0.0")
    (update,) = await republish(gate, package("1.1.0"))
    assert update["command_line"] == "npx -y one@1.1.0"
    assert {"field": "command_line", "before": "npx -y one@1.0.0", "after": "npx -y one@1.1.0"} in update["changes"]
    path = f"/upstreams/{upstream['id']}/update"
    problem(await gate.client.post(path, json={"version": "1.1.0"}), 409)
    taken = await gate.client.post(path, json={"version": "1.1.0", "accept_command": "npx -y one@1.1.0"})
    assert taken.json()["upstream"]["args"] == ["-y", "one@1.1.0"]


async def test_what_its_registry_deleted_is_told_and_goes_on_working(gate: Gate) -> None:
    upstream = await installed(gate, remote("1.0.0"))
    (update,) = await republish(gate)
    assert (update["version"], update["status"]) == (None, "deleted")
    assert "goes on working" in update["problem"]
    problem(await gate.client.post(f"/upstreams/{upstream['id']}/update", json={"version": "1.0.0"}), 409)
    await gate.client.delete("/registry/sources/ours")
    assert [one["status"] for one in (await gate.get("/registry/updates"))["items"]] == ["gone"]


async def test_a_way_that_is_gone_is_told(gate: Gate) -> None:
    await installed(gate, remote("1.0.0"))
    (update,) = await republish(gate, package("2.0.0"))
    assert "has the way 'http' no more" in update["problem"]


async def test_an_upstream_of_another_kind_has_nothing_to_update_to(gate: Gate) -> None:
    upstream = await gate.weather()
    problem(await gate.client.post(f"/upstreams/{upstream['id']}/update", json={"version": "1"}), 404)


async def test_a_registry_is_added_read_and_removed(gate: Gate) -> None:
    with RegistryServer(token="s3cret") as peer:
        peer.publish(server_json("a/one"))
        added = await gate.create("/registry/sources", name="peer", url=peer.url, token="s3cret")
        assert (added["has_token"], added["entries"], "s3cret" in str(added)) == (True, 0, False)
        started = await gate.client.post("/registry/sources/peer/sync", json={})
        assert started.status_code == 200, started.text
        with anyio.fail_after(20):
            while gate.registry.syncing.is_running(added["id"]):  # noqa: ASYNC110 - it has no end to wait for
                await anyio.sleep(0.01)
        shown = await gate.get("/registry/sources/peer")
        assert (shown["entries"], shown["error"]) == (1, None)
        assert [one["name"] for one in (await gate.get("/registry", source="peer"))["items"]] == ["a/one"]
    problem(await gate.client.post("/registry/sources/bundled/sync", json={}), 409)
    problem(await gate.client.delete("/registry/sources/bundled"), 409)
    assert (await gate.client.delete("/registry/sources/peer")).status_code == 204
    assert "s3cret" not in (await gate.client.get("/audit")).text


async def test_where_approval_is_needed_a_request_waits_and_is_installed_for_who_asked(gate: Gate) -> None:
    people = People(gate)
    for name in ("ann", "bob"):
        await people.user(name)
    gate.registry.approval = True
    gate.operations.offers["tavily"] = WEATHER
    body = {"values": {"token": "s3cret"}, "message": "I need it"}
    waiting = (await gate.send("POST", "/registry/tavily/install", body, people.tokens["ann"])).json()
    request = waiting["request"]
    assert (waiting["state"], waiting["upstream"]) == ("waiting", None)
    assert (request["url"], request["requester"], request["message"]) == (
        "https://mcp.tavily.com/mcp/",
        "ann",
        "I need it",
    )
    assert (await gate.get("/upstreams"))["items"] == []
    of_bob = await gate.send("GET", "/registry/requests", token=people.tokens["bob"])
    assert of_bob.json()["items"] == []
    path = f"/registry/requests/{request['id']}"
    problem(await gate.send("POST", f"{path}/approve", {}, people.tokens["ann"]), 403)
    approved = (await gate.client.post(f"{path}/approve", json={})).json()
    assert approved["state"] == "installed"
    assert (approved["upstream"]["owner"], approved["upstream"]["visibility"]) == (people.users["ann"], "private")
    assert "accepted already" in problem(await gate.client.post(f"{path}/approve", json={}), 409)["detail"]
    assert "s3cret" not in (await gate.client.get("/registry/requests")).text + (await gate.client.get("/audit")).text


async def test_a_request_is_declined_with_a_reason_that_its_maker_sees(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    gate.registry.approval = True
    asked = await gate.send("POST", "/registry/time/install", {}, people.tokens["ann"])
    request = asked.json()["request"]
    assert request["command_line"] == "uvx mcp-server-time==2026.10.19 --local-timezone UTC"
    path = f"/registry/requests/{request['id']}"
    assert request["command_line"] in problem(await gate.client.post(f"{path}/approve", json={}), 409)["detail"]
    problem(await gate.client.post(f"{path}/decline", json={"reason": ""}), 400)
    await gate.client.post(f"{path}/decline", json={"reason": "We have a clock"})
    (shown,) = (await gate.send("GET", "/registry/requests", token=people.tokens["ann"])).json()["items"]
    assert (shown["state"], shown["reason"]) == ("declined", "We have a clock")


async def test_what_changed_since_it_was_asked_for_is_not_approved(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    gate.registry.approval = True
    await gate.create("/registry/sources", name="ours", servers=[remote("1.0.0")])
    (entry,) = (await gate.get("/registry", source="ours"))["items"]
    asked = await gate.send("POST", f"/registry/{entry['id']}/install", {}, people.tokens["ann"])
    await republish(gate, remote("1.0.1", "https://evil.example/mcp"))
    path = f"/registry/requests/{asked.json()['request']['id']}"
    assert "has changed since" in problem(await gate.client.post(f"{path}/approve", json={}), 409)["detail"]


async def test_who_may_approve_asks_nobody(gate: Gate) -> None:
    gate.registry.approval = True
    gate.operations.offers["deepwiki"] = WEATHER
    assert (await gate.client.post("/registry/deepwiki/install", json={})).json()["state"] == "installed"
