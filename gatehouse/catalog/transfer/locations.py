"""Where other programs on a machine keep their MCP servers, and what stands there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatehouse.catalog.transfer.clients import Content, holds_servers, parse_config
from gatehouse.kit.errors import Invalid

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is read; Claude Code keeps much more than its servers in one."""


@dataclass(frozen=True, slots=True)
class Location:
    client: str
    title: str
    path: Path
    shown: str
    """The path for people, with `~` for their home."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that is there. Empty with a `problem` where it can't be read."""

    location: Location
    content: Content = field(default_factory=dict[str, object], repr=False)
    problem: str | None = None


def locations(home: Path, environ: Mapping[str, str], platform: str) -> list[Location]:
    """All that are known, whether or not there is anything. `platform`: as `sys.platform`."""
    return [
        Location(client, title, path, _shown(path, home)) for client, title, path in _known(home, environ, platform)
    ]


def look(places: Iterable[Location]) -> list[ConfigFile]:
    """The files that are there and have MCP servers in them, or can't be read. Blocks."""
    found = (_read(place) for place in places)
    return [one for one in found if one is not None and (one.problem or holds_servers(one.content))]


def _known(home: Path, environ: Mapping[str, str], platform: str) -> Iterator[tuple[str, str, Path]]:
    settings = _settings(home, environ, platform)
    yield "claude-desktop", "Claude Desktop", settings / "Claude" / "claude_desktop_config.json"
    yield "claude-code", "Claude Code", home / ".claude.json"
    yield "cursor", "Cursor", home / ".cursor" / "mcp.json"
    yield "vscode", "VS Code", settings / "Code" / "User" / "mcp.json"
    yield "vscode", "VS Code", settings / "Code" / "User" / "settings.json"
    yield "gemini", "Gemini CLI", home / ".gemini" / "settings.json"
    yield "codex", "Codex", Path(environ.get("CODEX_HOME") or home / ".codex") / "config.toml"
    yield "windsurf", "Windsurf", home / ".codeium" / "windsurf" / "mcp_config.json"


def _settings(home: Path, environ: Mapping[str, str], platform: str) -> Path:
    """Where programs with windows keep theirs."""
    if platform == "darwin":
        return home / "Library" / "Application Support"
    if platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config")


def _shown(path: Path, home: Path) -> str:
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def _read(place: Location) -> ConfigFile | None:
    try:
        if not place.path.is_file():
            return None
        if place.path.stat().st_size > LARGEST:
            return ConfigFile(place, problem="The file is too large to be read.")
        return ConfigFile(place, parse_config(place.path.read_bytes(), place.path.suffix == ".toml"))
    except OSError as error:
        return ConfigFile(place, problem=f"The file can't be read: {error.strerror}.")
    except Invalid as error:
        return ConfigFile(place, problem=error.message)
