"""Export and import over the API: who may, what is refused, and the files of other programs."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.store.database import Database
from tests.unit.api.gate import Gate, opened_gate, problem
from tests.unit.api.people import People

pytestmark = pytest.mark.anyio
PASSPHRASE = "correct horse battery"
SECRET = "planted-s3cret"


def document(**sections: Any) -> dict[str, Any]:
    return {"gatehouse": "export", "version": 1, **sections}


async def test_only_an_administrator_of_everything_exports_and_imports(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    await people.grant("ann", "editor")
    await gate.settle()
    for method, path, body in (("GET", "/export", None), ("POST", "/export", {}), ("POST", "/import", document())):
        refused = problem(await gate.send(method, path, body, people.tokens["ann"]), 403)
        assert "transfer" in refused["detail"]
    problem(await gate.send("POST", "/import", document(), await gate.token("upstream.*")), 403)
    await people.grant("ann", "admin")
    await gate.settle()
    assert (await gate.send("GET", "/export", None, people.tokens["ann"])).status_code == 200


async def test_a_role_that_permits_exporting_is_not_enough(gate: Gate) -> None:
    people = People(gate)
    await people.user("ann")
    await gate.create("/roles", name="backup", permissions=["transfer.export", "transfer.import"])
    await people.grant("ann", "backup")
    await gate.settle()
    refused = problem(await gate.send("GET", "/export", None, people.tokens["ann"]), 403)
    assert "admin on all" in refused["detail"]


async def test_a_token_for_exporting_exports_and_does_nothing_else(gate: Gate) -> None:
    token = await gate.token("transfer.export")
    assert (await gate.send("GET", "/export", None, token)).status_code == 200
    problem(await gate.send("POST", "/import", document(), token), 403)


async def test_a_command_takes_the_permission_to_run_one(gate: Gate) -> None:
    token = await gate.token("transfer.import")
    command = document(upstreams=[{"name": "files", "command": "npx"}])
    assert "upstream.stdio" in problem(await gate.send("POST", "/import", command, token), 403)["detail"]
    url = document(upstreams=[{"name": "web", "url": "https://web.test"}])
    assert (await gate.send("POST", "/import", url, token)).status_code == 200
    moved = document(upstreams=[{"name": "web", "url": None, "command": "sh"}])
    problem(await gate.send("POST", "/import?conflict=update", moved, token), 403)
    assert [one["name"] for one in (await gate.get("/upstreams"))["items"]] == ["web"]


async def test_a_server_for_everybody_is_not_imported_where_there_are_to_be_none(sqlite: Database) -> None:
    async with opened_gate(sqlite, anonymous_allowed=False) as gate:
        server = document(servers=[{"slug": "open", "access": "anonymous"}])
        assert "GATEHOUSE_ALLOW_ANONYMOUS" in problem(await gate.send("POST", "/import", server), 403)["hint"]


async def test_what_is_exported_is_the_same_after_an_import(gate: Gate) -> None:
    await gate.weather()
    first = await gate.get("/export")
    report = (await gate.send("POST", "/import", first)).json()
    assert (report["form"], report["counts"], report["changes"]) == ("gatehouse", {"same": 6}, [])
    assert await gate.get("/export") == first
    assert first["left_out"][0] == "tokens"


async def test_sections_and_people_are_chosen(gate: Gate) -> None:
    assert "users" not in await gate.get("/export")
    assert {"users", "grants"} <= (await gate.get("/export", include="users")).keys()
    chosen = await gate.get("/export", only="upstreams, servers")
    assert {"upstreams", "servers"} <= chosen.keys() and "roles" not in chosen
    assert "Accepted: roles" in problem(await gate.client.get("/export?only=pigeons"), 400)["hint"]
    problem(await gate.client.get("/export?include=pigeons"), 400)
    problem(await gate.client.get(f"/export?passphrase={PASSPHRASE}"), 400)


async def test_secrets_come_sealed_and_are_opened(gate: Gate) -> None:
    credential = {"type": "bearer", "token": SECRET}
    await gate.create("/upstreams", name="web", url="https://web.test", credential=credential)
    sealed = await gate.send("POST", "/export", {"passphrase": PASSPHRASE})
    assert SECRET not in sealed.text
    await gate.client.delete("/upstreams/web")
    without = (await gate.send("POST", "/import?dry_run=true", sealed.json())).json()
    assert (without["needed"], without["sealed"]) == (["upstreams/web/credential/token"], True)
    body = {"document": sealed.json(), "passphrase": "another passphrase"}
    assert "not the one" in problem(await gate.send("POST", "/import", body), 400)["detail"]
    body["passphrase"] = PASSPHRASE
    assert (await gate.send("POST", "/import", body)).json()["needed"] == []
    assert gate.catalog.open_credential(await gate.catalog.upstream("web")) == credential
    audited = (await gate.client.get("/audit")).text
    assert SECRET not in audited and PASSPHRASE not in audited


async def test_a_conflict_is_an_answer_with_what_to_do(gate: Gate) -> None:
    await gate.weather()
    body = document(upstreams=[{"name": "weather", "description": "other"}])
    assert "skip, update or rename" in problem(await gate.send("POST", "/import", body), 409)["hint"]
    told = (await gate.send("POST", "/import?dry_run=true", body)).json()["changes"]
    assert told[0]["verdict"] == "conflict"
    assert told[0]["fields"] == [{"name": "description", "before": "", "after": "other"}]
    report = (await gate.send("POST", "/import?conflict=update", body)).json()
    assert report["counts"] == {"changed": 1}
    assert (await gate.get("/upstreams/weather"))["description"] == "other"
    problem(await gate.send("POST", "/import?conflict=perhaps", body), 400)


async def test_exports_and_imports_are_in_the_audit(gate: Gate) -> None:
    await gate.get("/export")
    await gate.send("POST", "/import", document(upstreams=[{"name": "web", "url": "https://web.test"}]))
    entries = {one["action"]: one for one in (await gate.get("/audit"))["items"]}
    assert entries["export"]["after"]["secrets"] is False
    assert entries["import"]["after"]["counts"] == {"added": 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "nor anything else"),
        ({"hello": "world"}, "nor anything else"),
        ({"document": 3}, "can't be used"),
        ({"document": {}, "more": 1}, "more"),
        (document(upstreams=[{"name": "a", "url": "ftp://a"}]), "http:// or https://"),
    ],
)
async def test_what_can_not_be_imported_is_refused_in_words(gate: Gate, body: Any, words: str) -> None:
    assert words in problem(await gate.send("POST", "/import", body), 400)["detail"]
    problem(await gate.send("POST", "/import", [1]), 400)


async def test_a_file_of_another_program_is_imported_with_a_report(gate: Gate) -> None:
    entry = {"url": "https://web.test/mcp", "headers": {"Authorization": f"Bearer {SECRET}"}, "alwaysAllow": []}
    answer = await gate.send("POST", "/import", {"mcpServers": {"Web": entry, "odd": {"type": "pigeon"}}})
    report = answer.json()
    assert SECRET not in answer.text
    assert (report["form"], report["counts"], report["needed"]) == ("mcp.json", {"added": 1}, [])
    assert [(one["name"], one["fidelity"]) for one in report["findings"]] == [
        ("Web", "approximate"),
        ("odd", "unsupported"),
    ]
    stored = await gate.catalog.upstream("web")
    assert gate.catalog.open_credential(stored) == {"type": "bearer", "token": SECRET}
