"""`gatehouse import`: take over what another program, or another Gatehouse, has set up."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from gatehouse.catalog.transfer import ImportedUpstream, credential, holds_servers, parse_config, read_mcp_config
from gatehouse.cli.api import Api, json_as
from gatehouse.cli.errors import REFUSED, Refused
from gatehouse.cli.output import JsonFlag, line, print_json, table
from gatehouse.cli.wire import Upstream

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    state: str
    """`new` on a dry run; else `ok`, `down` or `failed`."""
    detail: str = ""


@app.command("import")
def import_file(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="mcp.json, claude_desktop_config.json, config.toml...; - is stdin.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Add the MCP servers in a file of Claude, Cursor, VS Code, Gemini, Codex or Windsurf."""
    content = parse_config(read_file(file), toml=file.endswith(".toml"))
    if not holds_servers(content):
        raise Refused("There are no MCP servers in the file.", "It should have 'mcpServers' or 'servers'.")
    transfer = read_mcp_config(content, os.environ)
    outcomes = [Outcome(one.name, "new", _address(one)) for one in transfer.upstreams]
    if not dry_run:
        with Api() as api:
            outcomes = [_create(api, one) for one in transfer.upstreams]
    if as_json:
        items = [{"name": one.name, "state": one.state, "detail": one.detail} for one in outcomes]
        print_json({"items": items, "problems": transfer.problems, "dry_run": dry_run})
    else:
        table(
            ("NAME", "STATUS", "DETAIL"), [(one.name, one.state, one.detail) for one in outcomes], "Nothing was added."
        )
        for problem in transfer.problems:
            line(problem)
    if transfer.problems or any(one.state == "failed" for one in outcomes):
        raise typer.Exit(REFUSED)


def read_file(file: str) -> bytes:
    """The bytes of a file, or of stdin for `-`; raises `Refused`."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).expanduser().read_bytes()
    except OSError as error:
        raise Refused(f"{file} can't be read: {error.strerror}.", "Name a file that exists.") from None


def upstream_body(upstream: ImportedUpstream) -> dict[str, Any]:
    """What `POST /upstreams` takes."""
    body: dict[str, Any] = {"name": upstream.name, "transport": upstream.transport.value}
    if upstream.command is not None:
        body |= {"command": upstream.command, "args": list(upstream.args), "env": upstream.env}
    else:
        body |= {"url": upstream.url, "credential": credential(upstream.headers)}
    body |= {"cwd": upstream.cwd, "timeout": upstream.timeout, "enabled": False if upstream.disabled else None}
    return {key: value for key, value in body.items() if value not in (None, {}, [])}


def _create(api: Api, upstream: ImportedUpstream) -> Outcome:
    try:
        made = json_as(api.post("/upstreams", upstream_body(upstream)), Upstream)
    except Refused as error:
        return Outcome(upstream.name, "failed", error.message)
    if made.status == "down":
        return Outcome(upstream.name, "down", made.error or "")
    return Outcome(upstream.name, "ok", f"{made.counts.get('tools', 0)} tools")


def _address(upstream: ImportedUpstream) -> str:
    return upstream.url or " ".join([upstream.command or "", *upstream.args])
