"""The wheel that is published, installed where nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import gatehouse

ROOT = Path(__file__).parents[2]
BIN = "Scripts" if sys.platform == "win32" else "bin"


def run(*command: str | Path, cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=cwd, env=clean, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", built, ROOT, cwd=built)
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` directory of a venv that holds the wheel and what it needs, in the locked versions."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=True)
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


def test_an_installed_wheel_says_its_version(installed: Path, tmp_path: Path) -> None:
    assert gatehouse.__version__ in run(installed / "gatehouse", "version", cwd=tmp_path)


def test_the_sample_runs_from_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    assert "--http PORT" in run(installed / "python", "-m", "gatehouse.samples.time", "--help", cwd=tmp_path)
