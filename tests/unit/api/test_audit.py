"""The audit over the API."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gatehouse.access.model import ALL, Circumstances, Grant, Principal, Resource
from gatehouse.access.policy import allows
from gatehouse.access.roles import ADMIN
from gatehouse.access.tables import AUDIT
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio
ROUTES = [("GET", "/audit"), ("GET", "/audit/1"), ("GET", "/audit/export"), ("POST", "/audit/verify")]
DOCS = Path(__file__).parents[3] / "docs" / "audit.md"


@pytest.fixture
async def busy(gate: Gate) -> Gate:
    """Something was done, an hour apart each."""
    for name in ("One", "Two", "Three"):
        await gate.create("/servers", name=name)
        gate.clock.time += 3600
    return gate


def numbers(found: dict[str, Any]) -> list[int]:
    return [one["number"] for one in found["items"]]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_who_may_not_read_the_audit_is_refused(busy: Gate, method: str, path: str) -> None:
    problem(await busy.send(method, path, token=await busy.token("token.*", "server.*")), 403)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_it_takes_one_permission(busy: Gate, method: str, path: str) -> None:
    assert (await busy.send(method, path, token=await busy.token("audit.read"))).status_code == 200


def test_the_admin_of_a_team_may_not_read_what_all_others_did() -> None:
    at, audit = Circumstances(0.0), Resource("audit")
    of_team = Principal("usr_1", "user", "ada", permissions=frozenset({ALL}), grants=(Grant("admin", ADMIN, "team_1"),))
    of_all = Principal("usr_2", "user", "bob", permissions=frozenset({ALL}), grants=(Grant("admin", ADMIN, ALL),))
    assert not allows(of_team, "audit.read", audit, at).allowed
    assert allows(of_all, "audit.read", audit, at).allowed


async def test_a_refused_look_at_the_audit_is_in_it(busy: Gate) -> None:
    await busy.send("GET", "/audit", token=await busy.token("server.read"))
    await busy.audit.flush()
    (found,) = (await busy.get("/audit", outcome="refused"))["items"]
    assert (found["action"], found["actor"]["name"], found["count"]) == ("audit.read", "some token", 1)


async def test_a_token_that_nobody_knows_is_in_it_and_is_not_told(busy: Gate) -> None:
    await busy.send("GET", "/servers", token="gh_not-a-token-of-ours")
    await busy.audit.flush()
    (found,) = (await busy.get("/audit", outcome="refused"))["items"]
    assert (found["actor"]["kind"], found["action"], found["address"]) == ("anonymous", "server.read", "192.0.2.1")
    assert "not-a-token" not in str(found)


async def test_the_newest_comes_first_page_by_page(busy: Gate) -> None:
    first = await busy.get("/audit", limit=2)
    second = await busy.get("/audit", limit=2, cursor=first["next"])
    assert (numbers(first), numbers(second), second["next"]) == ([3, 2], [1], None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"since": "90m"}, [3]),
        ({"since": "3h"}, [3, 2, 1]),
        ({"until": "2h"}, [1]),
        ({"since": "2027-01-15T09:00:00Z"}, [3, 2]),
        ({"since": "2027-01-15T10:00:00+01:00"}, [3, 2]),
        ({"since": "2027-01-15T09:00:00", "until": "2027-01-15T09:30:00"}, [2]),
        ({"since": "2027-01-15"}, [3, 2, 1]),
        ({"until": "2027-01-15"}, []),
        ({"action": "server.create"}, [3, 2, 1]),
        ({"action": "server.*", "since": "90m"}, [3]),
        ({"action": "token.create"}, []),
        ({"resource": "server"}, [3, 2, 1]),
        ({"resource": "srv_none"}, []),
        ({"outcome": "done"}, [3, 2, 1]),
        ({"actor": "nobody@example.com"}, []),
    ],
)
async def test_records_are_found(busy: Gate, query: dict[str, str], expected: list[int]) -> None:
    assert numbers(await busy.get("/audit", **query)) == expected


async def test_records_are_found_by_who_did_it(busy: Gate) -> None:
    (first, *_) = (await busy.get("/audit"))["items"]
    assert numbers(await busy.get("/audit", actor=first["actor"]["id"])) == [3, 2, 1]
    assert numbers(await busy.get("/audit", resource=first["resource"]["id"])) == [3]


@pytest.mark.parametrize("path", ["/audit", "/audit/export"])
@pytest.mark.parametrize("moment", ["yesterday", "24", "-1h", "2026-13-01", "2026-11-21T25:00:00Z"])
async def test_what_is_no_time_is_refused_with_what_would_be_one(gate: Gate, path: str, moment: str) -> None:
    found = problem(await gate.client.get(path, params={"since": moment}), 400)
    assert found["errors"][0]["field"] == "since"
    assert "24h" in found["hint"]


@pytest.mark.parametrize("cursor", ["!!!", "_w", "AA", "eA", "wrI", "a" * 5000])
async def test_a_malformed_cursor_is_refused(gate: Gate, cursor: str) -> None:
    assert "without a cursor" in problem(await gate.client.get("/audit", params={"cursor": cursor}), 400)["hint"]


@pytest.mark.parametrize("limit", ["0", "501", "-1"])
async def test_a_limit_out_of_range_is_refused(gate: Gate, limit: str) -> None:
    problem(await gate.client.get("/audit", params={"limit": limit}), 400)


async def test_a_record_is_shown_by_id_and_by_number(busy: Gate) -> None:
    (newest, *_) = (await busy.get("/audit"))["items"]
    assert newest == await busy.get(f"/audit/{newest['id']}") == await busy.get("/audit/3")
    assert newest["after"]["name"] == "Three"
    problem(await busy.client.get("/audit/99"), 404)


async def test_an_export_has_a_record_a_line(busy: Gate) -> None:
    response = await busy.client.get("/audit/export")
    assert response.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert [line["number"] for line in lines] == [1, 2, 3]
    assert lines[::-1] == (await busy.get("/audit"))["items"]
    some = await busy.client.get("/audit/export", params={"since": "90m"})
    assert [json.loads(line)["number"] for line in some.text.splitlines()] == [3]


async def test_an_export_is_checked_by_what_the_documentation_says(busy: Gate, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    (tmp_path / "check.py").write_text(program)
    exported = (await busy.client.get("/audit/export")).content
    lines = exported.splitlines(keepends=True)
    for content, code in (
        (exported, 0),
        (b"".join(lines[1:]), 0),
        (lines[0] + lines[2], 1),
        (exported.replace(b"Two", b"Too"), 1),
    ):
        (tmp_path / "audit.jsonl").write_bytes(content)
        done = subprocess.run(  # noqa: ASYNC221 - a moment
            [sys.executable, tmp_path / "check.py", tmp_path / "audit.jsonl"],
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == code, done.stderr


async def test_the_chain_is_verified(busy: Gate) -> None:
    verdict = (await busy.send("POST", "/audit/verify")).json()
    head = (await busy.get("/audit/3"))["digest"]
    assert verdict == {
        "ok": True,
        "checked": 3,
        "first_bad_number": None,
        "why": None,
        "head": f"3:{head}",
        "next": None,
    }


async def test_a_broken_chain_is_told_with_the_place(busy: Gate) -> None:
    async with busy.database.write(bump=False) as connection:
        await connection.execute(update(AUDIT).where(AUDIT.c.number == 2).values(record=b"{}"))
    verdict = (await busy.send("POST", "/audit/verify")).json()
    assert (verdict["ok"], verdict["first_bad_number"]) == (False, 2)
    assert "Record 2 was changed" in verdict["why"]


@pytest.mark.parametrize("body", [{"after": "x"}, {"after": "1:zz"}, {"limit": 0}, {"limit": "all"}, {"from": 1}])
async def test_a_place_that_is_none_is_refused(gate: Gate, body: dict[str, Any]) -> None:
    problem(await gate.send("POST", "/audit/verify", body), 400)


async def test_who_goes_on_from_a_wrong_digest_hears_of_it(busy: Gate) -> None:
    verdict = (await busy.send("POST", "/audit/verify", {"after": f"1:{'a' * 64}"})).json()
    assert (verdict["ok"], verdict["first_bad_number"]) == (False, 2)
