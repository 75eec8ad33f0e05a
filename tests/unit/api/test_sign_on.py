"""Signing in by a provider, with one that does what it should not, and with browsers that are led astray."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from gatehouse.access.single_sign_on.flow import WORDS
from tests.support.browser import start_path
from tests.support.issuer import ALGORITHMS, Issuer, new_key, sign, unsigned, with_public_key_as_secret
from tests.unit.api.gate import URL, Gate
from tests.unit.api.single_sign_on import SESSION, SLUG, House, error_of, opened_house

pytestmark = pytest.mark.anyio
Spoil = Callable[[Issuer], object]


@pytest.fixture
async def house(gate: Gate) -> AsyncIterator[House]:
    async with opened_house(gate) as opened:
        yield opened


def claims(**changed: Any) -> Spoil:
    return lambda issuer: issuer.behaviour.id_token.update(changed)


def later(seconds: int, **changed: int) -> Spoil:
    """Times of the id_token, counted from now."""
    return claims(**{name: 1_800_000_000 + seconds + value for name, value in changed.items()})


def answered(**parameters: str | None) -> Spoil:
    return lambda issuer: issuer.behaviour.answer.update(parameters)


def told(**metadata: Any) -> Spoil:
    return lambda issuer: issuer.behaviour.metadata.update(metadata)


def status(path: str, number: int) -> Spoil:
    return lambda issuer: issuer.behaviour.statuses.update({path: number})


def body(path: str, content: bytes) -> Spoil:
    return lambda issuer: issuer.behaviour.bodies.update({path: content})


def location(path: str, target: str) -> Spoil:
    return lambda issuer: issuer.behaviour.locations.update({path: target})


def signing(make: Callable[[Issuer], Any]) -> Spoil:
    def spoil(issuer: Issuer) -> None:
        issuer.behaviour.sign = make(issuer)

    return spoil


def wrong_secret(issuer: Issuer) -> None:
    issuer.client_secret = "another"


def key_of_its_own(issuer: Issuer) -> None:
    """Signed with a key that is not published, under the name of one that is."""
    other = new_key("RS256")
    issuer.behaviour.sign = lambda header, told: sign(header, told, other)


@pytest.mark.parametrize(
    ("spoil", "code", "why"),
    [
        pytest.param(claims(iss="http://127.0.0.1:1"), "provider", "'iss'", id="wrong issuer"),
        pytest.param(claims(iss=None), "provider", "'iss'", id="no issuer"),
        pytest.param(claims(aud="somebody"), "provider", "'aud'", id="wrong audience"),
        pytest.param(claims(aud=None), "provider", "'aud'", id="no audience"),
        pytest.param(
            claims(aud=["gatehouse", "somebody"]), "provider", "'azp'", id="two audiences without authorized party"
        ),
        pytest.param(
            claims(aud=["gatehouse", "somebody"], azp="somebody"), "provider", "'azp'", id="another authorized party"
        ),
        pytest.param(later(-61, exp=0), "provider", "is expired", id="expired"),
        pytest.param(claims(exp=None), "provider", "'exp'", id="never expires"),
        pytest.param(claims(exp="soon"), "provider", "'exp'", id="expires in words"),
        pytest.param(later(61, iat=0), "provider", "in the future", id="issued in the future"),
        pytest.param(claims(iat=None), "provider", "'iat'", id="issued at no time"),
        pytest.param(later(61, nbf=0), "provider", "not yet valid", id="not good yet"),
        pytest.param(claims(nonce="replayed"), "provider", "'nonce'", id="another nonce"),
        pytest.param(claims(nonce=None), "provider", "'nonce'", id="no nonce"),
        pytest.param(claims(sub=None), "provider", "'sub'", id="no subject"),
        pytest.param(claims(sub="x" * 256), "provider", "too long", id="endless subject"),
        pytest.param(claims(sub=""), "provider", "'sub'", id="empty subject"),
        pytest.param(claims(sub=17), "provider", "'sub'", id="subject in a number"),
        pytest.param(claims(at_hash="AAAA"), "provider", "'at_hash'", id="another access token"),
        pytest.param(signing(lambda issuer: unsigned), "provider", "algorithm", id="alg none"),
        pytest.param(signing(with_public_key_as_secret), "provider", "algorithm", id="HS256 with the public key"),
        pytest.param(key_of_its_own, "provider", "none of the issuer's keys", id="another key"),
        pytest.param(
            lambda issuer: issuer.behaviour.header.update(kid="unknown"),
            "provider",
            "none of the issuer's keys",
            id="unknown key",
        ),
        pytest.param(
            lambda issuer: issuer.behaviour.header.update(crit=["exp"]),
            "provider",
            "not known here",
            id="critical header",
        ),
        pytest.param(
            answered(iss="http://127.0.0.1:1"), "provider", "from another issuer", id="answer from another issuer"
        ),
        pytest.param(answered(iss=None), "provider", "from another issuer", id="answer that does not say from whom"),
        pytest.param(answered(code=None, error="access_denied"), "denied", "an error", id="denied"),
        pytest.param(answered(code=None), "denied", "an error", id="no code"),
        pytest.param(answered(code="made-up"), "provider", "invalid_grant", id="another code"),
        pytest.param(answered(state="made-up"), "state", "not one of ours", id="another state"),
        pytest.param(answered(state=None), "state", "not one of ours", id="no state"),
        pytest.param(wrong_secret, "provider", "invalid_client", id="wrong client secret"),
        pytest.param(told(issuer="http://127.0.0.1:1"), "provider", "names itself", id="metadata of another issuer"),
        pytest.param(told(token_endpoint=None), "provider", "no endpoints", id="no token endpoint"),
        pytest.param(
            told(token_endpoint="http://tokens.example.com/"),
            "provider",
            "not called for it",
            id="token endpoint without TLS",
        ),
        pytest.param(told(jwks_uri=None), "provider", "where its keys are", id="no keys"),
        pytest.param(status("/.well-known/openid-configuration", 500), "provider", "status 500", id="no discovery"),
        pytest.param(
            body("/.well-known/openid-configuration", b"[" * 9999), "provider", "not a JSON object", id="odd discovery"
        ),
        pytest.param(body("/jwks", b" " * 1_100_000 + b'{"keys":[]}'), "provider", "larger than", id="endless keys"),
        pytest.param(
            body("/jwks", b'{"keys":[{"kty":"oct","k":"c2VjcmV0"},7,{}]}'), "provider", "no key", id="useless keys"
        ),
        pytest.param(status("/token", 500), "provider", "status 500", id="token endpoint down"),
        pytest.param(
            body("/token", b'{"token_type":"Bearer","access_token":"x"}'), "provider", "no id_token", id="no id_token"
        ),
        pytest.param(
            location("/token", "/elsewhere"), "provider", "sends elsewhere", id="token endpoint sends elsewhere"
        ),
        pytest.param(
            location("/jwks", "http://127.0.0.1:1/jwks"), "provider", "sends elsewhere", id="keys of another host"
        ),
        pytest.param(claims(email_verified=False), "email", "no address", id="address not verified"),
        pytest.param(claims(email="ada"), "email", "no address", id="no address"),
        pytest.param(claims(email="\u212ada@example.com"), "email", "no address", id="address with a Kelvin sign"),
    ],
)
async def test_who_is_not_who_they_should_be_is_not_let_in(
    house: House, spoil: Spoil, code: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    await house.add_provider()
    house.issuer.behaviour.user_info = {"sub": "ada-1"}
    spoil(house.issuer)
    answer = await house.sign_in()
    assert error_of(answer) == code
    assert code in WORDS
    assert why in caplog.text
    assert SESSION not in house.browser.http.cookies
    assert await house.emails() == set()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_person_is_let_in_and_becomes_a_user(house: House, algorithm: str) -> None:
    provider = await house.add_provider()
    house.issuer.rotate(algorithm=algorithm)
    answer = await house.sign_in("/servers?tab=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/servers?tab=1")
    user = await house.user("ada@example.com")
    assert (user["name"], user["active"], user["origin"]) == ("Ada Lovelace", True, provider["id"])
    assert SESSION in house.browser.http.cookies
    (asked,) = house.issuer.authorized
    assert asked["redirect_uri"] == provider["redirect_uri"] == f"{URL}/api/v1/auth/oidc/{SLUG}/callback"
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert asked["scope"] == "openid profile email"


async def test_the_same_person_is_the_same_user_even_with_another_address(house: House) -> None:
    await house.add_provider()
    await house.sign_in()
    house.issuer.account |= {"email": "lovelace@example.com"}
    assert error_of(await house.sign_in()) is None
    assert await house.emails() == {"ada@example.com"}


async def test_a_user_who_is_there_already_is_found_by_a_verified_address(house: House) -> None:
    made = await house.gate.create("/users", email="Ada@Example.com", name="Ada")
    await house.add_provider(create_users=False)
    assert error_of(await house.sign_in()) is None
    assert (await house.user("ada@example.com"))["id"] == made["id"]


async def test_an_address_that_is_not_verified_does_not_make_anybody_somebody_else(house: House) -> None:
    await house.gate.create("/users", email="ada@example.com", name="Ada")
    await house.add_provider()
    house.issuer.account["email_verified"] = False
    assert error_of(await house.sign_in()) == "email"


async def test_addresses_are_trusted_where_that_was_asked_for(house: House) -> None:
    await house.add_provider(trust_email=True)
    house.issuer.account.pop("email_verified")
    assert error_of(await house.sign_in()) is None


async def test_nobody_is_made_a_user_where_that_was_not_asked_for(house: House) -> None:
    await house.add_provider(create_users=False)
    assert error_of(await house.sign_in()) == "unknown"


async def test_who_is_switched_off_stays_out(house: House) -> None:
    await house.add_provider()
    await house.sign_in()
    await house.gate.send("PATCH", "/users/ada@example.com", {"active": False})
    assert error_of(await house.sign_in()) == "disabled"


@pytest.mark.parametrize(("email", "code"), [("ada@evil.com", "domain"), ("a@sub.example.com", "domain")])
async def test_who_is_of_another_domain_stays_out_even_as_a_known_user(house: House, email: str, code: str) -> None:
    await house.add_provider()
    house.issuer.account["email"] = email
    assert error_of(await house.sign_in()) is None
    await house.gate.send("PATCH", f"/providers/{SLUG}", {"allowed_domains": ["example.com", "example.org"]})
    assert error_of(await house.sign_in()) == code


async def test_a_key_that_is_new_is_found(house: House) -> None:
    await house.add_provider()
    for _ in range(2):
        assert error_of(await house.sign_in()) is None
        house.issuer.rotate()
    assert error_of(await house.sign_in()) == "provider"
    house.gate.clock.time += 31
    assert error_of(await house.sign_in()) is None


async def test_groups_become_teams_and_roles_and_are_kept_in_step(house: House) -> None:
    for slug in ("makers", "sellers", "friends"):
        await house.gate.create("/teams", name=slug)
    mappings: list[dict[str, str]] = [
        {"value": "makers", "team": "makers"},
        {"value": "leads", "team": "makers", "team_role": "owner"},
        {"value": "sellers", "team": "sellers"},
        {"claim": "realm_access.roles", "value": "boss", "role": "admin"},
        {"value": "*", "role": "editor", "scope": "makers"},
    ]
    await house.add_provider(mappings=mappings)
    scope = (await house.gate.get("/teams/makers"))["id"]
    await house.sign_in()
    assert await house.teams_of("ada@example.com") == {"makers": "member"}
    assert await house.roles_of("ada@example.com") == {("editor", scope)}
    await house.gate.send("POST", "/teams/friends/members", {"user": "ada@example.com"})
    house.issuer.account |= {"groups": ["makers", "leads", "sellers"], "realm_access": {"roles": ["boss"]}}
    await house.sign_in()
    assert await house.teams_of("ada@example.com") == {"makers": "owner", "sellers": "member", "friends": "member"}
    assert await house.roles_of("ada@example.com") == {("editor", scope), ("admin", "*")}
    house.issuer.account |= {"groups": [], "realm_access": {}}
    await house.sign_in()
    assert await house.teams_of("ada@example.com") == {"friends": "member"}
    assert await house.roles_of("ada@example.com") == set()


async def test_groups_may_stand_in_the_userinfo(house: House) -> None:
    await house.gate.create("/teams", name="makers")
    await house.add_provider(mappings=[{"value": "makers", "team": "makers"}])
    house.issuer.behaviour.id_token["groups"] = None
    await house.sign_in()
    assert await house.teams_of("ada@example.com") == {"makers": "member"}


async def test_the_userinfo_of_somebody_else_is_refused(house: House) -> None:
    await house.add_provider(mappings=[{"value": "makers", "role": "admin"}])
    house.issuer.behaviour.id_token["groups"] = None
    house.issuer.behaviour.user_info = {"sub": "mallory", "groups": ["makers"]}
    assert error_of(await house.sign_in()) == "provider"


async def test_groups_that_were_too_many_are_not_taken_for_none(house: House) -> None:
    await house.add_provider(mappings=[{"value": "makers", "role": "admin"}])
    house.issuer.behaviour.id_token |= {"groups": None, "_claim_names": {"groups": "src1"}}
    assert error_of(await house.sign_in()) == "groups"


async def test_a_provider_that_is_removed_takes_back_what_it_gave(house: House) -> None:
    await house.add_provider(mappings=[{"value": "makers", "role": "admin"}])
    await house.sign_in()
    assert await house.roles_of("ada@example.com") == {("admin", "*")}
    assert (await house.gate.send("DELETE", f"/providers/{SLUG}")).status_code == 204
    assert await house.roles_of("ada@example.com") == set()
    assert await house.emails() == {"ada@example.com"}


async def test_github_tells_who_it_is_in_its_own_way(house: House) -> None:
    await house.gate.create("/teams", name="crew")
    await house.add_provider(
        preset="github",
        api_url=house.issuer.issuer,
        scopes=["read:user", "user:email", "read:org"],
        create_users=True,
        allowed_domains=["example.com"],
        mappings=[{"value": "makers/crew", "team": "crew"}],
    )
    house.issuer.behaviour.answer["iss"] = None
    assert error_of(await house.sign_in()) is None
    assert await house.teams_of("ada@example.com") == {"crew": "member"}
    house.issuer.account["email_verified"] = False
    assert error_of(await house.sign_in()) == "email"


async def test_nothing_secret_is_logged_or_told(house: House, caplog: pytest.LogCaptureFixture) -> None:
    provider = await house.add_provider()
    house.issuer.behaviour.statuses["/userinfo"] = 500
    house.issuer.behaviour.id_token["email"] = None
    with caplog.at_level(logging.DEBUG):
        back = await house.browser.until_callback(start_path(SLUG))
        answer = await house.browser.get(back)
        house.issuer.client_secret = "another"
        tried = await house.gate.send("POST", f"/providers/{SLUG}/test", {})
    assert error_of(answer) == "provider"
    audited = (await house.gate.send("GET", "/audit")).text
    parameters = httpx.URL(back).params
    words = [parameters["code"], parameters["state"], "s3cret:with/odd&chars+", "secret words"]
    own = [record.getMessage() for record in caplog.records if record.name.startswith("gatehouse")]
    for text in ("\n".join(own), answer.headers["location"], audited, tried.text, str(provider)):
        assert not [word for word in words if word in text]


async def test_sign_ins_and_refusals_stand_in_the_audit(house: House) -> None:
    await house.add_provider()
    await house.sign_in()
    house.issuer.behaviour.id_token["aud"] = "somebody"
    await house.sign_in()
    await house.gate.audit.flush(everything=True)
    found = (await house.gate.get("/audit", action="auth.login"))["items"]
    assert {(one["outcome"], one["resource"]["name"]) for one in found} == {
        ("done", "ada@example.com"),
        ("refused", ""),
    }
