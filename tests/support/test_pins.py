"""What tests install of others is pinned to its last byte, and comes from wherever the machine gets its packages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

SUPPORT = Path(__file__).parent
LOCKS = sorted((SUPPORT / "clients").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_python_packages_are_pinned_by_hash_and_have_no_address(lock: Path) -> None:
    text = lock.read_text()
    packages = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert packages and all("--hash=sha256:" in package for package in packages)
    assert not re.search(r"://|--index|--find-links| @ ", text)


def test_npm_packages_are_pinned_by_hash_and_have_no_address() -> None:
    packages: dict[str, dict[str, Any]] = json.loads((SUPPORT / "node" / "package-lock.json").read_bytes())["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert all(package["integrity"].startswith("sha512-") for package in installed.values())
    assert not [path for path, package in installed.items() if "resolved" in package]


def test_npm_packages_of_our_own_choice_have_exact_versions() -> None:
    chosen: dict[str, Any] = json.loads((SUPPORT / "node" / "package.json").read_bytes())
    versions = [*chosen["dependencies"].values(), *chosen["optionalDependencies"].values()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+(-[a-z]+\.\d+)?", version) for version in versions)
