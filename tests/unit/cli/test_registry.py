"""What the commands of the registry take, before they ask the gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gatehouse.cli.main import app

RUNNER = CliRunner()


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "can't be read"), ("{", "is not JSON"), ("[]", "holds no server.json"), ("[1]", "holds no server.json")],
)
def test_a_file_that_holds_no_servers_is_told(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "servers.json"
    if content is not None:
        file.write_text(content)
    done = RUNNER.invoke(app, ["registry", "add-source", "ours", str(file)])
    assert done.exit_code == 2
    assert words in done.output


def test_a_token_is_never_an_argument() -> None:
    done = RUNNER.invoke(app, ["registry", "add-source", "works", "https://x.example", "--token"], input="")
    assert done.exit_code == 2
    assert "No token came on stdin" in done.output


@pytest.mark.parametrize("whole", [lambda one: one, lambda one: [one], lambda one: {"servers": [{"server": one}]}])
def test_a_file_holds_one_or_many(tmp_path: Path, whole: Any) -> None:
    from gatehouse.cli.registry_sources import read_file

    file = tmp_path / "servers.json"
    file.write_text(json.dumps(whole({"name": "a/b"})))
    assert read_file(file) == [{"name": "a/b"}]
