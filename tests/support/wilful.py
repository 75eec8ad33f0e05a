"""An MCP server that does what a test of failures needs, and starts at once: standard library only, 2025-11-25.

    python -m tests.support.wilful DIRECTORY [--port PORT] [--require VALUE]

Over stdio, or over HTTP at /mcp with `--port`. What it offers stands in DIRECTORY/tools, one name a line, read anew each
time; without that file, all that is in `TOOLS`. With `--require`, HTTP answers 401 unless Authorization is VALUE. It
writes the environment variable SECRET to stderr when it starts, as careless programs do.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

Json = dict[str, Any]
PAUSE = 0.02
"""Seconds between two looks at a file that a test makes."""


class Wilful:
    """`directory` is how a test and its server speak to each other."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def answer(self, message: Json) -> Json | None:
        """None for what is no request."""
        if "id" not in message or "method" not in message:
            return None
        envelope: Json = {"jsonrpc": "2.0", "id": message["id"]}
        params = cast("Json", message.get("params", {}))
        match message["method"]:
            case "initialize":
                return envelope | {"result": _introduction(params)}
            case "ping":
                return envelope | {"result": {}}
            case "tools/list":
                tools = [{"name": name, "inputSchema": {"type": "object"}} for name in self._offered()]
                return envelope | {"result": {"tools": tools}}
            case "tools/call" if params["name"] in TOOLS:
                text = TOOLS[params["name"]](self)
                return envelope | {"result": {"content": [{"type": "text", "text": text}]}}
            case method:
                return envelope | {"error": {"code": -32601, "message": f"Method not found: {method}"}}

    def _offered(self) -> list[str]:
        file = self._directory / "tools"
        return file.read_text().split() if file.exists() else list(TOOLS)

    def whoami(self) -> str:
        return str(os.getpid())

    def wait(self) -> str:
        """Says in the file `waiting` that it does, and goes on when there is a file `go`."""
        (self._directory / "waiting").write_text(self.whoami())
        while not (self._directory / "go").exists():
            time.sleep(PAUSE)
        return "went on"

    def bear(self) -> str:
        """A grandchild in a session of its own, which outlives its parent if nobody ends it."""
        sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = subprocess.Popen(sleeper, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        return str(child.pid)


TOOLS: dict[str, Callable[[Wilful], str]] = {
    "whoami": Wilful.whoami,
    "wait": Wilful.wait,
    "bear": Wilful.bear,
}


def _introduction(params: Json) -> Json:
    return {
        "protocolVersion": params["protocolVersion"],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "wilful", "version": "1"},
    }


def serve_stdio(wilful: Wilful) -> None:
    turn = threading.Lock()

    def work(line: str) -> None:
        answer = wilful.answer(json.loads(line))
        if answer is not None:
            with turn:
                print(json.dumps(answer), flush=True)

    for line in sys.stdin:
        threading.Thread(target=work, args=(line,), daemon=True).start()


def serve_http(wilful: Wilful, port: int, required: str | None) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            shown = self.headers.get("authorization", "")
            if required is not None and shown != required:
                # Careless too: what it was shown stands in what it says.
                self._reply(401, {"error": "invalid_token", "error_description": f"{shown} is not known here"})
                return
            answer = wilful.answer(message)
            self._reply(202 if answer is None else 200, answer)

        def do_GET(self) -> None:
            self._reply(405, None)

        def _reply(self, status: int, body: Json | None) -> None:
            content = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests look at other things."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.support.wilful")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--require")
    options = parser.parse_args()
    print(f"starting with {os.environ.get('SECRET', 'nothing')}", file=sys.stderr, flush=True)
    wilful = Wilful(options.directory)
    if options.port is None:
        serve_stdio(wilful)
    else:
        serve_http(wilful, options.port, options.require)


if __name__ == "__main__":
    main()
