"""What to paste into an MCP client, so that it uses a virtual server. Pure: knows formats, reads no files.

A token is written only where one is given; otherwise each client gets its own way to be told one later.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from gatehouse.kit.errors import Invalid

TOKEN_VARIABLE = "GATEHOUSE_TOKEN"
URL_VARIABLE = "GATEHOUSE_URL"
TOKEN_PLACEHOLDER = "YOUR-TOKEN"
CLIENTS = ("claude", "claude-desktop", "claude-code", "cursor", "vscode", "codex", "gemini", "json")
TRANSPORTS = ("http", "sse", "stdio")
DESKTOP_FILE = (
    "claude_desktop_config.json (Settings > Developer > Edit Config); on macOS in "
    "~/Library/Application Support/Claude, on Windows in %APPDATA%\\Claude"
)

Language = Literal["json", "toml", "shell"]
Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClientConfigRequest:
    server_slug: str
    server_name: str
    base_url: str
    """Where clients reach this gateway: scheme and host, and a path prefix if there is one."""
    client: str
    transport: str
    token: str | None = None
    """Written as it is; the client's own placeholder where None."""
    anonymous: bool = False
    """The server takes calls without a token."""
    command: tuple[str, ...] = ("gatehouse",)
    """What starts Gatehouse on the client's machine, for stdio."""

    @property
    def gateway(self) -> str:
        return self.base_url.rstrip("/")

    @property
    def url(self) -> str:
        endpoint = "sse" if self.transport == "sse" else "mcp"
        return f"{self.gateway}/servers/{self.server_slug}/{endpoint}"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    client: str
    transport: str
    """What `text` uses; not what was asked for where the client can't do that, and then a note says so."""
    file_hint: str
    """Where `text` goes."""
    language: Language
    text: str
    notes: tuple[str, ...] = ()
    also: tuple[ClientConfig, ...] = ()
    """Other ways to the same end."""


def client_config(request: ClientConfigRequest) -> ClientConfig:
    """The config for a client; raises `Invalid` for a client or transport that is not known."""
    if request.transport not in TRANSPORTS:
        raise Invalid(f"'{request.transport}' is not a transport.", f"Choose one of {', '.join(TRANSPORTS)}.")
    write = _WRITERS.get(request.client)
    if write is None:
        raise Invalid(f"'{request.client}' is not a client that is known here.", f"Choose one of {', '.join(CLIENTS)}.")
    return write(request)


def _claude(request: ClientConfigRequest) -> ClientConfig:
    """Claude Desktop's file knows stdio alone, so for a URL Claude Code's comes first."""
    desktop = _claude_desktop(request)
    code = _claude_code(request)
    first, second = (desktop, code) if request.transport == "stdio" else (code, desktop)
    return replace(first, client="claude", also=(second, *first.also))


def _claude_desktop(request: ClientConfigRequest) -> ClientConfig:
    entry = _stdio(request, _literal(request))
    notes = _not_supported("Claude Desktop's config file", request) + _fill_in(request)
    return _json(request, DESKTOP_FILE, {"mcpServers": {request.server_slug: entry}}, "stdio", notes)


def _claude_code(request: ClientConfigRequest) -> ClientConfig:
    reference = request.token or f"${{{TOKEN_VARIABLE}}}"
    entry = _entry(request, reference, typed=True)
    file = _json(
        request, ".mcp.json in the project's root", {"mcpServers": {request.server_slug: entry}}, notes=_export(request)
    )
    command = replace(
        file,
        file_hint="run in a shell; add --scope user for all your projects",
        language="shell",
        text=_claude_command(request),
    )
    return replace(file, client="claude-code", also=(replace(command, client="claude-code"),))


def _claude_command(request: ClientConfigRequest) -> str:
    """Options stand before the name; what follows `--` is the command of a stdio server."""
    slug = shlex.quote(request.server_slug)
    start = f"claude mcp add --transport {request.transport}"
    if request.transport == "stdio":
        variables = f"--env {URL_VARIABLE}={shlex.quote(request.gateway)}"
        secret = _shell_secret(request, "--env", f"{TOKEN_VARIABLE}=")
        return f"{start} {slug} {variables}{secret} -- {shlex.join(_connect(request))}\n"
    secret = _shell_secret(request, "--header", "Authorization: Bearer ")
    return f"{start} {slug} {shlex.quote(request.url)}{secret}\n"


def _shell_secret(request: ClientConfigRequest, option: str, before: str) -> str:
    if request.anonymous:
        return ""
    return f" {option} " + (shlex.quote(before + request.token) if request.token else f'"{before}${TOKEN_VARIABLE}"')


def _cursor(request: ClientConfigRequest) -> ClientConfig:
    entry = _entry(request, request.token or f"${{env:{TOKEN_VARIABLE}}}")
    place = "~/.cursor/mcp.json, or .cursor/mcp.json in a project"
    return _json(request, place, {"mcpServers": {request.server_slug: entry}}, notes=_export(request))


def _vscode(request: ClientConfigRequest) -> ClientConfig:
    entry = _entry(request, request.token or "${input:gatehouse-token}", typed=True)
    content: Entry = {"servers": {request.server_slug: entry}}
    if not request.token and not request.anonymous:
        prompt = {"type": "promptString", "id": "gatehouse-token", "description": "Gatehouse token", "password": True}
        content = {"inputs": [prompt], **content}
    notes = ("VS Code asks for the token once, and keeps it.",) if "inputs" in content else ()
    return _json(request, ".vscode/mcp.json, or 'MCP: Open User Configuration'", content, notes=notes)


def _gemini(request: ClientConfigRequest) -> ClientConfig:
    """`url` is HTTP+SSE and `httpUrl` Streamable HTTP; a variable reaches a stdio server only through `env`."""
    entry = _entry(request, request.token or f"${TOKEN_VARIABLE}")
    if request.transport == "http":
        entry = {("httpUrl" if key == "url" else key): value for key, value in entry.items()}
    place = "~/.gemini/settings.json, or .gemini/settings.json in a project"
    return _json(request, place, {"mcpServers": {request.server_slug: entry}}, notes=_export(request))


def _generic(request: ClientConfigRequest) -> ClientConfig:
    entry = _entry(request, _literal(request), typed=True)
    place = "the client's MCP configuration (mcp.json)"
    return _json(request, place, {"mcpServers": {request.server_slug: entry}}, notes=_fill_in(request))


def _codex(request: ClientConfigRequest) -> ClientConfig:
    notes = _not_supported("Codex", request) if request.transport == "sse" else ()
    transport = "stdio" if request.transport == "sse" else request.transport
    lines = [f"[mcp_servers.{_toml_key(request.server_slug)}]"]
    lines += _codex_http(request) if transport == "http" else _codex_stdio(request)
    text = "\n".join(lines) + "\n"
    return ClientConfig(request.client, transport, "~/.codex/config.toml", "toml", text, notes + _export(request))


def _codex_http(request: ClientConfigRequest) -> list[str]:
    lines = [f"url = {_toml(request.url)}"]
    if request.token:
        lines.append(f"http_headers = {{ Authorization = {_toml(f'Bearer {request.token}')} }}")
    elif not request.anonymous:
        lines.append(f"bearer_token_env_var = {_toml(TOKEN_VARIABLE)}")
    return lines


def _codex_stdio(request: ClientConfigRequest) -> list[str]:
    command, *arguments = _connect(request)
    lines = [f"command = {_toml(command)}", f"args = [{', '.join(map(_toml, arguments))}]"]
    env = {URL_VARIABLE: request.gateway} | ({TOKEN_VARIABLE: request.token} if request.token else {})
    lines.append(f"env = {{ {', '.join(f'{key} = {_toml(value)}' for key, value in env.items())} }}")
    if not request.token and not request.anonymous:
        lines.append(f"env_vars = [{_toml(TOKEN_VARIABLE)}]")
    return lines


def _entry(request: ClientConfigRequest, token: str, typed: bool = False) -> Entry:
    """One server in the form that most clients share; `typed` ones name the transport."""
    kind: Entry = {"type": request.transport} if typed else {}
    if request.transport == "stdio":
        return kind | _stdio(request, token)
    headers = {} if request.anonymous else {"headers": {"Authorization": f"Bearer {token}"}}
    return kind | {"url": request.url} | headers


def _stdio(request: ClientConfigRequest, token: str) -> Entry:
    command, *arguments = _connect(request)
    secret = {} if request.anonymous else {TOKEN_VARIABLE: token}
    return {"command": command, "args": arguments, "env": {URL_VARIABLE: request.gateway} | secret}


def _connect(request: ClientConfigRequest) -> list[str]:
    return [*request.command, "connect", request.server_slug]


def _literal(request: ClientConfigRequest) -> str:
    return request.token or TOKEN_PLACEHOLDER


def _not_supported(what: str, request: ClientConfigRequest) -> tuple[str, ...]:
    if request.transport == "stdio":
        return ()
    return (f"{what} does not take {request.transport.upper()}; this uses stdio through `gatehouse connect`.",)


def _fill_in(request: ClientConfigRequest) -> tuple[str, ...]:
    if request.token or request.anonymous:
        return ()
    make = f"gatehouse token create NAME --server {request.server_slug}"
    return (f"Put a token in place of {TOKEN_PLACEHOLDER}: `{make}` makes one.",)


def _export(request: ClientConfigRequest) -> tuple[str, ...]:
    if request.token or request.anonymous:
        return ()
    make = f"gatehouse token create NAME --server {request.server_slug}"
    return (f"Set {TOKEN_VARIABLE} where the client is started: `{make}` makes a token.",)


def _json(
    request: ClientConfigRequest,
    file_hint: str,
    content: Entry,
    transport: str | None = None,
    notes: tuple[str, ...] = (),
) -> ClientConfig:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return ClientConfig(request.client, transport or request.transport, file_hint, "json", text, notes)


def _toml(value: str) -> str:
    """A TOML basic string, which escapes as JSON does."""
    return json.dumps(value, ensure_ascii=False)


def _toml_key(key: str) -> str:
    return key if key.replace("-", "").replace("_", "").isalnum() and key.isascii() else _toml(key)


_WRITERS: dict[str, Callable[[ClientConfigRequest], ClientConfig]] = {
    "claude": _claude,
    "claude-desktop": _claude_desktop,
    "claude-code": _claude_code,
    "cursor": _cursor,
    "vscode": _vscode,
    "codex": _codex,
    "gemini": _gemini,
    "json": _generic,
}
