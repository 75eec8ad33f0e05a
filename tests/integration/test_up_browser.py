"""What `gatehouse up` opens in a browser, on a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.gateway import free_port
from tests.support.processes import until
from tests.support.program import ROOT, clean_environment

pytestmark = pytest.mark.anyio
LINK = re.compile(rb"set-up       (\S+)\r")


class Terminal:
    """`gatehouse up` on a terminal, with a browser that writes down what it is told to open."""

    def __init__(self, home: Path, port: int, arguments: Sequence[str]) -> None:
        self.opened = home / "opened"
        browser = home / "browser"
        # Moved into place, so that it is never seen half written.
        browser.write_text(f'#!/bin/sh\necho "$1" >"{self.opened}.new" && mv "{self.opened}.new" "{self.opened}"\n')
        browser.chmod(0o755)
        hidden = ("CI", "SSH_CONNECTION")
        environment = {key: value for key, value in clean_environment().items() if key not in hidden}
        command = [sys.executable, "-m", "gatehouse", "up", "--data", str(home / "data"), "--port", str(port)]
        self._master, terminal = pty.openpty()
        self._process = subprocess.Popen(
            [*command, *arguments], cwd=ROOT, env=environment | {"BROWSER": str(browser)},
            stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, start_new_session=True,
        )  # fmt: skip
        os.close(terminal)
        os.set_blocking(self._master, False)
        self.words = b""

    def says(self, word: bytes) -> bool:
        with contextlib.suppress(BlockingIOError):
            self.words += os.read(self._master, 65_536)
        return word in self.words

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(15)
        os.close(self._master)


@contextlib.contextmanager
def terminal(home: Path, *arguments: str) -> Iterator[Terminal]:
    started = Terminal(home, free_port(), arguments)
    try:
        yield started
    finally:
        started.end()


async def test_the_set_up_is_opened_once_there_is_something_to_see(tmp_path: Path) -> None:
    with terminal(tmp_path) as shown:
        await until(lambda: shown.says(b"set-up") and shown.opened.exists(), 60)
        link = LINK.search(shown.words)
        assert link is not None and shown.opened.read_text().strip() == link[1].decode()


async def test_who_wants_no_browser_gets_none(tmp_path: Path) -> None:
    with terminal(tmp_path, "--no-browser", "--sample") as shown:
        # Printed when it has long been up.
        await until(lambda: shown.says(b"timezone=Asia/Seoul"), 60)
        assert not shown.opened.exists()
