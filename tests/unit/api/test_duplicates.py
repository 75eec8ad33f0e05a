"""/tools/duplicates and verdicts: what is found, who sees it, and what people say of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatehouse.catalog.model import Kind
from gatehouse.kit.ids import new_id
from gatehouse.telemetry.record import CallRecord
from gatehouse.telemetry.recorder import Recorder
from tests.support.operations import an_offer, offered
from tests.unit.api.gate import Gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
VERDICTS = "/tools/duplicates/verdicts"
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
TRACKERS: dict[str, dict[str, Any]] = {
    "github": {
        "name": "create_issue",
        "description": "Create an issue in a repository.",
        "inputSchema": {
            "type": "object",
            "properties": {"repo": TEXT, "title": TEXT, "body": TEXT},
            "required": ["repo", "title"],
        },
    },
    "gitlab": {
        "name": "createIssue",
        "description": "Create a new issue in a repository.",
        "inputSchema": {
            "type": "object",
            "properties": {"repository": TEXT, "title": TEXT, "description": TEXT},
            "required": ["repository", "title"],
        },
    },
    "redmine": {
        "name": "issue.create",
        "description": "저장소에 새 이슈를 생성합니다.",
        "inputSchema": {
            "type": "object",
            "properties": {"repo": TEXT, "title": TEXT, "body": TEXT},
            "required": ["repo", "title"],
        },
    },
}
OTHER: dict[str, Any] = {
    "name": "close_issue",
    "description": "Close an issue of a repository.",
    "inputSchema": {"type": "object", "properties": {"repo": TEXT, "number": NUMBER}, "required": ["repo", "number"]},
}


async def add(gate: Gate, name: str, token: str = "", **body: Any) -> dict[str, Any]:
    """The upstream, which has a tool of the trackers and one that nothing is like."""
    tools = [TRACKERS[name], OTHER] if name == "github" else [TRACKERS[name]]
    gate.operations.offers[name] = an_offer(*(offered(Kind.TOOL, json.dumps(tool).encode()) for tool in tools))
    body = {"name": name, "url": f"https://{name}.test/mcp", **body}
    response = await gate.send("POST", "/upstreams", body, token)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def added(gate: Gate, *names: str) -> dict[str, str]:
    """Ids of the trackers' tools, by the name of their upstream."""
    made = [await add(gate, name) for name in names]
    return {one["name"]: one["tools"][0]["id"] for one in made}


async def groups(gate: Gate, token: str = "", **query: str | int) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    response = await gate.client.get("/tools/duplicates", params=query, headers=headers)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


def upstreams_of(group: dict[str, Any]) -> set[str]:
    return {one["upstream"]["name"] for one in group["members"]}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"min_score": "2"}, "min_score"),
        ({"limit": "0"}, "1 to 500"),
        ({"cursor": "nonsense"}, "without a cursor"),
        ({"score": "1"}, "Accepted: upstream"),
    ],
)
async def test_bad_queries_are_told_what_to_do(gate: Gate, query: dict[str, str], said: str) -> None:
    response = await gate.client.get("/tools/duplicates", params=query)
    problem(response, 400)
    assert said in response.text


async def test_bad_verdicts_are_told_what_to_do(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab")
    pair = list(ids.values())
    close = (await gate.get("/tools", q="close_issue"))["items"][0]["id"]
    for body, said in (
        ({"tools": pair[:1], "verdict": "same"}, "tools"),
        ({"tools": [pair[0], pair[0]], "verdict": "same"}, "one tool"),
        ({"tools": pair, "verdict": "alike"}, "same"),
        ({"tools": pair, "verdict": "keep"}, "'keep' is missing"),
        ({"tools": pair, "verdict": "same", "keep": pair[0]}, "verdict 'keep'"),
        ({"tools": pair, "verdict": "keep", "keep": close}, "not among the tools"),
        ({"tools": [pair[0], close], "verdict": "same"}, "of one upstream"),
    ):
        refused = await gate.send("PUT", VERDICTS, body)
        problem(refused, 400)
        assert said in refused.text
    missing = problem(await gate.send("PUT", VERDICTS, {"tools": [pair[0], "nowhere_x"], "verdict": "same"}), 404)
    assert "There is no tool 'nowhere_x'" in missing["detail"]
    problem(await gate.send("DELETE", f"{VERDICTS}/ver_none"), 404)


async def test_who_may_only_read_tools_says_nothing_of_them(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab")
    token = await gate.token("tool.read")
    assert len(await groups(gate, token)) == 1
    problem(await gate.send("PUT", VERDICTS, {"tools": list(ids.values()), "verdict": "different"}, token), 403)
    problem(await gate.send("GET", "/tools/duplicates", token=await gate.token("server.read")), 403)


async def test_a_group_has_only_what_the_caller_may_see_and_names_nothing_else(gate: Gate) -> None:
    people = People(gate)
    for name in ("ann", "bob"):
        await people.user(name)
    await people.team("red", ann="owner")
    await people.team("blue", bob="owner")
    github = await add(gate, "github", team="red")
    gitlab = await add(gate, "gitlab", people.tokens["bob"], team="blue")
    assert gitlab["duplicates"] == {"count": 0, "examples": []}
    assert await groups(gate, people.tokens["ann"]) == await groups(gate, people.tokens["bob"]) == []
    (everything,) = await groups(gate)
    assert upstreams_of(everything) == {"github", "gitlab"}
    mine, theirs = gitlab["tools"][0]["id"], github["tools"][0]["id"]
    similar = await gate.send("GET", f"/tools/{mine}/similar", token=people.tokens["bob"])
    assert similar.json() == {"items": []}
    body = {"tools": [mine, theirs], "verdict": "same"}
    hidden = await gate.send("PUT", VERDICTS, body, people.tokens["bob"])
    nothing = await gate.send("PUT", VERDICTS, {**body, "tools": [mine, "cap_none"]}, people.tokens["bob"])
    assert hidden.status_code == nothing.status_code == 404
    assert hidden.text.replace(theirs, "X") == nothing.text.replace("cap_none", "X")
    made = await gate.send("PUT", VERDICTS, body)
    assert made.status_code == 200, made.text
    assert (await gate.send("GET", VERDICTS, token=people.tokens["bob"])).json() == {"items": []}
    assert (await gate.send("GET", f"/tools/{mine}", token=people.tokens["bob"])).json()["preferred"] is None


async def test_groups_say_why_and_who_uses_which(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab", "redmine")
    server = await gate.create("/servers", name="Desk", tools=[ids["gitlab"]])
    upstream = (await gate.get("/upstreams/gitlab"))["id"]
    await _called(gate, upstream, "createIssue", 3)
    (group,) = await groups(gate)
    assert upstreams_of(group) == {"github", "gitlab", "redmine"}
    assert 0.55 <= group["score"] <= 1
    assert "names mean the same" in group["reason"] and "parameters are the same" in group["reason"]
    assert group["verdict"] is None
    first, *rest = group["members"]
    assert first["handle"] == "gitlab_createIssue"
    assert (first["calls"], first["servers"]) == (3, [{"id": server["id"], "slug": "desk", "name": "Desk"}])
    assert first["last_used_at"] is not None
    assert [one["calls"] for one in rest] == [0, 0]
    token = await gate.token("tool.read")
    (unseen,) = await groups(gate, token)
    assert {one["calls"] for one in unseen["members"]} == {None}
    assert [one["servers"] for one in unseen["members"]] == [[], [], []]


async def test_groups_are_filtered_and_paged(gate: Gate) -> None:
    await added(gate, "github", "gitlab")
    for name in ("north", "south"):
        tool = {
            "name": "get_current_weather",
            "description": "Weather of a city now.",
            "inputSchema": {"type": "object"},
        }
        gate.operations.offers[name] = an_offer(offered(Kind.TOOL, json.dumps(tool).encode()))
        await gate.create("/upstreams", name=name, url=f"https://{name}.test/mcp")
    both = await groups(gate)
    assert [upstreams_of(one) for one in both] == [{"north", "south"}, {"github", "gitlab"}]
    assert both[0]["score"] == 1 and both[0]["reason"] == "the same definition"
    assert [upstreams_of(one) for one in await groups(gate, upstream="github")] == [{"github", "gitlab"}]
    assert await groups(gate, upstream="elsewhere") == []
    assert len(await groups(gate, min_score="0.99")) == 1
    page = await gate.get("/tools/duplicates", limit=1)
    assert page["items"] == both[:1]
    last = await gate.get("/tools/duplicates", limit=1, cursor=page["next"])
    assert (last["items"], last["next"]) == (both[1:], None)


async def test_adding_an_upstream_says_what_is_there_already(gate: Gate) -> None:
    ids = await added(gate, "github")
    made = await add(gate, "gitlab")
    expected = {
        "count": 1,
        "examples": [
            {
                "id": made["tools"][0]["id"],
                "name": "createIssue",
                "like": [{"id": ids["github"], "name": "create_issue", "upstream": "github"}],
            }
        ],
    }
    assert made["duplicates"] == expected
    assert (await gate.get("/upstreams/gitlab"))["duplicates"] == expected
    (similar,) = (await gate.get(f"/tools/{made['tools'][0]['id']}/similar"))["items"]
    assert similar["tool"]["handle"] == "github_create_issue"
    assert similar["score"] >= 0.55


async def test_what_is_switched_off_or_gone_is_no_duplicate(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab")
    await gate.client.patch(f"/tools/{ids['gitlab']}", json={"enabled": False})
    assert await groups(gate) == []
    await gate.client.patch(f"/tools/{ids['gitlab']}", json={"enabled": True})
    assert len(await groups(gate)) == 1
    await gate.client.delete("/upstreams/gitlab")
    assert await groups(gate) == []


async def test_what_is_said_to_be_different_is_not_shown_together_again_until_it_is_taken_back(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab")
    said = await gate.send(
        "PUT", VERDICTS, {"tools": ["github_create_issue", ids["gitlab"]], "verdict": "different", "note": "not yet"}
    )
    assert said.status_code == 200, said.text
    assert await groups(gate) == []
    assert (await gate.get(f"/tools/{ids['github']}/similar"))["items"] == []
    assert (await gate.get("/upstreams/gitlab"))["duplicates"]["count"] == 0
    (listed,) = (await gate.get(VERDICTS))["items"]
    assert (listed["verdict"], listed["note"]) == ("different", "not yet")
    assert {one["handle"] for one in listed["tools"]} == {"github_create_issue", "gitlab_createIssue"}
    assert listed["by_name"] and listed["at"]
    assert (await gate.send("DELETE", f"{VERDICTS}/{listed['id']}")).status_code == 204
    assert len(await groups(gate)) == 1


async def test_what_is_said_to_be_different_leaves_the_others_together(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab", "redmine")
    await gate.send("PUT", VERDICTS, {"tools": [ids["gitlab"], ids["redmine"]], "verdict": "different"})
    (group,) = await groups(gate)
    assert upstreams_of(group) in ({"github", "gitlab"}, {"github", "redmine"})


async def test_what_is_kept_is_shown_in_the_group_and_at_each_tool(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab")
    body = {"tools": list(ids.values()), "verdict": "keep", "keep": "gitlab_createIssue"}
    said = await gate.send("PUT", VERDICTS, body)
    assert said.status_code == 200, said.text
    (group,) = await groups(gate)
    assert [(one["handle"], one["keep"]) for one in group["members"]] == [
        ("gitlab_createIssue", True),
        ("github_create_issue", False),
    ]
    assert group["verdict"]["id"] == said.json()["id"]
    for id_ in ids.values():
        assert (await gate.get(f"/tools/{id_}"))["preferred"] == {"id": ids["gitlab"], "handle": "gitlab_createIssue"}
    again = await gate.send("PUT", VERDICTS, {**body, "keep": ids["github"]})
    assert [one["id"] for one in (await gate.get(VERDICTS))["items"]] == [again.json()["id"]]
    await gate.client.delete("/upstreams/github")
    assert (await gate.get(VERDICTS))["items"] == []
    assert (await gate.get(f"/tools/{ids['gitlab']}"))["preferred"] is None


async def test_tools_that_nobody_found_are_a_group_once_somebody_said_so(gate: Gate) -> None:
    await added(gate, "github")
    tool = {"name": "ablage", "description": "Papier.", "inputSchema": {"type": "object"}}
    gate.operations.offers["akten"] = an_offer(offered(Kind.TOOL, json.dumps(tool).encode()))
    await gate.create("/upstreams", name="akten", url="https://akten.test/mcp")
    assert await groups(gate) == []
    body = {"tools": ["github_create_issue", "akten_ablage"], "verdict": "same"}
    assert (await gate.send("PUT", VERDICTS, body)).status_code == 200
    (group,) = await groups(gate)
    assert upstreams_of(group) == {"github", "akten"}


async def test_verdicts_are_in_the_audit(gate: Gate) -> None:
    ids = await added(gate, "github", "gitlab")
    await gate.send("PUT", VERDICTS, {"tools": list(ids.values()), "verdict": "same"})
    records = (await gate.get("/audit"))["items"]
    assert "tool.duplicates.verdicts.set" in {one["action"] for one in records}


async def _called(gate: Gate, upstream: str, tool: str, times: int) -> None:
    recorder = Recorder(gate.database, gate.clock)
    for _ in range(times):
        recorder.intake.note(
            CallRecord(
                id=new_id("cal"), at=gate.clock.now(), upstream=upstream, name=tool, original=tool,
                method="tools/call", outcome="ok",
            )
        )  # fmt: skip
    await recorder.flush()
