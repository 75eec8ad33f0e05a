"""Opening a page in the browser of whoever sits at this machine, where somebody does."""

from __future__ import annotations

import logging
import sys
import threading
import webbrowser
from collections.abc import Mapping

log = logging.getLogger("gatehouse")


def somebody_is_here(environment: Mapping[str, str], terminal: bool) -> bool:
    """Whether a browser that is opened would be seen. `terminal`: what is printed goes to one."""
    if not terminal or environment.get("CI") or environment.get("SSH_CONNECTION"):
        return False
    # Without a display there are browsers for the terminal at most, which would take it from Gatehouse.
    shown = sys.platform in ("darwin", "win32") or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return bool(shown or environment.get("BROWSER"))


def open_page(url: str) -> None:
    """Beside everything else: some browsers return only when they are closed."""
    threading.Thread(target=_open, args=(url,), name="open the browser", daemon=True).start()


def _open(url: str) -> None:
    try:
        webbrowser.open(url)
    except (webbrowser.Error, OSError):
        log.info("No browser could be opened.")


def leave_closed(url: str) -> None:
    """Where no browser is wanted, or nobody would see it."""
