"""The names that agents see, and slugs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gatehouse.catalog import naming
from gatehouse.kit.errors import Invalid

LEGAL = re.compile(r"[A-Za-z0-9_.\-]{1,128}")


@pytest.mark.parametrize(
    ("value", "suggestion"),
    [("My Tools", "my-tools"), ("", "my-tools"), ("-x", "'x'"), ("a_b", "a-b"), ("x" * 64, "x" * 63), ("a\n", "'a'")],
)
def test_a_bad_slug_is_refused_with_one_that_would_do(value: str, suggestion: str) -> None:
    with pytest.raises(Invalid) as refused:
        naming.check_slug("name", value)
    assert suggestion in refused.value.hint


@pytest.mark.parametrize("value", ["get weather", "", "x" * 129, "größe", "a/b"])
def test_a_name_that_agents_would_stumble_over_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        naming.check_name(value)


def test_the_own_name_is_kept_where_it_is_free() -> None:
    assert naming.advertised("github", "search", set()) == "search"
    assert naming.advertised("github", "search", {"search"}) == "github_search"
    assert naming.advertised("github", "search", {"search", "github_search"}) == "github_search_2"
    assert naming.advertised("github", "search", {"search", "github_search", "github_search_2"}) == "github_search_3"


def test_names_that_fall_together_when_cleaned_are_told_apart() -> None:
    names = naming.qualified_names([("1", "up", "a b"), ("2", "up", "a_b"), ("3", "up", "a.b")])
    assert names == {"1": "up_a_b", "2": "up_a_b_2", "3": "up_a.b"}


@given(some.lists(some.tuples(some.sampled_from(["a", "b-c"]), some.text()), max_size=20))
def test_whatever_upstreams_call_things_names_are_legal_and_different(things: list[tuple[str, str]]) -> None:
    taken: set[str] = set()
    for upstream, name in things:
        given_name = naming.advertised(upstream, name, taken)
        assert LEGAL.fullmatch(given_name)
        assert given_name not in taken
        taken.add(given_name)
    qualified = naming.qualified_names((str(i), upstream, name) for i, (upstream, name) in enumerate(things))
    assert len(set(qualified.values())) == len(things)
    assert all(LEGAL.fullmatch(name) for name in qualified.values())


def test_a_slug_is_made_from_a_name_and_is_unique() -> None:
    assert naming.free_slug("Größe & Co!", set()) == "gr-e-co"
    assert naming.free_slug("Ops", {"ops", "ops-2"}) == "ops-3"
    assert naming.free_slug("日本", set()) == "server"
    assert len(naming.free_slug("x" * 100, {"x" * 63})) == 63
