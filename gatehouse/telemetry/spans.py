"""All that touches OpenTelemetry: makes spans and sends them off. Imported only where tracing is on.

Which calls are traced is decided before anything here is asked, so that a span that is begun is always kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Literal

import anyio
from anyio import to_thread
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.trace import Span as OpenSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gatehouse import __version__
from gatehouse.protocol.trace import PARENT, STATE, Parent

Attributes = Mapping[str, str | int]
Side = Literal["server", "client"]

LAST_WAIT = 5.0
"""Seconds that spans get to leave at a stop."""
_QUIET = 60.0
"""Seconds between two complaints of one kind: a collector may be down for hours."""
COMPLAINERS = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")
_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT}
_PROPAGATOR = TraceContextTextMapPropagator()


class Span:
    """Begun when it is made; to be ended once."""

    __slots__ = ("_span",)

    def __init__(self, span: OpenSpan) -> None:
        self._span = span

    @property
    def context(self) -> tuple[str, str]:
        """`traceparent` and `tracestate` for what comes below it; the latter may be empty."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, self.below)
        return carrier[PARENT], carrier.get(STATE, "")

    @property
    def below(self) -> Context:
        return set_span_in_context(self._span, Context())

    def fail(self, error: str, words: str = "") -> None:
        """`error` is one of few words, for `error.type`; `words` are for people."""
        self._span.set_attribute("error.type", error)
        self._span.set_status(StatusCode.ERROR, words or None)

    def tell(self, name: str, value: str | int) -> None:
        self._span.set_attribute(name, value)

    def end(self) -> None:
        self._span.end()


class Spans:
    """The spans of one process. Exporting is done in a thread of its own, and nobody waits for it."""

    def __init__(self, endpoint: str | None, headers: Mapping[str, str], instance: str) -> None:
        """`endpoint` is a whole URL; without one OpenTelemetry's own variables say where to."""
        for name in COMPLAINERS:
            logging.getLogger(name).addFilter(Sparing())
        self._exporter = OTLPSpanExporter(endpoint=endpoint, headers=headers or None)
        # What is not sampled never comes here, whatever OTEL_TRACES_SAMPLER says.
        self._provider = TracerProvider(ALWAYS_ON, _resource(instance), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("gatehouse", __version__)

    def root(self, name: str, attributes: Attributes, parent: Parent | None, around: Parent | None) -> Span:
        """The span of a call as it came in. `around`: the trace of the request that carried it, where that is another."""
        context = set_span_in_context(NonRecordingSpan(_remote(parent)), Context()) if parent else Context()
        links = [Link(_remote(around))] if around is not None else None
        return self._start("server", name, attributes, context, links)

    def child(self, name: str, attributes: Attributes, above: Span) -> Span:
        """The span of the upstream's part in it."""
        return self._start("client", name, attributes, above.below, None)

    def _start(self, side: Side, name: str, attributes: Attributes, context: Context, links: list[Link] | None) -> Span:
        return Span(self._tracer.start_span(name, context, _KINDS[side], attributes, links))

    async def close(self) -> None:
        """Send what is left, for as long as a stop may take; what could not be sent by then is lost."""
        with anyio.move_on_after(LAST_WAIT) as waiting:
            await to_thread.run_sync(self._provider.shutdown, abandon_on_cancel=True)
        if waiting.cancelled_caught:
            self._exporter.shutdown()  # It would go on trying.


class Sparing(logging.Filter):
    """Lets a message through once in a while, however often it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now < self._said.get(record.msg, 0.0):
            return False
        self._said[record.msg] = now + _QUIET
        return True


def _remote(parent: Parent) -> SpanContext:
    state = TraceState.from_header([parent.state]) if parent.state else None
    return SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), True, TraceFlags(parent.flags), state)


def _resource(instance: str) -> Resource:
    """Who we are; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word."""
    ours = {"service.name": "gatehouse", "service.version": __version__, "service.instance.id": instance}
    return Resource.create(ours).merge(OTELResourceDetector().detect())
