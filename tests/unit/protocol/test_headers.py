from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mcp.shared import inbound

from gatehouse.kit import json
from gatehouse.protocol import headers

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
@example("=?base64?YQ==?=")
@example("=?base64?!!?=")
@example("=?base64?=")
@example(" a")
@example("a\r\nx: y")
@example("")
def test_any_text_comes_back_from_a_header(text: str) -> None:
    value = headers.encode_value(text)
    assert value.isascii() and value.isprintable() and value == value.strip()
    assert headers.decode_value(value.encode()) == text
    assert inbound.decode_header_value(value) == text


@given(TEXT)
def test_text_is_written_as_the_sdk_writes_it(text: str) -> None:
    assert headers.encode_value(text) == inbound.encode_header_value(text)


@pytest.mark.parametrize(
    "value",
    [b"=?base64?YQ?=", b"=?base64?YR==?=", b"=?base64?!?=", b"=?base64?/w==?=", b"a\x7f", b"caf\xc3\xa9", b"a\tb"],
)
def test_a_malformed_value_stands_for_nothing(value: bytes) -> None:
    assert headers.decode_value(value) is None


def test_the_sentinel_has_exact_markers() -> None:
    assert headers.decode_value(b"=?BASE64?YQ==?=") == "=?BASE64?YQ==?="


SCALARS = st.sampled_from(["string", "integer", "boolean", "number", "object", ["string", "null"], None, 5])
NAMES = st.sampled_from(["Region", "region", "a b", "", "X-1", 5, None, "Zone"])
KEYS = st.sampled_from(["a", "b", "x-mcp-header", "properties", "default"])


def _schema(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.dictionaries(KEYS, children, max_size=2)
    places = {
        "properties": some,
        "$defs": some,
        "items": children,
        "anyOf": st.lists(children, max_size=2),
        "default": children,
        "enum": st.lists(children, max_size=1),
        "not": children,
        "patternProperties": some,
    }
    return st.fixed_dictionaries({}, optional={"type": SCALARS, "x-mcp-header": NAMES, **places})


SCHEMAS = st.recursive(
    st.fixed_dictionaries({}, optional={"type": SCALARS, "x-mcp-header": NAMES}), _schema, max_leaves=8
)


@given(SCHEMAS)
@example({"$defs": {"x-mcp-header": {"type": "string"}}})
@example({"properties": {"x-mcp-header": {"type": "string"}}})
def test_the_sdk_refuses_the_same_schemas(schema: Any) -> None:
    reason = inbound.find_invalid_x_mcp_header(schema)
    try:
        found = headers.header_map(schema)
    except ValueError:
        assert reason is not None
    else:
        assert reason is None
        assert found == {name.lower(): path for path, name in inbound.x_mcp_header_map(schema).items()}


DEEP = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "where": {"properties": {"n": {"type": "integer", "x-mcp-header": "Number"}}},
        "dry": {"type": "boolean", "x-mcp-header": "Dry"},
    },
}
MAP = headers.header_map(DEEP)


def sent(arguments: dict[str, Any]) -> dict[str, bytes]:
    return {name: value.encode() for name, value in headers.param_headers(MAP, arguments)}


@given(TEXT, st.integers(-(2**53) + 1, 2**53 - 1), st.booleans())
def test_the_headers_of_a_call_match_its_arguments(region: str, number: int, dry: bool) -> None:
    arguments = {"region": region, "where": {"n": number}, "dry": dry}
    lines = sent(arguments)
    assert headers.param_mismatch(MAP, arguments, lines) is None
    assert lines == {
        name.lower(): value.encode()
        for name, value in inbound.mcp_param_headers(inbound.x_mcp_header_map(DEEP), arguments).items()
    }


@pytest.mark.parametrize(
    "arguments", [{}, {"region": None, "where": None, "dry": None}, {"where": 5}, {"where": {"n": [1]}, "region": {}}]
)
def test_an_argument_that_is_absent_or_null_or_no_scalar_has_no_header(arguments: dict[str, Any]) -> None:
    assert sent(arguments) == {}
    assert headers.param_mismatch(MAP, arguments, {}) is None
    assert "absent" in (headers.param_mismatch(MAP, arguments, {"mcp-param-region": b"eu"}) or "")


@pytest.mark.parametrize(
    ("number", "value", "fits"),
    [
        (5, b"5", True),
        (5, b"5.0", True),
        (5.0, b"5", True),
        (-0, b"-0", True),
        (5, b"6", False),
        (5, b"5e0", False),
        (5, b" 5", False),
        (5, "=?base64?" + base64.b64encode("٥".encode()).decode() + "?=", False),
        (2**53 - 1, str(2**53 - 1).encode(), True),
        (2**60, str(2**60).encode(), True),
        (2**60, str(2**60 + 1).encode(), False),
        (True, b"1", False),
    ],
)
def test_integers_are_compared_as_numbers(number: Any, value: Any, fits: bool) -> None:
    raw = value if isinstance(value, bytes) else value.encode()
    problem = headers.param_mismatch({"n": ("n",)}, {"n": number}, {"mcp-param-n": raw})
    assert (problem is None) is fits


def test_a_missing_header_is_named() -> None:
    assert headers.param_mismatch(MAP, {"region": "eu"}, {}) == "Mcp-Param-region is missing"


def test_an_integer_too_long_to_print_has_no_header() -> None:
    assert headers.param_headers({"n": ("n",)}, {"n": json.load(b"1" + b"0" * 400)}) == []
