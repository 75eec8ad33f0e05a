"""Thirty MCP servers in one process, to look at Gatehouse with. Standard library only.

python -m gatehouse.samples.demo [--port 8020]     each at /{name}/mcp, over Streamable HTTP

It ends when its standard input does, so that it lives no longer than whoever started it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading

from ._demo_catalog import DOMAINS, DOWN, LOCKED
from ._demo_tools import service_of
from ._http import serve_services

NOWHERE = "http://127.0.0.1:9/mcp"
"""Where nobody listens."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m gatehouse.samples.demo", description="Thirty MCP servers.")
    parser.add_argument("--port", type=int, default=8020, help="0: any free one")
    port: int = parser.parse_args(arguments).port
    threading.Thread(target=_end_with_input, daemon=True).start()
    services = {path_of(one.name): service_of(one) for one in DOMAINS if one.name != DOWN}
    serve_services(services, "127.0.0.1", port, _tell, frozenset({path_of(LOCKED)}))


def path_of(name: str) -> str:
    return f"/{name}/mcp"


def _tell(port: int) -> None:
    """One line: where they are, and what they are called."""
    base = f"http://127.0.0.1:{port}"
    servers = [{"name": one.name, "about": one.about, "url": base + path_of(one.name)} for one in DOMAINS]
    servers = [one | ({"url": NOWHERE} if one["name"] == DOWN else {}) for one in servers]
    print(json.dumps({"port": port, "servers": servers, "locked": LOCKED, "down": DOWN}), flush=True)


def _end_with_input() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
