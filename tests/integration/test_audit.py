"""The audit of a gateway that runs as people run it, with the commands that people use."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.support.gateway import Gateway, Launch
from tests.support.program import PAUSE, ROOT, clean_environment

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with Gateway(tmp_path_factory.mktemp("audit") / "data") as running:
        yield running


async def run(gateway: Gateway, *arguments: str, **environment: str) -> Ended:
    where = {"GATEHOUSE_URL": gateway.url, "GATEHOUSE_DATA": str(gateway.data)}
    with anyio.fail_after(60):
        done = await anyio.run_process(
            [sys.executable, "-m", "gatehouse", "audit", *arguments],
            cwd=ROOT,
            env=clean_environment() | where | environment,
            check=False,
        )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


async def refusals(gateway: Gateway, wanted: int, **filters: str) -> list[dict[str, Any]]:
    """Once so many are written, which takes about a second."""
    with anyio.fail_after(20):
        while True:
            found = await gateway.items("/audit", outcome="refused", **filters)
            if sum(one["count"] for one in found) >= wanted:
                return found
            await anyio.sleep(PAUSE)


async def test_without_the_permission_nothing_is_told(gateway: Gateway) -> None:
    token = await gateway.create_token("agent", permissions=["server.use"])
    for command in (["list"], ["show", "1"], ["export"], ["verify"]):
        ended = await run(gateway, *command, GATEHOUSE_TOKEN=token)
        assert ended.code == 1, command
        assert ended.out == ""
        assert "audit.read" in ended.err


async def test_a_refused_client_of_mcp_is_found_with_its_address_and_its_token(gateway: Gateway) -> None:
    server = await gateway.create_server("Desk", [])
    other = await gateway.create_server("Other", [])
    token = await gateway.create_token("intruder", [other["id"]])
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        for shown in (token, token, "gh_unknown"):
            response = await client.post(
                f"/servers/{server['slug']}/mcp",
                json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
                headers={"authorization": f"Bearer {shown}", "accept": "application/json, text/event-stream"},
            )
            assert response.status_code in (401, 403, 404)
    found = await refusals(gateway, 3, action="server.use")
    assert {one["actor"]["name"] for one in found} == {"intruder", "anonymous"}
    assert {one["resource"]["id"] for one in found} == {server["slug"]}
    assert {one["address"] for one in found} == {"127.0.0.1"}
    assert token not in str(found) and "gh_unknown" not in str(found)
    shown = await run(gateway, "list", "--outcome", "refused")
    assert "intruder" in shown.out and "server.use" in shown.out


async def test_a_record_is_shown_with_before_and_after(gateway: Gateway) -> None:
    made = await gateway.expect(201, "POST", "/servers", {"name": "Shown", "description": "as it was"})
    await gateway.expect(200, "PATCH", f"/servers/{made['id']}", {"description": "as it is"})
    (change, _) = await gateway.items("/audit", resource=made["id"])
    ended = await run(gateway, "show", str(change["number"]))
    assert ended.code == 0
    assert "server.change" in ended.out and "as it was" in ended.out and "as it is" in ended.out
    assert (await run(gateway, "show", change["id"], "--json")).json == change
    missing = await run(gateway, "show", "999999")
    assert (missing.code, missing.out) == (1, "") and "There is no record" in missing.err


async def test_an_export_is_whole_and_for_its_owner_alone(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    ended = await run(gateway, "export", "-o", str(file))
    lines = file.read_text().splitlines()
    assert (ended.code, ended.out) == (0, "")
    assert f"{len(lines)} records" in ended.err
    assert (await run(gateway, "export")).out.splitlines()[: len(lines)] == lines
    assert [json.loads(line)["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [file.name]
    assert gateway.token not in file.read_text()


async def test_what_can_not_be_exported_leaves_no_file(gateway: Gateway, tmp_path: Path) -> None:
    refused = await run(gateway, "export", "--since", "yesterday", "-o", str(tmp_path / "audit.jsonl"))
    assert refused.code == 1 and "neither a time" in refused.err
    assert os.listdir(tmp_path) == []
    nowhere = await run(gateway, "export", "-o", str(tmp_path / "no" / "audit.jsonl"))
    assert nowhere.code == 2 and "can't be written" in nowhere.err


async def test_a_chain_that_somebody_broke_is_told_with_exit_status_1(gateway: Gateway) -> None:
    assert "is whole" in (await run(gateway, "verify")).out
    with sqlite3.connect(gateway.data / "gatehouse.db") as connection:
        connection.execute("UPDATE audit SET record = CAST(replace(record, 'token', 'tokem') AS BLOB) WHERE number = 2")
    connection.close()
    ended = await run(gateway, "verify")
    assert (ended.code, "BROKEN: Record 2 was changed" in ended.out) == (1, True)
    as_json = await run(gateway, "verify", "--json")
    assert (as_json.code, as_json.json["first_bad_number"]) == (1, 2)


async def test_two_workers_write_one_chain_to_the_very_end(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data", Launch(workers=2)) as gateway:

        async def change(name: str) -> None:
            for number in range(5):
                made = await gateway.expect(201, "POST", "/servers", {"name": f"{name} {number}"})
                await gateway.expect(204, "DELETE", f"/servers/{made['id']}")

        async with anyio.create_task_group() as tasks:
            for name in ("One", "Two", "Three", "Four"):
                tasks.start_soon(change, name)
        ended = await run(gateway, "verify", "--json")
        assert (ended.code, ended.json["ok"], ended.json["checked"]) == (0, True, 40)
        await gateway.api("GET", "/servers", token="gh_unknown")
    stored = "SELECT actor_id, action, outcome FROM audit ORDER BY number DESC LIMIT 1"
    with sqlite3.connect(tmp_path / "data" / "gatehouse.db") as connection:
        found = connection.execute(stored).fetchall()
    connection.close()
    assert found == [("anonymous", "server.read", "refused")]
