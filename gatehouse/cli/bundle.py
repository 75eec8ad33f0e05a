"""The support bundle: what somebody who helps needs to know of a gateway, and no secret of it.

What a field may hold decides whether it is in: arguments, results, messages of failed calls and the values of
environment variables are not. What is in is masked as the log is, and searched for the secrets that are known here.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import zipfile
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import msgspec
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gatehouse import __version__
from gatehouse.cli.address import Address
from gatehouse.cli.api import Api
from gatehouse.cli.errors import Misused
from gatehouse.cli.findings import Finding
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError
from gatehouse.settings import Settings
from gatehouse.telemetry.logs.masking import MASK, masked, masked_field

LOG_LINES = 1000
SHORTEST = 4
"""Characters of a known secret from which on it is looked for: shorter ones are part of any word."""
README = """What `gatehouse doctor --bundle` found. Secrets are masked as ***, and of URLs, commands and calls only a part is here.
Read it before you give it to somebody: names of your servers, upstreams and machines are in it.

versions.json   Gatehouse, Python, the system, and what is installed
settings.json   the settings as `doctor` sees them, and which variables are set
findings.json   what `gatehouse doctor` found
status.json     the workers of the machine that answered
upstreams.json  upstreams and their states
errors.json     errors of the last 24 hours by their class
log.txt         the last lines of the log, where `--log` named it

What is missing could not be had; findings.json says more.
"""
_UPSTREAM_FACTS = (
    "id", "name", "kind", "transport", "share", "enabled", "era", "protocol_version", "status", "status_since",
    "checked_at", "counts",
)  # fmt: skip
_CALL_FACTS = ("id", "at", "server_name", "upstream_name", "name", "method", "outcome", "era", "total_ms")
_SECRET_SETTINGS = ("key", "headers")
_HANDLE = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{20,}")
"""A part of a path that may be what opens it."""


def write_bundle(
    file: Path, settings: Settings, address: Address, findings: Sequence[Finding], log: Path | None
) -> None:
    """Make the zip file, for its owner's eyes; raises `Misused` where it can't be made, and never overwrites."""
    scrub = Scrub(known_secrets(settings, address))
    parts = {
        "versions.json": versions(),
        "settings.json": masked_settings(settings, os.environ),
        "findings.json": [asdict(one) for one in findings],
        **_from_gateway(address),
    }
    texts = {"README.txt": README} | {name: _document(scrub.clean(part)) for name, part in parts.items()}
    if log is not None:
        texts["log.txt"] = "\n".join(scrub.text(line) for line in last_lines(log)) + "\n"
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise Misused(
            f"{file} can't be made: {error.strerror}.", "Name a file that does not exist yet, in a directory that does."
        ) from None
    with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in texts.items():
            bundle.writestr(name, text)


class Scrub:
    """Takes out what looks like a secret, and what is known to be one."""

    def __init__(self, known: Sequence[str]) -> None:
        # The longest first: one may be a part of another.
        self._known = sorted({one for one in known if len(one) >= SHORTEST}, key=len, reverse=True)

    def text(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, MASK)
        return masked(text)

    def clean(self, value: Any) -> Any:
        """Every text in plain JSON."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(name)): self.clean(one) for name, one in cast("dict[Any, Any]", value).items()}
        if isinstance(value, list):
            return [self.clean(one) for one in cast("list[Any]", value)]
        return value


def known_secrets(settings: Settings, address: Address) -> list[str]:
    found = [settings.key, address.token or "", _password(settings.database)]
    for name in ("key", "admin-token"):
        try:
            found.append((settings.data_dir / name).read_text().strip())
        except (OSError, UnicodeDecodeError):
            continue
    return found


def versions() -> dict[str, Any]:
    installed = {one.name: one.version for one in distributions()}
    return {
        "gatehouse": __version__,
        "python": sys.version,
        "platform": platform.platform(),
        "distributions": dict(sorted(installed.items())),
    }


def masked_settings(settings: Settings, environ: Mapping[str, str]) -> dict[str, Any]:
    plain = cast("dict[str, Any]", msgspec.to_builtins(settings))
    plain["database"] = masked_database(settings.database)
    return {"settings": _masked(plain), "variables": sorted(name for name in environ if name.startswith("GATEHOUSE_"))}


def masked_database(url: str) -> str:
    """Without its password and the values of its query."""
    if not url:
        return ""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return MASK
    bare = parsed.set(query={name: MASK for name in parsed.query})
    return bare.render_as_string(hide_password=True)


def bare_url(url: str) -> str:
    """Without user, password, query and fragment, and without parts of the path that may be secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return MASK
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    path = "/".join(MASK if _HANDLE.fullmatch(part) else part for part in parts.path.split("/"))
    return urlunsplit((parts.scheme, host + port, path, "", ""))


def last_lines(file: Path) -> list[str]:
    """Raises `Misused`."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return [line.rstrip("\n") for line in deque(stream, LOG_LINES)]
    except OSError as error:
        raise Misused(f"{file} can't be read: {error.strerror}.", "Name the file that the log goes to.") from None


def _masked(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: _masked_setting(name, value) for name, value in settings.items()}


def _masked_setting(name: str, value: Any) -> Any:
    if name in _SECRET_SETTINGS:
        return MASK if value else value
    if isinstance(value, dict):
        return _masked(cast("dict[str, Any]", value))
    return value if name == "database" else masked_field(name, value)


def _from_gateway(address: Address) -> dict[str, Any]:
    """What a gateway tells that runs and takes the token; each part that can't be had is left out."""
    found: dict[str, Any] = {}
    with Api(address) as api:
        for name, ask in (("status.json", _status), ("upstreams.json", _upstreams), ("errors.json", _errors)):
            try:
                found[name] = ask(api)
            except (GatewayError, json.BadJson):
                continue
    return found


def _status(api: Api) -> Any:
    return json.load(api.get("/status"))


def _upstreams(api: Api) -> list[dict[str, Any]]:
    return [_upstream(json.load(one)) for one in api.items("/upstreams")]


def _upstream(one: dict[str, Any]) -> dict[str, Any]:
    """`args` are left out: many programs take their secrets there."""
    facts = {name: one.get(name) for name in _UPSTREAM_FACTS}
    credential: dict[str, Any] | None = one.get("credential")
    return facts | {
        "url": bare_url(one["url"]) if one.get("url") else None,
        "command": os.path.basename(one["command"]) if one.get("command") else None,
        "args": len(one.get("args") or ()),
        "env": one.get("env"),
        "credential": None if credential is None else credential.get("type"),
        "error": one.get("error"),
    }


def _errors(api: Api) -> list[dict[str, Any]]:
    """Without their messages, which are an upstream's and may repeat what it was asked."""
    groups: list[dict[str, Any]] = json.load(api.get("/metrics/errors"))["items"]
    return [one | {"example": {name: one["example"].get(name) for name in _CALL_FACTS}} for one in groups]


def _password(url: str) -> str:
    try:
        return make_url(url).password or "" if url else ""
    except (ArgumentError, ValueError):
        return url


def _document(value: Any) -> str:
    return msgspec.json.format(json.dump(value), indent=2).decode() + "\n"
