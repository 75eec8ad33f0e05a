import json
from typing import Any

import pytest

from gatehouse.catalog.model import Transport
from gatehouse.catalog.transfer.clients import ImportedUpstream, credential, parse_config, read_mcp_config, slug
from gatehouse.kit.errors import Invalid
from gatehouse.kit.json import strip_comments


def one(entry: Any, **environ: str) -> ImportedUpstream:
    transfer = read_mcp_config({"mcpServers": {"x": entry}}, environ)
    assert transfer.problems == ()
    return transfer.upstreams[0]


def problem(entry: Any, **environ: str) -> str:
    (text,) = read_mcp_config({"mcpServers": {"x": entry}}, environ).problems
    return text


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (7, "not an object"),
        ({}, "neither a URL nor a command"),
        ({"url": "https://a", "command": "b"}, "both a URL and a command"),
        ({"url": "ftp://a"}, "http:// or https://"),
        ({"type": "websocket", "url": "https://a"}, "'websocket'"),
        ({"type": "stdio", "url": "https://a"}, "has a URL"),
        ({"type": "sse", "command": "b"}, "has a command"),
        ({"command": "b", "args": "c"}, "args are not a list"),
        ({"command": "b", "args": [{}]}, "not all strings"),
        ({"command": "b", "env": [1]}, "env is not an object"),
        ({"command": "b", "env": {"A": {}}}, "not a string"),
    ],
)
def test_an_entry_that_makes_no_sense_is_left_out_and_said(entry: Any, words: str) -> None:
    transfer = read_mcp_config({"mcpServers": {"x": entry, "good": {"command": "b"}}})
    assert [upstream.name for upstream in transfer.upstreams] == ["good"]
    assert len(transfer.problems) == 1 and words in transfer.problems[0]


def test_a_file_without_servers_is_said_to_have_none() -> None:
    assert "no MCP servers" in read_mcp_config({"theme": "dark"}).problems[0]


def test_a_name_of_which_nothing_is_left_is_a_problem() -> None:
    assert "no letter or digit" in read_mcp_config({"servers": {"***": {"command": "b"}}}).problems[0]


def test_a_missing_environment_variable_is_named() -> None:
    assert "GITHUB_TOKEN" in problem({"url": "https://a", "headers": {"Authorization": "Bearer ${GITHUB_TOKEN}"}})
    assert "GITHUB_TOKEN" in problem({"command": "a", "env": {"T": "${env:GITHUB_TOKEN}"}})
    assert "GITHUB_TOKEN" in problem({"url": "https://a", "bearer_token_env_var": "GITHUB_TOKEN"})


def test_what_another_program_would_ask_for_is_a_problem() -> None:
    assert "'api-key'" in problem({"command": "a", "env": {"T": "${input:api-key}"}})
    assert "${workspaceFolder}" in problem({"command": "a", "args": ["${workspaceFolder}/b"]})


def test_references_to_the_environment_are_resolved_everywhere() -> None:
    upstream = one(
        {"command": "${BIN}", "args": ["--key=${env:KEY}", "${LEVEL:-info}"], "env": {"A": "$KEY"}, "cwd": "${DIR}"},
        BIN="run", KEY="k", DIR="/srv",
    )  # fmt: skip
    assert (upstream.command, upstream.args) == ("run", ("--key=k", "info"))
    assert (upstream.env, upstream.cwd) == ({"A": "k"}, "/srv")


def test_a_dollar_inside_a_password_is_no_reference() -> None:
    assert one({"command": "a", "env": {"P": "pa$HOME"}}, HOME="/root").env == {"P": "pa$HOME"}


@pytest.mark.parametrize(
    ("entry", "transport"),
    [
        ({"url": "https://a/mcp"}, Transport.AUTO),
        ({"url": "https://a/mcp", "type": "http"}, Transport.HTTP),
        ({"url": "https://a/mcp", "type": "streamable-http"}, Transport.HTTP),
        ({"url": "https://a/mcp", "type": "streamableHttp"}, Transport.HTTP),
        ({"url": "https://a/mcp", "transport": "sse"}, Transport.SSE),
        ({"httpUrl": "https://a/mcp"}, Transport.HTTP),
        ({"serverUrl": "https://a/mcp"}, Transport.AUTO),
    ],
)
def test_each_way_of_writing_an_address_is_understood(entry: Any, transport: Transport) -> None:
    upstream = one(entry)
    assert (upstream.url, upstream.transport) == ("https://a/mcp", transport)


@pytest.mark.parametrize(
    "content",
    [
        {"mcpServers": {"x": {"command": "a"}}},
        {"servers": {"x": {"type": "stdio", "command": "a"}}},
        {"mcp": {"servers": {"x": {"command": "a"}}}},
        {"mcp_servers": {"x": {"command": "a"}}},
        {"projects": {"/home/me/app": {"mcpServers": {"x": {"command": "a"}}}}},
        {"mcpServers": {"x": {"command": ["a"]}}},
    ],
)
def test_each_programs_file_gives_the_same_upstream(content: Any) -> None:
    assert read_mcp_config(content).upstreams == (ImportedUpstream("x", Transport.STDIO, command="a"),)


def test_names_become_slugs_that_are_unique() -> None:
    servers = {"My Server": {"command": "a"}, "my_server": {"command": "b"}, "É" + "x" * 80: {"command": "c"}}
    names = [upstream.name for upstream in read_mcp_config({"mcpServers": servers}).upstreams]
    assert names == ["my-server", "my-server-2", "x" * 63]


def test_the_same_server_in_two_projects_is_one_upstream() -> None:
    project = {"mcpServers": {"x": {"command": "a"}}}
    assert len(read_mcp_config({"projects": {"/a": project, "/b": project}}).upstreams) == 1


def test_a_disabled_entry_and_its_timeout_are_kept() -> None:
    upstream = one({"command": "a", "disabled": True, "timeout": 30000})
    assert upstream.disabled and upstream.timeout == 30
    assert one({"command": "a", "tool_timeout_sec": 1500}).timeout == 1500
    assert one({"command": "a", "timeout": 20}).timeout == 20


def test_comments_and_trailing_commas_are_read_over_and_strings_kept() -> None:
    text = '{ // a note\n "a": "http://b//c /* no */,]", /* more\n */ "d": [1, 2,],\n "e": "\\"//",\n}'
    assert json.loads(strip_comments(text)) == {"a": "http://b//c /* no */,]", "d": [1, 2], "e": '"//'}


def test_a_file_that_can_not_be_read_says_where() -> None:
    with pytest.raises(Invalid, match="not valid JSON"):
        parse_config(b'{"a": ')
    with pytest.raises(Invalid, match="not valid TOML"):
        parse_config(b"a = ", toml=True)
    with pytest.raises(Invalid, match="does not hold an object"):
        parse_config(b"[]")


def test_codex_toml_is_read() -> None:
    content = parse_config(
        b'[mcp_servers.docs]\nurl = "https://a/mcp"\nbearer_token_env_var = "T"\nenv_http_headers = { X = "Y" }\n'
        b'[mcp_servers.files]\ncommand = "npx"\nargs = ["-y", "files"]\nenv_vars = ["T"]\nenabled = false\n',
        toml=True,
    )
    docs, files = read_mcp_config(content, {"T": "t", "Y": "y"}).upstreams
    assert docs.headers == {"X": "y", "Authorization": "Bearer t"}
    assert files.args == ("-y", "files") and files.env == {"T": "t"} and files.disabled


def test_a_lone_bearer_header_is_a_bearer_credential() -> None:
    assert credential({}) is None
    assert credential({"authorization": "bearer abc"}) == {"type": "bearer", "token": "abc"}
    assert credential({"X-Key": "k"}) == {"type": "headers", "headers": {"X-Key": "k"}}
    both = {"Authorization": "Bearer abc", "X-Key": "k"}
    assert credential(both) == {"type": "headers", "headers": both}


def test_a_slug_has_only_what_a_url_likes() -> None:
    assert slug("--Héllo World__2--") == "h-llo-world-2"
