"""Identity providers over the API."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gatehouse.store.secrets import Secrets
from tests.unit.api.gate import URL, Gate, problem
from tests.unit.api.single_sign_on import House, opened_house

pytestmark = pytest.mark.anyio
BASE = {"name": "Works", "issuer": "https://id.example.com", "client_id": "gatehouse"}
SECRET = "s3cret:with/odd&chars+"


@pytest.fixture
async def house(gate: Gate) -> AsyncIterator[House]:
    async with opened_house(gate) as opened:
        yield opened


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": None}, "'name' can't be used"),
        ({"name": " "}, "no name"),
        ({"slug": "Works"}, "can't be the provider"),
        ({"slug": "a/b"}, "can't be the provider"),
        ({"preset": "facebook"}, "'preset' can't be used"),
        ({"issuer": ""}, "no issuer"),
        ({"issuer": "id.example.com"}, "not an https URL"),
        ({"issuer": "ftp://id.example.com"}, "not an https URL"),
        ({"issuer": "http://id.example.com"}, "not https"),
        ({"issuer": "https://user:pw@id.example.com"}, "more than host and path"),
        ({"issuer": "https://id.example.com?x=1"}, "more than host and path"),
        ({"issuer": "https://id.example.com/#"}, "more than host and path"),
        ({"issuer": "https://id.example.com:port"}, "not a URL"),
        ({"issuer": "https://"}, "not an https URL"),
        ({"issuer": "https://x" + "x" * 300}, "'issuer' can't be used"),
        ({"client_id": None}, "no client_id"),
        ({"use_for": []}, "used for nothing"),
        ({"use_for": ["login"]}, "'use_for[0]' can't be used"),
        ({"scopes": ["profile"]}, "lack 'openid'"),
        ({"scopes": ["openid", "two words"]}, "not a scope"),
        ({"allowed_domains": ["https://x"]}, "not a domain"),
        ({"clock_skew": 3600}, "'clock_skew' can't be used"),
        ({"mappings": [{"value": "x"}]}, "gives nothing"),
        ({"mappings": [{"value": "x", "team": "nowhere"}]}, "there is no team 'nowhere'"),
        ({"mappings": [{"value": "x", "team": "*"}]}, "there is no team '*'"),
        ({"mappings": [{"value": "x", "role": "admin", "scope": "nowhere"}]}, "there is no team 'nowhere'"),
        ({"mappings": [{"value": "x", "role": "king"}]}, "there is no role 'king'"),
        ({"mappings": [{"value": "x", "role": "admin", "team_role": "king"}]}, "can't be used"),
        ({"scopes_to_permissions": {"x": ["server.fly"]}}, "there is no permission 'server.fly'"),
        ({"api_url": "http://api.example.com"}, "not https"),
        ({"preset": "google", "issuer": "", "create_users": True}, "Anybody can have an account of Google"),
        ({"preset": "google", "issuer": "", "use_for": ["access_tokens"]}, "can be read by nobody else"),
        ({"preset": "entra", "issuer": "common"}, "all tenants"),
        ({"preset": "entra", "issuer": "https://login.microsoftonline.com/organizations/v2.0"}, "all tenants"),
        ({"secret": "x"}, "Unknown field 'secret'"),
    ],
)
async def test_a_provider_that_can_not_be_is_refused(gate: Gate, body: dict[str, Any], told: str) -> None:
    assert told in problem(await gate.send("POST", "/providers", {**BASE, **body}), 400)["detail"]
    assert (await gate.get("/providers"))["items"] == []


@pytest.mark.parametrize(
    ("preset", "given", "issuer", "scopes", "trusted"),
    [
        ("google", None, "https://accounts.google.com", "openid profile email", False),
        ("github", None, "https://github.com/login/oauth", "read:user user:email", False),
        ("entra", "0a1b-tenant", "https://login.microsoftonline.com/0a1b-tenant/v2.0", "openid profile email", True),
        ("okta", "acme.okta.com", "https://acme.okta.com", "openid profile email groups", False),
        ("keycloak", "id.acme.com/realms/acme", "https://id.acme.com/realms/acme", "openid profile email", False),
        (
            "keycloak",
            "https://id.acme.com/realms/acme",
            "https://id.acme.com/realms/acme",
            "openid profile email",
            False,
        ),
        ("generic", "https://id.example.com/", "https://id.example.com/", "openid profile email", False),
    ],
)
async def test_a_preset_knows_what_is_usual(
    gate: Gate, preset: str, given: str | None, issuer: str, scopes: str, trusted: bool
) -> None:
    body = {"name": "Acme", "preset": preset, "client_id": "gatehouse"}
    made = await gate.create("/providers", **body, **({"issuer": given} if given else {}))
    assert (made["issuer"], " ".join(made["scopes"]), made["trust_email"]) == (issuer, scopes, trusted)
    assert made["create_users"] is (preset not in ("google", "github"))
    assert (made["use_for"], made["clock_skew"], made["slug"]) == (["sign_in"], 60, "acme")


async def test_the_secret_is_never_told(house: House) -> None:
    made = await house.add_provider()
    assert made["client_secret_set"] is True
    changed = await house.gate.send("PATCH", "/providers/works", {"client_secret": "another secret"})
    listed = await house.gate.send("GET", "/providers")
    audit = await house.gate.send("GET", "/audit")
    for text in (str(made), changed.text, listed.text, audit.text):
        assert SECRET not in text and "another secret" not in text
    (provider,) = house.gate.single_sign_on.providers.current
    assert "another secret" not in repr(provider) and provider.sealed_secret is not None
    assert b"another secret" not in provider.sealed_secret
    assert "another secret" not in repr(provider.options)


async def test_a_secret_is_bound_to_its_provider(house: House) -> None:
    await house.add_provider()
    (provider,) = house.gate.single_sign_on.providers.current
    secret = house.gate.single_sign_on.providers.secret_of(provider)
    assert secret is not None and secret.reveal() == SECRET
    with pytest.raises(ValueError, match="sealed for something else"):
        Secrets(bytes(32)).open("provider.client_secret", provider.sealed_secret or b"", b"idp_other")


async def test_a_secret_is_shown_to_no_other_issuer_than_it_was_given_for(house: House) -> None:
    await house.add_provider()
    change = {"issuer": "https://else.example"}
    refused = problem(await house.gate.send("PATCH", "/providers/works", change), 400)
    assert "given for the issuer before" in refused["detail"]
    changed = (await house.gate.send("PATCH", "/providers/works", {**change, "client_secret": None})).json()
    assert (changed["issuer"], changed["client_secret_set"]) == ("https://else.example", False)


async def test_what_a_change_leaves_out_stays(house: House) -> None:
    team = await house.gate.create("/teams", name="Crew")
    made = await house.add_provider(mappings=[{"value": "crew", "team": "crew"}], allowed_domains=["@Example.COM"])
    assert made["mappings"][0]["team"] == team["id"]
    assert made["allowed_domains"] == ["example.com"]
    house.gate.clock.time += 5
    changed = (await house.gate.send("PATCH", f"/providers/{made['id']}", {"enabled": False})).json()
    assert changed == {**made, "enabled": False, "updated_at": "2027-01-15T08:00:05Z"}
    assert await house.gate.get("/providers/works") == changed
    problem(await house.gate.send("PATCH", "/providers/works", {"mappings": [{"value": "x"}]}), 400)
    assert await house.gate.get("/providers/works") == changed


async def test_two_providers_do_not_share_a_slug(gate: Gate) -> None:
    await gate.create("/providers", **BASE)
    assert "this slug" in problem(await gate.send("POST", "/providers", BASE), 409)["detail"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test")]
)  # fmt: skip
async def test_a_provider_that_is_not_there_is_not_found(gate: Gate, method: str, path: str) -> None:
    body = None if method in ("GET", "DELETE") else {}
    problem(await gate.send(method, f"/providers/nowhere{path}", body), 404)


async def test_who_may_not_is_refused(gate: Gate) -> None:
    made = await gate.create("/providers", **BASE)
    reader = await gate.token("provider.read", "user.*", "team.*")
    assert (await gate.send("GET", "/providers", token=reader)).status_code == 200
    for method, path in (
        ("POST", ""),
        ("PATCH", f"/{made['id']}"),
        ("DELETE", f"/{made['id']}"),
        ("POST", "/works/test"),
    ):
        body = None if method == "DELETE" else BASE
        problem(await gate.send(method, f"/providers{path}", body, reader), 403)
    problem(await gate.send("GET", "/providers", token=await gate.token("user.*")), 403)


async def test_a_provider_is_tried_stage_by_stage(house: House) -> None:
    await house.add_provider()

    async def tried() -> dict[str, bool]:
        report = (await house.gate.send("POST", "/providers/works/test", {})).json()
        stages = {stage["name"]: stage["passed"] for stage in report["stages"]}
        assert report["passed"] is all(stages.values())
        assert all(stage["words"].endswith(".") for stage in report["stages"])
        return stages

    assert await tried() == {"discovery": True, "keys": True, "endpoints": True, "client": True}
    house.issuer.client_secret = "another"
    assert (await tried())["client"] is False
    house.issuer.behaviour.metadata |= {"token_endpoint": None, "jwks_uri": None}
    assert await tried() == {"discovery": True, "keys": False, "endpoints": False, "client": False}
    house.issuer.behaviour.metadata["issuer"] = "https://else.example"
    assert await tried() == {"discovery": False}


async def test_github_is_tried_in_its_own_way(house: House) -> None:
    await house.add_provider(preset="github", api_url=house.issuer.issuer)
    house.issuer.behaviour.statuses["/meta"] = 200
    report = (await house.gate.send("POST", "/providers/works/test", {})).json()
    assert [(stage["name"], stage["passed"]) for stage in report["stages"]] == [("api", True), ("client", True)]


async def test_what_is_to_be_registered_with_the_provider_is_told(gate: Gate) -> None:
    made = await gate.create("/providers", **BASE)
    assert made["redirect_uri"] == f"{URL}/api/v1/auth/oidc/works/callback"
    assert made["start"] == "/api/v1/auth/oidc/works/start"


def test_who_has_no_provider_pays_for_no_library() -> None:
    program = (
        "import sys, gatehouse.app.worker;"
        "print([name for name in ('httpx', 'joserfc', 'authlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
