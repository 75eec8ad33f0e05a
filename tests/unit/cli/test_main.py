"""The grammar of the command line, up to where a gateway is needed."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gatehouse import __version__
from gatehouse.cli.main import app
from tests.support.gateway import free_port


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An address where no gateway is, and no token."""
    monkeypatch.setenv("GATEHOUSE_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("GATEHOUSE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("GATEHOUSE_TOKEN", raising=False)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments, prog_name="gatehouse")


@pytest.mark.parametrize(
    "arguments",
    [
        ["upstream", "list"],
        ["upstream", "show", "x"],
        ["upstream", "refresh", "x"],
        ["upstream", "check", "x"],
        ["upstream", "remove", "x"],
        ["upstream", "log", "x"],
        ["add", "x", "https://example.com/mcp", "-H", "Authorization: Bearer abc"],
        ["add", "x", "https://example.com/mcp", "--transport", "sse", "--json"],
        ["add", "x", "-e", "A=b", "--", "npx", "-y", "server", "--flag"],
        ["tool", "list"],
        ["server", "list"],
        ["server", "show", "x"],
        ["server", "delete", "x"],
        ["server", "create", "x", "--tool", "a*", "--tool", "b", "--anonymous"],
        ["server", "create", "x", "--all-from", "time", "--slug", "y", "--description", "d", "--instructions", "i"],
        ["server", "config", "x", "--client", "cursor", "--transport", "stdio"],
        ["token", "create", "x", "--server", "a", "--server", "b", "--expires", "30d"],
        ["token", "list"],
        ["token", "revoke", "x"],
        ["call", "time", "now", "zone=UTC", "n:=1", "--json-args", "{}"],
    ],
)
def test_a_gateway_that_is_not_there_is_exit_code_3_and_says_how_to_start_one(arguments: Sequence[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 3, result.output
    assert "gatehouse up" in result.stderr
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "frobnicate"),
        (["upstreams", "list"], "upstream"),
        (["add", "x"], "URL"),
        (["add", "x", "https://a/mcp", "b"], "after the URL"),
        (["add", "x", "https://a/mcp", "-e", "A=b"], "-e is for commands"),
        (["add", "x", "-H", "A: b", "--", "npx"], "-H is for URLs"),
        (["add", "x", "https://a/mcp", "--transport", "pigeon"], "pigeon"),
        (["server", "config", "x", "--client", "emacs"], "cursor"),
        (["server", "config", "x", "--transport", "pigeon"], "stdio"),
        (["connect", "x", "-H", "nonsense"], "-H"),
        (["call", "time"], "tool"),
    ],
)
def test_wrong_arguments_are_exit_code_2_and_say_what_is_right(arguments: Sequence[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert words.lower() in result.stderr.lower()


def test_an_address_that_is_none_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_URL", "localhost")
    result = run("upstream", "list")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, "Error: GATEHOUSE_URL is 'localhost'.")


def test_help_lists_every_command_and_loads_none_of_them() -> None:
    program = (
        "import sys; from gatehouse.cli import main\ntry: main()\nfinally: print([m for m in sys.modules if m in BAD])"
    )
    code = f"BAD = {['httpx', 'sqlalchemy', 'anyio', 'gatehouse.cli.add', 'gatehouse.app']!r}; {program}"
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    for word in ("up", "add", "upstream", "server", "token", "call", "connect", "expose", "import", "doctor"):
        assert f" {word} " in done.stdout


def test_the_version_is_told_and_costs_nothing_else() -> None:
    assert run("version").stdout.startswith(f"gatehouse {__version__} ")
    assert json.loads(run("version", "--json").stdout)["version"] == __version__


def test_a_dry_run_of_an_import_needs_no_gateway(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text('{"mcpServers": {"Files": {"command": "npx", "args": ["files"]}, /* no */ "odd": {}}}')
    result = run("import", str(file), "--dry-run")
    assert result.exit_code == 1
    assert "files  new     npx files" in result.stdout
    assert "'odd' was left out" in result.stdout
    items = json.loads(run("import", str(file), "--dry-run", "--json").stdout)
    assert items["items"] == [{"name": "files", "state": "new", "detail": "npx files"}]


@pytest.mark.parametrize(
    ("content", "words"), [(None, "can't be read"), ("{", "not valid JSON"), ("{}", "no MCP servers")]
)
def test_a_file_that_can_not_be_imported_is_exit_code_1(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "mcp.json"
    if content is not None:
        file.write_text(content)
    result = run("import", str(file))
    assert result.exit_code == 1
    assert words in result.stderr


def test_doctor_says_for_each_thing_that_is_wrong_what_to_do() -> None:
    result = run("doctor", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["ok"] is False
    found = {item["check"]: item for item in report["items"]}
    assert found["python"]["state"] == "ok"
    assert found["data directory"]["state"] == found["database"]["state"] == "warn"
    assert found["gateway"]["state"] == "fail"
    assert all(item["hint"] for item in report["items"] if item["state"] != "ok")
