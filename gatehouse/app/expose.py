"""`gatehouse expose`: one stdio server behind HTTP and SSE, with no database and no tokens, on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import uvicorn

from gatehouse.app.logs import start_log
from gatehouse.app.serve import listen, local_url
from gatehouse.app.single import SingleConfig
from gatehouse.settings import Settings


def expose(command: Sequence[str], host: str, port: int, env: Mapping[str, str]) -> None:
    """Run until stopped; raises `GatewayError`."""
    start_log(Settings())
    listener = listen(host, port)
    try:
        config = SingleConfig(tuple(command), host, local_url(host, listener), dict(env))
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listener])
    finally:
        listener.close()
