"""Gatehouse as a process, and the few calls of its API that most tests begin with."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
import httpx

from tests.support.program import PAUSE, Program

KINDS = ("tools", "prompts", "resources")


@dataclass(frozen=True, slots=True)
class Launch:
    """How Gatehouse is started, besides its data directory and port."""

    workers: int = 1
    database: str = ""
    """A URL; SQLite in the data directory where left empty."""
    config: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    arguments: Sequence[str] = ()
    ready_within: float = 60
    """Seconds."""


class Gateway:
    """One `gatehouse up`. `async with Gateway(directory) as gateway:` starts and stops it."""

    def __init__(self, data: Path, launch: Launch | None = None, port: int = 0) -> None:
        """`data` is made where it is missing, and can be given to another one after this has stopped."""
        self.data = data
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = ""
        self._launch = launch or Launch()
        self._program: Program | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._program:
            print(f"--- the log of Gatehouse ---\n{self.log}")
        with anyio.CancelScope(shield=True):
            await self.stop()

    @property
    def log(self) -> str:
        return self._running.log

    @property
    def pid(self) -> int:
        return self._running.pid

    async def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        log_file = self.data.with_name(f"{self.data.name}.log")
        self._program = Program(self._command(), log_file, self._environment())
        with anyio.fail_after(self._launch.ready_within):
            while not await self._is_ready():  # noqa: ASYNC110 - it is another process
                await anyio.sleep(PAUSE)
        self.token = (self.data / "admin-token").read_text().strip()

    async def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        return await self._running.stop()

    def kill(self) -> int:
        """End it, with all that it started, without a word."""
        return self._running.kill()

    async def api(
        self, method: str, path: str, json: object = None, *, token: str | None = None, **more: Any
    ) -> httpx.Response:
        """`path` is the part after /api/v1; `more` goes to httpx. The admin token is sent unless another one is given."""
        headers = {"authorization": f"Bearer {self.token if token is None else token}"}
        async with httpx.AsyncClient(base_url=f"{self.url}/api/v1", timeout=60, headers=headers) as client:
            content = {} if json is None else {"json": json}
            return await client.request(method, path, **content, **more)

    async def expect(self, status: int, method: str, path: str, json: object = None, **more: Any) -> Any:
        """The body of an answer that must have this status."""
        response = await self.api(method, path, json, **more)
        assert response.status_code == status, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    async def items(self, path: str, **filters: str) -> list[dict[str, Any]]:
        """Every item of a list, over all of its pages."""
        found: list[dict[str, Any]] = []
        page = await self.expect(200, "GET", path, params={**filters, "limit": "500"})
        while True:
            found += page["items"]
            if not page["next"]:
                return found
            page = await self.expect(200, "GET", path, params={**filters, "limit": "500", "cursor": page["next"]})

    async def add_upstream(self, name: str, **fields: Any) -> dict[str, Any]:
        """`fields` are `url`, or `command` with `args` and `env`, and any other of the API; asserts that it is reached."""
        upstream = await self.expect(201, "POST", "/upstreams", {"name": name, **fields})
        assert not upstream.get("error"), f"{name} could not be reached: {upstream}"
        return upstream

    async def create_server(self, name: str, upstreams: Sequence[str], **fields: Any) -> dict[str, Any]:
        """A virtual server with all that these upstreams offer."""
        chosen = {
            kind: [each["id"] for name in upstreams for each in await self.items(f"/{kind}", upstream=name)]
            for kind in KINDS
        }
        return await self.expect(201, "POST", "/servers", {"name": name, **chosen, **fields})

    async def create_token(self, name: str, servers: Sequence[str] = (), **fields: Any) -> str:
        """The token itself; `servers` are ids or slugs."""
        made = await self.expect(201, "POST", "/tokens", {"name": name, "servers": list(servers), **fields})
        return made["token"]

    @property
    def _running(self) -> Program:
        if self._program is None:
            raise RuntimeError("the gateway has not been started")
        return self._program

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "gatehouse", "up", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--data", str(self.data), "--workers", str(self._launch.workers), "--no-browser"]
        config = ["-c", str(self._launch.config)] if self._launch.config else []
        return [*command, *config, *self._launch.arguments]

    def _environment(self) -> dict[str, str]:
        database = {"GATEHOUSE_DATABASE": self._launch.database} if self._launch.database else {}
        return database | dict(self._launch.environment)

    async def _is_ready(self) -> bool:
        if self._running.has_ended:
            raise RuntimeError(f"Gatehouse ended instead of getting ready:\n{self.log}")
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(f"{self.url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
