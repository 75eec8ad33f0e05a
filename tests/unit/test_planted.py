"""The planted set is what it says: otherwise what is measured by it means nothing."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any

import pytest

from tests.support.planted import PLANTED, planted_groups, planted_upstreams

UPSTREAMS = planted_upstreams()
GROUPS = planted_groups()
TOOLS = {(upstream.name, tool["name"]): tool for upstream in UPSTREAMS for tool in upstream.tools}
TYPES = {"string", "integer", "number", "boolean", "array", "object"}
NEAR_MISSES = (
    ("github", "list_issues"),
    ("gitlab", "close_issue"),
    ("github", "get_user"),
    ("gitlab", "get_user_permissions"),
    ("mysql-orders", "create_order"),
    ("mysql-orders", "cancel_order"),
    ("openweather", "get_forecast"),
    ("crm", "getForecast"),
)


def test_it_has_1000_tools_of_50_upstreams_and_no_name_twice() -> None:
    assert len(UPSTREAMS) == len({upstream.name for upstream in UPSTREAMS}) == 50
    assert len(TOOLS) == sum(len(upstream.tools) for upstream in UPSTREAMS) == 1000


def test_it_has_20_groups_of_tools_that_exist() -> None:
    assert len(GROUPS) == 20
    assert all(2 <= len(group) <= 5 for group in GROUPS)
    assert not set(chain.from_iterable(GROUPS)) - TOOLS.keys()


def test_no_tool_is_in_two_groups() -> None:
    assert max(Counter(chain.from_iterable(GROUPS)).values()) == 1


def test_a_group_has_at_most_one_tool_of_an_upstream() -> None:
    assert all(len({upstream for upstream, _ in group}) == len(group) for group in GROUPS)


def test_outside_the_groups_no_two_upstreams_say_the_same_of_a_tool() -> None:
    planted = set(chain.from_iterable(GROUPS))
    said = Counter((tool["name"], tool["description"]) for which, tool in TOOLS.items() if which not in planted)
    assert not [what for what, times in said.items() if times > 1]


def test_some_of_a_group_are_in_korean_japanese_and_german() -> None:
    described = "".join(TOOLS[which]["description"] for which in chain.from_iterable(GROUPS))
    assert any("가" <= letter <= "힣" for letter in described)
    assert any("ぁ" <= letter <= "ん" for letter in described)
    assert "Währung" in described


@pytest.mark.parametrize("which", NEAR_MISSES, ids="/".join)
def test_near_misses_are_in_no_group(which: tuple[str, str]) -> None:
    assert which in TOOLS
    assert not [group for group in GROUPS if which in group]


def test_every_definition_is_one_that_a_server_could_send() -> None:
    assert not [which for which, tool in TOOLS.items() if not _is_sound(tool)]


def test_it_stays_small() -> None:
    assert sum(file.stat().st_size for file in PLANTED.glob("*.json")) < 1_500_000


def _is_sound(tool: dict[str, Any]) -> bool:
    schema = tool["inputSchema"]
    properties, required = schema["properties"], schema.get("required", [])
    return (
        bool(tool["description"])
        and schema["type"] == "object"
        and set(required) <= properties.keys()
        and all(one["type"] in TYPES for one in properties.values())
        and all(one["items"]["type"] in TYPES for one in properties.values() if one["type"] == "array")
    )
