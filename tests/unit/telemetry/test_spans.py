"""How spans leave: with whose name, with which headers, and how little is said where they can't."""

from __future__ import annotations

import logging

import pytest

from gatehouse.telemetry.spans import COMPLAINERS, Spans, Sparing
from tests.support.collector import Collector

pytestmark = pytest.mark.anyio
SECRET = "Bearer of the collector"


async def one_span(spans: Spans) -> None:
    spans.root("tools/call", {}, None, None).end()
    await spans.close()


async def test_spans_go_where_they_should_with_their_headers() -> None:
    with Collector() as collector:
        await one_span(Spans(f"{collector.url}/my/traces", {"authorization": SECRET}, "ins_1"))
        ((path, headers),) = collector.requests
        assert (path, headers["authorization"]) == ("/my/traces", SECRET)


async def test_opentelemetrys_own_variables_say_where_to_and_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "the-front-door")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
        await one_span(Spans(None, {}, "ins_1"))
        assert collector.requests[0][0] == "/v1/traces" and collector.requests[0][1]["x-team"] == "a"
        assert collector.spans[0].service == "the-front-door"
        assert collector.spans[0].resource["service.instance.id"] == "ins_1"


@pytest.mark.parametrize("status", [401, 400])
async def test_what_a_collector_refuses_is_told_without_its_headers(
    status: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in COMPLAINERS:
        monkeypatch.setattr(logging.getLogger(name), "filters", [])
    with Collector(status) as collector:
        await one_span(Spans(f"{collector.url}/v1/traces", {"authorization": SECRET}, "ins_1"))
    assert str(status) in caplog.text and SECRET not in caplog.text


def test_a_complaint_is_made_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("test of sparing")
    log.addFilter(Sparing())
    for number in range(3):
        log.warning("It failed: %s", number)
    log.warning("Something else")
    assert [record.getMessage() for record in caplog.records] == ["It failed: 0", "Something else"]
