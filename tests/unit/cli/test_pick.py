import pytest

from gatehouse.cli.errors import Refused
from gatehouse.cli.pick import Choice, from_upstream, pick

CHOICES = [
    Choice("1", "time", "now"),
    Choice("2", "time", "convert"),
    Choice("3", "github", "search_issues"),
    Choice("4", "docs", "readme", "docs://readme"),
]


def test_a_pattern_that_matches_nothing_is_refused_with_near_names() -> None:
    with pytest.raises(Refused, match="time_convert") as caught:
        pick(CHOICES, ["time_convrt"], "tool")
    assert caught.value.message == "No tool matches 'time_convrt'."


def test_a_pattern_like_nothing_there_is_refused_with_examples() -> None:
    with pytest.raises(Refused, match="There are 4, such as time_now"):
        pick(CHOICES, ["xyzzy*"], "tool")


def test_without_any_tools_the_way_to_some_is_told() -> None:
    with pytest.raises(Refused, match="gatehouse add"):
        pick([], ["*"], "tool")


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("time_now", ["1"]),
        ("time/now", ["1"]),
        ("now", ["1"]),
        ("time_*", ["1", "2"]),
        ("github/*", ["3"]),
        ("*", ["1", "2", "3", "4"]),
        ("docs://*", ["4"]),
        ("[nc]o*", ["1", "2"]),
    ],
)
def test_each_spelling_of_a_name_can_be_matched(pattern: str, ids: list[str]) -> None:
    assert pick(CHOICES, [pattern], "tool") == ids


def test_what_two_patterns_match_is_chosen_once_in_the_order_of_the_patterns() -> None:
    assert pick(CHOICES, ["convert", "time_*"], "tool") == ["2", "1"]


def test_everything_of_an_upstream_is_just_that() -> None:
    assert from_upstream(CHOICES, "time") == ["1", "2"]
