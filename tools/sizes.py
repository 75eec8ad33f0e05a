"""The size gate: a Python file over 450 lines is warned about, one over 700 fails. Functions are ruff's to measure."""

from __future__ import annotations

import sys
from pathlib import Path

WARNED = 450
REFUSED = 700


def main(directories: list[str]) -> int:
    sizes = {file: _lines(file) for directory in directories for file in sorted(Path(directory).rglob("*.py"))}
    for file, lines in sizes.items():
        if lines > REFUSED:
            print(f"{file}: {lines} lines; {REFUSED} is the most. Split it by what it does.")
        elif lines > WARNED:
            print(f"warning: {file}: {lines} lines; {WARNED} is where a file starts to be too long.")
    return int(any(lines > REFUSED for lines in sizes.values()))


def _lines(file: Path) -> int:
    return len(file.read_bytes().splitlines())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["gatehouse", "tests"]))
