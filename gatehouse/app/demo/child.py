"""The program with the demo's MCP servers: it lives as long as this one, however this one ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import msgspec

from gatehouse.app.worker import Worker
from gatehouse.catalog.requests import UpstreamFilter
from gatehouse.kit.errors import Conflict, NotFound
from gatehouse.kit.pages import PageRequest

COMMAND = [sys.executable, "-m", "gatehouse.samples.demo"]
PATIENCE = 10
"""Seconds that it has for ending."""


class DemoServer(msgspec.Struct, frozen=True):
    name: str
    about: str
    url: str


class DemoAgent(msgspec.Struct, frozen=True):
    name: str
    url: str


class Offer(msgspec.Struct, frozen=True):
    """What the program says of itself when it listens. `locked` wants a sign-in, at `down` nobody listens."""

    port: int
    servers: list[DemoServer]
    agent: DemoAgent
    locked: str
    down: str


@contextmanager
def demo_servers(port: int) -> Generator[Offer]:
    """On this port (0: any free one). The program watches its standard input, which ends when this one does."""
    command = [*COMMAND, "--port", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None  # noqa: S101 - asked for above
            line = child.stdout.readline()
            if not line:
                raise Conflict(f"The demo's servers can't listen on port {port}.", "End what uses it, and try again.")
            yield msgspec.json.decode(line, type=Offer)
        finally:
            if child.stdin is not None:
                child.stdin.close()
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()


async def port_of_before(worker: Worker) -> int:
    """Where the demo's servers were at the last start, since that is what is stored; 0 for the first.

    Raises `Conflict` where this gateway has been used for something else.
    """
    try:
        known = await worker.catalog.upstream("tracker")
    except NotFound:
        page = await worker.catalog.upstreams(PageRequest(None, 1), UpstreamFilter(kind="mcp"))
        if not page.items:
            return 0
        words = "This gateway has MCP servers that are not the demo's."
        raise Conflict(words, "Give the demo a directory of its own: gatehouse up --demo --data DIR.") from None
    return urlsplit(known.url or "").port or 0
