"""What `change` commands send, and what they refuse before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from gatehouse.cli.changes import Clearable, changes
from gatehouse.cli.errors import Misused
from gatehouse.cli.main import app
from gatehouse.cli.provider import permission

CLEARABLE: Clearable = {"ip": ("allowed_ips", None), "domain": ("allowed_domains", [])}


@pytest.mark.parametrize(
    ("said", "clear", "words"),
    [
        ({}, [], "Nothing is to be changed"),
        ({"name": None}, [], "Nothing is to be changed"),
        ({"name": "a"}, ["name"], "'name' can't be cleared"),
        ({"allowed_ips": ["10.0.0.0/8"]}, ["ip"], "'ip' is to be set and to be cleared"),
    ],
)
def test_what_makes_no_change_is_refused(said: dict[str, Any], clear: list[str], words: str) -> None:
    with pytest.raises(Misused) as refused:
        changes(said, clear, CLEARABLE)
    assert words in refused.value.message and refused.value.hint


@pytest.mark.parametrize("group", ["user", "team", "role", "token", "provider"])
def test_every_change_says_that_it_was_told_nothing(group: str) -> None:
    result = CliRunner().invoke(app, [group, "change", "x"], prog_name="gatehouse")
    assert result.exit_code == 2
    assert "Nothing is to be changed." in result.stderr and "--help" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["session", "revoke"], "Say which session"),
        (["session", "revoke", "ses_x", "--all"], "Say which session"),
        (["token", "change", "x", "--clear", "name"], "can't be cleared"),
        (["provider", "change", "x", "--permit", "mcp"], "'mcp' does not say what a scope permits"),
        (["invitation", "accept"], "No link came on stdin"),
    ],
)
def test_what_makes_no_sense_is_refused_before_the_gateway_is_asked(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, arguments, prog_name="gatehouse", input="\n")
    assert result.exit_code == 2
    assert words in result.stderr and len(result.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("said", "clear", "body"),
    [
        ({"name": "a", "rate": None}, [], {"name": "a"}),
        ({"description": ""}, [], {"description": ""}),
        ({"enabled": False}, [], {"enabled": False}),
        ({"name": None}, ["ip", "ip"], {"allowed_ips": None}),
        ({"name": "a"}, ["ip", "domain"], {"name": "a", "allowed_ips": None, "allowed_domains": []}),
    ],
)
def test_what_was_said_is_sent_and_nothing_else(said: dict[str, Any], clear: list[str], body: dict[str, Any]) -> None:
    assert changes(said, clear, CLEARABLE) == body


@pytest.mark.parametrize("text", ["", "mcp", "=server.use", "mcp="])
def test_what_a_scope_permits_is_told_with_an_equals_sign(text: str) -> None:
    with pytest.raises(Misused):
        permission(text)


def test_a_scope_may_be_a_url() -> None:
    assert permission("https://x.test/?run=1=server.use") == ("https://x.test/?run=1", "server.use")
