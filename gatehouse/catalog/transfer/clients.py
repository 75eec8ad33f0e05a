"""Read the MCP servers out of other programs' config files: Claude, Cursor, VS Code, Gemini, Codex, Windsurf and kin.

Pure: content goes in decoded, the environment as a mapping. What can't be understood is a problem in words, never an
exception, so that one odd entry does not lose the others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from gatehouse.catalog.model import Transport
from gatehouse.catalog.requests import NewUpstream
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid

Content = Mapping[str, Any]

_KINDS = {
    "": Transport.AUTO,
    "http": Transport.HTTP,
    "streamable-http": Transport.HTTP,
    "streamablehttp": Transport.HTTP,
    "sse": Transport.SSE,
    "stdio": Transport.STDIO,
    "local": Transport.STDIO,
    "remote": Transport.AUTO,
}
_GROUPS = ("mcpServers", "servers", "mcp_servers", "mcp.servers")
_URL_KEYS = {"httpUrl": Transport.HTTP, "serverUrl": Transport.AUTO, "url": Transport.AUTO}
# `$NAME` is a reference only as a word of its own: a password may well have a `$` inside.
_REFERENCE = re.compile(r"\$\{([^}]*)\}|(?<!\S)\$([A-Za-z_][A-Za-z0-9_]*)(?!\S)")
_OF_THE_PROGRAM = frozenset({"workspaceFolder", "workspaceFolderBasename", "userHome", "pathSeparator", "cwd"})
_VARIABLE = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_NAME_LENGTH = 63
_KNOWN = frozenset(
    "type transport url httpUrl serverUrl command args env headers http_headers env_http_headers bearer_token_env_var "
    "env_vars cwd disabled enabled timeout tool_timeout_sec".split()
)
"""Fields of an entry that are understood."""


@dataclass(frozen=True, slots=True)
class ImportedUpstream:
    name: str
    transport: Transport
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cwd: str | None = None
    disabled: bool = False
    timeout: float | None = None
    """Seconds."""
    written: str = field(default="", compare=False)
    """Its name in the file."""
    ignored: tuple[str, ...] = field(default=(), compare=False)
    """Fields that have no counterpart here."""


@dataclass(frozen=True, slots=True)
class Transfer:
    upstreams: tuple[ImportedUpstream, ...]
    problems: tuple[str, ...] = ()


def parse_config(data: bytes, toml: bool = False) -> dict[str, Any]:
    """Decode a config file; JSON may have comments and trailing commas. Raises `Invalid`."""
    try:
        text = data.decode("utf-8-sig")
        content: Any = tomllib.loads(text) if toml else json.load(json.strip_comments(text))
    except (ValueError, RecursionError) as error:
        raise Invalid(
            f"The file is not valid {'TOML' if toml else 'JSON'}: {error}.", "Correct it and try again."
        ) from None
    if not isinstance(content, dict):
        raise Invalid("The file does not hold an object.", 'It should look like {"mcpServers": {...}}.')
    return cast("dict[str, Any]", content)


def holds_servers(content: Content) -> bool:
    """Whether there is anything for `read_mcp_config` to read."""
    return next(_groups(content), None) is not None


def read_mcp_config(content: Content, environ: Mapping[str, str] | None = None) -> Transfer:
    """The servers in a config, names cleaned and unique, references to the environment resolved."""
    reader = _Reader(environ or {})
    upstreams: list[ImportedUpstream] = []
    for group in _groups(content):
        for name, entry in group.items():
            upstream = reader.read(name, entry)
            if upstream is not None and upstream not in upstreams:
                upstreams.append(replace(upstream, name=_unique(upstream.name, {other.name for other in upstreams})))
    if not upstreams and not reader.problems:
        reader.problems.append("There are no MCP servers in it: it has neither 'mcpServers' nor 'servers'.")
    return Transfer(tuple(upstreams), tuple(reader.problems))


def credential(headers: Mapping[str, str]) -> dict[str, Any] | None:
    """What an upstream is to be shown, from the headers that a client would send; None for none."""
    if not headers:
        return None
    (name, value), *more = headers.items()
    scheme, _, token = value.partition(" ")
    if not more and name.lower() == "authorization" and scheme.lower() == "bearer" and token.strip():
        return {"type": "bearer", "token": token.strip()}
    return {"type": "headers", "headers": dict(headers)}


def new_upstream(wanted: ImportedUpstream, place: Mapping[str, Any] | None = None) -> NewUpstream:
    """`place`: owner, team and visibility, where they are not the usual ones."""
    return NewUpstream(
        name=wanted.name,
        url=wanted.url,
        command=wanted.command,
        args=wanted.args,
        cwd=wanted.cwd,
        env=dict(wanted.env),
        transport=wanted.transport,
        credential=credential(wanted.headers),
        enabled=not wanted.disabled,
        timeout=wanted.timeout,
        **(place or {}),
    )


def slug(name: str) -> str:
    """`name` as `[a-z0-9][a-z0-9-]{0,62}`; empty where nothing of it is left."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_NAME_LENGTH].rstrip("-")


def _groups(content: Content) -> Iterator[dict[str, Any]]:
    """Each object of servers by name: at the top, in VS Code's `mcp`, in the projects of `~/.claude.json`."""
    for key in _GROUPS:
        group: Any = content.get(key)
        if isinstance(group, dict):
            yield cast("dict[str, Any]", group)
    inner: Any = content.get("mcp")
    if isinstance(inner, dict):
        yield from _groups(cast("dict[str, Any]", inner))
    projects: Any = content.get("projects")
    if isinstance(projects, dict):
        for project in cast("dict[str, Any]", projects).values():
            if isinstance(project, dict):
                yield from _groups(cast("dict[str, Any]", project))


def _unique(name: str, taken: set[str]) -> str:
    number, candidate = 2, name
    while candidate in taken:
        ending = f"-{number}"
        number, candidate = number + 1, name[: _NAME_LENGTH - len(ending)] + ending
    return candidate


class _Unreadable(Exception):
    """Says why an entry can't become an upstream."""


class _Reader:
    """Reads entries one by one and collects what was wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def read(self, name: str, entry: Any) -> ImportedUpstream | None:
        try:
            if not isinstance(entry, dict):
                raise _Unreadable("it is not an object")
            if not slug(name):
                raise _Unreadable("its name has no letter or digit")
            return self._upstream(name, cast("dict[str, Any]", entry))
        except _Unreadable as error:
            self.problems.append(f"'{name}' was left out: {error}.")
            return None

    def _upstream(self, name: str, entry: dict[str, Any]) -> ImportedUpstream:
        url, transport = self._address(name, entry)
        command, args = self._command(name, entry)
        if (url is None) == (command is None):
            raise _Unreadable("it has both a URL and a command" if url else "it has neither a URL nor a command")
        if command is not None and transport not in (Transport.AUTO, Transport.STDIO):
            raise _Unreadable(f"its type is {transport} but it has a command")
        if url is not None and transport is Transport.STDIO:
            raise _Unreadable("its type is stdio but it has a URL")
        return ImportedUpstream(
            name=slug(name),
            transport=Transport.STDIO if command else transport,
            url=url,
            command=command,
            args=args,
            env=self._strings(name, entry, "env") | self._forwarded(name, entry),
            headers=self._headers(name, entry),
            cwd=self._text(name, entry, "cwd"),
            disabled=entry.get("disabled") is True or entry.get("enabled") is False,
            timeout=_seconds(entry),
            written=name,
            ignored=tuple(sorted(entry.keys() - _KNOWN)),
        )

    def _address(self, name: str, entry: dict[str, Any]) -> tuple[str | None, Transport]:
        said = str(entry.get("type") or entry.get("transport") or "")
        transport = _KINDS.get(said.lower().replace("_", "-"))
        if transport is None:
            raise _Unreadable(f"its type '{said}' is not one of stdio, http and sse")
        for key, implied in _URL_KEYS.items():
            url = self._text(name, entry, key)
            if url:
                if not url.startswith(("http://", "https://")):
                    raise _Unreadable(f"its {key} is not an http:// or https:// address")
                return url, transport if transport is not Transport.AUTO else implied
        return None, transport

    def _command(self, name: str, entry: dict[str, Any]) -> tuple[str | None, tuple[str, ...]]:
        command: Any = entry.get("command")
        more: Any = entry.get("args") or []
        if not isinstance(more, list):
            raise _Unreadable("its args are not a list")
        words = cast("list[Any]", command) if isinstance(command, list) else [command] if command else []
        words = [*words, *cast("list[Any]", more)]
        if not all(isinstance(word, (str, int, float)) for word in words):
            raise _Unreadable("its command and args are not all strings")
        if not command:
            return None, ()
        first, *rest = (self._resolve(name, str(word)) for word in words)
        return first, tuple(rest)

    def _headers(self, name: str, entry: dict[str, Any]) -> dict[str, str]:
        headers = self._strings(name, entry, "headers") | self._strings(name, entry, "http_headers")
        for header, variable in self._strings(name, entry, "env_http_headers").items():
            headers[header] = self._resolve(name, f"${{{variable}}}")
        variable = entry.get("bearer_token_env_var")
        if isinstance(variable, str):
            headers["Authorization"] = "Bearer " + self._resolve(name, f"${{{variable}}}")
        return headers

    def _forwarded(self, name: str, entry: dict[str, Any]) -> dict[str, str]:
        """Codex's `env_vars`: names of variables to pass on."""
        names: Any = entry.get("env_vars")
        if not isinstance(names, list):
            return {}
        variables = [one for one in cast("list[Any]", names) if isinstance(one, str)]
        return {variable: self._resolve(name, f"${{{variable}}}") for variable in variables}

    def _strings(self, name: str, entry: dict[str, Any], key: str) -> dict[str, str]:
        value: Any = entry.get(key) or {}
        if not isinstance(value, dict):
            raise _Unreadable(f"its {key} is not an object")
        pairs = cast("dict[str, Any]", value)
        return {k: self._resolve(name, _as_text(v)) for k, v in pairs.items() if v is not None}

    def _text(self, name: str, entry: dict[str, Any], key: str) -> str | None:
        value: Any = entry.get(key)
        return self._resolve(name, value) if isinstance(value, str) and value else None

    def _resolve(self, name: str, text: str) -> str:
        """Put the environment's values in; what has none stays as it is written, and is a problem."""

        def value(match: re.Match[str]) -> str:
            return self._lookup(name, match)

        return _REFERENCE.sub(value, text)

    def _lookup(self, name: str, match: re.Match[str]) -> str:
        inside = match[1] if match[2] is None else match[2]
        variable = _VARIABLE.fullmatch(inside)
        if variable is None or variable[1] in _OF_THE_PROGRAM:
            self._say(_words_for(name, match[0], inside))
            return match[0]
        found = self._environ.get(variable[1]) or variable[2]
        if found is None:
            self._say(f"'{name}' needs the environment variable {variable[1]}: set it and import again.")
        return match[0] if found is None else found

    def _say(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _words_for(name: str, reference: str, inside: str) -> str:
    kind, _, label = inside.partition(":")
    if kind == "input":
        return f"'{name}' asks for '{label}' when it starts: write the value in place of {reference}."
    return f"'{name}' has {reference}, which only the program that the file is for can fill in: write the value."


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise _Unreadable("it has a value that is not a string")


def _seconds(entry: dict[str, Any]) -> float | None:
    """`timeout` is in milliseconds where it is large (Claude, Gemini), else in seconds; Codex names its unit."""
    value: Any = entry.get("tool_timeout_sec", entry.get("timeout"))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        return None
    return value / 1000 if "tool_timeout_sec" not in entry and value >= 1000 else float(value)
