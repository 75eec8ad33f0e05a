"""Before the first worker starts: the database, the keys, the admin token, and the upstreams of a config file."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatehouse.app.worker import Worker, opened
from gatehouse.catalog.model import Upstream
from gatehouse.catalog.service import NewUpstream, UpstreamChanges
from gatehouse.catalog.transfer import ImportedUpstream, credential, read_mcp_config
from gatehouse.kit.errors import NotFound
from gatehouse.settings import Settings

log = logging.getLogger("gatehouse")
TOKEN_FILE = "admin-token"
SAMPLE = "time"
SAMPLE_COMMAND = (sys.executable, "-m", "gatehouse.samples.time")


async def prepare(settings: Settings, servers: Mapping[str, Any], sample: bool) -> Path:
    """Make what is missing, and only that; the answer is the file with the admin token. Raises `GatewayError`."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    token_file = settings.data_dir / TOKEN_FILE
    async with opened(settings) as worker:
        plain = await worker.tokens.ensure_admin()
        if plain is not None:
            write_secret(token_file, plain)
        if servers:
            await _take_in(worker, servers)
        if sample:
            await _add_sample(worker)
    return token_file


def write_secret(file: Path, text: str) -> None:
    """For the owner's eyes only, from the first moment on."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
        stream.write(text + "\n")


async def _take_in(worker: Worker, servers: Mapping[str, Any]) -> None:
    """Upstreams as a config file has them: new ones are added, known ones changed where the file says otherwise."""
    transfer = read_mcp_config(dict(servers), os.environ)
    for problem in transfer.problems:
        log.warning("In the config file: %s", problem)
    for wanted in transfer.upstreams:
        try:
            known = await worker.catalog.upstream(wanted.name)
        except NotFound:
            await worker.catalog.create_upstream(_new(wanted))
            continue
        if _differs(worker, known, wanted):
            await worker.catalog.change_upstream(known.id, _changes(wanted))


def _new(wanted: ImportedUpstream) -> NewUpstream:
    return NewUpstream(
        name=wanted.name,
        url=wanted.url,
        command=wanted.command,
        args=wanted.args,
        cwd=wanted.cwd,
        env=dict(wanted.env),
        transport=wanted.transport,
        credential=credential(wanted.headers),
        enabled=not wanted.disabled,
        timeout=wanted.timeout,
    )


def _changes(wanted: ImportedUpstream) -> UpstreamChanges:
    return UpstreamChanges(
        url=wanted.url,
        command=wanted.command,
        args=wanted.args,
        cwd=wanted.cwd,
        env=dict(wanted.env),
        transport=wanted.transport,
        credential=credential(wanted.headers),
        enabled=not wanted.disabled,
    )


def _differs(worker: Worker, known: Upstream, wanted: ImportedUpstream) -> bool:
    same = (
        (known.url, known.command, tuple(known.args), known.cwd, known.transport, known.enabled)
        == (wanted.url, wanted.command, tuple(wanted.args), wanted.cwd, wanted.transport, not wanted.disabled)
        and worker.catalog.open_credential(known) == credential(wanted.headers)
        and dict(worker.catalog.open_env(known)) == dict(wanted.env)
    )
    return not same


async def _add_sample(worker: Worker) -> None:
    command, *args = SAMPLE_COMMAND
    try:
        known = await worker.catalog.upstream(SAMPLE)
    except NotFound:
        sample = NewUpstream(name=SAMPLE, command=command, args=tuple(args), description="A sample to try things on")
        await worker.catalog.create_upstream(sample)
        return
    if (known.command, tuple(known.args)) != (command, tuple(args)) and tuple(known.args) == tuple(args):
        # Installed anew, elsewhere: the same sample, run by another interpreter.
        await worker.catalog.change_upstream(known.id, UpstreamChanges(command=command))
