"""Console sessions from outside of them: what a token may see and end, and what an administrator may."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gatehouse.access.tokens.service import NewToken
from tests.unit.api.browsers import PASSWORD, Browser, House, opened_house
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(gate: Gate) -> AsyncIterator[House]:
    """Ada is an administrator, Bob is not."""
    async with opened_house(gate) as opened:
        admin = await opened.set_up()
        made = await admin.send("POST", "/users", {"email": "bob@example.com", "name": "Bob", "password": PASSWORD})
        assert made.status_code == 201, made.text
        yield opened


async def _token(house: House, email: str, *permissions: str, servers: list[str] | None = None) -> str:
    """One of this user's own."""
    user = house.gate.directory().user(email)
    assert user is not None
    new = NewToken(name="hers", permissions=permissions, owner=user.id, servers=servers)
    _, token = await house.gate.tokens.create(new)
    await house.gate.settle()
    return token


async def _send(house: House, token: str, method: str, path: str) -> httpx.Response:
    browser = await house.browser()
    return await browser.send(method, path, headers={"authorization": f"Bearer {token}"})


async def _listed(house: House, token: str, path: str = "/auth/sessions") -> list[dict[str, Any]]:
    response = await _send(house, token, "GET", path)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def _bobs(house: House, number: int = 1) -> list[Browser]:
    return [await (await house.browser()).log_in("bob@example.com") for _ in range(number)]


async def test_a_token_without_the_permission_opens_no_sessions(house: House) -> None:
    (bob,) = await _bobs(house)
    server = (await house.gate.create("/servers", name="Desk"))["id"]
    reads = await _token(house, "bob@example.com", "session.read", "token.*")
    for token in (
        await _token(house, "bob@example.com", "token.*", "user.*"),
        await _token(house, "bob@example.com", servers=[server]),
    ):
        refused = problem(await _send(house, token, "GET", "/auth/sessions"), 403)
        assert "session.read" in refused["detail"]
    (mine,) = await _listed(house, reads)
    for path in ("/auth/sessions", f"/auth/sessions/{mine['id']}"):
        assert "session.write" in problem(await _send(house, reads, "DELETE", path), 403)["detail"]
    assert await bob.is_in()


async def test_what_is_nobodys_own_has_no_sessions(house: House) -> None:
    refused = problem(await _send(house, house.gate.admin, "GET", "/auth/sessions"), 403)
    assert "is no person" in refused["detail"] and "Name the user" in refused["hint"]


async def test_a_token_sees_and_ends_the_sessions_of_its_user_alone(house: House) -> None:
    bobs = await _bobs(house, 3)
    token = await _token(house, "bob@example.com", "session.*")
    listed = await _listed(house, token)
    assert [(one["method"], one["current"]) for one in listed] == [("password", False)] * 3
    adas = (await _listed(house, await _token(house, "ada@example.com", "*")))[0]["id"]
    problem(await _send(house, token, "DELETE", f"/auth/sessions/{adas}"), 404)
    assert (await _send(house, token, "DELETE", f"/auth/sessions/{listed[0]['id']}")).status_code == 204
    assert [await one.is_in() for one in bobs] == [False, True, True]
    assert (await _send(house, token, "DELETE", "/auth/sessions")).status_code == 204
    assert [await one.is_in() for one in bobs] == [False] * 3
    assert len(await _listed(house, await _token(house, "ada@example.com", "*"))) == 1


async def test_who_does_not_look_after_users_hears_the_same_of_everybody(house: House) -> None:
    (bob,) = await _bobs(house)
    answers = {
        (await bob.send(method, path)).text.replace(who, "WHO")
        for who in ("ada@example.com", "nobody@example.com")
        for method, path in (
            ("GET", f"/users/{who}/sessions"),
            ("DELETE", f"/users/{who}/sessions"),
            ("DELETE", f"/users/{who}/sessions/ses_none"),
        )
    }
    assert len(answers) == 1 and "user.write" in answers.pop()


async def test_an_administrator_sees_and_ends_the_sessions_of_a_user(house: House) -> None:
    bobs, admin = await _bobs(house, 3), house.gate.admin
    path = "/users/bob@example.com/sessions"
    listed = await _listed(house, admin, path)
    assert len(listed) == 3
    problem(await _send(house, admin, "GET", "/users/nobody@example.com/sessions"), 404)
    told = problem(await _send(house, admin, "DELETE", f"{path}/ses_none"), 404)
    assert "no session 'ses_none' of this user" in told["detail"]
    adas = (await _listed(house, admin, "/users/ada@example.com/sessions"))[0]["id"]
    problem(await _send(house, admin, "DELETE", f"{path}/{adas}"), 404)
    assert (await _send(house, admin, "DELETE", f"{path}/{listed[0]['id']}")).status_code == 204
    assert [await one.is_in() for one in bobs] == [False, True, True]
    assert (await _send(house, admin, "DELETE", path)).status_code == 204
    assert [await one.is_in() for one in bobs] == [False] * 3


async def test_an_administrators_sessions_are_ended_by_administrators_alone(house: House) -> None:
    await house.gate.create("/roles", name="help-desk", permissions=["user.read", "user.write"])
    await house.gate.create("/grants", user="bob@example.com", role="help-desk")
    (bob,) = await _bobs(house)
    refused = problem(await bob.send("DELETE", "/users/ada@example.com/sessions"), 403)
    assert "'ada@example.com' is an administrator" in refused["detail"]
    adas = (await bob.send("GET", "/users/ada@example.com/sessions")).json()["items"][0]["id"]
    problem(await bob.send("DELETE", f"/users/ada@example.com/sessions/{adas}"), 403)
    assert (await bob.send("DELETE", "/users/bob@example.com/sessions")).status_code == 204
    assert await bob.is_in(), "the one that asks stays"


async def test_ended_sessions_are_in_the_audit(house: House) -> None:
    await _bobs(house)
    (mine,) = await _listed(house, house.gate.admin, "/users/bob@example.com/sessions")
    await _send(house, house.gate.admin, "DELETE", f"/users/bob@example.com/sessions/{mine['id']}")
    record = (await house.gate.get("/audit", action="user.sessions.delete"))["items"][0]
    assert (record["resource"]["name"], record["before"]["id"]) == ("bob@example.com", mine["id"])
    assert record["actor"]["kind"] == "token"
