"""The settings as the API shows them: with where each was said, and without secrets."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from gatehouse import __version__
from gatehouse import settings as declared
from gatehouse.api.configured import SettingsView, SettingView, Source
from gatehouse.settings import ENV_PREFIX, Origins, Settings
from gatehouse.telemetry.logs.masking import MASK, masked

_SECRET = frozenset({"key", "tracing.headers"})
_ADDRESS = "database"
"""May have a password in it."""


def configured(settings: Settings, origins: Origins, backend: str) -> SettingsView:
    """`backend`: the kind of database, as its URL names it."""
    about, defaults = _about(), dict(_flat(Settings()))
    items = [
        _view(name, value, defaults[name], origins.sources.get(name, "default"), about.get(name, ""))
        for name, value in _flat(settings)
    ]
    return SettingsView(
        items=items,
        file=origins.file,
        data_directory=str(settings.data_dir.absolute()),
        version=__version__,
        database="mariadb" if backend == "mysql" else "postgresql" if backend == "postgresql" else "sqlite",
    )


def _view(name: str, value: Any, default: Any, source: Source, about: str) -> SettingView:
    secret = name in _SECRET
    shown = MASK if secret and value else masked(value) if name == _ADDRESS else value
    return SettingView(
        name=name,
        group=name.rpartition(".")[0],
        value=None if shown == "" else shown,
        default=None if default == "" else default,
        source=source,
        variable=ENV_PREFIX + name.replace(".", "__").upper(),
        about=about,
        secret=secret or shown != value,
    )


def _flat(settings: Settings) -> Iterator[tuple[str, Any]]:
    values: dict[str, Any] = msgspec.to_builtins(settings)
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", one) for inner, one in cast("dict[str, Any]", value).items())
        else:
            yield name, value


def _about() -> Mapping[str, str]:
    """What stands below each setting where it is declared: Python keeps that in the source alone."""
    try:
        tree = ast.parse(Path(inspect.getfile(declared)).read_text("utf-8"))
    except (OSError, SyntaxError):
        return {}
    said = {node.name: dict(_said(node)) for node in tree.body if isinstance(node, ast.ClassDef)}
    groups = {type(value).__name__: name for name, value in _groups()}
    found = dict(said[Settings.__name__])
    for kind, name in groups.items():
        found |= {f"{name}.{inner}": words for inner, words in said[kind].items()}
    return found


def _groups() -> Iterator[tuple[str, msgspec.Struct]]:
    for name in Settings.__struct_fields__:
        value = getattr(Settings(), name)
        if isinstance(value, msgspec.Struct):
            yield name, value


def _said(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in zip(node.body, node.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                yield name, words
            case _:
                pass
