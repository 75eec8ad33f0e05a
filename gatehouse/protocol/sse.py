"""Server-sent events, read from chunks that are cut anywhere, and written. Rules: WHATWG HTML section 9.2."""

from __future__ import annotations

import msgspec

COMMENT = b": \n\n"
"""Says nothing, and keeps a quiet stream open."""
_BOM = b"\xef\xbb\xbf"
_OVERHEAD = 256
"""Bytes that field names, an event's name and an id may take beside the data."""
_TOO_LARGE = "An event is longer than %d bytes"
_MESSAGE_KINDS = (b"", b"message")
_LF_HEAD = b"event: message\ndata: "
_CRLF_HEAD = b"event: message\r\ndata: "


class SseTooLarge(ValueError):
    """An event is longer than was allowed; the stream can't be read on."""


class SseEvent(msgspec.Struct, frozen=True):
    """`id` and `retry` (milliseconds) are those that this event itself carries."""

    data: bytes
    event: str = "message"
    id: str | None = None
    retry: int | None = None


class SseParser:
    """Feed it what arrives. An event that the stream cuts off is never reported.

    Unlike a browser's, it reports events without data that have an `id` or a `retry`: a 2025-11-25 server opens a
    stream with one, so that the client can come back to it ("Streamable HTTP", resumability).
    """

    def __init__(self, max_event_bytes: int) -> None:
        self._max = max_event_bytes
        self._size = 0
        self._partial: list[bytes] = []
        """The line that is not yet complete, in pieces."""
        self._after_cr = False
        self._at_start = True
        self._clear()

    def _clear(self) -> None:
        self._data: list[bytes] = []
        self._event = b""
        self._id: str | None = None
        self._retry: int | None = None
        self._pristine = not self._partial

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that are complete now; raises `SseTooLarge`."""
        if self._pristine and not self._after_cr and (data := _whole_message(chunk)) is not None:
            if len(data) > self._max:
                raise SseTooLarge(_TOO_LARGE % self._max)
            self._at_start = False
            return [SseEvent(data)]
        return self._feed_lines(chunk)

    def _feed_lines(self, chunk: bytes) -> list[SseEvent]:
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        rest = lines.pop()
        events: list[SseEvent] = []
        for line in lines:
            self._grow(len(line))
            self._take_line(self._completed(line), events)
        if rest:
            self._grow(len(rest))
            self._partial.append(rest)
            self._pristine = False
        return events

    def _completed(self, line: bytes) -> bytes:
        if self._partial:
            self._partial.append(line)
            line = b"".join(self._partial)
            self._partial.clear()
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        return line

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._max + _OVERHEAD:
            raise SseTooLarge(_TOO_LARGE % self._max)

    def _take_line(self, line: bytes, events: list[SseEvent]) -> None:
        if not line:
            self._dispatch(events)
            return
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._event = value
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        elif name == b"retry" and value.isdigit() and len(value) < 10:
            self._retry = int(value)
        elif not name:
            # A comment: a stream that is kept open by comments alone must not run into the limit.
            self._size -= len(line)
        self._pristine = False

    def _dispatch(self, events: list[SseEvent]) -> None:
        self._size = 0
        if self._data or self._id is not None or self._retry is not None:
            kind = "message" if self._event in _MESSAGE_KINDS else self._event.decode(errors="replace")
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            events.append(SseEvent(data, kind, self._id, self._retry))
        self._clear()


def _whole_message(chunk: bytes) -> bytes | None:
    """The data of the chunk that nearly all are: one plain message, whole. 2 us instead of 8."""
    if chunk.startswith(_LF_HEAD):
        end = len(chunk) - 2
        plain = chunk.find(b"\n", len(_LF_HEAD)) == end and chunk.endswith(b"\n") and b"\r" not in chunk
        return chunk[len(_LF_HEAD) : end] if plain else None
    if chunk.startswith(_CRLF_HEAD):
        end = len(chunk) - 4
        # All line ends that there may be after the head are the four bytes at its end.
        plain = chunk.find(b"\r", len(_CRLF_HEAD)) == end and chunk.find(b"\n", len(_CRLF_HEAD)) == end + 1
        return chunk[len(_CRLF_HEAD) : end] if plain and chunk.endswith(b"\r\n\r\n") else None
    return None


def encode_event(
    data: bytes, *, event: str | None = "message", id: str | None = None, retry: int | None = None
) -> bytes:
    """One event. `event=None` writes no name, which means `message`; `retry` is in milliseconds.

    Raises `ValueError` for an `event` or `id` that could not be read back.
    """
    head = b"event: message\n" if event == "message" else b""
    if event is not None and event != "message":
        head = b"event: %b\n" % _one_line(event)
    if id is not None:
        head += b"id: %b\n" % _one_line(id)
    if retry is not None:
        head += b"retry: %d\n" % retry
    if b"\n" in data or b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\ndata: ")
    return b"".join((head, b"data: ", data, b"\n\n"))


def _one_line(text: str) -> bytes:
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError("An event's name and id are one line each, without NUL")
    return text.encode()
