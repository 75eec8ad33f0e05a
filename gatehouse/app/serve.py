"""Running it: one process, or several that share the socket."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from gatehouse.app.faces import on_loopback
from gatehouse.app.prepare import prepare
from gatehouse.app.sample import show_sample
from gatehouse.app.worker import Worker
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.serving.fast import Ways, fast_protocol
from gatehouse.settings import Settings

BACKLOG = 2048


def serve(settings: Settings, servers: Mapping[str, Any], sample: bool) -> None:
    """Run until stopped. `servers` are those of a config file in the form of other programs; raises `GatewayError`."""
    log_to_terminal(settings.log_level)
    listener = listen(settings.host, settings.port)
    try:
        token_file = asyncio.run(prepare(settings, servers, sample))
        url = settings.public_url or local_url(settings.host, listener)
        print(f"Gatehouse at {url}\n  data         {settings.data_dir}\n  admin token  {token_file}", flush=True)
        if not on_loopback(settings):
            print("  Other machines can reach it: put TLS in front.", flush=True)
        config = WorkerConfig(settings, url if sample else None)
        if settings.workers == 1:
            uvicorn.Server(config).run([listener])
        else:
            Multiprocess(config, sockets=[listener]).run()
    finally:
        listener.close()


class WorkerConfig(uvicorn.Config):
    """Uvicorn's configuration, which can be sent to a child process: the worker is built where it runs."""

    def __init__(self, settings: Settings, sample_url: str | None) -> None:
        super().__init__(
            "",
            workers=settings.workers,
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="on",
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(settings.timeouts.shutdown),
        )
        self.settings = settings
        self.sample_url = sample_url

    def configure_logging(self) -> None:
        if hasattr(self, "settings"):
            log_to_terminal(self.settings.log_level)

    def load(self) -> None:
        settings = self.settings
        worker = Worker(settings)
        if self.sample_url:
            worker.on_start(show_sample(self.sample_url))
        limit = settings.limits.body_bytes if settings.fast_path else 0
        self.app = worker
        self.http = fast_protocol(Ways(worker.handle, limit, worker.drain))
        super().load()


def listen(host: str, port: int) -> socket.socket:
    """The socket, bound; raises `Conflict` where somebody else has the port."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except socket.gaierror:
        listener.close()
        raise Invalid(f"{host} is not an address of this machine.") from None
    except OSError as error:
        listener.close()
        words = f"{host}:{port} can't be listened on: {error.strerror}."
        raise Conflict(words, "Is Gatehouse running already? Choose another port with --port.") from None
    listener.set_inheritable(True)
    return listener


def local_url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - only compared
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def log_to_terminal(level: str) -> None:
    form = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    logging.basicConfig(level=level.upper(), format=form, datefmt="%H:%M:%S")
    for chatty in ("uvicorn.error", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
