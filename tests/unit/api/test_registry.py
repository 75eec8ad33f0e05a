"""The registry over the API: what is shown, what is asked for, and what is installed."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.catalog.model import Status
from tests.support.registry_server import server_json
from tests.unit.api.gate import WEATHER, Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
SECRET = "s3cret-value"
DATABASE = {"values": {"DATABASE_URI": f"postgresql://u:{SECRET}@db/x"}}


async def test_entries_are_listed_filtered_and_paged(gate: Gate) -> None:
    first = await gate.get("/registry", limit=50)
    second = await gate.get("/registry", limit=500, cursor=first["next"])
    assert len(first["items"]) == 50 and len(second["items"]) >= 50 and second["next"] is None
    found = await gate.get("/registry", q="postgres", transport="stdio", auth="key", source="bundled")
    assert "postgres-pro" in [one["id"] for one in found["items"]]
    categories = {one["name"]: one["entries"] for one in (await gate.get("/registry/categories"))["items"]}
    assert categories["databases"] == len((await gate.get("/registry", category="databases"))["items"])


@pytest.mark.parametrize("query", ["limit=0", "auth=magic", "transport=pigeon", "installed=perhaps", "x=1"])
async def test_a_list_that_can_not_be_is_refused(gate: Gate, query: str) -> None:
    problem(await gate.client.get(f"/registry?{query}"), 400)


async def test_what_is_not_there_is_told(gate: Gate) -> None:
    assert "no registry entry" in problem(await gate.client.get("/registry/nothing"), 404)["detail"]
    problem(await gate.client.post("/registry/nothing/install", json={}), 404)
    assert (
        "has no way 'oci'"
        in problem(await gate.client.post("/registry/notion/preview", json={"way": "oci"}), 400)["detail"]
    )


async def test_an_entry_shows_its_ways_and_what_each_needs(gate: Gate) -> None:
    shown = await gate.get("/registry/github")
    assert [(way["name"], way["transport"], way["possible"]) for way in shown["ways"]] == [
        ("http", "http", True),
        ("oci", "stdio", True),
    ]
    (field,) = shown["ways"][0]["fields"]
    assert (field["key"], field["where"], field["secret"], field["required"]) == ("token", "header", True, True)
    assert shown["server"]["name"] == shown["name"] == "com.github/mcp"


async def test_only_entries_of_the_bundled_list_have_the_marks_that_come_with_it(gate: Gate) -> None:
    assert (await gate.get("/registry/github"))["icon"] == "/registry/icons/github.svg"
    assert (await gate.get("/registry/deepwiki"))["icon"] is None
    meta = {"gatehouse/entry": {"slug": "github", "icon": "github"}}
    servers = [
        server_json("com.example/passing-for-github", _meta=meta),
        server_json("com.example/with-its-own", _meta=meta, icons=[{"src": "https://example.com/icon.png"}]),
    ]
    made = await gate.client.post("/registry/sources", json={"name": "ours", "servers": servers})
    assert made.status_code == 201
    listed = (await gate.get("/registry", source="ours"))["items"]
    assert [one["icon"] for one in listed] == [None, "https://example.com/icon.png"]


async def test_what_does_not_answer_is_not_saved_unless_that_is_asked_for(gate: Gate) -> None:
    refused = problem(await gate.client.post("/registry/deepwiki/install", json={}), 502)
    assert "nothing was saved: connection refused" in refused["detail"]
    assert (await gate.get("/upstreams"))["items"] == []
    saved = await gate.client.post("/registry/deepwiki/install", json={"save_anyway": True})
    assert saved.json()["state"] == "down"
    assert saved.json()["upstream"]["status"] == "down"


async def test_an_open_server_is_installed_in_one_step(gate: Gate) -> None:
    gate.operations.offers["wiki"] = WEATHER
    made = (await gate.client.post("/registry/deepwiki/install", json={"name": "wiki"})).json()
    assert made["state"] == "installed"
    upstream = made["upstream"]
    assert (upstream["url"], upstream["transport"], upstream["status"]) == (
        "https://mcp.deepwiki.com/mcp",
        "http",
        "ok",
    )
    assert [tool["name"] for tool in upstream["tools"]] == ["forecast", "alert"]
    (shown,) = (await gate.get("/registry", installed="true"))["items"]
    assert shown["installed"] == [{"id": upstream["id"], "name": "wiki", "version": "1.0.0"}]
    assert (
        "already" in problem(await gate.client.post("/registry/deepwiki/install", json={"name": "wiki"}), 409)["detail"]
    )


async def test_a_key_is_asked_for_sent_as_a_header_and_never_told(gate: Gate) -> None:
    missing = problem(await gate.client.post("/registry/tavily/install", json={}), 400)
    assert missing["errors"] == [{"field": "values.token", "message": "it is missing"}]
    gate.operations.offers["tavily"] = WEATHER
    made = await gate.client.post("/registry/tavily/install", json={"values": {"token": SECRET}})
    assert made.json()["upstream"]["credential"] == {"type": "headers"}
    tried = gate.operations.tried[-1]
    assert gate.catalog.open_credential(tried) == {"type": "headers", "headers": {"Authorization": f"Bearer {SECRET}"}}
    for path in ("/registry/tavily", "/upstreams/tavily", "/audit", "/registry/updates"):
        assert SECRET not in (await gate.client.get(path)).text
    assert SECRET not in made.text


async def test_a_command_is_shown_whole_and_only_that_one_is_run(gate: Gate) -> None:
    gate.operations.offers["postgres-mcp-pro"] = WEATHER
    path = "/registry/postgres-pro"
    shown = (await gate.client.post(f"{path}/preview", json=DATABASE)).json()
    assert shown["command_line"] == "uvx postgres-mcp==0.3.0 --access-mode restricted"
    assert shown["env"] == ["DATABASE_URI"] and SECRET not in str(shown)
    for accepted in ({}, {"accept_command": "uvx postgres-mcp==0.3.0"}):
        refused = problem(await gate.client.post(f"{path}/install", json={**DATABASE, **accepted}), 409)
        assert shown["command_line"] in refused["detail"]
    assert gate.operations.tried == []
    made = await gate.client.post(f"{path}/install", json={**DATABASE, "accept_command": shown["command_line"]})
    upstream = made.json()["upstream"]
    assert (upstream["command"], upstream["args"][0]) == ("uvx", "postgres-mcp==0.3.0")
    assert gate.catalog.open_env(gate.operations.tried[-1]) == DATABASE["values"]


async def test_who_may_not_run_commands_installs_urls_alone(gate: Gate) -> None:
    people = People(gate)
    await people.user("bob")
    gate.operations.offers |= {"time": WEATHER, "deepwiki": WEATHER}
    command = (await gate.client.post("/registry/time/preview", json={})).json()["command_line"]
    refused = await gate.send("POST", "/registry/time/install", {"accept_command": command}, people.tokens["bob"])
    assert "upstream.stdio" in problem(refused, 403)["detail"]
    made = await gate.send("POST", "/registry/deepwiki/install", {}, people.tokens["bob"])
    assert made.status_code == 200, made.text
    assert (made.json()["upstream"]["owner"], made.json()["upstream"]["visibility"]) == (people.users["bob"], "private")
    shown = await gate.send("GET", "/registry/deepwiki", token=people.tokens["bob"])
    assert len(shown.json()["installed"]) == 1


async def test_who_only_looks_installs_nothing(gate: Gate) -> None:
    token = await gate.token("registry.read", "upstream.read")
    assert (await gate.send("GET", "/registry/time", token=token)).status_code == 200
    assert (await gate.send("POST", "/registry/time/preview", {}, token)).status_code == 200
    problem(await gate.send("POST", "/registry/deepwiki/install", {}, token), 403)
    problem(await gate.send("POST", "/registry/sources", {"name": "x", "url": "https://x"}, token), 403)


async def test_what_others_installed_for_themselves_is_not_told(gate: Gate) -> None:
    people = People(gate)
    for name in ("ann", "bob"):
        await people.user(name)
    gate.operations.offers["deepwiki"] = WEATHER
    await gate.send("POST", "/registry/deepwiki/install", {}, people.tokens["ann"])
    for path in ("/registry/deepwiki", "/registry?installed=true", "/registry/updates"):
        shown = await gate.send("GET", path, token=people.tokens["bob"])
        assert shown.status_code == 200
        assert "ups_" not in shown.text


async def test_a_server_that_people_sign_in_to_is_saved_and_waits(gate: Gate) -> None:
    gate.operations.sign_in.add("linear")
    made = (await gate.client.post("/registry/linear/install", json={})).json()
    assert (made["state"], made["upstream"]["status"]) == ("sign_in", Status.SIGN_IN)
    assert "wants credentials" in made["message"]
    assert [one["name"] for one in (await gate.get("/upstreams", status="sign_in"))["items"]] == ["linear"]


async def test_such_a_server_takes_a_static_header_where_it_has_one(gate: Gate) -> None:
    gate.operations.offers |= {"linear": WEATHER, "notion": WEATHER}
    made = (await gate.client.post("/registry/linear/install", json={"values": {"token": SECRET}})).json()
    assert (made["state"], made["upstream"]["credential"]) == ("installed", {"type": "headers"})
    own = {"credential": {"type": "bearer", "token": SECRET}}
    made = (await gate.client.post("/registry/notion/install", json=own)).json()
    assert made["upstream"]["credential"] == {"type": "bearer"}


async def test_a_key_that_is_not_taken_is_an_error_and_no_sign_in(gate: Gate) -> None:
    gate.operations.sign_in.add("github")
    refused = problem(await gate.client.post("/registry/github/install", json={"values": {"token": SECRET}}), 502)
    assert "wants credentials" in refused["detail"] and SECRET not in str(refused)


async def test_a_credential_is_for_urls(gate: Gate) -> None:
    command = (await gate.client.post("/registry/time/preview", json={})).json()["command_line"]
    body: dict[str, Any] = {"accept_command": command, "credential": {"type": "bearer", "token": "x"}}
    assert (
        "A command gets no credential"
        in problem(await gate.client.post("/registry/time/install", json=body), 400)["detail"]
    )


async def test_what_was_deleted_or_has_no_way_is_not_installed(gate: Gate) -> None:
    remote, bare = server_json("a/gone"), server_json("a/bare", remotes=[])
    await gate.create("/registry/sources", name="ours", servers=[remote, bare])
    ids = {one["name"]: one["id"] for one in (await gate.get("/registry", source="ours"))["items"]}
    await gate.client.patch("/registry/sources/ours", json={"servers": [bare]})
    assert (
        "was deleted" in problem(await gate.client.post(f"/registry/{ids['a/gone']}/install", json={}), 409)["detail"]
    )
    assert (
        "can't be installed"
        in problem(await gate.client.post(f"/registry/{ids['a/bare']}/install", json={}), 409)["detail"]
    )


async def test_a_documents_words_are_shown_clean_and_its_links_only_where_they_are_https(gate: Gate) -> None:
    evil = server_json(
        "a/evil", title="Nice\u202e\x1b[2J", websiteUrl="javascript:alert(1)", icons=[{"src": "http://x/i.png"}]
    )  # fmt: skip
    await gate.create("/registry/sources", name="ours", servers=[evil])
    (shown,) = (await gate.get("/registry", source="ours"))["items"]
    assert (shown["title"], shown["docs"], shown["icon"]) == ("Nice  [2J", None, None)
