"""Before the first worker starts: the database, the keys, the admin token, and the upstreams of a config file."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gatehouse.app.worker import Worker
from gatehouse.catalog import sample
from gatehouse.catalog.service import NewUpstream, UpstreamChanges
from gatehouse.catalog.transfer.clients import ImportedUpstream, credential, new_upstream, read_mcp_config
from gatehouse.kit.errors import Conflict, Invalid

log = logging.getLogger("gatehouse")
TOKEN_FILE = "admin-token"


@dataclass(frozen=True, slots=True)
class Prepared:
    """`setup_code` is for the first administrator, where there is no user yet."""

    token_file: Path
    setup_code: str | None = field(default=None, repr=False)


async def prepare(worker: Worker, servers: Mapping[str, Any], with_sample: bool) -> Prepared:
    """Make what is missing, and only that. Raises `GatewayError`."""
    await worker.open()
    token_file = worker.settings.data_dir / TOKEN_FILE
    await worker.tokens.ensure_admin(lambda plain: _write_secret(token_file, plain))
    if servers:
        await _take_in(worker, servers)
    if with_sample:
        await _add_sample(worker)
    passwords = worker.settings.sign_in.passwords
    return Prepared(token_file, await worker.sign_in.setup.prepare() if passwords else None)


def make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        words = f"The data directory {directory} can't be made: {error.strerror}."
        raise Invalid(words, "Choose another with --data.") from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise Invalid(f"The data directory {directory} can't be written to.", "Choose another with --data.")


def _write_secret(file: Path, text: str) -> None:
    """For the owner's eyes only, from the first moment on."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as stream:
        stream.write(text + "\n")


async def _take_in(worker: Worker, servers: Mapping[str, Any]) -> None:
    """Upstreams as a config file has them: new ones are added, known ones changed where the file says otherwise.

    One that can't be used does not keep the others, nor the gateway, from starting.
    """
    transfer = read_mcp_config(dict(servers), os.environ)
    for problem in transfer.problems:
        log.warning("In the config file: %s", problem)
    for wanted in transfer.upstreams:
        try:
            await _settle(worker, wanted)
        except (Conflict, Invalid) as error:
            log.warning("In the config file: '%s' was left out: %s", wanted.name, error)


async def _settle(worker: Worker, wanted: ImportedUpstream) -> None:
    try:
        await worker.catalog.create_upstream(new_upstream(wanted))
    except Conflict:  # It is there already, from the last start or from another gateway's.
        await worker.catalog.change_upstream(wanted.name, _changes(wanted))


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
        timeout=wanted.timeout,
    )


async def _add_sample(worker: Worker) -> None:
    command, args = sample.COMMAND, tuple(sample.ARGUMENTS)
    try:
        await worker.catalog.create_upstream(
            NewUpstream(name=sample.NAME, command=command, args=args, description=sample.ABOUT)
        )
    except Conflict:
        known = await worker.catalog.upstream(sample.NAME)
        if known.args == args:
            # Installed anew, elsewhere: the same sample, run by another interpreter.
            await worker.catalog.change_upstream(known.id, UpstreamChanges(command=command))
