"""What is compared: the upstream itself, nginx in front of it, and Gatehouse with everything on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from processes import Program, free_port

HERE = Path(__file__).parent
NGINX = """
daemon off;
{user}
worker_processes 1;
pid {directory}/pid;
error_log {directory}/errors warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/bodies;
    proxy_temp_path {directory}/answers;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    proxy_max_temp_file_size 0;
    keepalive_requests 1000000000;
    upstream upstream {{
        server 127.0.0.1:{upstream};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://upstream;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Door:
    """Where one contestant is reached for one set of tools. `prefix` is what it puts before the upstream's names."""

    name: str
    port: int
    path: str
    pid: int | None = None
    authorization: str = ""
    prefix: str = ""


class Upstream(Program):
    """Every path of `upstream.py`, on one port."""

    def __init__(self) -> None:
        super().__init__([sys.executable, str(HERE / "upstream.py")])
        self.port = int(self.line())

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextlib.contextmanager
def scratch() -> Generator[Path]:
    """A directory for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def find_nginx() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def nginx_version(binary: str) -> str:
    asked = subprocess.run([binary, "-v"], capture_output=True, text=True, check=False)
    return asked.stderr.rpartition("/")[2].strip()


class Nginx(Program):
    """A plain proxy: one worker, kept-alive connections on both sides, no access log, no files for answers."""

    def __init__(self, binary: str, directory: Path, upstream: int) -> None:
        self.port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        config = directory / "nginx.conf"
        config.write_text(NGINX.format(user=user, directory=directory, upstream=upstream, port=self.port))
        command = [binary, "-p", str(directory), "-c", str(config), "-e", str(directory / "errors")]
        super().__init__(command, directory / "nginx.log")
        try:
            self.until_listening(self.port)
        except RuntimeError:
            self.stop()
            raise


class Gatehouse:
    """`gatehouse up` on SQLite in `data`, and the few calls of its API that fill it. Starts as often as it is entered."""

    def __init__(self, data: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are variables of the environment."""
        self.data = data
        self._settings = dict(settings or {})
        self.port = free_port()
        self._program: Program | None = None

    def __enter__(self) -> Self:
        self.launch()
        self.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def program(self) -> Program:
        if self._program is None:
            raise RuntimeError("Gatehouse has not been started")
        return self._program

    @property
    def pid(self) -> int:
        return self.program.pid

    def launch(self) -> None:
        """Start it, and don't wait."""
        command = [sys.executable, "-m", "gatehouse", "up", "--host", "127.0.0.1", "--port", str(self.port)]
        # Without bytecode on the disk each start would compile anew what was changed; what is installed never does.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GATEHOUSE_") and name != "PYTHONDONTWRITEBYTECODE"
        }
        environment = kept | {"PYTHONPATH": str(HERE.parent)} | self._settings
        log = self.data.with_suffix(".log")
        self._program = Program([*command, "--data", str(self.data), "--no-browser"], log, environment)

    def wait(self) -> None:
        """Returns when it is ready."""
        try:
            self.program.until_listening(self.port)
            httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=60).raise_for_status()
        except (RuntimeError, httpx.HTTPError) as error:
            self.stop()
            raise RuntimeError(f"Gatehouse did not get ready: {error}\n{self.program.log}") from None

    def stop(self) -> None:
        self.program.stop()

    def api(self, method: str, path: str, content: object = None, **query: str) -> Any:
        """The JSON that the API answers with; raises `RuntimeError` with what it said instead."""
        token = (self.data / "admin-token").read_text().strip()
        url, headers = f"http://127.0.0.1:{self.port}/api/v1{path}", {"authorization": f"Bearer {token}"}
        answer = httpx.request(method, url, headers=headers, params=query, timeout=120, json=content)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def add_upstream(self, name: str, url: str) -> None:
        made = self.api("POST", "/upstreams", {"name": name, "url": url})
        if made.get("error"):
            raise RuntimeError(f"Gatehouse can't reach {url}: {made['error']}")

    def tools(self, upstream: str) -> list[dict[str, Any]]:
        page = self.api("GET", "/tools", upstream=upstream, limit="500")
        found = list(page["items"])
        while page["next"]:
            page = self.api("GET", "/tools", upstream=upstream, limit="500", cursor=page["next"])
            found += page["items"]
        return found

    def serve(self, slug: str, upstreams: Sequence[str], prefix: str = "") -> Door:
        """A virtual server with all tools of these upstreams, each renamed where there is a prefix, and a token for it."""
        tools = [tool for upstream in upstreams for tool in self.tools(upstream)]
        server = self.api("POST", "/servers", {"name": slug, "slug": slug, "tools": [tool["id"] for tool in tools]})
        if prefix:
            renamed = [{"capability": tool["id"], "name": prefix + tool["name"]} for tool in tools]
            self.api("PUT", f"/servers/{server['id']}/bindings", {"bindings": renamed})
        token = self.api("POST", "/tokens", {"name": f"for {slug}", "servers": [server["id"]]})["token"]
        return Door("gatehouse", self.port, f"/servers/{slug}/mcp", self.pid, f"Bearer {token}", prefix)

    def calls_counted(self) -> float:
        """What its metrics say of all calls so far; raises `LookupError` where they say nothing."""
        token = (self.data / "admin-token").read_text().strip()
        url = f"http://127.0.0.1:{self.port}/metrics"
        text = httpx.get(url, headers={"authorization": f"Bearer {token}"}, timeout=60).raise_for_status().text
        counts = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("gatehouse_calls_total{")]
        if not counts:
            raise LookupError("the metrics count no calls")
        return sum(map(float, counts))
