"""The words of translations: what becomes of a thing in another program's file, and where its secrets go. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gatehouse.store.transfer.model import SECRET, VERSION


class Fidelity(StrEnum):
    """How much of a thing comes over."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` and `name` as the file has them; `words` say what is lost, or what to do."""

    kind: str
    name: str
    fidelity: Fidelity
    words: str = ""


@dataclass(frozen=True, slots=True)
class Translation:
    """`document` is one of ours; `secrets` are those that stood in the file, by the paths of their references."""

    form: str
    document: dict[str, Any]
    findings: tuple[Finding, ...]
    problems: tuple[Finding, ...] = ()
    """Those of the findings that something should be done about before."""
    secrets: dict[str, str] = field(default_factory=dict[str, str], repr=False)


def document(**sections: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"gatehouse": "export", "version": VERSION, **{name: list(items) for name, items in sections.items()}}


class Secrets:
    """Collects secrets, and gives references for them."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def reference(self, path: str, value: str | None = None) -> dict[str, str]:
        """A `value` that is None is one that has to be given."""
        if value is not None:
            self.known[path] = value
        return {SECRET: path}

    def references(self, root: str, values: Mapping[str, str]) -> dict[str, dict[str, str]]:
        return {name: self.reference(f"{root}/{name}", value) for name, value in values.items()}

    def credential(self, root: str, known: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """A credential as the API takes it, with references."""
        match known:
            case None:
                return None
            case {"type": "bearer", "token": token}:
                return {"type": "bearer", "token": self.reference(f"{root}/token", token)}
            case _:
                return {"type": "headers", "headers": self.references(root, known["headers"])}
