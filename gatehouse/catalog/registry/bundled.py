"""The list of entries that comes in the wheel; see the README beside its files."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from gatehouse.catalog.registry.server_json import Document, read_document, read_list

_DIRECTORY = Path(__file__).parent / "bundled"
ICONS = _DIRECTORY / "icons"
"""One SVG for each mark that an entry names; see `tools/icons.py`."""


def bundled_files() -> list[bytes]:
    """One for each category."""
    return [file.read_bytes() for file in sorted(_DIRECTORY.glob("*.json"))]


def bundled_digest(files: list[bytes]) -> str:
    """Changes when any entry does."""
    return sha256(b"\0".join(files)).hexdigest()


def bundled_documents(files: list[bytes]) -> Iterator[Document]:
    for file in files:
        for one in read_list(file):
            yield read_document(bytes(one))


def bundled_icons() -> dict[str, bytes]:
    """By the names that entries have for them."""
    return {file.stem: file.read_bytes() for file in ICONS.glob("*.svg")}
