"""An OpenTelemetry collector in this process: takes spans over OTLP/HTTP, and keeps them for tests to look at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from anyio import to_thread
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATIENCE = 20
"""Seconds until a span that was promised has to be here."""
Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """One span. Ids are hexadecimal; `parent` is empty for a root."""

    resource: Attributes
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: Attributes
    failed: bool
    words: str
    """Of its status."""
    links: tuple[tuple[str, str], ...] = ()
    """Trace and span."""
    state: str = ""

    @property
    def service(self) -> str:
        return self.resource["service.name"]


class Collector:
    """`with Collector() as collector:` listens at `url`; give `status` for one that takes nothing."""

    def __init__(self, status: int = 200) -> None:
        self.spans: list[Seen] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        """Path and headers, in lower case."""
        self._came = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.take(self.path, headers, body if status == 200 else b"")
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        with self._came:
            self.requests.append((path, headers))
            self.spans += read(body)
            self._came.notify_all()

    async def until(self, enough: Callable[[Self], bool]) -> None:
        """Returns when it is so; raises `TimeoutError`, with what came instead."""

        def wait() -> bool:
            with self._came:
                return self._came.wait_for(lambda: enough(self), PATIENCE)

        if not await to_thread.run_sync(wait):
            raise TimeoutError(f"these came alone: {[(each.service, each.name) for each in self.spans]}")

    async def one(self, service: str, name: str, kind: str = "", trace: str = "") -> Seen:
        """The first span that fits, once it is here."""

        def found(collector: Collector) -> list[Seen]:
            return [
                each
                for each in collector.spans
                if (each.service, each.name) == (service, name)
                and kind in ("", each.kind)
                and trace in ("", each.trace)
            ]

        await self.until(lambda collector: bool(found(collector)))
        return found(self)[0]


def read(body: bytes) -> Iterator[Seen]:
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    for of_resource in request.resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _seen(resource, span)


def _seen(resource: Attributes, span: Span) -> Seen:
    return Seen(
        resource,
        span.name,
        Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _attributes(span.attributes),
        span.status.code == Status.STATUS_CODE_ERROR,
        span.status.message,
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        span.trace_state,
    )


def _attributes(pairs: Sequence[KeyValue]) -> Attributes:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value") for pair in pairs}
