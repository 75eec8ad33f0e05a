"""`gatehouse expose`: one stdio server behind HTTP and SSE, with no database and no tokens, on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence

import uvicorn

from gatehouse.app.serve import listen, local_url, log_to_terminal
from gatehouse.app.single import SingleConfig


def expose(command: Sequence[str], host: str, port: int, env: Mapping[str, str]) -> None:
    """Run until stopped; raises `GatewayError`."""
    log_to_terminal("info")
    listener = listen(host, port)
    try:
        config = SingleConfig(tuple(command), host, local_url(host, listener), dict(env))
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listener])
    finally:
        listener.close()
