"""The rules of the house: that they hold, and that each would be seen to be broken."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

import gatehouse

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
MOST_DISTRIBUTIONS = 45
FLOORS = ("cli", "app", "serving", "relay", "upstreams", "catalog", "store", "protocol", "settings", "kit")
SIBLINGS = (
    ("serving", "api"),
    ("console", "api"),
    ("catalog", "access"),
    ("access", "telemetry"),
    ("telemetry", "catalog"),
)

PLANTED = {
    **{f"floors: {low} -> {high}": ("floors", low, high) for high, low in pairwise(FLOORS)},
    **{f"floors: {one} -> {other}": ("floors", one, other) for one, other in SIBLINGS},
    "settings: relay": ("settings", "relay", "settings"),
    "settings: serving": ("settings", "serving", "settings"),
    "sans-io: protocol -> asyncio": ("sans-io", "protocol", "asyncio"),
    "sans-io: protocol -> socket": ("sans-io", "protocol", "socket"),
    "sans-io: protocol -> sqlalchemy": ("sans-io", "protocol", "sqlalchemy"),
    "no-sdk: upstreams": ("no-sdk", "upstreams", "mcp"),
    "otel: relay": ("otel", "relay", "opentelemetry"),
    "samples-unused: cli": ("samples-unused", "cli", "samples"),
    "samples-alone: kit": ("samples-alone", "samples", "kit"),
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the package and its contracts, in which a rule may be broken."""
    shutil.copytree(ROOT / "gatehouse", tmp_path / "gatehouse", ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(house: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = [BIN / "lint-imports", "--no-cache", "--no-logo", "--contract", contract]
    environment = os.environ | {"PYTHONPATH": str(house)}
    return subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=60, check=False)


def plant(house: Path, room: str, imported: str) -> None:
    package = house / "gatehouse"
    file = package / room / "planted.py" if (package / room).is_dir() else package / f"{room}.py"
    known = (package / imported).exists() or (package / f"{imported}.py").exists()
    with file.open("a") as writer:
        writer.write(f"\nimport {'gatehouse.' * known}{imported}\n")


@pytest.mark.parametrize(("contract", "room", "imported"), PLANTED.values(), ids=PLANTED)
def test_a_planted_import_breaks_its_contract(house: Path, contract: str, room: str, imported: str) -> None:
    plant(house, room, imported)
    seen = lint_imports(house, contract)
    assert seen.returncode == 1 and "BROKEN" in seen.stdout, seen.stdout + seen.stderr
    assert f"gatehouse.{room}" in seen.stdout


def test_a_room_on_no_floor_breaks_the_floors(house: Path) -> None:
    (house / "gatehouse" / "attic.py").touch()
    seen = lint_imports(house, "floors")
    assert seen.returncode == 1 and "gatehouse.attic" in seen.stdout


def test_every_contract_has_a_planted_breach() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == {contract for contract, _, _ in PLANTED.values()}


def test_the_sample_needs_the_standard_library_alone() -> None:
    for file in (ROOT / "gatehouse" / "samples").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            else:
                continue
            strange = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
            assert not strange, f"{file.name} imports {strange}"


def locked(file: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE))


def test_few_distributions_are_installed() -> None:
    assert len(locked("requirements.lock")) + len({"gatehouse"}) < MOST_DISTRIBUTIONS


def test_the_lock_files_hold_hashes_and_no_addresses() -> None:
    for file in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / file).read_text()
        assert text.count("--hash=sha256:") > len(locked(file))
        assert not re.search(r"://|--index|--find-links| @ ", text)


def test_the_lock_for_development_agrees_with_the_one_for_running() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_what_runs_needs_neither_pydantic_nor_the_sdk() -> None:
    assert not locked("requirements.lock").keys() & {"pydantic", "mcp", "fastapi", "fastmcp"}


def test_the_fast_path_knows_its_uvicorn() -> None:
    assert locked("requirements.lock")["uvicorn"].startswith("0.54.")


def sizes(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "tools" / "sizes.py", directory]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("lines", "code", "said"), [(450, 0, ""), (451, 0, "warning"), (700, 0, "warning"), (701, 1, "Split it")]
)
def test_the_size_gate_warns_and_then_refuses(tmp_path: Path, lines: int, code: int, said: str) -> None:
    (tmp_path / "long.py").write_text("pass\n" * lines)
    seen = sizes(tmp_path)
    assert seen.returncode == code and said in seen.stdout and bool(seen.stdout) == bool(said)


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("def f(n: int) -> int:\n" + "    n += 1\n" * 41 + "    return n\n", "PLR0915"),
        ("def f(n: int) -> int:\n" + "    if n:\n        n += 1\n" * 10 + "    return n\n", "C901"),
        ("def f(a: int, b: int, c: int, d: int, e: int, f: int, g: int) -> None: ...\n", "PLR0913"),
        ("import asyncio\n\nasync def f() -> None:\n    await asyncio.gather()\n", "TID251"),
        ("import asyncio\n\nasync def f() -> None:\n    await asyncio.create_task(f())\n", "TID251"),
        ("import asyncio\n\nasync def f() -> None:\n    await asyncio.wait_for(f(), 1)\n", "TID251"),
    ],
)
def test_ruff_refuses_what_the_house_does_not_want(code: str, rule: str) -> None:
    command = [BIN / "ruff", "check", "--quiet", "--stdin-filename", "gatehouse/relay/planted.py", "-"]
    seen = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, timeout=60, check=False)
    assert seen.returncode == 1 and rule in seen.stdout


def test_run_explains_itself_and_refuses_what_it_does_not_know() -> None:
    asked = subprocess.run([ROOT / "run", "help"], capture_output=True, text=True, timeout=60, check=True)
    assert all(f"./run {verb}" in asked.stdout for verb in ("up", "test", "check", "bench", "lock", "build"))
    unknown = subprocess.run([ROOT / "run", "fly"], capture_output=True, text=True, timeout=60, check=False)
    assert unknown.returncode == 1 and "there is no 'fly'" in unknown.stderr


def test_run_says_when_no_python_suits(tmp_path: Path) -> None:
    shutil.copy(ROOT / "run", tmp_path)
    environment = {"PATH": os.environ["PATH"], "PYTHON": "no-such-python"}
    seen = subprocess.run(
        [tmp_path / "run", "test"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert seen.returncode == 1 and "no Python 3.11 or newer" in seen.stderr


def test_the_version_is_in_the_changelog() -> None:
    assert f"## [{gatehouse.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_decisions_are_numbered_short_and_complete() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text()
        assert len(text.splitlines()) <= 40, record.name
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Alternatives"]
