"""Build the console: `./run console` makes types of the API, checks, tests and builds; `--check` fails where that changes anything.

It needs Node.js 20.19 or newer and npm. The result is committed, so that running Gatehouse needs neither.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from gatehouse import __version__
from gatehouse.api import openapi
from gatehouse.api.build import ENDPOINTS

ROOT = Path(__file__).parents[1]
CONSOLE = ROOT / "console"
MODULES = CONSOLE / "node_modules"
DESCRIPTION = ROOT / ".cache" / "openapi.json"
MADE = ("gatehouse/console/static", "console/src/api/schema.d.ts")
STEPS = ("types", "check", "test", "build")


def main(arguments: list[str]) -> int:
    npm = shutil.which("npm")
    if npm is None:
        print("npm was not found: install Node.js 20.19 or newer.", file=sys.stderr)
        return 2
    if unknown := [one for one in arguments if one != "--check"]:
        print(f"There is no {', '.join(unknown)}; only --check.", file=sys.stderr)
        return 2
    install(npm)
    describe()
    for step in STEPS:
        print(f"console: {step}", flush=True)
        if subprocess.run([npm, "run", "--silent", step], cwd=CONSOLE, check=False).returncode:
            print(f"The step '{step}' of the console failed.", file=sys.stderr)
            return 1
    return changed() if "--check" in arguments else 0


def install(npm: str) -> None:
    """What the lock file says, anew where it was changed since."""
    lock, copy = CONSOLE / "package-lock.json", MODULES / ".gatehouse-lock.json"
    if copy.exists() and copy.read_bytes() == lock.read_bytes():
        return
    print("console: installing what it is built with (once, and again when it changes) ...", flush=True)
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=CONSOLE, check=True)
    copy.write_bytes(lock.read_bytes())


def describe() -> None:
    """The API's description, as the gateway itself serves it."""
    DESCRIPTION.parent.mkdir(exist_ok=True)
    DESCRIPTION.write_bytes(msgspec.json.encode(openapi.document(ENDPOINTS, __version__, "")))


def changed() -> int:
    """Whether what is committed differs from what was just made of its sources."""
    status = ["git", "status", "--porcelain", "--", *MADE]
    difference = subprocess.run(status, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if difference:
        print(f"What is committed is not what its sources make. Run ./run console, and commit:\n{difference}")
    return int(bool(difference))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
