import json
import shlex
import tomllib
from dataclasses import replace

import pytest

from gatehouse.catalog.client_config import CLIENTS, TRANSPORTS, ClientConfig, ClientConfigRequest, client_config
from gatehouse.kit.errors import Invalid

REQUEST = ClientConfigRequest("team-tools", "Team tools", "https://tools.example.com/", "json", "http")
URL = "https://tools.example.com/servers/team-tools/mcp"


def config(client: str, transport: str = "http", **changes: object) -> ClientConfig:
    return client_config(replace(REQUEST, client=client, transport=transport, **changes))  # type: ignore[arg-type]


def read(made: ClientConfig) -> dict[str, dict[str, dict[str, object]]]:
    return tomllib.loads(made.text) if made.language == "toml" else json.loads(made.text)


def everything(made: ClientConfig) -> str:
    return made.text + " ".join(made.notes) + "".join(everything(other) for other in made.also)


def test_a_client_that_is_not_known_is_refused_with_the_ones_that_are() -> None:
    with pytest.raises(Invalid, match="cursor"):
        config("emacs")


def test_a_transport_that_is_not_known_is_refused_with_the_ones_that_are() -> None:
    with pytest.raises(Invalid, match="stdio"):
        config("json", "websocket")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_every_config_can_be_read_by_its_language(client: str, transport: str) -> None:
    made = config(client, transport)
    for one in (made, *made.also):
        assert shlex.split(one.text) if one.language == "shell" else read(one)
        assert one.file_hint


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_with_anonymous_access_needs_no_token(client: str, transport: str) -> None:
    assert "token" not in everything(config(client, transport, anonymous=True)).lower()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_given_token_is_written_and_none_is_asked_for(client: str) -> None:
    made = config(client, token="gh_abc")
    assert "gh_abc" in made.text
    assert "token create" not in everything(made)


def test_claude_for_a_url_is_claude_code_first_and_desktop_through_stdio() -> None:
    made = config("claude")
    assert read(made)["mcpServers"]["team-tools"] == {
        "type": "http",
        "url": URL,
        "headers": {"Authorization": "Bearer ${GATEHOUSE_TOKEN}"},
    }
    desktop = next(one for one in made.also if "claude_desktop_config" in one.file_hint)
    assert desktop.transport == "stdio"
    assert any("does not take HTTP" in note for note in desktop.notes)


def test_claude_for_stdio_is_claude_desktop_with_gatehouse_connect() -> None:
    made = config("claude", "stdio", command=("uvx", "gatehouse"))
    assert read(made)["mcpServers"]["team-tools"] == {
        "command": "uvx",
        "args": ["gatehouse", "connect", "team-tools"],
        "env": {"GATEHOUSE_URL": "https://tools.example.com", "GATEHOUSE_TOKEN": "YOUR-TOKEN"},
    }


def test_claude_code_gets_a_command_with_its_options_around_the_name() -> None:
    command = next(one for one in config("claude-code").also if one.language == "shell")
    assert command.text == (
        f'claude mcp add --transport http team-tools {URL} --header "Authorization: Bearer $GATEHOUSE_TOKEN"\n'
    )
    assert shlex.split(config("claude-code", "stdio").also[0].text)[-4:] == ["--", "gatehouse", "connect", "team-tools"]


def test_a_token_with_quotes_can_not_leave_the_shell_command() -> None:
    command = config("claude-code", token='x"; rm -rf ~; "').also[0]
    assert shlex.split(command.text)[-1] == 'Authorization: Bearer x"; rm -rf ~; "'


def test_cursor_takes_the_token_from_the_environment() -> None:
    entry = read(config("cursor"))["mcpServers"]["team-tools"]
    assert entry == {"url": URL, "headers": {"Authorization": "Bearer ${env:GATEHOUSE_TOKEN}"}}


def test_vscode_asks_for_the_token_as_a_password() -> None:
    made = json.loads(config("vscode").text)
    assert made["inputs"][0]["password"] is True
    assert made["servers"]["team-tools"]["headers"]["Authorization"] == f"Bearer ${{input:{made['inputs'][0]['id']}}}"
    assert "inputs" not in json.loads(config("vscode", token="gh_abc").text)


def test_codex_reads_the_token_from_a_variable_and_has_no_sse() -> None:
    assert read(config("codex"))["mcp_servers"]["team-tools"] == {"url": URL, "bearer_token_env_var": "GATEHOUSE_TOKEN"}
    sse = config("codex", "sse")
    assert sse.transport == "stdio"
    assert read(sse)["mcp_servers"]["team-tools"]["command"] == "gatehouse"
    assert any("does not take SSE" in note for note in sse.notes)


def test_gemini_tells_streamable_http_from_sse_by_the_key() -> None:
    assert read(config("gemini"))["mcpServers"]["team-tools"]["httpUrl"] == URL
    assert read(config("gemini", "sse"))["mcpServers"]["team-tools"]["url"] == URL.replace("/mcp", "/sse")
