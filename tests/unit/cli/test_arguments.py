from typing import Any

import pytest

from gatehouse.cli.arguments import missing, read_arguments, usage
from gatehouse.cli.errors import Misused

SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {"Unit": {"type": "string", "enum": ["c", "f"]}},
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "ratio": {"type": "number"},
        "loud": {"type": "boolean"},
        "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "either": {"type": ["integer", "string"]},
        "unit": {"$ref": "#/$defs/Unit"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "sizes": {"type": "array", "items": {"type": "integer"}},
        "place": {"type": "object"},
        "free": {},
    },
    "required": ["text", "count"],
}


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("nothing", "not an argument"),
        ("=x", "not an argument"),
        ("count=many", "count should be integer"),
        ("count=1.5", "count should be integer"),
        ("count=true", "count should be integer"),
        ("loud=perhaps", "loud should be boolean"),
        ("maybe=x", "maybe should be integer or null"),
        ("sizes=x", "sizes should be integer"),
        ("place=here", "place should be object"),
        ("free:={", "free is not JSON"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(pair: str, words: str) -> None:
    with pytest.raises(Misused, match=words):
        read_arguments([pair], SCHEMA)


def test_json_args_that_are_no_object_are_refused() -> None:
    with pytest.raises(Misused, match="not an object"):
        read_arguments([], SCHEMA, "[1]")


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("text=12", "12"),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ("count=12", 12),
        ("ratio=1", 1),
        ("ratio=1.5", 1.5),
        ("loud=yes", True),
        ("loud=0", False),
        ("maybe=null", None),
        ("maybe=3", 3),
        ("either=3", 3),
        ("either=three", "three"),
        ("unit=c", "c"),
        ("tags=a", ["a"]),
        ('tags=["a","b"]', ["a", "b"]),
        ("sizes=1", [1]),
        ('place={"x":1}', {"x": 1}),
        ("free=12", "12"),
        ("unknown=1", "1"),
        ('text:={"x":1}', {"x": 1}),
    ],
)
def test_values_take_the_type_that_the_schema_has(pair: str, value: Any) -> None:
    assert list(read_arguments([pair], SCHEMA).values()) == [value]


def test_a_key_that_comes_twice_makes_a_list() -> None:
    assert read_arguments(["sizes=1", "sizes=2"], SCHEMA) == {"sizes": [1, 2]}


def test_pairs_are_put_over_the_json_given() -> None:
    assert read_arguments(["count=2"], SCHEMA, '{"count": 1, "text": "a"}') == {"count": 2, "text": "a"}


def test_a_schema_that_refers_to_itself_ends() -> None:
    loop = {"properties": {"x": {"$ref": "#/properties/x"}}}
    assert read_arguments(["x=1"], loop) == {"x": "1"}


def test_what_is_missing_and_how_to_write_it_are_told() -> None:
    assert missing({"text": ""}, SCHEMA) == ["count"]
    assert usage(SCHEMA).startswith("text=STRING count=INTEGER [ratio=NUMBER] [loud=BOOLEAN] [maybe=INTEGER]")
