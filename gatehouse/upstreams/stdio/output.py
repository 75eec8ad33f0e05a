"""What a program writes, cut into lines: messages from its stdout, the last words from its stderr. No I/O."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

KEPT_LINES = 200
LINE_LIMIT = 2000
"""Characters that are kept of one line."""
_BYTES_KEPT = 4 * LINE_LIMIT  # a character is at most four bytes
NOISE_KEPT = 20
"""How many of the stdout lines that are no messages are kept, beside the count of them all."""

# Colours and cursor moves, then every other control character but the tab.
_UNPRINTABLE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECRET_NAME = re.compile(
    r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|COOKIE|SESSION|PRIVATE|URL|URI|DSN|CONNECTION|(?:^|_)PAT(?:_|$)", re.I
)
_SHORTEST_SECRET = 4


class LineTooLong(ValueError):
    """A line is longer than was allowed."""


class LineSplitter:
    """Lines out of chunks that are cut anywhere; time is linear in what was fed, however small the pieces."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._partial: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends; raises `LineTooLong`."""
        lines = chunk.split(b"\n")
        if self._size + len(chunk) > self._limit:
            self._check(lines)
        rest = lines.pop()
        if lines and self._partial:
            lines[0] = b"".join([*self._partial, lines[0]])
            self._partial.clear()
            self._size = 0
        if rest:
            self._partial.append(rest)
            self._size += len(rest)
        return lines

    def _check(self, lines: list[bytes]) -> None:
        if self._size + len(lines[0]) > self._limit or any(len(line) > self._limit for line in lines[1:]):
            raise LineTooLong


class StderrTail:
    """The last lines of stderr, over all of an upstream's processes; readable at any time."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._running: list[Diary] = []
        self.noise = 0
        """How many lines on stdout were no messages."""

    def begin(self, env: Mapping[str, str]) -> Diary:
        """For a process that starts; `***` is written for the values of variables whose names sound like secrets."""
        found = {value for name, value in env.items() if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name)}
        diary = Diary(self, tuple(sorted(found, key=len, reverse=True)))
        self._running.append(diary)
        return diary

    def lines(self) -> list[str]:
        """Oldest first, and then what stands on lines that are not yet complete."""
        unfinished = [diary.unfinished() for diary in self._running]
        return [*self._lines, *filter(None, unfinished)][-KEPT_LINES:]

    def add(self, line: str) -> None:
        self._lines.append(line)

    def add_noise(self, line: str) -> None:
        self.noise += 1
        if self.noise <= NOISE_KEPT:
            self._lines.append(f"[stdout] {line}")

    def leave(self, diary: Diary) -> None:
        if diary in self._running:
            self._running.remove(diary)


class Diary:
    """What one process said beside its messages."""

    def __init__(self, tail: StderrTail, secrets: tuple[str, ...]) -> None:
        self._tail = tail
        self._secrets = secrets
        self._partial = b""
        self.last_words = ""
        """The last line that says something."""

    def feed(self, chunk: bytes) -> None:
        """Take from stderr. What a flood costs is the split alone: only lines that will be kept are looked at."""
        lines = chunk.split(b"\n")
        # The rest of an endless line is dropped.
        lines[0] = self._partial + lines[0][: _BYTES_KEPT - len(self._partial)]
        self._partial = lines.pop()[:_BYTES_KEPT]
        for line in lines[-KEPT_LINES:]:
            text = self._readable(line)
            self._tail.add(text)
            self.last_words = text if text.strip() else self.last_words

    def feed_noise(self, line: bytes) -> None:
        """Take a line of stdout that is no message; the first ones of an upstream are kept."""
        self._tail.add_noise(self._readable(line))

    def unfinished(self) -> str:
        return self._readable(self._partial)

    def end(self) -> None:
        """The process is gone: what it wrote last is a line. May be called again."""
        if self._partial:
            self.feed(b"\n")
        self._tail.leave(self)

    def _readable(self, line: bytes) -> str:
        text = _UNPRINTABLE.sub("", line[:_BYTES_KEPT].decode(errors="replace"))
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:LINE_LIMIT]
