"""People as they meet a gateway that runs: an administrator at the command line, others signed in over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest

from tests.support.gateway import Gateway
from tests.support.program import ROOT, clean_environment

pytestmark = pytest.mark.anyio
PASSWORD = "a horse a battery a staple"


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class House:
    gateway: Gateway
    stack: AsyncExitStack

    async def run(self, *arguments: str, stdin: str = "", **environment: str) -> Ended:
        """A command, as the installation's administrator unless `environment` says otherwise."""
        mine = {"GATEHOUSE_URL": self.gateway.url, "GATEHOUSE_DATA": str(self.gateway.data)}
        with anyio.fail_after(60):
            done = await anyio.run_process(
                [sys.executable, "-m", "gatehouse", *arguments],
                cwd=ROOT,
                env=clean_environment() | mine | environment,
                input=stdin.encode(),
                check=False,
            )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    async def expect(self, *arguments: str, stdin: str = "", **environment: str) -> Ended:
        """A command that must do what it was asked."""
        ended = await self.run(*arguments, stdin=stdin, **environment)
        assert ended.code == 0, f"{arguments}: {ended}"
        return ended

    async def sign_in(self, email: str) -> httpx.AsyncClient:
        """A browser, as far as the API notices."""
        browser = httpx.AsyncClient(base_url=f"{self.gateway.url}/api/v1", timeout=60)
        await self.stack.enter_async_context(browser)
        answer = await browser.post("/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        browser.headers["x-csrf-token"] = answer.json()["csrf_token"]
        return browser

    async def token_of(self, browser: httpx.AsyncClient, *permissions: str) -> str:
        made = await browser.post("/tokens", json={"name": "mine", "permissions": permissions})
        assert made.status_code == 201, made.text
        return str(made.json()["token"])


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """With Ann and Bob, who have passwords and nothing else."""
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(Gateway(tmp_path_factory.mktemp("people") / "data"))
        house = House(gateway, stack)
        for name in ("ann", "bob"):
            await house.expect("user", "add", f"{name}@example.com", "--password", stdin=f"{PASSWORD}\n")
        yield house


async def test_a_password_is_no_argument_and_no_empty_line(house: House) -> None:
    ended = await house.run("user", "add", "eve@example.com", "--password")
    assert ended.code == 2 and "No password came on stdin" in ended.err
    short = await house.run("user", "add", "eve@example.com", "--password", stdin="short\n")
    assert short.code == 1 and "5 characters" in short.err and "Traceback" not in short.err
    assert (await house.run("user", "show", "eve@example.com")).code == 1


async def test_a_new_user_comes_by_a_link(house: House) -> None:
    ended = await house.expect("user", "invite", "new@example.com", "--role", "editor", "--expires", "1h")
    link = ended.out.strip()
    assert link.startswith(f"{house.gateway.url}/invite#") and "new@example.com" in ended.err
    code = link.partition("#")[2]
    async with httpx.AsyncClient(base_url=f"{house.gateway.url}/api/v1", timeout=60) as browser:
        told = await browser.post("/auth/invitation", json={"code": code})
        assert told.status_code == 200 and told.json()["email"] == "new@example.com", told.text
        body = {"code": code, "email": "new@example.com", "name": "New", "password": PASSWORD}
        taken = await browser.post("/auth/invitation/accept", json=body)
        assert taken.status_code == 200, taken.text
        again = await browser.post("/auth/invitation/accept", json=body)
        assert again.status_code == 404, again.text
    shown = (await house.expect("user", "show", "new@example.com", "--json")).json
    assert (shown["origin"], [one["role"] for one in shown["grants"]]) == ("invitation", ["editor"])
    assert code not in house.gateway.log


async def test_who_is_switched_off_is_signed_out_at_once(house: House) -> None:
    browser = await house.sign_in("bob@example.com")
    assert (await browser.get("/teams")).status_code == 200
    assert "Switched 'bob@example.com' off" in (await house.expect("user", "disable", "bob@example.com")).out
    assert (await browser.get("/teams")).status_code == 401
    refused = await browser.post("/auth/login", json={"email": "bob@example.com", "password": PASSWORD})
    assert refused.status_code == 403 and "switched off" in refused.text
    assert "off" in (await house.expect("user", "list")).out
    await house.expect("user", "enable", "bob@example.com")
    await house.sign_in("bob@example.com")


async def test_a_team_from_its_making_to_its_end(house: House) -> None:
    made = await house.expect("team", "create", "Red team", "--public", "--description", "Tries things")
    assert "gatehouse team add red-team" in made.out
    assert "is an owner" in (await house.expect("team", "add", "red-team", "ann@example.com", "--owner")).out
    ann, bob = await house.sign_in("ann@example.com"), await house.sign_in("bob@example.com")
    asked = await bob.post("/teams/red-team/requests", json={"message": "Please"})
    assert asked.status_code == 201, asked.text
    accepted = await ann.post(f"/teams/red-team/requests/{asked.json()['id']}/accept", json={})
    assert accepted.status_code == 200, accepted.text
    assert "bob@example.com" in (await house.expect("team", "show", "red-team")).out
    assert "Red team" in (await house.expect("team", "list")).out
    last = await house.run("team", "remove", "red-team", "ann@example.com")
    assert last.code == 1 and "last owner" in last.err
    server = await ann.post("/servers", json={"name": "Desk", "team": "red-team"})
    assert server.status_code == 201, server.text
    kept = await house.run("team", "delete", "red-team")
    assert kept.code == 1 and "1 server" in kept.err and "?heir=TEAM" in kept.err
    token = await house.token_of(bob, "team.read", "team.join")
    assert "not in team 'red-team'" in (await house.expect("team", "leave", "red-team", GATEHOUSE_TOKEN=token)).out
    members = await house.run("team", "show", "red-team", GATEHOUSE_TOKEN=token)
    assert members.code == 1 and "is not in team 'red-team'" in members.err
    await house.expect("team", "create", "Blue", "--slug", "blue")
    await house.expect("team", "delete", "red-team", "--heir", "blue")
    teams = (await house.expect("team", "list", "--json")).json["items"]
    assert [one["slug"] for one in teams] == ["blue"]
    assert (await house.gateway.expect(200, "GET", "/servers/desk"))["team"] == teams[0]["id"]
    await house.gateway.expect(204, "DELETE", "/servers/desk")
    await house.expect("team", "delete", "blue")


async def test_a_link_into_a_team_is_taken_by_who_is_signed_in(house: House) -> None:
    await house.expect("team", "create", "Green")
    await house.expect("team", "add", "green", "ann@example.com", "--owner")
    token = await house.token_of(await house.sign_in("ann@example.com"), "team.*")
    as_ann = {"GATEHOUSE_TOKEN": token}
    refused = await house.run("team", "invite", "green", GATEHOUSE_TOKEN=token)
    assert refused.code == 1 and "lacks permission" in refused.err, "the token has less than a member has"
    whole = await house.token_of(await house.sign_in("ann@example.com"), "team.*", "role.*", *_OF_MEMBERS)
    link = (await house.expect("team", "invite", "green", GATEHOUSE_TOKEN=whole)).out.strip()
    bob = await house.sign_in("bob@example.com")
    taken = await bob.post("/invitations/accept", json={"code": link.partition("#")[2]})
    assert (taken.status_code, taken.json()["team"]["slug"]) == (200, "green"), taken.text
    assert "bob@example.com" in (await house.expect("team", "show", "green", **as_ann)).out
    await house.expect("team", "delete", "green")


_OF_MEMBERS = (
    "upstream.read", "tool.read", "prompt.read", "resource.read", "server.read", "server.use", "tool.call",
    "prompt.get", "resource.fetch",
)  # fmt: skip


async def test_roles_are_made_given_and_taken(house: House) -> None:
    nothing = await house.run("role", "create", "auditor")
    assert nothing.code == 2 and "permit nothing" in nothing.err
    unknown = await house.run("role", "create", "auditor", "-p", "audit.fly")
    assert unknown.code == 1 and "no permission 'audit.fly'" in unknown.err
    await house.expect("role", "create", "auditor", "-p", "audit.read", "--description", "Reads the audit")
    listed = (await house.expect("role", "list")).out
    assert "auditor" in listed and "always there" in listed
    bob = await house.sign_in("bob@example.com")
    assert (await bob.get("/audit")).status_code == 403
    assert "has role 'auditor' on all" in (await house.expect("role", "grant", "bob@example.com", "auditor")).out
    assert (await bob.get("/audit")).status_code == 200
    held = await house.run("role", "delete", "auditor")
    assert held.code == 1 and "1 grant" in held.err
    given = (await house.expect("role", "grants", "--user", "bob@example.com", "--json")).json["items"]
    assert [(one["role"], one["scope"]) for one in given] == [("auditor", "*")]
    await house.expect("role", "revoke", "bob@example.com", "auditor")
    assert (await bob.get("/audit")).status_code == 403
    again = await house.run("role", "revoke", "bob@example.com", "auditor")
    assert again.code == 1 and "has no role 'auditor' on all" in again.err
    await house.expect("role", "delete", "auditor")


async def test_the_last_administrator_stays_and_what_somebody_had_goes_to_an_heir(house: House) -> None:
    await house.expect("role", "grant", "ann@example.com", "admin")
    last = await house.run("user", "remove", "ann@example.com")
    assert last.code == 1 and "last administrator" in last.err
    await house.expect("role", "grant", "bob@example.com", "admin")
    ann, bob = await house.sign_in("ann@example.com"), await house.sign_in("bob@example.com")
    made = await ann.post("/servers", json={"name": "Hers", "visibility": "private"})
    assert made.status_code == 201, made.text
    kept = await house.run("user", "remove", "ann@example.com")
    assert kept.code == 1 and "1 server" in kept.err
    assert "Removed" in (await house.expect("user", "remove", "ann@example.com", "--heir", "bob@example.com")).out
    assert (await ann.get("/servers")).status_code == 401
    me = (await bob.get("/auth/session")).json()["user"]["id"]
    assert (await bob.get("/servers/hers")).json()["owner"] == me
    assert PASSWORD not in house.gateway.log
