"""Prompts that are made here, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.gate import Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
REVIEW: dict[str, Any] = {
    "name": "review",
    "title": "Review",
    "arguments": [
        {"name": "language", "type": "enum", "choices": ["Python", "Go"], "required": True},
        {"name": "strict", "type": "boolean", "default": False},
    ],
    "messages": [{"role": "user", "content": "Review this {{language}}.{{#if strict}} Spare nothing.{{/if}}"}],
}


async def _made(gate: Gate, **fields: Any) -> dict[str, Any]:
    return await gate.create("/prompts", **(REVIEW | fields))


async def test_a_prompt_whose_template_speaks_of_what_is_no_argument_is_refused(gate: Gate) -> None:
    body = REVIEW | {"messages": [{"role": "user", "content": "Review {{file}}"}]}
    refused = problem(await gate.client.post("/prompts", json=body), 400)
    assert "'file', which is no argument" in refused["detail"]
    assert "language, strict" in refused["hint"]


_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "0 messages"),
    ({"name": "two words"}, "can't be advertised"),
    ({"messages": [{"role": "user", "content": "{{language"}]}, "has no '}}'"),
    ({"messages": [{"role": "user", "content": "\n{{language.upper()}}"}]}, "in line 2"),
    ({"messages": [{"role": "user", "content": "{{#if strict}}x"}]}, "without {{/if}}"),
    ({"messages": [{"role": "user", "content": "{{/if}}"}]}, "none of its words"),
    ({"arguments": [{"name": "language", "type": "enum"}]}, "without choices"),
    ({"arguments": [{"name": "language", "default": "x", "required": True}]}, "has a default"),
    ({"arguments": [{"name": "language", "type": "integer", "default": "x"}]}, 'is "x"'),
    ({"arguments": [{"name": "language"}, {"name": "language"}]}, "two arguments"),
    (
        {"messages": [{"role": "user", "content": {"type": "image", "data": "!", "mimeType": "image/png"}}]},
        "base64",
    ),
    ({"messages": [{"role": "system", "content": "x"}]}, "messages[0].role"),
    ({"team": "nowhere"}, "There is no team"),
]


async def test_a_prompt_that_can_not_be_is_refused_with_what_is_wrong(gate: Gate) -> None:
    for body, words in _REFUSED:
        refused = problem(await gate.client.post("/prompts", json=REVIEW | body), 400)
        assert words in refused["detail"] + refused.get("hint", "") + str(refused.get("errors")), body


async def test_a_name_is_taken_once(gate: Gate) -> None:
    await _made(gate)
    refused = problem(await gate.client.post("/prompts", json=REVIEW), 409)
    assert "There is a prompt 'review'" in refused["detail"]


async def test_a_prompt_is_made_and_shown(gate: Gate) -> None:
    made = await _made(gate, tags=["code"], note="first")
    assert (made["upstream"]["name"], made["handle"], made["own"]) == ("own", "own_review", True)
    assert made["definition"]["arguments"][0] == {
        "name": "language",
        "description": "Takes one of Python, Go.",
        "required": True,
    }
    assert made["source"]["messages"][0]["content"]["text"].startswith("Review this")
    assert (await gate.get(f"/prompts/{made['id']}")) == made
    listed = (await gate.get("/prompts", tag="code"))["items"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert "source" not in listed[0]


async def test_gatehouse_itself_stands_among_upstreams_only_where_it_is_asked_for(gate: Gate) -> None:
    await _made(gate)
    assert (await gate.get("/upstreams"))["items"] == []
    (own,) = (await gate.get("/upstreams", kind="local"))["items"]
    assert (own["name"], own["status"], own["detected"]) == ("own", "ok", None)
    refused = problem(await gate.client.delete("/upstreams/own"), 409)
    assert "can't be removed" in refused["detail"]
    assert problem(await gate.client.patch("/upstreams/own", json={"url": "https://x.test"}), 400)
    renamed = await gate.client.patch("/upstreams/own", json={"name": "house"})
    assert renamed.status_code == 200, renamed.text
    assert (await gate.get("/prompts/house_review"))["name"] == "review"


async def test_its_name_gives_way_to_an_upstream_that_has_it(gate: Gate) -> None:
    await gate.create("/upstreams", name="own", url="https://own.test/mcp")
    assert (await _made(gate))["upstream"]["name"] == "own-2"


async def test_what_an_upstream_offers_is_not_changed_here(gate: Gate) -> None:
    brief = (await gate.weather())["prompts"][0]["id"]
    for method, path, body in (
        ("PUT", "", {"messages": REVIEW["messages"]}),
        ("PATCH", "", {"messages": REVIEW["messages"]}),
        ("DELETE", "", None),
        ("GET", "/versions", None),
        ("POST", "/versions/1/restore", {}),
    ):
        refused = problem(await gate.send(method, f"/prompts/{brief}{path}", body), 409)
        assert "upstream 'weather' offers it" in refused["detail"]
    said = await gate.send("PATCH", f"/prompts/{brief}", {"title": "Brief"})
    assert said.json()["overrides"]["title"] == "Brief"


async def test_each_change_is_a_version_with_who_and_why(gate: Gate) -> None:
    made = await _made(gate, note="first")
    path = f"/prompts/{made['id']}"
    changed = await gate.send("PATCH", path, {"title": "Look", "note": "shorter"})
    assert (changed.json()["title"], changed.json()["definition"]["_meta"]) == ("Look", {"gatehouse/version": 2})
    assert (await gate.send("PATCH", path, {"title": "Look"})).json()["source"]["version"] == 2
    versions = (await gate.get(f"{path}/versions"))["items"]
    assert [(one["version"], one["note"], one["current"]) for one in versions] == [
        (2, "shorter", True),
        (1, "first", False),
    ]
    assert versions[0]["author"]["name"] == "admin"
    assert (await gate.get(f"{path}/versions/1"))["source"]["title"] == "Review"
    problem(await gate.client.get(f"{path}/versions/3"), 404)
    problem(await gate.client.get(f"{path}/versions/x"), 404)


async def test_versions_are_compared_and_restored(gate: Gate) -> None:
    made = await _made(gate)
    path = f"/prompts/{made['id']}"
    text = [{"role": "user", "content": "Read this {{language}}."}]
    replaced = await gate.send("PUT", path, {"messages": text, "arguments": REVIEW["arguments"]})
    assert replaced.status_code == 200, replaced.text
    assert replaced.json()["title"] is None
    told = await gate.get(f"{path}/versions/1/diff")
    assert (told["from_version"], told["to_version"], told["identical"]) == (1, 2, False)
    assert "-title: Review" in told["diff"]
    assert "+Read this {{language}}." in told["diff"]
    assert (await gate.get(f"{path}/versions/1/diff", to=1))["identical"] is True
    restored = await gate.send("POST", f"{path}/versions/1/restore", {"note": "better"})
    assert restored.status_code == 200, restored.text
    assert (restored.json()["title"], restored.json()["source"]["version"]) == ("Review", 3)
    assert (await gate.get(f"{path}/versions"))["items"][0]["restored_from"] == 1


async def test_tags_and_place_are_changed_without_a_version(gate: Gate) -> None:
    made = await _made(gate)
    path = f"/prompts/{made['id']}"
    changed = await gate.send("PATCH", path, {"tags": ["a"], "enabled": False, "visibility": "private"})
    assert changed.status_code == 200, changed.text
    shown = changed.json()
    assert (shown["tags"], shown["enabled"], shown["visibility"]) == (["a"], False, "private")
    assert shown["source"]["version"] == 1
    problem(await gate.send("PATCH", path, {"visibility": None}), 400)


async def test_a_prompt_that_is_removed_leaves_the_servers_it_was_in(gate: Gate) -> None:
    made = await _made(gate)
    server = await gate.create("/servers", name="Desk", prompts=[made["id"]])
    assert (await gate.client.delete(f"/prompts/{made['id']}")).status_code == 204
    problem(await gate.client.get(f"/prompts/{made['id']}"), 404)
    assert (await gate.get(f"/servers/{server['id']}/bindings"))["items"] == []
    await _made(gate)


async def test_a_prompt_is_tried_before_it_is_stored(gate: Gate) -> None:
    body = {"arguments": REVIEW["arguments"], "messages": REVIEW["messages"]}
    said = await gate.send("POST", "/prompts/preview", body | {"values": {"language": "Go", "strict": "true"}})
    assert said.json() == {
        "messages": [{"role": "user", "content": {"type": "text", "text": "Review this Go. Spare nothing."}}]
    }
    refused = problem(await gate.send("POST", "/prompts/preview", body), 400)
    assert refused["detail"] == "The argument 'language' is missing."
    assert refused["hint"] == "Give one of Python, Go."
    assert (await gate.get("/prompts"))["items"] == []


async def test_a_person_makes_prompts_for_themselves_and_nobody_else_sees_them(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    await people.user("bob")
    made = await gate.send("POST", "/prompts", REVIEW, people.tokens["ann"])
    assert made.status_code == 201, made.text
    assert (made.json()["visibility"], made.json()["owner"]) == ("private", people.users["ann"])
    path = f"/prompts/{made.json()['id']}"
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"messages": REVIEW["messages"]} if method in ("PUT", "PATCH") else None
        problem(await gate.send(method, path, body, people.tokens["bob"]), 404)
    refused = await gate.send("POST", "/prompts", REVIEW | {"name": "b", "visibility": "public"}, people.tokens["bob"])
    assert refused.status_code == 403
    changed = await gate.send("PATCH", path, {"description": "Mine"}, people.tokens["ann"])
    assert changed.json()["description"] == "Mine"
