"""Signing in and out over the API: what gets in, what does not, and what each of them is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gatehouse.access.people.users import NewUser
from gatehouse.access.tokens.service import NewToken
from gatehouse.api.auth import InvitationAnswer, Login, PasswordChange, SetupInput
from gatehouse.settings import Settings, SignIn
from tests.unit.access.sign_in.showing import shown
from tests.unit.api.browsers import PASSWORD, PLAIN, SECURE, House, opened_house
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio
NEW = "another analytical engine"
HTTPS = Settings(public_url="https://tools.example.com")


@pytest.fixture
async def house(gate: Gate) -> AsyncIterator[House]:
    async with opened_house(gate) as opened:
        yield opened


async def test_until_there_is_a_user_the_ways_in_say_that_set_up_is_needed(house: House) -> None:
    browser = await house.browser()
    ways = (await browser.send("GET", "/auth/methods")).json()
    assert (ways["passwords"], ways["providers"], ways["setup_needed"]) == (True, [], True)
    await house.set_up()
    assert (await browser.send("GET", "/auth/methods")).json()["setup_needed"] is False


async def test_the_first_administrator_may_do_everything(house: House) -> None:
    browser = await house.set_up()
    here = (await browser.send("GET", "/auth/session")).json()
    assert (here["kind"], here["name"], here["user"]["email"]) == ("user", "ada@example.com", "ada@example.com")
    assert [(grant["role"], grant["scope"]) for grant in here["grants"]] == [("admin", "*")]
    assert here["csrf_token"] == browser.csrf and here["session"].startswith("ses_")
    made = await browser.send("POST", "/servers", {"name": "Desk"})
    assert made.status_code == 201, made.text


async def test_who_is_signed_in_hears_what_would_be_refused_everywhere(house: House) -> None:
    browser = await house.set_up()
    able = (await browser.send("GET", "/auth/session")).json()["able"]
    assert {"audit.read", "upstream.stdio", "server.write"} <= set(able)
    body = {"email": "ben@example.com", "name": "Ben", "password": PASSWORD}
    assert (await browser.send("POST", "/users", body)).status_code == 201
    other = await house.browser()
    await other.log_in("ben@example.com")
    able = (await other.send("GET", "/auth/session")).json()["able"]
    assert {"server.write", "token.write", "tool.read"} <= set(able), "of what is theirs alone, and of what is public"
    assert not {"audit.read", "user.read", "upstream.stdio", "team.create", "root.read"} & set(able)


async def test_a_set_up_code_is_good_once(house: House) -> None:
    code = await house.sign_in.setup.prepare()
    body = {"code": code, "email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    browser = await house.browser()
    problem(await browser.send("POST", "/auth/setup", {**body, "code": "wrong"}), 403)
    assert (await browser.send("POST", "/auth/setup", body)).status_code == 200
    told = problem(await browser.send("POST", "/auth/setup", {**body, "email": "eve@example.com"}), 409)
    assert "already" in told["detail"]


async def test_a_pass_is_made_for_who_is_signed_in_and_for_nobody_else(house: House) -> None:
    browser = await house.browser()
    problem(await browser.send("POST", "/auth/pass"), 401)
    headers = {"authorization": f"Bearer {house.gate.admin}"}
    told = problem(await browser.send("POST", "/auth/pass", headers=headers), 409)
    assert "a token is its own pass" in told["detail"]
    signed_in = await house.set_up()
    problem(await signed_in.send("POST", "/auth/pass", headers={"x-csrf-token": "wrong"}), 403)
    made = await signed_in.send("POST", "/auth/pass")
    assert made.status_code == 200 and made.json().keys() == {"pass", "expires_at"}
    assert made.headers["cache-control"] == "no-store"


async def test_a_pass_is_no_way_into_the_api(house: House) -> None:
    house.gate.strangers.take(house.sign_in.passes.issuer)
    signed_in = await house.set_up()
    made = (await signed_in.send("POST", "/auth/pass")).json()["pass"]
    stranger = await house.browser()
    for method, path in (("GET", "/servers"), ("GET", "/auth/session"), ("POST", "/auth/pass")):
        answer = await stranger.send(method, path, headers={"authorization": f"Bearer {made}"})
        assert "pass" in problem(answer, 403)["detail"]


async def test_who_am_i_tells_a_token_what_it_is(house: House) -> None:
    browser = await house.browser()
    headers = {"authorization": f"Bearer {house.gate.admin}"}
    here = (await browser.send("GET", "/auth/session", headers=headers)).json()
    assert (here["kind"], here["user"], here["session"], here["csrf_token"]) == ("token", None, None, None)
    assert here["permissions"] == ["*"]


async def test_nobody_is_told_so(house: House) -> None:
    browser = await house.browser()
    problem(await browser.send("GET", "/auth/session"), 401)
    browser.cookie = f"{PLAIN}=unknown"
    told = problem(await browser.send("GET", "/auth/session"), 401)
    assert "over" in told["detail"] and "Sign in again" in told["hint"]


async def test_over_plain_http_the_cookie_is_not_for_https(house: House) -> None:
    browser = await house.set_up()
    (cookie,) = browser.set_cookies or [browser.cookie]
    await browser.log_in()
    (cookie,) = browser.set_cookies
    assert cookie.startswith(f"{PLAIN}=") and "Secure" not in cookie
    assert cookie.endswith("; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000")


async def test_over_https_the_cookie_is_for_this_host_alone(gate: Gate) -> None:
    async with opened_house(gate, HTTPS) as house:
        browser = await house.set_up()
        await browser.log_in()
        (cookie,) = browser.set_cookies
        assert cookie.startswith(f"{SECURE}=") and "Domain" not in cookie
        assert cookie.endswith("; Secure; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000")
        assert await browser.is_in()
        browser.cookie = browser.cookie.replace(SECURE, PLAIN)
        assert not await browser.is_in(), "one that came over http is not taken over https"


async def test_a_planted_cookie_is_not_what_one_is_signed_in_with(house: House) -> None:
    """Session fixation."""
    await house.set_up()
    victim, thief = await house.browser(), await house.browser("203.0.113.66")
    planted = f"{PLAIN}=planted-by-the-thief"
    victim.cookie = thief.cookie = planted
    await victim.log_in()
    assert victim.cookie != planted
    assert await victim.is_in() and not await thief.is_in()


async def test_a_session_of_the_thief_does_not_become_the_victims(house: House) -> None:
    admin = await house.set_up()
    await admin.send("POST", "/users", {"email": "eve@example.com", "name": "Eve", "password": PASSWORD})
    thief, victim = await house.browser("203.0.113.66"), await house.browser()
    await thief.log_in("eve@example.com")
    victim.cookie = thief.cookie
    await victim.log_in()
    assert victim.cookie != thief.cookie
    assert await victim.is_in() and not await thief.is_in()


async def test_without_the_csrf_token_nothing_is_changed(house: House) -> None:
    browser = await house.set_up()
    token, browser.csrf = browser.csrf, ""
    told = problem(await browser.send("POST", "/servers", {"name": "Desk"}), 403)
    assert "x-csrf-token" in told["detail"]
    browser.csrf = token[::-1]
    problem(await browser.send("POST", "/servers", {"name": "Desk"}), 403)
    problem(await browser.send("POST", "/auth/logout"), 403)
    assert (await browser.send("GET", "/servers")).json()["items"] == []
    browser.csrf = token
    assert (await browser.send("POST", "/servers", {"name": "Desk"})).status_code == 201


async def test_the_csrf_token_of_one_session_is_not_good_for_another(house: House) -> None:
    first = await house.set_up()
    second = await (await house.browser()).log_in()
    first.csrf = second.csrf
    problem(await first.send("POST", "/servers", {"name": "Desk"}), 403)


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
    ids=["origin", "sandbox", "site"],
)
async def test_pages_of_others_change_nothing_even_with_the_token(house: House, headers: dict[str, str]) -> None:
    browser = await house.set_up()
    told = problem(await browser.send("POST", "/servers", {"name": "Desk"}, headers=headers), 403)
    assert "another origin" in told["detail"] and "public_url" in told["hint"]
    assert (await browser.send("GET", "/servers")).json()["items"] == []


async def test_pages_of_others_sign_nobody_in(house: House) -> None:
    await house.set_up()
    browser, headers = await house.browser(), {"origin": "https://evil.example"}
    body = {"email": "ada@example.com", "password": PASSWORD}
    problem(await browser.send("POST", "/auth/login", body, headers=headers), 403)
    setup = {"code": "x", "email": "eve@example.com", "name": "Eve", "password": PASSWORD}
    problem(await browser.send("POST", "/auth/setup", setup, headers=headers), 403)
    accept = {"code": "x", "email": "eve@example.com", "name": "Eve", "password": PASSWORD}
    problem(await browser.send("POST", "/auth/invitation/accept", accept, headers=headers), 403)
    assert browser.cookie == ""


async def test_a_form_of_another_page_is_not_read(house: House) -> None:
    """A browser sends forms anywhere without asking, but not with this media type."""
    await house.set_up()
    browser = await house.browser()
    headers = {"content-type": "text/plain"}
    content = b'{"email":"ada@example.com","password":"' + PASSWORD.encode() + b'"}'
    problem(await browser.client.post("/auth/login", content=content, headers=headers), 415)


async def test_a_token_needs_no_csrf_token(house: House) -> None:
    browser = await house.browser()
    headers = {"authorization": f"Bearer {house.gate.admin}", "origin": "https://evil.example"}
    made = await browser.send("POST", "/servers", {"name": "Desk"}, headers=headers)
    assert made.status_code == 201, made.text


async def test_unknown_people_and_wrong_passwords_get_the_same_answer(house: House) -> None:
    await house.set_up()
    answers: set[tuple[object, ...]] = set()
    for number, email in enumerate(("ada@example.com", "nobody@example.com", "", "x" * 254)):
        browser = await house.browser(f"198.51.{number}.1")
        response = await browser.send("POST", "/auth/login", {"email": email, "password": "wrong password"})
        problem(response, 401)
        answers.add(
            (response.content, *((k, v) for k, v in response.headers.items() if k not in ("date", "x-request-id")))
        )
    assert len(answers) == 1


async def test_too_many_failures_are_told_when_to_come_back(house: House) -> None:
    await house.set_up()
    thief, ada, elsewhere = (
        await house.browser("203.0.113.66"), await house.browser(), await house.browser("198.51.100.1")
    )  # fmt: skip
    await ada.log_in()
    for email in ("ada@example.com", "nobody@example.com"):
        for _ in range(5):
            problem(await thief.send("POST", "/auth/login", {"email": email, "password": "wrong password"}), 401)
        refused = await thief.send("POST", "/auth/login", {"email": email, "password": PASSWORD})
        assert "1 second" in problem(refused, 429)["hint"]
        assert refused.headers["retry-after"] == "1" and "set-cookie" not in refused.headers
    await ada.log_in()
    await elsewhere.log_in()


async def test_sessions_are_listed_and_ended(house: House) -> None:
    first = await house.set_up()
    second = await (await house.browser("198.51.100.1")).log_in()
    listed = (await first.send("GET", "/auth/sessions")).json()["items"]
    assert [(one["method"], one["address"], one["current"]) for one in listed] == [
        ("setup", "192.0.2.1", True),
        ("password", "198.51.100.1", False),
    ]
    assert (await first.send("DELETE", f"/auth/sessions/{listed[1]['id']}")).status_code == 204
    assert not await second.is_in() and await first.is_in()
    problem(await first.send("DELETE", f"/auth/sessions/{listed[1]['id']}"), 404)


async def test_other_sessions_end_all_at_once(house: House) -> None:
    first = await house.set_up()
    others = [await (await house.browser()).log_in() for _ in range(2)]
    assert (await first.send("DELETE", "/auth/sessions")).status_code == 204
    assert [await one.is_in() for one in (first, *others)] == [True, False, False]


async def test_who_signs_out_is_out(house: House) -> None:
    browser = await house.set_up()
    kept = browser.cookie
    assert (await browser.send("POST", "/auth/logout")).status_code == 204
    (cookie,) = browser.set_cookies
    assert cookie.startswith(f"{PLAIN}=;") and "Max-Age=0" in cookie
    browser.cookie = kept
    assert not await browser.is_in()


async def test_nobody_sees_or_ends_the_sessions_of_others(house: House) -> None:
    admin = await house.set_up()
    await admin.send("POST", "/users", {"email": "eve@example.com", "name": "Eve", "password": PASSWORD})
    eve = await (await house.browser()).log_in("eve@example.com")
    mine = (await admin.send("GET", "/auth/sessions")).json()["items"][0]["id"]
    assert mine not in (await eve.send("GET", "/auth/sessions")).text
    problem(await eve.send("DELETE", f"/auth/sessions/{mine}"), 404)
    assert (await eve.send("DELETE", "/auth/sessions")).status_code == 204
    assert await admin.is_in()


async def test_a_users_token_is_no_way_to_the_password_or_out(house: House) -> None:
    browser = await house.set_up()
    here = (await browser.send("GET", "/auth/session")).json()
    _, token = await house.gate.tokens.create(NewToken(name="all", permissions=("*",), owner=here["id"]))
    await house.gate.settle()
    thief, headers = await house.browser(), {"authorization": f"Bearer {token}"}
    body = {"current": PASSWORD, "new": NEW}
    for method, path, json in (
        ("POST", "/auth/password", body),
        ("POST", "/auth/logout", None),
    ):
        problem(await thief.send(method, path, json, headers=headers), 403)
    assert await browser.is_in()


async def test_a_new_password_ends_the_other_sessions(house: House) -> None:
    first = await house.set_up()
    second, old = await (await house.browser()).log_in(), first.cookie
    changed = await first.send("POST", "/auth/password", {"current": PASSWORD, "new": NEW})
    assert changed.status_code == 200 and first.cookie != old
    assert await first.is_in() and not await second.is_in()
    second.cookie = old
    assert not await second.is_in(), "the cookie from before is of no use either"
    problem(await second.send("POST", "/auth/login", {"email": "ada@example.com", "password": PASSWORD}), 401)
    await second.log_in(password=NEW)


async def test_a_wrong_current_password_changes_nothing(house: House) -> None:
    browser = await house.set_up()
    wrong = "this is not the password"
    refused = await browser.send("POST", "/auth/password", {"current": wrong, "new": NEW})
    assert wrong not in refused.text and problem(refused, 403)
    problem(await browser.send("POST", "/auth/password", {"current": PASSWORD, "new": "short"}), 400)
    assert await browser.is_in()
    await browser.log_in()


async def test_who_is_switched_off_is_out_at_once(house: House) -> None:
    admin = await house.set_up()
    made = await admin.send("POST", "/users", {"email": "bob@example.com", "name": "Bob", "password": PASSWORD})
    bob = await (await house.browser()).log_in("bob@example.com")
    await admin.send("PATCH", f"/users/{made.json()['id']}", {"active": False})
    assert not await bob.is_in()
    problem(await bob.send("POST", "/auth/login", {"email": "bob@example.com", "password": PASSWORD}), 403)


async def test_a_worker_that_has_not_heard_of_a_user_looks_again(house: House) -> None:
    """Another one made the user and the session, and this one's browser is here already."""
    bob = await house.gate.people.users.add(NewUser(email="bob@example.com", name="Bob"))
    assert house.gate.directory().user(bob.id) is None
    browser = await house.browser()
    begun = await house.sign_in.sessions.begin(bob.id, "password", shown(secure=False))
    browser.cookie = begun.cookie.partition(";")[0]
    assert (await browser.send("GET", "/auth/session")).json()["name"] == "bob@example.com"


async def test_an_invitation_is_shown_and_taken(house: House) -> None:
    admin = await house.set_up()
    made = (await admin.send("POST", "/invitations", {"email": "bob@example.com", "role": "editor"})).json()
    bob = await house.browser()
    shown = (await bob.send("POST", "/auth/invitation", {"code": made["code"]})).json()
    assert (shown["kind"], shown["email"], shown["role"], shown["invited_by"]) == (
        "invitation", "bob@example.com", "editor", "Ada",
    )  # fmt: skip
    body = {"code": made["code"], "email": "bob@example.com", "name": "Bob", "password": PASSWORD}
    accepted = await bob.send("POST", "/auth/invitation/accept", body)
    assert accepted.status_code == 200 and accepted.json()["user"]["name"] == "Bob"
    assert await bob.is_in()
    problem(await bob.send("POST", "/auth/invitation", {"code": made["code"]}), 404)
    problem(await bob.send("POST", "/auth/invitation", {"code": "nothing"}), 404)


async def test_an_administrator_gives_a_link_to_a_new_password(house: House) -> None:
    admin = await house.set_up()
    await admin.send("POST", "/users", {"email": "bob@example.com", "name": "Bob", "password": PASSWORD})
    bob = await (await house.browser()).log_in("bob@example.com")
    problem(await bob.send("POST", "/users/ada@example.com/reset"), 403)
    made = (await admin.send("POST", "/users/bob@example.com/reset")).json()
    assert made["link"].endswith(f"/invite#{made['code']}")
    forgetful = await house.browser("198.51.100.1")
    shown = (await forgetful.send("POST", "/auth/invitation", {"code": made["code"]})).json()
    assert (shown["kind"], shown["email"]) == ("password", "bob@example.com")
    body = {"code": made["code"], "password": NEW}
    assert (await forgetful.send("POST", "/auth/invitation/accept", body)).status_code == 200
    assert await forgetful.is_in() and not await bob.is_in()
    problem(await forgetful.send("POST", "/auth/invitation/accept", body), 404)


async def test_with_single_sign_on_alone_passwords_are_refused_with_words(gate: Gate) -> None:
    async with opened_house(gate) as open_:
        await open_.set_up()
    async with opened_house(gate, Settings(sign_in=SignIn(passwords=False))) as house:
        browser = await house.browser()
        assert (await browser.send("GET", "/auth/methods")).json()["passwords"] is False
        body = {"email": "ada@example.com", "password": PASSWORD}
        assert "single sign-on" in problem(await browser.send("POST", "/auth/login", body), 403)["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "ada@example.com"},
        {"email": 1, "password": PASSWORD},
        {"email": "a" * 300, "password": PASSWORD},
        {"email": "ada@example.com", "password": PASSWORD + "x" * 1000},
        {"email": "ada@example.com", "password": PASSWORD, "more": PASSWORD},
        {"email": "ada@example.com", "password": [PASSWORD]},
    ],
)
async def test_what_is_wrong_with_a_body_is_told_without_the_password(house: House, body: dict[str, object]) -> None:
    browser = await house.browser()
    response = await browser.send("POST", "/auth/login", body)
    problem(response, 400)
    assert PASSWORD not in response.text


@pytest.mark.parametrize("odd", ["\\ud800", "\\u0000", "\\uffff"])
async def test_odd_characters_are_no_way_to_make_it_fail(house: House, odd: str) -> None:
    browser = await house.browser()
    content = f'{{"email":"{odd}@example.com","password":"{odd}wrong password"}}'.encode()
    response = await browser.client.post("/auth/login", content=content)
    assert response.status_code in (400, 401), response.text


def test_bodies_do_not_tell_themselves() -> None:
    said = [
        Login(email="a", password=PASSWORD),
        PasswordChange(current=PASSWORD, new=PASSWORD),
        SetupInput(code=PASSWORD, email="a", name="b", password=PASSWORD),
        InvitationAnswer(code=PASSWORD, password=PASSWORD),
        shown(cookie=PASSWORD, headers={"authorization": PASSWORD}),
    ]
    assert PASSWORD not in repr(said)


async def test_a_token_goes_before_a_cookie(house: House) -> None:
    browser = await house.set_up()
    headers = {"authorization": f"Bearer {house.gate.admin}"}
    assert (await browser.send("GET", "/auth/session", headers=headers)).json()["kind"] == "token"
    problem(await browser.send("GET", "/auth/session", headers={"authorization": "Bearer wrong"}), 401)
