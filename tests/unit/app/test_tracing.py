"""Whether calls are traced: by which settings and variables, and what is said of those that can't be used."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from gatehouse.app.tracing import build_relay, check_tracing, endpoint_of, headers_of, is_wanted, start_tracing
from gatehouse.kit.errors import Invalid
from gatehouse.relay.noting import Notes
from gatehouse.relay.relay import Relay
from gatehouse.relay.rounds import Rounds
from gatehouse.settings import Settings, Tracing, load_settings
from gatehouse.telemetry.metrics import Meter
from gatehouse.upstreams.pool import Pool
from tests.support.clocks import HandClock
from tests.support.upstream_links import bench
from tests.unit.relay.views import SECRETS

ENDPOINT = "http://localhost:4318"
VARIABLE = {"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}


def settings(**tracing: object) -> Settings:
    return load_settings(None, {"tracing": tracing}, {})[0]


@pytest.mark.parametrize(
    "endpoint",
    ["localhost:4318", "grpc://localhost:4317", "http://", "http://host:0", "http://host:port", "http://[x", "/traces"],
)
def test_an_endpoint_that_is_no_url_is_refused(endpoint: str) -> None:
    with pytest.raises(Invalid, match=r"http://localhost:4318"):
        check_tracing(settings(endpoint=endpoint), {})


def test_credentials_in_the_endpoint_are_refused_and_not_repeated() -> None:
    with pytest.raises(Invalid, match=r"tracing.headers") as caught:
        endpoint_of("https://me:s3cret@collector.example/v1/traces")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("headers", ["authorization", "=s3cret", "a b=s3cret", "x=s3cret%0D%0Ay: z", "a=1,,b=s3cret"])
def test_headers_that_cant_be_sent_are_refused_and_not_repeated(headers: str) -> None:
    with pytest.raises(Invalid, match=r"Header \d of tracing.headers") as caught:
        check_tracing(settings(endpoint=ENDPOINT, headers=headers), {})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("sample", [-0.1, 1.1, "some"])
def test_a_part_is_between_none_and_all(sample: object) -> None:
    with pytest.raises(Invalid, match=r"tracing.sample"):
        settings(sample=sample)


def test_headers_are_read_as_opentelemetry_reads_them() -> None:
    assert headers_of("Authorization=Bearer%20a%2Cb , x-team = a=b") == {"authorization": "Bearer a,b", "x-team": "a=b"}
    assert headers_of("") == {} == headers_of(" ")


def test_the_path_of_the_protocol_is_added_where_there_is_none() -> None:
    assert endpoint_of(ENDPOINT) == endpoint_of(f"{ENDPOINT}/") == f"{ENDPOINT}/v1/traces"
    assert endpoint_of(f"{ENDPOINT}/mine/v1/traces") == f"{ENDPOINT}/mine/v1/traces"
    assert endpoint_of("") is None


def test_the_environment_reaches_the_settings() -> None:
    environ = {"GATEHOUSE_TRACING__ENDPOINT": ENDPOINT, "GATEHOUSE_TRACING__SAMPLE": "0.01"}
    assert load_settings(None, {}, environ)[0].tracing == Tracing(ENDPOINT, 0.01)


@pytest.mark.parametrize(
    ("tracing", "environ", "wanted"),
    [
        ({}, {}, False),
        ({"endpoint": ENDPOINT}, {}, True),
        ({}, VARIABLE, True),
        ({}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ENDPOINT}, True),
        ({"sample": 0.5}, {}, False),
        ({"endpoint": ENDPOINT}, {"OTEL_SDK_DISABLED": "True"}, False),
        ({}, VARIABLE | {"OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_an_endpoint_turns_it_on(tracing: dict[str, object], environ: dict[str, str], wanted: bool) -> None:
    assert is_wanted(settings(**tracing), environ) is wanted


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Gatehouse was installed by itself; the SDK of MCP brings a part of OpenTelemetry with it here."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)


@pytest.mark.usefixtures("without_extra")
def test_where_opentelemetry_is_missing_the_error_says_what_to_install() -> None:
    with pytest.raises(Invalid, match=r"pip install 'gatehouse\[otel\]'"):
        check_tracing(settings(endpoint=ENDPOINT), {})


@pytest.mark.usefixtures("without_extra")
def test_a_variable_that_may_be_meant_for_others_is_no_reason_not_to_start(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    check_tracing(settings(), VARIABLE)
    assert "pip install 'gatehouse[otel]'" in caplog.text
    assert start_tracing(settings(), "ins_1", VARIABLE) is None


@pytest.mark.anyio
async def test_where_nothing_is_traced_the_relay_is_the_plain_one() -> None:
    async with bench() as made:
        tracing = start_tracing(settings(), "ins_1", {})
        relay = build_relay(Pool(made.reach), Rounds(SECRETS, HandClock()), Meter(), Notes(lambda call: None), tracing)
        assert type(relay) is Relay


def test_where_nothing_is_traced_opentelemetry_is_not_imported() -> None:
    program = "import sys, gatehouse.app.serve; print([name for name in sys.modules if 'opentelemetry' in name])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
