"""Everything that can be said about the code without running it: all checks run, each one's outcome is told.

`./run check` runs them all, `./run check types sizes` those alone, `./run check --fix` lets ruff mend what it can first.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS: dict[str, list[str]] = {
    "lint": [str(BIN / "ruff"), "check", "--quiet", "--output-format", "concise"],
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet"],
    "types": [str(BIN / "pyright"), "--pythonpath", sys.executable],
    "imports": [str(BIN / "lint-imports"), "--no-logo"],
    "sizes": [sys.executable, "tools/sizes.py"],
    "spelling": [str(BIN / "codespell")],
}
SLOW_LAST = ["sizes", "format", "lint", "spelling", "imports", "types"]
MOST_LINES = 60
FIXES = (CHECKS["lint"] + ["--fix"], [str(BIN / "ruff"), "format", "--quiet"])

Outcome = tuple[int, str, float]


def main(arguments: list[str]) -> int:
    names = [name for name in arguments if name != "--fix"] or list(CHECKS)
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"There is no check {', '.join(unknown)}. There are: {', '.join(CHECKS)}; and --fix.")
        return 2
    if "--fix" in arguments:
        for command in FIXES:
            subprocess.run(command, check=False, capture_output=True)
    with ThreadPoolExecutor(2) as pool:
        # The slowest first, so that the others run beside it.
        running = {name: pool.submit(_run, CHECKS[name]) for name in sorted(names, key=SLOW_LAST.index, reverse=True)}
        most = None if len(names) == 1 else MOST_LINES
        failed = [name for name in names if not _report(name, running[name], most)]
    print(
        f"{len(names) - len(failed)} of {len(names)} checks passed"
        + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    return int(bool(failed))


def _run(command: list[str]) -> Outcome:
    begun = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip(), time.monotonic() - begun


def _report(name: str, running: Future[Outcome], most: int | None) -> bool:
    """Tell how a check went; `most` is how many lines of its output are shown, all where None."""
    code, output, seconds = running.result()
    print(f"{'ok  ' if code == 0 else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
    lines = output.splitlines() if code != 0 or "warning:" in output else []
    for line in lines[:most]:
        print(f"     {line}", flush=True)
    if most is not None and len(lines) > most:
        print(f"     ... and {len(lines) - most} lines more: ./run check {name}", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
