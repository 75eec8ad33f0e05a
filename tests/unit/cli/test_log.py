from __future__ import annotations

import pytest

from gatehouse.cli.errors import Misused
from gatehouse.cli.log import level


@pytest.mark.parametrize("wanted", ["gatehouse=", "=debug", "=", ""])
def test_what_is_no_level_is_refused_before_anybody_is_asked(wanted: str) -> None:
    with pytest.raises(Misused, match="is not a level"):
        level([wanted])


def test_levels_are_not_named_and_taken_back_at_once() -> None:
    with pytest.raises(Misused, match="--reset"):
        level(["gatehouse=debug"], reset=True)
