"""Open the console once the gateway answers, where there is somebody to see it."""

from __future__ import annotations

import os
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Mapping

PATIENCE = 30.0
"""Seconds to wait for the gateway."""


def open_when_ready(url: str) -> None:
    """Returns at once; a thread waits, and gives up quietly."""
    if sys.stdout.isatty() and has_display(os.environ, sys.platform):
        threading.Thread(target=_open, args=(url,), daemon=True).start()


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a browser would be seen by the person at this terminal."""
    if environ.get("CI") or environ.get("SSH_CONNECTION"):
        return False
    return platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def _open(url: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        if _ready(url):
            webbrowser.open(url)
            return
        time.sleep(0.2)


def _ready(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/readyz", timeout=1) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False
