"""The size gate: files over 450 lines (TypeScript: 250) are warned about, over 700 (400) they fail. Functions are ruff's to measure."""

from __future__ import annotations

import sys
from pathlib import Path

LIMITS = {".py": (450, 700), ".ts": (250, 400), ".tsx": (250, 400)}
"""By the file's ending: from where on it is warned about, and refused."""
GENERATED = {"schema.d.ts"}


def main(directories: list[str]) -> int:
    failed = False
    for directory in directories:
        for file in sorted(Path(directory).rglob("*")):
            if file.suffix in LIMITS and file.name not in GENERATED:
                failed |= _is_too_long(file)
    return int(failed)


def _is_too_long(file: Path) -> bool:
    warned, refused = LIMITS[file.suffix]
    lines = len(file.read_bytes().splitlines())
    if lines > refused:
        print(f"{file}: {lines} lines; {refused} is the most. Split it by what it does.")
    elif lines > warned:
        print(f"warning: {file}: {lines} lines; {warned} is where a file starts to be too long.")
    return lines > refused


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["gatehouse", "tests", "console/src"]))
