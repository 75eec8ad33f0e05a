"""Write the icons of the bundled registry entries anew: `.venv/bin/python -m tools.icons`.

They come from the npm package `simple-icons`, whose drawings are CC0. A mark that its list says has another licence is
refused. Needs npm. The result is committed, so that running Gatehouse needs neither.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from gatehouse.catalog.registry.bundled import ICONS, bundled_documents, bundled_files

PACKAGE = "simple-icons@16.37.0"
PATH = re.compile(r'<path d="([^"]+)"/>')


def main() -> int:
    if shutil.which("npm") is None:
        print("npm was not found: install Node.js.", file=sys.stderr)
        return 2
    names = sorted({one.ours.icon for one in bundled_documents(bundled_files()) if one.ours.icon})
    with tempfile.TemporaryDirectory() as directory:
        package = _unpacked(Path(directory))
        _check_licences(package, names)
        made = {name: _drawn((package / "icons" / f"{name}.svg").read_text()) for name in names}
    shutil.rmtree(ICONS, ignore_errors=True)
    ICONS.mkdir()
    for name, svg in made.items():
        (ICONS / f"{name}.svg").write_text(svg)
    print(f"{len(made)} icons, {sum(map(len, made.values())) / 1000:.0f} kB, from {PACKAGE}")
    return 0


def _unpacked(directory: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(directory.glob("*.tgz"))) as archive:
        archive.extractall(directory, filter="data")
    return directory / "package"


def _check_licences(package: Path, names: list[str]) -> None:
    listed: list[dict[str, Any]] = json.loads((package / "data" / "simple-icons.json").read_text())
    licences = {_file_name(one): one["license"]["type"] for one in listed if "license" in one}
    refused = {name: licences[name] for name in names if licences.get(name, "CC0-1.0") != "CC0-1.0"}
    assert not refused, f"Not free to use: {refused}"


def _file_name(listed: dict[str, Any]) -> str:
    return listed.get("slug") or re.sub("[^a-z0-9]", "", listed["title"].lower())


def _drawn(svg: str) -> str:
    """The one path of the drawing, and nothing else of the file."""
    (path,) = PATH.findall(svg)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="{path}"/></svg>\n'


if __name__ == "__main__":
    sys.exit(main())
