"""Whether calls are traced, and where their spans go. OpenTelemetry is imported from here alone, and only where it is wanted."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from gatehouse.kit.errors import Invalid
from gatehouse.relay.noting import Notes
from gatehouse.relay.relay import Relay
from gatehouse.relay.rounds import Rounds
from gatehouse.settings import Settings
from gatehouse.telemetry.metrics import Meter
from gatehouse.upstreams.pool import Pool

if TYPE_CHECKING:
    from gatehouse.relay.tracing import Tracing

log = logging.getLogger("gatehouse")
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own variables turn tracing on as well."""
PATH = "/v1/traces"
INSTALL = "Install it with `pip install 'gatehouse[otel]'`"
_EXPORTER = "opentelemetry.exporter.otlp.proto.http"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[ -~]*")


def check_tracing(settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
    """Raises `Invalid` where tracing is set and can't be done."""
    endpoint_of(settings.tracing.endpoint)
    headers_of(settings.tracing.headers)
    if not is_wanted(settings, environ) or is_installed():
        return
    if settings.tracing.endpoint:
        raise Invalid("tracing.endpoint is set, but OpenTelemetry is not installed.", f"{INSTALL}, or unset it.")
    # The variable may be there for the sake of other programs.
    log.warning("Nothing is traced, though OTEL_EXPORTER_OTLP_ENDPOINT is set: OpenTelemetry is missing. %s.", INSTALL)


def start_tracing(settings: Settings, instance: str, environ: Mapping[str, str] = os.environ) -> Tracing | None:
    """What makes the spans of this process, `instance`; None where nothing is traced. Raises as `check_tracing` does."""
    if not is_wanted(settings, environ) or not is_installed():
        return None
    from gatehouse.relay.tracing import Tracing  # noqa: PLC0415 - it takes a tenth of a second, and 6 MB
    from gatehouse.telemetry.spans import Spans  # noqa: PLC0415 - as above

    chosen = settings.tracing
    return Tracing(Spans(endpoint_of(chosen.endpoint), headers_of(chosen.headers), instance), chosen.sample)


async def end_tracing(tracing: Tracing | None) -> None:
    if tracing is not None:
        await tracing.spans.close()


def build_relay(pool: Pool, rounds: Rounds, meter: Meter, notes: Notes, tracing: Tracing | None) -> Relay:
    """The plain relay where nothing is traced, so that it costs nothing there."""
    if tracing is None:
        return Relay(pool, rounds, meter, notes)
    from gatehouse.relay.tracing import TracedRelay  # noqa: PLC0415 - as above

    return TracedRelay(pool, rounds, meter, notes, tracing)


def is_wanted(settings: Settings, environ: Mapping[str, str]) -> bool:
    refused = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    refused = refused or environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"
    return not refused and bool(settings.tracing.endpoint or any(environ.get(name) for name in ENDPOINTS))


def is_installed() -> bool:
    try:
        return importlib.util.find_spec(_EXPORTER) is not None
    except ModuleNotFoundError:
        return False


def endpoint_of(text: str) -> str | None:
    """The whole URL that spans are sent to; None where the setting is empty. Raises `Invalid`."""
    if not text:
        return None
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("tracing.endpoint is not the URL of a collector.", "Give one as in http://localhost:4318.")
    if "@" in parts.netloc:
        raise Invalid("tracing.endpoint has credentials in it.", "Put them into tracing.headers.")
    return parts._replace(path=PATH).geturl() if parts.path in ("", "/") else text


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def headers_of(text: str) -> dict[str, str]:
    """`name=value,name=value`, percent-encoded where a value needs it; raises `Invalid`, without the values."""
    found: dict[str, str] = {}
    for number, item in enumerate(text.split(",") if text.strip() else (), 1):
        name, equals, value = (part.strip() for part in item.partition("="))
        value = unquote(value)
        if not equals or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Invalid(
                f"Header {number} of tracing.headers is not of the form name=value.",
                "Separate headers by commas, and write %2C for a comma in a value.",
            )
        found[name.lower()] = value
    return found
