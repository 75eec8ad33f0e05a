"""The listener by which workers hand requests to each other. Not for clients."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn

from gatehouse.kit.errors import Invalid


class InternalListener:
    """Serves an ASGI app on a free port of `host`, beside the worker's own server."""

    def __init__(self, app: Any, host: str) -> None:
        self._host = host
        self._server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, ws="none", timeout_keep_alive=60)
        )
        self._listener: asyncio.Server | None = None

    async def start(self) -> str:
        """The address, as `host:port`; raises `Invalid`."""
        config = self._server.config
        if not config.loaded:
            config.load()
        try:
            self._listener = await asyncio.get_running_loop().create_server(self._protocol, self._host, 0)
        except OSError as error:
            words = f"The setting internal_host can't be listened on: {self._host}: {error.strerror}."
            raise Invalid(words, "Give an address of this machine.") from None
        port = self._listener.sockets[0].getsockname()[1]
        return f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}"

    def _protocol(self) -> asyncio.Protocol:
        state = self._server.server_state
        return self._server.config.http_protocol_class(config=self._server.config, server_state=state, app_state={})  # type: ignore[call-arg]

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._server.server_state.connections):
            connection.shutdown()
