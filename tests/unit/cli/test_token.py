"""Times of the week as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.cli.errors import Misused
from gatehouse.cli.token import DAYS, read_window


@pytest.mark.parametrize(
    "text",
    ["", "   ", "someday 08:00-18:00", "mon-someday", "mon 08:00", "mon 08:00-18:00 UTC more", "mon, 08:00-18:00"],
)
def test_what_is_no_time_of_the_week_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Misused) as refused:
        read_window(text)
    assert "mon-fri 08:00-18:00 Europe/Berlin" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "window"),
    [
        (
            "mon-fri 08:00-18:00 Europe/Berlin",
            {"days": [*DAYS[:5]], "start": "08:00", "end": "18:00", "timezone": "Europe/Berlin"},
        ),
        ("sat,sun", {"days": ["sat", "sun"]}),
        ("Monday,wed-Thursday 9:00-10:00", {"days": ["mon", "wed", "thu"], "start": "9:00", "end": "10:00"}),
        ("fri-mon 22:00-06:00", {"days": ["fri", "sat", "sun", "mon"], "start": "22:00", "end": "06:00"}),
        ("08:00-18:00 UTC", {"start": "08:00", "end": "18:00", "timezone": "UTC"}),
        ("sun Asia/Tokyo", {"days": ["sun"], "timezone": "Asia/Tokyo"}),
        ("mon-sun", {"days": list(DAYS)}),
    ],
)
def test_a_time_of_the_week_is_read(text: str, window: dict[str, Any]) -> None:
    assert read_window(text) == window
