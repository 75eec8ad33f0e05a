"""What `gatehouse provider add` makes of mappings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatehouse.cli.errors import Misused
from gatehouse.cli.provider import role_mapping, team_mapping


@pytest.mark.parametrize("text", ["", "makers", "=makers", "makers=", "makers=crew:king"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(Misused):
        team_mapping(text)


@pytest.mark.parametrize(
    ("read", "text", "mapping"),
    [
        (team_mapping, "makers=crew", {"value": "makers", "team": "crew", "team_role": "member"}),
        (team_mapping, "makers=crew:owner", {"value": "makers", "team": "crew", "team_role": "owner"}),
        (team_mapping, "cn=a,dc=b=crew", {"value": "cn=a,dc=b", "team": "crew", "team_role": "member"}),
        (role_mapping, "bosses=admin", {"value": "bosses", "role": "admin", "scope": "*"}),
        (role_mapping, "bosses=editor@crew", {"value": "bosses", "role": "editor", "scope": "crew"}),
    ],
)
def test_a_mapping_is_read(read: Callable[[str], dict[str, str]], text: str, mapping: dict[str, str]) -> None:
    assert read(text) == mapping
