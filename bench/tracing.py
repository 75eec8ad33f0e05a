"""What it costs a call that calls are traced, with a collector that takes every span."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from measuring import AnswersWrong
from parts import Bench
from watched import beside

FEW, ALL = "0.01", "1"
FEW_BUDGET = 1.10


class Sink(ThreadingHTTPServer):
    """Takes what is sent to a collector, and counts it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.taken = 0
        """Bytes."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Take(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Sink)
        self.server.taken += len(body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def listening() -> Generator[Sink]:
    with Sink() as sink:
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        yield sink
        sink.shutdown()


def tracing(bench: Bench) -> None:
    """CPU of a call with one in a hundred traced, and with all, beside that without tracing."""
    with listening() as sink:
        settings = {"GATEHOUSE_TRACING__ENDPOINT": sink.url}
        for words, sample, budget in (("1 %", FEW, FEW_BUDGET), ("all", ALL, None)):
            bench.say(f"tracing {words}")
            told = settings | {"GATEHOUSE_TRACING__SAMPLE": sample}
            beside(bench, f"tools/call with {words} of the calls traced", budget, {}, told)
        if not sink.taken:
            raise AnswersWrong("the collector got no spans")


TRACING_PARTS: dict[str, Callable[[Bench], None]] = {"tracing": tracing}
