from __future__ import annotations

import pytest

from gatehouse.cli.browser import somebody_is_here

DESK = {"DISPLAY": ":0"}


@pytest.mark.parametrize(
    ("environment", "terminal"),
    [
        (DESK, False),
        ({**DESK, "CI": "true"}, True),
        ({**DESK, "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}, True),
    ],
)
def test_where_nobody_would_see_it_no_browser_is_opened(environment: dict[str, str], terminal: bool) -> None:
    assert not somebody_is_here(environment, terminal)


def test_a_machine_without_a_display_has_no_browser_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert not somebody_is_here({}, True)
    assert somebody_is_here({"BROWSER": "firefox"}, True)
    assert somebody_is_here({"WAYLAND_DISPLAY": "wayland-0"}, True) and somebody_is_here(DESK, True)
    monkeypatch.setattr("sys.platform", "darwin")
    assert somebody_is_here({}, True)
