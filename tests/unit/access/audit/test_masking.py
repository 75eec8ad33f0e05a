"""Nothing that could be a secret gets into the audit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from gatehouse.access.audit.masking import MASK, safe, safe_text

SECRET = "hunter2-XyZ"
TOKEN = "gh_" + "a1B2-_" * 7


@pytest.mark.parametrize(
    "name",
    [
        "token", "password", "secret", "credential", "authorization", "code", "client_secret", "clientSecret",
        "access_token", "refresh_token", "id_token", "csrf_token", "api_key", "apiKey", "X-Auth-Token", "private_key",
        "Authorization", "PASSWORD", "new_password", "tokens", "passwords", "credentials", "set-cookie", "link",
        "current", "new", "Proxy-Authorization", "sealed_secret", "device_code",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"a": SECRET}, {"a": [{"b": SECRET}]}, 123456])
def test_what_stands_under_the_name_of_a_secret_is_hidden(name: str, value: Any) -> None:
    for nested in ({name: value}, {"a": [{name: value}]}):
        told = json.dumps(safe(nested))
        assert SECRET not in told and "123456" not in told
        assert MASK in told


@pytest.mark.parametrize("name", ["env", "headers", "environment", "cookies", "Headers"])
def test_of_variables_and_headers_the_names_are_told_alone(name: str) -> None:
    assert safe({name: {"A": SECRET, "B": SECRET}}) == {name: {"A": MASK, "B": MASK}}
    assert safe({name: ["A", f"B={SECRET}", f"C: {SECRET}=="]}) == {name: ["A", f"B={MASK}", f"C:{MASK}"]}
    assert safe({name: SECRET}) == {name: MASK}


def test_of_a_credential_the_type_may_be_told() -> None:
    bearer = {"credential": {"type": "bearer", "token": SECRET}}
    assert safe(bearer) == {"credential": {"type": "bearer", "token": MASK}}
    basic = {"credential": {"type": "basic", "username": "ada", "password": SECRET}}
    assert SECRET not in str(safe(basic))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"https://ada:{SECRET}@db.test/x", f"https://{MASK}@db.test/x"),
        (f"https://api.test/mcp?api_key={SECRET}&limit=5", f"https://api.test/mcp?api_key={MASK}&limit=5"),
        (f"https://api.test/mcp?access_token={SECRET}", f"https://api.test/mcp?access_token={MASK}"),
        (f"the token {TOKEN} is no good", f"the token {MASK} is no good"),
        (f"--api-key={SECRET}", f"--api-key={MASK}"),
        (f"Authorization: Bearer {SECRET}", f"Authorization: {MASK}"),
        (f'{{"password": "{SECRET}"}}', f'{{"password": "{MASK}"}}'),
        ("token 'agent' has expired", "token 'agent' has expired"),
        ("Write to ada@example.com", "Write to ada@example.com"),
        ("https://example.com/a@b", "https://example.com/a@b"),
    ],
)
def test_secrets_inside_of_a_text_are_hidden(text: str, told: str) -> None:
    assert safe_text(text) == told
    assert safe({"url": text}) == {"url": told}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-y", "server", "--token", SECRET], ["-y", "server", "--token", MASK]),
        (["--api-key", SECRET, "--verbose"], ["--api-key", MASK, "--verbose"]),
        (["-H", f"X-Thing: {SECRET}"], ["-H", f"X-Thing:{MASK}"]),
        (["--password", "--force"], ["--password", "--force"]),
        (["-e", f"API_TOKEN={SECRET}"], ["-e", f"API_TOKEN={MASK}"]),
        ([], []),
    ],
)
def test_what_a_command_is_given_as_a_secret_is_hidden(arguments: list[str], told: list[str]) -> None:
    assert safe({"args": arguments}) == {"args": told}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Desk", "tags": ["a"], "enabled": True, "timeout": 1.5, "team": None},
        {"permissions": ["token.read"], "hint": "a1b2", "token_id": "tok_1", "passwords": True, "secret": None},
        {"rate_limit": "60/m", "daily_quota": 5, "allowed_ips": ["10.0.0.0/8"]},
        "text", 5, None, True, [], {},
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(value: Any) -> None:
    assert safe(value) == value


_json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


@settings(derandomize=True)
@given(_json)
def test_any_value_can_be_made_safe_and_is_then_safe_for_good(value: Any) -> None:
    once = safe(value)
    assert safe(once) == once
