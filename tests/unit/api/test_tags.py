"""Tags over the API: counted by kind, renamed, and put on many things at once."""

from __future__ import annotations

import pytest

from tests.unit.api.gate import Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
PROMPT = {"name": "greet", "messages": [{"role": "user", "content": "Hi"}]}


async def _tagged(gate: Gate) -> list[str]:
    """Ids of two tools; `red` is on a tool, a prompt, an upstream and a server, `blue` on a tool."""
    tools = [one["id"] for one in (await gate.weather())["tools"]]
    await gate.client.patch("/upstreams/weather", json={"tags": ["red"]})
    await gate.client.patch(f"/tools/{tools[0]}", json={"tags": ["red", "blue"]})
    await gate.create("/prompts", **PROMPT, tags=["red"])
    await gate.create("/servers", name="Desk", tags=["red"])
    return tools


async def test_tags_are_counted_by_kind(gate: Gate) -> None:
    assert (await gate.get("/tags"))["items"] == []
    await _tagged(gate)
    blue, red = (await gate.get("/tags"))["items"]
    assert (blue["tag"], blue["total"], blue["tools"]) == ("blue", 1, 1)
    assert {name: red[name] for name in ("upstreams", "tools", "prompts", "resources", "servers", "agents")} == {
        "upstreams": 1,
        "tools": 1,
        "prompts": 1,
        "resources": 0,
        "servers": 1,
        "agents": 0,
    }


async def test_a_tag_is_renamed_everywhere_and_two_become_one(gate: Gate) -> None:
    tools = await _tagged(gate)
    problem(await gate.client.post("/tags/rename", json={"from": "green", "to": "blue"}), 404)
    problem(await gate.client.post("/tags/rename", json={"from": "red", "to": " "}), 400)
    renamed = await gate.client.post("/tags/rename", json={"from": "red", "to": "blue"})
    assert renamed.status_code == 200, renamed.text
    assert (renamed.json()["tag"], renamed.json()["total"]) == ("blue", 4)
    (only,) = (await gate.get("/tags"))["items"]
    assert (only["tag"], only["tools"]) == ("blue", 1)
    assert (await gate.get(f"/tools/{tools[0]}"))["tags"] == ["blue"]
    known = gate.current.snapshot.capability(tools[0])
    assert known is not None and known.tags == ("blue",)


async def test_tokens_and_users_have_tags_that_are_found_counted_and_renamed(gate: Gate) -> None:
    token = await gate.create("/tokens", name="ci", permissions=["tool.read"], tags=[" robots ", "robots"])
    gone = await gate.create("/tokens", name="old", permissions=["tool.read"], tags=["robots"])
    await gate.create("/tokens", name="plain", permissions=["tool.read"])
    user = await gate.create("/users", email="ada@example.com", name="Ada", tags=["robots", "lab"])
    assert (token["tags"], user["tags"]) == (["robots"], ["robots", "lab"])
    await gate.client.delete(f"/tokens/{gone['id']}")
    lab, robots = (await gate.get("/tags"))["items"]
    assert (lab["users"], robots["tokens"], robots["users"], robots["total"]) == (1, 1, 1, 2)
    renamed = await gate.client.post("/tags/rename", json={"from": "robots", "to": "lab"})
    assert renamed.json()["total"] == 2
    assert [one["id"] for one in (await gate.get("/tokens", tag="lab"))["items"]] == [token["id"]]
    assert [one["id"] for one in (await gate.get("/users", tag="lab"))["items"]] == [user["id"]]
    assert (await gate.get("/users", tag="robots"))["items"] == []
    for path, empty in ((f"/tokens/{token['id']}", None), (f"/users/{user['id']}", [])):
        kept = await gate.client.patch(path, json={"name": "Another"})
        assert kept.json()["tags"] == ["lab"]
        problem(await gate.client.patch(path, json={"tags": [" "]}), 400)
        cleared = await gate.client.patch(path, json={"tags": empty})
        assert cleared.json()["tags"] == []
    assert (await gate.get("/tags"))["items"] == []


async def test_a_tag_on_a_token_or_a_user_is_counted_for_those_alone_who_see_it(gate: Gate) -> None:
    people = People(gate)
    await people.user("bob")
    await gate.create("/tokens", name="ci", permissions=["tool.read"], tags=["robots"])
    await gate.create("/users", email="ada@example.com", name="Ada", tags=["lab"])
    assert (await gate.send("GET", "/tags", token=people.tokens["bob"])).json()["items"] == []
    renaming = await gate.send("POST", "/tags/rename", {"from": "lab", "to": "mine"}, people.tokens["bob"])
    assert renaming.status_code == 404


async def test_many_are_tagged_at_once_or_none(gate: Gate) -> None:
    tools = await _tagged(gate)
    problem(await gate.client.post("/tools/tags", json={"ids": tools}), 400)
    problem(await gate.client.post("/tools/tags", json={"ids": [*tools, "nothing"], "add": ["x"]}), 404)
    assert (await gate.get("/tools", tag="x"))["items"] == []
    done = await gate.client.post("/tools/tags", json={"ids": tools, "add": ["x", "blue"], "remove": ["red"]})
    assert done.status_code == 200, done.text
    assert done.json()["changed"] == 2
    assert [one["tags"] for one in done.json()["items"]] == [["blue", "x"], ["x", "blue"]]


async def test_what_somebody_may_not_see_is_not_counted_and_not_renamed(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    await people.user("bob")
    made = await gate.send("POST", "/prompts", PROMPT | {"tags": ["mine"]}, people.tokens["ann"])
    assert made.status_code == 201, made.text
    assert (await gate.send("GET", "/tags", token=people.tokens["bob"])).json()["items"] == []
    body = {"from": "mine", "to": "his"}
    problem(await gate.send("POST", "/tags/rename", body, people.tokens["bob"]), 404)
    tagging = {"ids": [made.json()["id"]], "add": ["his"]}
    problem(await gate.send("POST", "/prompts/tags", tagging, people.tokens["bob"]), 404)
    (tag,) = (await gate.send("GET", "/tags", token=people.tokens["ann"])).json()["items"]
    assert (tag["tag"], tag["prompts"]) == ("mine", 1)
