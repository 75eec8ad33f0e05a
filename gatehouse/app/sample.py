"""`up --sample`: a virtual server over the sample upstream, and the command that calls it."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from pathlib import Path

from gatehouse.app.worker import AfterStart, Worker
from gatehouse.catalog.model import Kind, Status
from gatehouse.catalog.sample import NAME as SAMPLE
from gatehouse.catalog.service import CapabilityFilter, NewServer
from gatehouse.kit.errors import Conflict, NotFound
from gatehouse.kit.pages import PageRequest
from gatehouse.settings import default_data_dir

_DEFAULT_URL = "http://127.0.0.1:4444"


def show_sample(url: str) -> AfterStart:
    """What a worker does once it has started; of several workers one does it."""

    async def show(worker: Worker) -> None:
        upstream = await worker.catalog.upstream(SAMPLE)
        await worker.refresher.refresh(upstream.id)
        upstream = await worker.catalog.upstream(SAMPLE)
        if upstream.status is not Status.OK:
            print(f"\nThe sample can't be shown: {upstream.error}\n", flush=True)
            return
        await _bind(worker)
        await worker.watcher.settle()
        if worker.settings.workers > 1:
            # The command may reach another worker, which learns of the server when it looks for changes.
            await asyncio.sleep(2 * worker.settings.poll_interval)
        command = _command(worker.settings.data_dir, url)
        print(f"\nThe sample is ready. Call a tool through its virtual server:\n\n  {command}\n", flush=True)

    return show


async def _bind(worker: Worker) -> None:
    try:
        await worker.catalog.server(SAMPLE)
        return
    except NotFound:
        pass
    chosen: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    offered = await worker.catalog.capabilities(CapabilityFilter(upstream=SAMPLE), PageRequest(None, 100))
    for capability in offered.items:
        chosen[capability.kind].append(capability.id)
    server = NewServer(
        name=SAMPLE,
        slug=SAMPLE,
        description="What time is it, here and elsewhere?",
        tools=chosen[Kind.TOOL],
        prompts=chosen[Kind.PROMPT],
        resources=chosen[Kind.RESOURCE] + chosen[Kind.TEMPLATE],
    )
    try:
        await worker.catalog.create_server(server)
    except Conflict:
        return  # Somebody was faster.


def _command(data_dir: Path, url: str) -> str:
    environment: list[str] = []
    if url != _DEFAULT_URL:
        environment.append(f"GATEHOUSE_URL={shlex.quote(url)}")
    if data_dir.absolute() != default_data_dir({}).absolute():
        environment.append(f"GATEHOUSE_DATA={shlex.quote(str(data_dir.absolute()))}")
    return " ".join([*environment, _program(), "call", SAMPLE, "current_time", "timezone=Asia/Seoul"])


def _program() -> str:
    """How this person calls `gatehouse`, as a shell would read it."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m gatehouse"
    if shutil.which("gatehouse") == str(program.absolute()):
        return "gatehouse"
    relative = os.path.relpath(program)
    return shlex.quote(str(program) if relative.startswith("..") else relative)
