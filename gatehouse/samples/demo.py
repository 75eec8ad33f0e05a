"""Thirty and more MCP servers and an A2A agent in one process, to look at Gatehouse with. Standard library only.

python -m gatehouse.samples.demo [--port 8020]     each at /{name}/mcp, over Streamable HTTP; the agent at /agents/editor

It ends when its standard input does, so that it lives no longer than whoever started it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from functools import partial

from . import _demo_agent
from ._demo_catalog import DOMAINS, DOWN, LOCKED
from ._demo_tools import service_of
from ._http import serve_all
from ._rpc import answer

NOWHERE = "http://127.0.0.1:9/mcp"
"""Where nobody listens."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m gatehouse.samples.demo", description="MCP servers and an agent.")
    parser.add_argument("--port", type=int, default=8020, help="0: any free one")
    port: int = parser.parse_args(arguments).port
    threading.Thread(target=_end_with_input, daemon=True).start()
    services = {path_of(one.name): partial(answer, service_of(one)) for one in DOMAINS if one.name != DOWN}
    answering = {**services, _demo_agent.PATH: _demo_agent.answer}
    serve_all(answering, "127.0.0.1", port, _tell, frozenset({path_of(LOCKED)}), _read)


def path_of(name: str) -> str:
    return f"/{name}/mcp"


def _read(path: str, port: int) -> bytes | None:
    return _demo_agent.card(port) if path == _demo_agent.CARD_PATH else None


def _tell(port: int) -> None:
    """One line: where they are, and what they are called."""
    base = f"http://127.0.0.1:{port}"
    servers = [{"name": one.name, "about": one.about, "url": base + path_of(one.name)} for one in DOMAINS]
    servers = [one | ({"url": NOWHERE} if one["name"] == DOWN else {}) for one in servers]
    agent = {"name": _demo_agent.NAME, "url": base + _demo_agent.PATH}
    print(json.dumps({"port": port, "servers": servers, "agent": agent, "locked": LOCKED, "down": DOWN}), flush=True)


def _end_with_input() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
