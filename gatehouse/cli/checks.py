"""What `doctor` looks at, one function for each thing. None of them changes anything."""

from __future__ import annotations

import os
import platform
import socket
import stat
import sys
from pathlib import Path

import anyio
import httpx
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gatehouse.cli import watching
from gatehouse.cli.address import Address
from gatehouse.cli.api import Api, json_as
from gatehouse.cli.errors import Refused
from gatehouse.cli.findings import Finding
from gatehouse.cli.output import counted
from gatehouse.cli.wire import Upstream
from gatehouse.kit.errors import GatewayError
from gatehouse.store import schema
from gatehouse.store.database import Database

OLDEST_PYTHON = (3, 11)
SECRET_FILES = ("key", "admin-token")
_READY = 200


def existing(file: str) -> Path | None:
    return Path(file) if file else None


def python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", "fail", version, "Use Python 3.11 or newer.")
    return Finding("python", "ok", f"{version} on {platform.system()}")


def data_directory(directory: Path) -> Finding:
    name = "data directory"
    if not directory.exists():
        return Finding(name, "warn", f"{directory} does not exist", "`gatehouse up` makes it, or set GATEHOUSE_DATA.")
    if not directory.is_dir() or not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            name, "fail", f"{directory} can't be written", "Give yourself write permission, or set GATEHOUSE_DATA."
        )
    open_files = [file for file in SECRET_FILES if _others_can_read(directory / file)]
    if open_files:
        paths = " ".join(str(directory / file) for file in open_files)
        return Finding(name, "warn", f"others can read {', '.join(open_files)}", f"Run: chmod 600 {paths}")
    return Finding(name, "ok", str(directory))


def database(url: str) -> Finding:
    """Whether it can be read, and is as new as this program."""
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
            return Finding("database", "warn", f"{address.database} does not exist", "`gatehouse up` makes it.")
        version = anyio.run(_stored_version, url)
    except GatewayError as error:
        return Finding("database", "fail", error.message, error.hint)
    except TypeError:
        # The driver's connect was given what stands behind the question mark; what it says of that may hold the value.
        return Finding(
            "database", "fail", "its driver does not know an option in the URL", "Correct GATEHOUSE_DATABASE."
        )
    except (ArgumentError, ValueError):
        return Finding("database", "fail", "the URL can't be read", "Correct GATEHOUSE_DATABASE.")
    if version != schema.HEAD:
        found = f"version {version}, this program has {schema.HEAD}" if version else "it is empty"
        return Finding("database", "warn", found, "`gatehouse up` brings it up to date.")
    return Finding("database", "ok", f"{address.render_as_string(hide_password=True)} (version {version})")


async def _stored_version(url: str) -> str | None:
    opened = Database(url)
    try:
        async with opened.read() as connection:
            return await schema.stored(connection)
    finally:
        await opened.close()


def gateway(address: Address) -> tuple[Finding, bool]:
    """How it answers, and whether anything answers as a gateway does."""
    start = "Start it with `gatehouse up`, or set GATEHOUSE_URL to where it is."
    try:
        with httpx.Client(base_url=address.url, timeout=5, trust_env=not address.on_loopback) as client:
            alive, ready = client.get("/healthz"), client.get("/readyz")
    except httpx.HTTPError as error:
        return Finding("gateway", "fail", f"{address.url} does not answer ({type(error).__name__})", start), False
    if alive.status_code != _READY:
        return Finding("gateway", "fail", f"what answers at {address.url} is not Gatehouse", start), False
    if ready.status_code != _READY:
        return Finding(
            "gateway", "fail", f"{address.url} is not ready (HTTP {ready.status_code})", "Look at its log."
        ), True
    return Finding("gateway", "ok", f"{address.url} is ready"), True


def port(host: str, number: int) -> Finding:
    """Whether `up` could listen there, when no gateway answers."""
    where = f"{host}:{number}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            return Finding(
                "port", "fail", f"{where} can't be used: {error.strerror}", "Choose another one with `up --port`."
            )
    return Finding("port", "ok", f"{where} is free")


def behind(address: Address) -> list[Finding]:
    """The token and the upstreams, as the gateway sees them."""
    if not address.token:
        return [
            Finding("token", "fail", "there is none", "Set GATEHOUSE_TOKEN, or GATEHOUSE_DATA to its data directory.")
        ]
    try:
        with Api(address) as api:
            upstreams = [json_as(item, Upstream) for item in api.items("/upstreams")]
            own = watching.look(api)
    except Refused as error:
        return [Finding("token", "fail", error.message, error.hint)]
    except GatewayError as error:
        return [Finding("api", "fail", error.message, error.hint)]
    return [Finding("token", "ok", "the gateway takes it"), *_upstreams(upstreams), *own]


def _upstreams(upstreams: list[Upstream]) -> list[Finding]:
    if not upstreams:
        return [Finding("upstreams", "warn", "there are none", "Add one: gatehouse add NAME URL")]
    down = [one for one in upstreams if one.enabled and one.status in ("down", "sign_in")]
    if not down:
        return [Finding("upstreams", "ok", f"{counted(len(upstreams), 'upstream')}, none down")]
    hint = "Correct what is wrong, then: gatehouse upstream refresh {}"
    return [Finding("upstream", "warn", f"{one.name}: {one.error}", hint.format(one.name)) for one in down]


def _others_can_read(file: Path) -> bool:
    try:
        return os.name == "posix" and bool(file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        return False
