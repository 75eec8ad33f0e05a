"""The wheel that is published, installed where nothing else is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

import gatehouse

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "gatehouse" / "console" / "static"
SUPPORTED = ("3.11", "3.12", "3.13")
BIN = "Scripts" if sys.platform == "win32" else "bin"


def clean() -> dict[str, str]:
    """The environment of somebody who has only just installed it."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV")
    return {key: value for key, value in os.environ.items() if key not in ours and not key.startswith("GATEHOUSE_")}


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=clean(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", built, ROOT, cwd=built)
    return next(built.glob("*.whl"))


def interpreters() -> dict[str, Path]:
    """The one that runs this, and of the others that are supported those that are found: on PATH, or of pyenv."""
    found = {f"{sys.version_info.major}.{sys.version_info.minor}": Path(sys.executable)}
    for version in SUPPORTED:
        on_path = shutil.which(f"python{version}")
        pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        for candidate in [*pyenv, *([Path(on_path)] if on_path else [])]:
            if version not in found and _works(candidate, version):
                found[version] = candidate
    return found


def _works(python: Path, version: str) -> bool:
    code = "import sys, venv, ssl; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    return done.returncode == 0 and done.stdout.strip() == version


INTERPRETERS = interpreters()


@pytest.fixture(scope="module", params=sorted(INTERPRETERS))
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` directory of a venv that holds the wheel and what it needs, in the locked versions."""
    home = tmp_path_factory.mktemp("venv")
    run(INTERPRETERS[request.param], "-m", "venv", home, cwd=home)
    constraints = home / "constraints.txt"
    locked = (ROOT / "requirements.lock").read_text().splitlines()
    constraints.write_text(
        "\n".join(line.rstrip(" \\") for line in locked if "==" in line and not line.startswith("#"))
    )
    run(home / BIN / "python", "-m", "pip", "install", "--quiet", "--constraint", constraints, wheel, cwd=home)
    return home / BIN


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert tops == {"gatehouse", f"gatehouse-{gatehouse.__version__}.dist-info"}


def test_the_wheel_holds_the_console_as_it_was_built(wheel: Path) -> None:
    built = {f"gatehouse/console/static/{file.relative_to(STATIC)}" for file in STATIC.rglob("*") if file.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        assert "gatehouse/console/static/index.html" in built <= set(archive.namelist())


def test_an_installed_wheel_says_its_version(installed: Path, tmp_path: Path) -> None:
    assert gatehouse.__version__ in run(installed / "gatehouse", "version", cwd=tmp_path)


def test_the_sample_of_an_installed_wheel_tells_the_time_by_the_command_that_it_prints(
    installed: Path, tmp_path: Path
) -> None:
    environment = clean() | {"GATEHOUSE_DATA": str(tmp_path / "data")}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environment["GATEHOUSE_PORT"] = str(listener.getsockname()[1])
    command = [installed / "gatehouse", "up", "--sample", "--no-browser"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as gateway:
        impatience = threading.Timer(60, gateway.kill)
        impatience.start()
        try:
            assert gateway.stdout
            printed = next(line for line in gateway.stdout if "timezone=Asia/Seoul" in line)
            done = subprocess.run(
                printed, shell=True, cwd=tmp_path, env=clean(), capture_output=True, text=True, timeout=60, check=False
            )
        finally:
            impatience.cancel()
            gateway.terminate()
    assert done.returncode == 0, done.stderr
    assert "+09:00" in done.stdout


def test_the_sample_runs_from_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    assert "--http PORT" in run(installed / "python", "-m", "gatehouse.samples.time", "--help", cwd=tmp_path)
