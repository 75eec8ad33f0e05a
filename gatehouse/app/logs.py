"""The log of one process: where it goes, how loud it is, and whether each request is in it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.synchronize import Lock

from starlette.types import ASGIApp

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import GatewayError
from gatehouse.kit.net import Proxies
from gatehouse.relay.door import Door
from gatehouse.relay.noting import Take
from gatehouse.serving.http import Handler
from gatehouse.serving.noted import noted_app, noted_handler
from gatehouse.settings import Settings
from gatehouse.store.database import Database
from gatehouse.telemetry.logs.levels import LogLevels, Loudness, read_levels
from gatehouse.telemetry.logs.output import Output, Writing, current_output, write_log
from gatehouse.telemetry.logs.requests import RequestLog
from gatehouse.telemetry.record import Course


def start_log(settings: Settings, turn: Lock | None = None) -> None:
    """`turn`: that of `turn_of`, where there are several workers. Raises `Invalid`."""
    levels = read_levels(settings.log_level)
    write_log(Writing(settings.log.format, turn))
    Loudness().apply(levels)


def turn_of(settings: Settings) -> Lock | None:
    """What processes that write to one stream take turns by; to be handed to each of them when it is started."""
    return multiprocessing.get_context("spawn").Lock() if settings.workers > 1 else None


def build_levels(settings: Settings, database: Database, clock: Clock) -> LogLevels:
    return LogLevels(database, clock, read_levels(settings.log_level))


class Requests:
    """What a worker needs for `log.requests`; where that is off, it gives back what it is given."""

    def __init__(self, wanted: bool, door: Callable[[], Door], proxies: Proxies) -> None:
        output = current_output() if wanted else None
        self.log = None if output is None else _log(output, door, proxies)

    def taking(self, take: Take) -> Take:
        """`take`, and the log besides."""
        log = self.log
        if log is None:
            return take

        def both(call: Course) -> None:
            take(call)
            log.called(call)

        return both

    def handler(self, handler: Handler) -> Handler:
        return handler if self.log is None else noted_handler(handler, self.log)

    def app(self, app: ASGIApp) -> ASGIApp:
        return app if self.log is None else noted_app(app, self.log)

    async def flush(self) -> None:
        if self.log is not None:
            await self.log.flush()


def _log(output: Output, door: Callable[[], Door], proxies: Proxies) -> RequestLog:
    def who(authorization: bytes) -> str:
        try:
            return door().identify(authorization).id
        except GatewayError:
            return ""

    return RequestLog(who, proxies.client, output.form, output.write, output.worker)
