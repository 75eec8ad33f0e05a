"""The SDK's server and client with OpenTelemetry switched on, as programs; OTEL_EXPORTER_OTLP_ENDPOINT says where to.

`python -m tests.support.instrumented upstream [--http | --stdio]` is the server that offers everything;
`python -m tests.support.instrumented client URL MODE TOOL` calls one tool, with the token in TOKEN, inside a span `agent`.
"""

from __future__ import annotations

import os
import sys

import anyio
import httpx2
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.support.everything.__main__ import main as upstream


def switch_on(service: str) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


async def client(url: str, mode: str, tool: str) -> None:
    headers = {"authorization": f"Bearer {os.environ['TOKEN']}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        with trace.get_tracer("agent").start_as_current_span("agent"):
            async with Client(streamable_http_client(url, http_client=http), mode=mode) as session:
                print(await session.call_tool(tool, {}))


def main() -> None:
    role = sys.argv.pop(1)
    switch_on(role)
    if role == "upstream":
        upstream()
    else:
        _, url, mode, tool = sys.argv
        anyio.run(client, url, mode, tool)


if __name__ == "__main__":
    main()
