from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from gatehouse.api.decoding import check_media_type, decode_body, decode_query, refuse_secrets
from gatehouse.api.problems import InvalidFields, UnsupportedMediaType
from gatehouse.kit.errors import Invalid


class Bearer(Struct, tag="bearer", tag_field="type", forbid_unknown_fields=True):
    token: str


class Headers(Struct, tag="headers", tag_field="type", forbid_unknown_fields=True):
    headers: dict[str, str]


class Place(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)]
    colour: Literal["red", "blue"] = "red"
    credential: Bearer | Headers | None = None
    parts: list[Headers] = []


class Search(Struct, forbid_unknown_fields=True):
    q: str | None = None
    limit: int | None = None
    enabled: bool | None = None
    kind: Literal["tool", "prompt"] | None = None


def refused(data: bytes, kind: Any = Place) -> InvalidFields:
    with pytest.raises(InvalidFields) as caught:
        decode_body(data, kind, storable=True)
    return caught.value


def test_an_unknown_field_is_refused_with_the_accepted_ones() -> None:
    error = refused(b'{"name": "x", "color": "red"}')
    assert error.message == "Unknown field 'color'."
    assert error.hint == "Did you mean 'colour'? Accepted: name, colour, credential, parts."
    assert [(one.field, one.message) for one in error.errors] == [("color", "unknown field")]


def test_an_unknown_field_deep_inside_is_named_by_its_path() -> None:
    error = refused(b'{"name": "x", "parts": [{"type": "headers", "headers": {}, "header": 1}]}')
    assert error.errors[0].field == "parts[0].header"
    assert "Accepted: type, headers." in error.hint


def test_an_unknown_field_of_a_choice_names_what_the_choices_accept() -> None:
    error = refused(b'{"name": "x", "credential": {"type": "bearer", "secret": "s3cr3t"}}')
    assert error.errors[0].field == "credential.secret"
    assert "token" in error.hint
    assert "s3cr3t" not in str(error)


def test_a_missing_field_is_named() -> None:
    assert refused(b"{}").message == "The field 'name' is missing."


def test_an_empty_body_lacks_its_fields() -> None:
    assert refused(b"  ").message == "The field 'name' is missing."


def test_a_value_that_is_no_choice_names_the_choices() -> None:
    error = refused(b'{"name": "x", "colour": "green"}')
    assert error.errors[0].field == "colour"
    assert error.hint == "Accepted: blue, red."


def test_an_unknown_type_of_a_choice_names_the_types() -> None:
    error = refused(b'{"name": "x", "credential": {"type": "magic"}}')
    assert error.errors[0].field == "credential.type"
    assert error.hint == "Accepted: bearer, headers."


def test_a_value_of_the_wrong_type_is_told() -> None:
    assert refused(b'{"name": 5}').message == "The field 'name' can't be used: expected `str`, got `int`."


def test_a_text_that_is_too_short_is_told() -> None:
    assert "length >= 1" in refused(b'{"name": ""}').message


def test_a_body_that_is_not_an_object_is_told() -> None:
    assert refused(b"[]").message == "The body can't be used: expected `object`, got `array`."


@pytest.mark.parametrize("data", [b"{", b"nope", b'{"name": "\xff"}', b'{"name": "\\ud800"}', b'{"name": "x"} x'])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="The body is not JSON"):
        decode_body(data, Place, storable=True)


def test_a_body_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Invalid, match=r"nested too deeply|not JSON"):
        decode_body(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", dict[str, Any], storable=True)


def test_a_nul_character_is_refused_where_the_body_is_stored() -> None:
    with pytest.raises(Invalid, match="NUL"):
        decode_body(b'{"name": "a\\u0000b"}', Place, storable=True)
    assert decode_body(b'{"name": "a\\u0000b"}', Place, storable=False).name == "a\x00b"


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_body_that_says_it_is_not_json_is_refused(media: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="Content-Type: application/json"):
        check_media_type(media)


@pytest.mark.parametrize(
    "media", [None, "application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_json_by_any_of_its_names_is_taken(media: str | None) -> None:
    check_media_type(media)


def test_an_unknown_parameter_is_refused_with_the_accepted_ones() -> None:
    with pytest.raises(InvalidFields) as caught:
        decode_query([("limt", "5")], Search)
    assert caught.value.message == "Unknown query parameter 'limt'."
    assert caught.value.hint == "Did you mean 'limit'? Accepted: q, limit, enabled, kind."


def test_a_parameter_of_the_wrong_type_is_named() -> None:
    with pytest.raises(InvalidFields, match="'limit' can't be used"):
        decode_query([("limit", "many")], Search)


def test_a_parameter_that_is_no_choice_names_the_choices() -> None:
    with pytest.raises(InvalidFields) as caught:
        decode_query([("kind", "agent")], Search)
    assert caught.value.hint == "Accepted: prompt, tool."


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(InvalidFields, match="q is given more than once"):
        decode_query([("q", "a"), ("limit", "1"), ("q", "b")], Search)


def test_a_nul_in_the_query_string_is_refused() -> None:
    with pytest.raises(Invalid, match="NUL"):
        decode_query([("q", "a\x00")], Search)


def test_parameters_are_read_by_their_types() -> None:
    found = decode_query([("limit", "5"), ("enabled", "false"), ("q", "12")], Search)
    assert found == Search(q="12", limit=5, enabled=False)


@pytest.mark.parametrize("name", ["token", "access_token", "API_KEY", "Authorization"])
def test_a_secret_in_the_query_string_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="do not belong in a URL"):
        refuse_secrets(["q", name])
