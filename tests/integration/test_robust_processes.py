"""However the gateway, or a worker of it, ends: nothing that it started is left, and two workers go on as two."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import anyio
import pytest

from tests.support.gateway import Gateway, Launch
from tests.support.processes import command_line, descendants, living, until, until_true
from tests.support.talk import Talk, text_of

pytestmark = pytest.mark.anyio

LAUNCHER = "launcher.py"


async def burdened(gateway: Gateway, directory: Path) -> set[int]:
    """Give it an upstream with a grandchild; all the processes that there are then, the gateway's own too."""
    await anyio.Path(directory).mkdir(exist_ok=True)
    arguments = ["-m", "tests.support.wilful", str(directory)]
    environment = {"PYTHONPATH": os.getcwd()}
    await gateway.add_upstream("family", command=sys.executable, args=arguments, env=environment)
    async with Talk(f"{gateway.url}/mcp", gateway.token, goodbye=False) as talk:

        async def is_offered() -> bool:
            return "family_bear" in await talk.tools()

        await until_true(is_offered)
        grandchild = int(text_of(await talk.call("family_bear")))
        child = int(text_of(await talk.call("family_whoami")))
    everybody = descendants(gateway.pid) | {gateway.pid}
    assert {child, grandchild} <= everybody
    assert any(LAUNCHER in command_line(pid) for pid in everybody)
    return everybody


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
async def test_no_process_outlives_the_gateway(tmp_path: Path, workers: int, number: signal.Signals) -> None:
    async with Gateway(tmp_path / "data", Launch(workers=workers)) as gateway:
        everybody = await burdened(gateway, tmp_path / "family")
        os.kill(gateway.pid, number)
        await until(lambda: not living(everybody - {gateway.pid}))
        await gateway.stop()
        assert not living(everybody)
        assert "Traceback" not in gateway.log


async def test_a_killed_worker_is_replaced_and_calls_go_on(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data", Launch(workers=2)) as gateway:
        await burdened(gateway, tmp_path / "family")
        worker = next(
            pid
            for pid in descendants(gateway.pid)
            if any(LAUNCHER in command_line(child) for child in descendants(pid)) and "spawn_main" in command_line(pid)
        )
        family = descendants(worker)
        async with Talk(f"{gateway.url}/mcp", gateway.token, goodbye=False) as talk:
            os.kill(worker, signal.SIGKILL)
            await until(lambda: not living(family | {worker}))
            await until(lambda: len(_workers(gateway.pid)) == 2, 20)

            async def goes_on() -> bool:
                return "result" in await talk.call("family_whoami")

            # A session whose worker is gone is carried on by another, as soon as that one is known to be dead.
            await until_true(goes_on, 20)
        for _ in range(10):
            async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
                assert text_of(await talk.call("family_whoami"))
        assert "Traceback" not in gateway.log


def _workers(supervisor: int) -> set[int]:
    return {pid for pid in descendants(supervisor) if "spawn_main" in command_line(pid)}
