"""What the person who runs Gatehouse may decide. Read by `app` and `cli` alone.

Order of precedence: command line, environment (`GATEHOUSE_PORT`, nested as `GATEHOUSE_LIMITS__BODY_BYTES`), one TOML or
JSON file, the defaults below. A file that is an `mcp.json` (with `mcpServers` or `servers`) works as it stands: its
servers become upstreams.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec

from gatehouse.kit.errors import Invalid
from gatehouse.kit.json import strip_comments

Source = Literal["file", "environment", "command line"]
ENV_PREFIX = "GATEHOUSE_"
_SEVERAL = ("allowed_hosts", "allowed_origins", "trusted_proxies")
"""Settings with several values, which the environment has with commas between."""
UPSTREAM_KEYS = ("mcpServers", "servers", "mcp", "mcp_servers", "mcp.servers", "projects")
"""Top-level keys of a config file that hold MCP servers in the form of other programs, not settings."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body_bytes: int = 10 * 1024 * 1024
    """Largest request body that a client may send."""
    result_bytes: int = 64 * 1024 * 1024
    """Largest answer that is taken from an upstream."""
    page_size: int = 1000
    """Capabilities in one page of an MCP list."""
    sessions: int = 10_000
    """Legacy sessions that one worker keeps; past that the longest idle one is let go."""
    stdio_processes: int = 64
    """Stdio child processes of one worker."""


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    connect: float = 10.0
    """Seconds to reach an upstream."""
    call: float = 300.0
    """Seconds without any sign of life from an upstream, after which a call is given up."""
    discover: float = 30.0
    """Seconds to ask an upstream for all that it offers."""
    session_idle: float = 3600.0
    """Seconds after which an unused legacy session ends."""
    upstream_idle: float = 300.0
    """Seconds after which an unused upstream session, and its stdio process, ends."""
    shutdown: float = 10.0
    """Seconds that calls in flight get to finish on a stop."""


_Days = Annotated[int, msgspec.Meta(ge=0)]


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    audit: _Days = 400
    """Days that records of the audit are kept; 0: for ever."""
    calls: _Days = 14
    """Days that the records of calls are kept; the sums are kept longer. 0: for ever."""
    minutes: _Days = 2
    """Days that sums by the minute are kept; 0: for ever."""
    hours: _Days = 60
    """Days that sums by the hour are kept; 0: for ever."""
    days: _Days = 730
    """Days that sums by the day are kept; 0: for ever."""
    events: _Days = 30
    """Days that events are kept; 0: for ever."""


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["auto", "text", "json"] = "auto"
    """text: lines for people; json: one document a line; auto: text on a terminal, JSON elsewhere."""
    requests: bool = False
    """A line for each request."""


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tool_label: bool = False
    """Tell tools apart at /metrics, too: 500 at most, what comes after them is `other`."""


class Tracing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    endpoint: str = ""
    """Where spans are sent, over OTLP/HTTP: `http://localhost:4318`. Empty: nothing is traced."""
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """Which part of the calls is traced that come with no trace of their own."""
    headers: str = ""
    """Sent along, as in `authorization=Bearer TOKEN,x-team=a`."""


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    approval: bool = False
    """Let people without the permission registry.approve ask for what they want to install, instead of installing it."""


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    passwords: bool = True
    """Let people sign in with a password; without it, single sign-on is the only way for them."""
    session_idle: Annotated[float, msgspec.Meta(gt=0)] = 43_200.0
    """Seconds after which a console session that is not used ends."""
    session_lifetime: Annotated[float, msgspec.Meta(gt=0)] = 2_592_000.0
    """Seconds after which a console session ends, used or not."""
    proxy_header: str = ""
    """The header in which a trusted proxy names who is signed in there, by email: `X-Forwarded-Email`. Empty: none."""
    proxy_creates_users: bool = False
    """Make a user of whom the proxy names and nobody knows yet."""


class Health(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    interval: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    """Seconds between two times that an upstream is probed whose calls say nothing of how it is; 0: never."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    data: str = ""
    """Data directory; the platform's user data directory where left empty."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = 4444
    """The port to listen on."""
    workers: int = 1
    """Processes that share the socket."""
    database: str = ""
    """Database URL: `sqlite:///FILE`, `postgresql://...`, `mysql://...` or `mariadb://...`; SQLite in the data directory where empty."""
    key: str = ""
    """Master key, 32 bytes in base64; the file `key` in the data directory where empty."""
    public_url: str = ""
    """The address that clients use, where it is not the one listened on: `https://tools.example.com`."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names that a request's Host may have. Where empty and not on loopback, every name is taken."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins whose pages may call, besides our own and those on loopback."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose X-Forwarded-For, X-Forwarded-Proto and sign_in.proxy_header are believed."""
    allow_anonymous: bool = False
    """Let servers with anonymous access be used although Gatehouse listens on more than loopback."""
    fast_path: bool = True
    """Answer the common MCP POST inside the HTTP protocol object, without ASGI."""
    poll_interval: float = 0.5
    """Seconds between looks at the database's revision."""
    refresh_interval: float = 600.0
    """Seconds between full looks at what an upstream offers, besides its own notices."""
    internal_host: str = "127.0.0.1"
    """The address of this machine on which its workers can be reached by those of the others, on a free port."""
    log_level: str = "info"
    """debug, info, warning or error; and of single loggers, as in `info,gatehouse.upstreams=debug`."""
    log: Log = Log()
    record_calls: bool = True
    """Keep a record of each call, and make figures of them."""
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    sign_in: SignIn = SignIn()
    retention: Retention = Retention()
    registry: Registry = Registry()
    metrics: Metrics = Metrics()
    tracing: Tracing = Tracing()
    health: Health = Health()

    @property
    def data_dir(self) -> Path:
        return Path(self.data) if self.data else default_data_dir()

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.data_dir / 'gatehouse.db'}"


@dataclass(frozen=True, slots=True)
class Origins:
    """Where settings were said that are not the defaults: `sources` by their names, as in `limits.sessions`."""

    file: str | None = None
    sources: Mapping[str, Source] = field(default_factory=dict[str, "Source"])


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """`GATEHOUSE_DATA`, else the platform's directory for a user's data."""
    if environ.get("GATEHOUSE_DATA"):
        return Path(environ["GATEHOUSE_DATA"])
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "gatehouse"
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA", str(Path.home()))) / "gatehouse"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "gatehouse"


def load_settings(
    file: Path | None, overrides: Mapping[str, Any], environ: Mapping[str, str] = os.environ
) -> tuple[Settings, dict[str, Any]]:
    """The settings, and the part of the file that holds MCP servers (empty where there is none); raises `Invalid`."""
    content = _read(file) if file else {}
    servers = {key: content.pop(key) for key in UPSTREAM_KEYS if key in content}
    known = content if not servers else {key: content[key] for key in Settings.__struct_fields__ if key in content}
    merged = _merge(_merge(known, _from_environment(environ)), {k: v for k, v in overrides.items() if v is not None})
    try:
        return msgspec.convert(merged, Settings, strict=False), servers
    except msgspec.ValidationError as error:
        raise Invalid(
            f"The settings can't be used: {error}.", "See `gatehouse up --help` and the docs for each one."
        ) from None


def origins(file: Path | None, overrides: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Origins:
    """Of what `load_settings` makes of the same; raises `Invalid`."""
    options = {name: value for name, value in overrides.items() if value is not None}
    found: dict[str, Source] = dict.fromkeys(_names(_read(file) if file else {}), "file")
    found |= dict.fromkeys(_names(_from_environment(environ)), "environment")
    found |= dict.fromkeys(_names(options), "command line")
    return Origins(str(file.absolute()) if file else None, found)


def _names(content: Mapping[str, Any]) -> Iterator[str]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in cast("dict[str, Any]", value))
        else:
            yield name


def _read(file: Path) -> dict[str, Any]:
    toml = file.suffix == ".toml"
    try:
        text = file.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text) if toml else msgspec.json.decode(strip_comments(text), type=dict[str, Any])
    except OSError as error:
        raise Invalid(f"{file} can't be read: {error.strerror}.", "Name a file that exists with -c.") from None
    except (ValueError, msgspec.DecodeError) as error:
        raise Invalid(f"{file} is not valid {'TOML' if toml else 'JSON'}: {error}.") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    nested = {"registry", "limits", "timeouts", "retention", "metrics", "sign_in", "log", "tracing", "health"}
    for variable, value in environ.items():
        path = variable.removeprefix(ENV_PREFIX).lower().split("__")
        if not variable.startswith(ENV_PREFIX) or path[0] not in Settings.__struct_fields__:
            continue
        if path[0] in nested and len(path) == 2:
            found.setdefault(path[0], {})[path[1]] = value
        elif path[0] not in nested:
            found[path[0]] = value.split(",") if path[0] in _SEVERAL else value
    return found


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merge(cast("dict[str, Any]", old), cast("dict[str, Any]", value)) if both else value
    return merged
