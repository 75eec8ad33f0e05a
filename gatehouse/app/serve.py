"""Running it: one process, or several that share the socket."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.synchronize import Lock
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from gatehouse.app.demo.child import Offer, demo_servers, port_of_before
from gatehouse.app.demo.start import show_demo
from gatehouse.app.faces import on_loopback
from gatehouse.app.logs import start_log, turn_of
from gatehouse.app.prepare import Prepared, make_directory, prepare
from gatehouse.app.sample import show_sample
from gatehouse.app.tracing import check_tracing
from gatehouse.app.worker import Worker
from gatehouse.kit.errors import Conflict, GatewayError, Invalid
from gatehouse.serving.fast import Ways, fast_protocol
from gatehouse.settings import Origins, Settings
from gatehouse.telemetry.workers import shared_directory

Begin = Callable[[Worker], Awaitable[None]]
BACKLOG = 2048
SETUP_WORDS = """\
               makes the first administrator's account; good once, for a day.
               Not needed to use Gatehouse from this machine."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What is put into a gateway at its start. `servers` are those of a config file in the form of other programs."""

    servers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    sample: bool = False
    demo: bool = False


def serve(settings: Settings, origins: Origins, extras: Extras, show: Callable[[str], None]) -> None:
    """Run until stopped; raises `GatewayError`. `show` is given the address to begin at, once it can be connected to."""
    turn = turn_of(settings)
    start_log(settings, turn)
    _check_public_url(settings.public_url)
    check_tracing(settings)
    listener = listen(settings.host, settings.port)
    try:
        make_directory(settings.data_dir)
        url = settings.public_url or local_url(settings.host, listener)
        config = WorkerConfig(settings, url if extras.sample else None, turn)
        config.origins = origins
        with contextlib.ExitStack() as stack:

            async def begin(worker: Worker) -> None:
                prepared = await prepare(worker, extras.servers, extras.sample)
                if extras.demo:
                    port = await port_of_before(worker)
                    offer = stack.enter_context(demo_servers(port))
                    config.add_demo(worker, local_url(settings.host, listener), offer)
                _announce(settings, url, prepared)
                show(_beginning(url, prepared))

            run(config, listener, begin)
    finally:
        listener.close()


def run(config: WorkerConfig, listener: socket.socket, begin: Begin) -> None:
    """Until stopped; ends the program where a worker can't start. `begin` is done first, once, however many workers there are."""
    with contextlib.suppress(KeyboardInterrupt):
        if config.workers == 1:
            run_alone(config, listener, begin)
            return
        asyncio.run(_begin_apart(config.settings, begin))
        supervisor = Multiprocess(config, sockets=[listener])
        with shared_directory(config.settings.data_dir) as config.figures:
            supervisor.run()
        if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
            raise SystemExit(STARTUP_FAILURE)


def run_alone(config: WorkerConfig, listener: socket.socket, begin: Begin) -> None:
    """In this process, on one loop, so that the database is opened once."""

    async def alone() -> None:
        config.load()
        try:
            await begin(config.worker)
        except BaseException:
            await config.worker.database.close()
            raise
        await uvicorn.Server(config).serve([listener])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(alone())


async def _begin_apart(settings: Settings, begin: Begin) -> None:
    """Before there are any workers, with a worker that only opens its database."""
    worker = Worker(settings)
    try:
        await begin(worker)
    finally:
        await worker.database.close()


def _check_public_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = not url or (parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0)
    except ValueError:
        usable = False
    if not usable:
        raise Invalid(f"The public_url '{url}' can't be used.", "Give one as in https://tools.example.com.")


def _announce(settings: Settings, url: str, prepared: Prepared) -> None:
    file = prepared.token_file
    token = str(file) if file.exists() else "made when this database was new, and not kept in this directory"
    print(f"Gatehouse at {url}\n  data         {settings.data_dir}\n  admin token  {token}", flush=True)
    if prepared.setup_code is not None:
        print(f"  set-up       {_beginning(url, prepared)}\n{SETUP_WORDS}", flush=True)
    if not on_loopback(settings):
        print("  Other machines can reach it: put TLS in front.", flush=True)


def _beginning(url: str, prepared: Prepared) -> str:
    """The set-up where nobody is a user yet, else the console."""
    url = url.rstrip("/")
    return f"{url}/" if prepared.setup_code is None else f"{url}/setup#{prepared.setup_code}"


class WorkerConfig(uvicorn.Config):
    """Uvicorn's configuration, which can be sent to a child process: the worker is built where it runs."""

    def __init__(self, settings: Settings, sample_url: str | None, log_turn: Lock | None = None) -> None:
        super().__init__(
            "",
            workers=settings.workers,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            server_header=False,
            # It would believe anybody on this machine; whom to believe is said by trusted_proxies.
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(settings.timeouts.shutdown),
        )
        self.settings = settings
        self.sample_url = sample_url
        self.origins = Origins()
        self.figures: Path | None = None
        """Where several workers leave their figures to each other."""
        self.log_turn = log_turn
        self.demo: tuple[str, Offer] | None = None
        # Of several workers one shows the sample and the demo: whoever comes first, and keeps this.
        self.first_turn = multiprocessing.get_context("spawn").Lock() if settings.workers > 1 else None

    def add_demo(self, worker: Worker, url: str, offer: Offer) -> None:
        """To be shown by `worker`, where it is the only one; else by the first that starts."""
        self.demo = (url, offer)
        if self.first_turn is None:
            worker.on_start(show_demo(url, offer))

    def configure_logging(self) -> None:
        if hasattr(self, "settings"):
            start_log(self.settings, self.log_turn)

    def load(self) -> None:
        # Little of what a call leaves behind is cyclic; collecting it every 700 objects costs some percent of a call.
        gc.set_threshold(20_000, 20, 50)
        settings = self.settings
        worker = self.worker = Worker(settings, self.origins)
        worker.watching.directory = self.figures
        _end_with_supervisor()
        if self.first_turn is None or self.first_turn.acquire(block=False):
            if self.sample_url:
                worker.on_start(show_sample(self.sample_url))
            if self.demo:
                worker.on_start(show_demo(*self.demo))
        limit = settings.limits.body_bytes if settings.fast_path else 0
        self.app = worker.requests.app(worker)
        self.http = fast_protocol(Ways(worker.requests.handler(worker.handle), limit, worker.drain))
        super().load()


def _end_with_supervisor() -> None:
    """A worker whose supervisor was killed would keep the port and its processes, and nobody could stop it."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def wait() -> None:
        supervisor.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="wait for the supervisor", daemon=True).start()


def listen(host: str, port: int) -> socket.socket:
    """The socket, listening, so that the port is ours from here on; raises `Conflict` or `Invalid`."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from None
    listener.set_inheritable(True)
    return listener


def _unusable(host: str, port: int, error: OSError) -> GatewayError:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return Invalid(f"{host} is not an address of this machine.", "Choose another with --host.")
    words = f"{host}:{port} can't be listened on: {error.strerror}."
    if error.errno == errno.EADDRINUSE:
        return Conflict(words, "Is Gatehouse running already? Choose another port with --port.")
    return Invalid(words, "Choose another port with --port.")


def local_url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - only compared
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"
