"""The language of prompts, and uris read backwards."""

from __future__ import annotations

import pytest

from gatehouse.catalog.own.arguments import completions, settle
from gatehouse.catalog.own.model import LARGEST, Argument
from gatehouse.catalog.own.templates import Room, Template
from gatehouse.catalog.own.uris import OwnTemplate
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid


def rendered(text: str, **values: str | bool) -> str:
    return Template(text).render(values, Room())


@pytest.mark.parametrize(
    "text",
    [
        "{{",
        "{{a.b}}",
        "{{a()}}",
        "{{__class__.x}}",
        "{{}}",
        "{{else}}",
        "{{/if}}",
        "{{#if}}x{{/if}}",
        "{{#if a}}x",
        "{{#if a}}x{{else}}y{{else}}z{{/if}}",
        "{{#each a}}x{{/each}}",
        "{{#if a}}" * 30 + "{{/if}}" * 30,
    ],
)
def test_what_is_not_in_the_language_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        Template(text)


def test_texts_are_filled_in() -> None:
    assert rendered("Hi {{ name }}!", name="Ada") == "Hi Ada!"
    assert rendered("{{a}}{{#if b}}B{{else}}-{{/if}}", a="{{b}}", b=False) == "{{b}}-"
    assert rendered("{{#if a}}1{{#if b}}2{{/if}}{{/if}}", a="x", b=True) == "12"
    assert rendered("\\{{a}} {{a}}", a="x") == "{{a}} x"
    assert rendered("{{missing}}.") == "."


def test_what_comes_out_is_bounded_while_it_is_made() -> None:
    with pytest.raises(Invalid, match="longer than"):
        rendered("{{a}}" * 100_000, a="x" * (LARGEST // 10))


def test_a_long_text_of_braces_takes_no_time() -> None:
    with pytest.raises(Invalid):
        Template("{{" * 1_000_000)


TYPED = [
    Argument(name="n", type="integer"),
    Argument(name="x", type="number", default=0.5),
    Argument(name="b", type="boolean"),
    Argument(name="e", type="enum", choices=("warm", "formal", "Wan")),
    Argument(name="s", required=True),
]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "'s' is missing"),
        ({"s": "", "n": "1.5"}, "whole number"),
        ({"s": "", "n": True}, "whole number"),
        ({"s": "", "x": "nan"}, "a number"),
        ({"s": "", "x": "1e999"}, "a number"),
        ({"s": "", "b": "yes"}, "true or false"),
        ({"s": "", "e": "cold"}, "one of warm, formal, Wan"),
        ({"s": ["a"]}, "a text"),
        ({"s": "", "t": "x"}, "no argument 't'"),
    ],
)
def test_what_is_missing_or_of_another_type_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        settle(TYPED, json.fields(json.dump(given)))
    assert words in str(refused.value)


def test_arguments_are_taken_as_clients_send_them() -> None:
    given = {"s": 7, "n": "-3", "x": "1e3", "b": "true", "e": "Wan"}
    assert settle(TYPED, json.fields(json.dump(given))) == {"s": "7", "n": "-3", "x": "1e3", "b": True, "e": "Wan"}
    assert settle(TYPED, {"s": json.raw(""), "n": json.NULL}) == {"s": "", "x": "0.5"}


def test_completions_begin_with_what_was_written() -> None:
    assert completions(TYPED, "e", "wa")["values"] == ["warm", "Wan"]
    assert completions(TYPED, "e", "A")["values"] == ["warm", "formal", "Wan"]
    assert completions(TYPED, "b", "")["values"] == ["true", "false"]
    assert completions(TYPED, "s", "x")["total"] == 0
    with pytest.raises(Invalid):
        completions(TYPED, "nothing", "")


@pytest.mark.parametrize(
    ("template", "uri", "values"),
    [
        ("note://{day}", "note://monday", {"day": "monday"}),
        ("note://{day}", "note://a/b", None),
        ("note://{day}", "note://", None),
        ("note://{a}-{b}.txt", "note://x-y.txt.txt", {"a": "x", "b": "y.txt"}),
        ("note://{a}/{b}", "note://a%2Fb/c%20d", {"a": "a/b", "b": "c d"}),
        ("note://{a}/end", "note://x/ending", None),
    ],
)
def test_uris_are_read_backwards(template: str, uri: str, values: dict[str, str] | None) -> None:
    assert OwnTemplate(template).values(uri) == values
