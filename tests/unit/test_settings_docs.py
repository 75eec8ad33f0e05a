"""The settings and their documentation name the same things."""

from __future__ import annotations

import re
from pathlib import Path

from gatehouse.settings import Health, Limits, Log, Metrics, Registry, Retention, Settings, SignIn, Timeouts, Tracing

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def names() -> set[str]:
    nested = {
        "registry": Registry,
        "limits": Limits,
        "timeouts": Timeouts,
        "retention": Retention,
        "sign_in": SignIn,
        "log": Log,
        "metrics": Metrics,
        "tracing": Tracing,
        "health": Health,
    }
    plain = set(Settings.__struct_fields__) - set(nested)
    return plain | {f"{room}.{name}" for room, kind in nested.items() for name in kind.__struct_fields__}


def test_every_setting_is_documented_and_nothing_else() -> None:
    rows = [line.split("|")[1] for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)}
    assert documented == names()


def test_there_are_fewer_than_sixty_settings() -> None:
    assert len(names()) < 60
