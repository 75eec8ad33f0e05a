"""How arguments of prompts are written on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gatehouse.cli import own
from gatehouse.cli.errors import Misused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("who", {"name": "who"}),
        ("who!", {"name": "who", "required": True}),
        ("n:integer=3", {"name": "n", "type": "integer", "default": "3"}),
        ("tone!:warm| formal", {"name": "tone", "required": True, "type": "enum", "choices": ["warm", "formal"]}),
        ("day=a=b:c", {"name": "day", "default": "a=b:c"}),
    ],
)
def test_an_argument_is_its_name_and_what_is_said_of_it(text: str, expected: dict[str, Any]) -> None:
    assert own.arguments([text]) == [expected]


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="can't be read"):
        own.read_file(str(tmp_path / "nothing"))
    with pytest.raises(Misused, match="not a text"):
        own.as_text("logo.png", b"\xff")
