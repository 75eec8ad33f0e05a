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

from gatehouse.access.roles import MEMBER
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
    whole = await house.token_of(await house.sign_in("ann@example.com"), "team.*", "role.*", *sorted(MEMBER))
    link = (await house.expect("team", "invite", "green", GATEHOUSE_TOKEN=whole)).out.strip()
    bob = await house.sign_in("bob@example.com")
    taken = await bob.post("/invitations/accept", json={"code": link.partition("#")[2]})
    assert (taken.status_code, taken.json()["team"]["slug"]) == (200, "green"), taken.text
    assert "bob@example.com" in (await house.expect("team", "show", "green", **as_ann)).out
    await house.expect("team", "delete", "green")


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


async def test_a_person_sees_and_ends_their_console_sessions_with_a_token(house: House) -> None:
    browsers = [await house.sign_in("bob@example.com") for _ in range(2)]
    weak = await house.token_of(browsers[0], "team.read")
    refused = await house.run("session", "list", GATEHOUSE_TOKEN=weak)
    assert refused.code == 1 and "lacks permission session.read" in refused.err
    installation = await house.run("session", "list")
    assert installation.code == 1 and "is no person" in installation.err and "Name the user" in installation.err
    as_bob = {"GATEHOUSE_TOKEN": await house.token_of(browsers[0], "session.*")}
    assert "bob@example.com" in (await house.expect("whoami", **as_bob)).out
    listed = (await house.expect("session", "list", "--json", **as_bob)).json["items"]
    ids = [one["id"] for one in listed]
    assert listed[-1]["method"] == "password" and len(ids) >= 2
    assert f"Revoked '{ids[-1]}'" in (await house.expect("session", "revoke", ids[-1], **as_bob)).out
    assert [(await one.get("/teams")).status_code for one in browsers] == [200, 401]
    again = await house.run("session", "revoke", ids[-1], **as_bob)
    assert again.code == 1 and "no session" in again.err
    of_others = await house.run("session", "revoke", "--all", "--user", "ann@example.com", **as_bob)
    assert of_others.code == 1 and "lacks permission user.write" in of_others.err
    assert "You are signed out everywhere" in (await house.expect("session", "revoke", "--all", **as_bob)).out
    assert (await browsers[0].get("/teams")).status_code == 401


async def test_an_administrator_signs_somebody_out(house: House) -> None:
    ann = await house.sign_in("ann@example.com")
    assert "password" in (await house.expect("session", "list", "--user", "ann@example.com")).out
    out = (await house.expect("session", "revoke", "--all", "--user", "ann@example.com")).out
    assert "'ann@example.com' is signed out everywhere" in out
    assert (await ann.get("/teams")).status_code == 401
    assert "is signed in nowhere" in (await house.expect("session", "list", "--user", "ann@example.com")).out


async def test_who_asks_to_join_is_declined_and_accepted(house: House) -> None:
    await house.expect("team", "create", "Open", "--public")
    as_bob = {"GATEHOUSE_TOKEN": await house.token_of(await house.sign_in("bob@example.com"), "team.read", "team.join")}
    await house.expect("team", "join", "open", "-m", "Let me in", **as_bob)
    twice = await house.run("team", "join", "open", **as_bob)
    assert twice.code == 1 and "already" in twice.err
    own = await house.run("team", "accept", "open", "bob@example.com", **as_bob)
    assert own.code == 1 and "lacks permission team.write" in own.err
    assert "Let me in" in (await house.expect("team", "requests", "open")).out
    wrong = await house.run("team", "decline", "open", "ann@example.com")
    assert wrong.code == 1 and "does not ask to join" in wrong.err
    assert "Declined" in (await house.expect("team", "decline", "open", "bob@example.com")).out
    assert "Nobody asks" in (await house.expect("team", "requests", "open")).out
    assert "declined" in (await house.expect("team", "requests", "open", "--all")).out
    asked = (await house.expect("team", "join", "open", "--json", **as_bob)).json
    assert "is a member" in (await house.expect("team", "accept", "open", asked["id"])).out
    late = await house.run("team", "accept", "open", asked["id"])
    assert late.code == 1 and "accepted already" in late.err
    await house.expect("team", "delete", "open")


async def test_invitations_are_listed_withdrawn_and_taken(house: House) -> None:
    await house.expect("team", "create", "Grey")
    first = (await house.expect("team", "invite", "grey", "--json")).json
    await house.expect("invitation", "withdraw", first["id"], "--team", "grey")
    assert first["id"] not in (await house.expect("invitation", "list", "--team", "grey")).out
    link = (await house.expect("team", "invite", "grey", "bob@example.com")).out
    bob = await house.sign_in("bob@example.com")
    as_bob = {"GATEHOUSE_TOKEN": await house.token_of(bob, "team.join")}
    useless = await house.run("invitation", "accept", stdin=first["link"], **as_bob)
    assert useless.code == 1 and "not good" in useless.err
    nobody = await house.run("invitation", "accept", stdin=link)
    assert nobody.code == 1 and "no person" in nobody.err
    assert "in team 'grey' as member" in (await house.expect("invitation", "accept", stdin=link, **as_bob)).out
    assert "used" in (await house.expect("invitation", "list", "--team", "grey")).out
    assert link.strip().partition("#")[2] not in house.gateway.log
    await house.expect("team", "delete", "grey")


async def test_a_link_to_a_new_password_is_made_from_the_command_line(house: House) -> None:
    await house.expect("user", "add", "dan@example.com")
    link = (await house.expect("user", "reset", "dan@example.com")).out.strip()
    body = {"code": link.partition("#")[2], "password": PASSWORD}
    async with httpx.AsyncClient(base_url=f"{house.gateway.url}/api/v1", timeout=60) as browser:
        assert (await browser.post("/auth/invitation/accept", json=body)).status_code == 200
    await house.sign_in("dan@example.com")
    await house.expect("user", "change", "dan@example.com", "--email", "daniel@example.com", "--name", "Daniel")
    taken = await house.run("user", "change", "daniel@example.com", "--email", "ann@example.com")
    assert taken.code == 1 and "already" in taken.err
    assert (await house.expect("user", "show", "daniel@example.com", "--json")).json["name"] == "Daniel"
    await house.expect("user", "remove", "daniel@example.com")


async def test_teams_roles_and_tokens_are_changed(house: House) -> None:
    await house.expect("team", "create", "White")
    changed = (await house.expect("team", "change", "white", "--slug", "snow", "--public", "--json")).json
    assert (changed["slug"], changed["name"], changed["visibility"]) == ("snow", "White", "public")
    await house.expect("team", "delete", "snow")
    await house.expect("role", "create", "reader", "-p", "team.read")
    await house.expect("role", "change", "reader", "-p", "team.read", "-p", "user.read", "--name", "looker")
    assert "team.read, user.read" in (await house.expect("role", "show", "looker")).out
    await house.expect("role", "delete", "looker")
    made = ("token", "create", "agent", "--permission", "team.read", "--ip", "192.0.2.0/24", "--rate", "5/s", "--json")
    token = (await house.expect(*made)).json
    elsewhere = await house.run("team", "list", GATEHOUSE_TOKEN=token["token"])
    assert elsewhere.code == 1 and "not good from" in elsewhere.err
    await house.expect("token", "change", token["id"], "--clear", "ip", "--rate", "50/s", "--expires", "1h")
    await house.expect("team", "list", GATEHOUSE_TOKEN=token["token"])
    now = (await house.expect("token", "show", token["id"], "--json")).json
    assert (now["allowed_ips"], now["rate_limit"], now["name"]) == ([], "50/s", "agent") and now["expires_at"]
    await house.expect("token", "revoke", token["id"])


async def test_a_provider_is_changed_and_its_secret_goes_to_no_other_issuer(house: House) -> None:
    secret = "s3cret-of-the-provider"
    await house.expect(
        "provider", "add", "Works", "--issuer", "https://id.example.com", "--client-id", "gate", "--secret",
        "--permit", "run=server.use", stdin=f"{secret}\n",
    )  # fmt: skip
    moved = await house.run("provider", "change", "works", "--issuer", "https://other.example.com")
    assert moved.code == 1 and "shown to no other" in moved.err and "clear it" in moved.err
    changes = ("--disable", "--domain", "example.com", "--role", "bosses=viewer", "--clear", "permit")
    await house.expect("provider", "change", "works", *changes)
    shown = (await house.expect("provider", "show", "works", "--json")).json
    assert (shown["enabled"], shown["allowed_domains"], shown["scopes_to_permissions"]) == (False, ["example.com"], {})
    assert shown["mappings"][0]["role"] == "viewer" and shown["client_secret_set"]
    new = ("--issuer", "https://other.example.com", "--clear", "secret", "--clear", "mappings")
    assert "provider test works" in (await house.expect("provider", "change", "works", *new)).out
    assert "none" in (await house.expect("provider", "show", "works")).out
    await house.expect("provider", "remove", "works")
    assert secret not in house.gateway.log


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
