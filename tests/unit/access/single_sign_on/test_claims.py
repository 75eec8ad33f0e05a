"""Reading what a provider says of somebody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gatehouse.access.single_sign_on.claims import (
    domain_allowed,
    email_of,
    given_by,
    groups_left_out,
    lacks_claims,
    name_of,
    values_of,
)
from gatehouse.access.single_sign_on.model import Mapping, Options, Provider


def provider(preset: str = "generic", **options: Any) -> Provider:
    return Provider(
        id="idp_1",
        slug="works",
        name="Works",
        preset=preset,
        issuer="https://id.example.com",
        client_id="gatehouse",
        sealed_secret=None,
        options=Options(**options),
        enabled=True,
        created_at=0,
        updated_at=0,
    )


@pytest.mark.parametrize(
    ("claims", "path", "values"),
    [
        ({"groups": ["a", "b"]}, "groups", {"a", "b"}),
        ({"groups": "a"}, "groups", {"a"}),
        ({"groups": ["a", 7, True, None, {"x": 1}, ["y"]]}, "groups", {"a", "7", "true"}),
        ({"groups": None}, "groups", set()),
        ({}, "groups", set()),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"realm_access": "a"}, "realm_access.roles", set()),
        ({"realm_access": {"roles": {"a": 1}}}, "realm_access.roles.a.b", set()),
        ({"https://acme.com/groups": ["a"]}, "https://acme.com/groups", {"a"}),
        ({"a.b": "whole", "a": {"b": "inner"}}, "a.b", {"whole"}),
    ],
)
def test_the_values_of_a_claim_are_texts(claims: dict[str, Any], path: str, values: set[str]) -> None:
    assert values_of(claims, path) == values


@pytest.mark.parametrize(
    ("preset", "options", "claims", "email"),
    [
        ("generic", {}, {"email": "A@Example.com", "email_verified": True}, "a@example.com"),
        ("generic", {}, {"email": "a@example.com", "email_verified": "true"}, "a@example.com"),
        ("generic", {}, {"email": "a@example.com"}, None),
        ("generic", {}, {"email": "a@example.com", "email_verified": 1.5}, None),
        ("generic", {}, {"email": ["a@example.com"], "email_verified": True}, None),
        ("generic", {}, {"preferred_username": "a@example.com", "email_verified": True}, None),
        ("generic", {"trust_email": True}, {"email": "a@example.com"}, "a@example.com"),
        ("entra", {"trust_email": True}, {"preferred_username": "a@example.com"}, "a@example.com"),
        ("entra", {}, {"preferred_username": "a@example.com", "email_verified": True}, None),
    ],
)
def test_an_address_counts_if_somebody_vouches_for_it(
    preset: str, options: dict[str, Any], claims: dict[str, Any], email: str | None
) -> None:
    assert email_of(provider(preset, **options), claims) == email


@pytest.mark.parametrize(
    ("preset", "email", "claims", "allowed"),
    [
        ("generic", "a@example.com", {}, True),
        ("generic", "a@evil.com", {}, False),
        ("generic", "a@example.com.evil.com", {}, False),
        ("generic", "a@sub.example.com", {}, False),
        ("google", "a@example.com", {"hd": "example.com"}, True),
        ("google", "a@example.com", {}, False),
        ("google", "a@example.com", {"hd": "evil.com"}, False),
        ("google", "a@gmail.com", {}, True),
    ],
)
def test_a_domain_is_allowed_as_a_whole(preset: str, email: str, claims: dict[str, Any], allowed: bool) -> None:
    limited = provider(preset, allowed_domains=("example.com", "gmail.com"))
    assert domain_allowed(limited, email, claims) is allowed
    assert domain_allowed(provider(preset), email, claims)


def test_who_is_an_owner_by_one_group_is_no_mere_member_by_another() -> None:
    rules = (
        Mapping(value="lead", team="crew", team_role="owner"),
        Mapping(value="all", team="crew"),
        Mapping(value="all", role="viewer"),
        Mapping(value="*", claim="department", role="editor", scope="crew"),
    )
    mapped = provider(mappings=rules)
    assert given_by(mapped, {"groups": ["all", "lead"]}).teams == {"crew": "owner"}
    assert given_by(mapped, {"groups": ["all"]}).teams == {"crew": "member"}
    assert given_by(mapped, {"groups": ["all"], "department": "x"}).roles == {("viewer", "*"), ("editor", "crew")}
    assert given_by(mapped, {"groups": [], "department": []}).roles == frozenset()


def test_groups_that_were_left_out_matter_where_they_are_mapped() -> None:
    mapped = provider(mappings=(Mapping(value="a", role="viewer"),))
    for claims in ({"_claim_names": {"groups": "src1"}}, {"hasgroups": True}):
        assert groups_left_out(mapped, claims)
        assert not groups_left_out(provider(), claims)
    assert not groups_left_out(mapped, {"_claim_names": {"other": "src1"}, "groups": []})


def test_what_is_not_told_is_asked_for() -> None:
    mapped = provider(mappings=(Mapping(value="a", role="viewer"), Mapping(value="b", claim="x.y", role="viewer")))
    known = {"email": "a@example.com", "email_verified": True}
    assert lacks_claims(mapped, known)
    assert lacks_claims(mapped, {**known, "groups": ["a"]})
    assert not lacks_claims(mapped, {**known, "groups": ["a"], "x": {"y": "b"}})
    assert lacks_claims(replace(mapped, options=Options()), {})


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Ada", "Ada"), (" Ada\x00 ", "Ada"), (None, "ada"), (7, "ada"), ("", "ada"), ("x" * 300, "x" * 255)],
)
def test_everybody_has_a_name_that_can_be_shown(name: object, shown: str) -> None:
    assert name_of({"name": name}, "ada@example.com") == shown
