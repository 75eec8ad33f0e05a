"""A real gateway: from one into another on the command line, and killed in the middle of an import."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio import to_thread

from gatehouse.store.database import Database
from tests.support.gateway import Gateway
from tests.support.transfers import Side, document

pytestmark = pytest.mark.anyio
TOOLS, KILLS = 2000, 3


def large() -> dict[str, Any]:
    """An upstream that nobody answers for, with many tools, and a server that binds them all."""
    tools = [f"tool-{number}" for number in range(TOOLS)]
    words = "What it does, in as many words as such tools tend to have. " * 5
    definitions = [{"name": name, "description": words, "inputSchema": {"type": "object"}} for name in tools]
    return document(
        upstreams=[{"name": "large", "url": "http://127.0.0.1:9/mcp", "enabled": False}],
        capabilities=[
            {"upstream": "large", "kind": "tool", "key": one["name"], "definition": one} for one in definitions
        ],
        servers=[{"slug": "all", "bindings": [{"upstream": "large", "kind": "tool", "key": name} for name in tools]}],
    )


async def counted(data: Path) -> tuple[int, int, int]:
    """Upstreams, capabilities and bindings in the database of a gateway that is no more."""
    database = Database(f"sqlite:///{data / 'gatehouse.db'}")
    await database.open()
    try:
        exported = await Side(database, bytes(32)).export()
    finally:
        await database.close()
    bindings = sum(len(one["bindings"]) for one in exported["servers"])
    return len(exported["upstreams"]), len(exported["capabilities"]), bindings


async def _import(gateway: Gateway, body: dict[str, Any], took: list[float]) -> None:
    started = anyio.current_time()
    try:
        response = await gateway.api("POST", "/import", body)
    except httpx.TransportError:
        return
    assert response.status_code == 200, response.text
    took.append(anyio.current_time() - started)


async def test_a_gateway_that_is_killed_in_the_middle_of_an_import_has_the_old_state_or_the_new(tmp_path: Path) -> None:
    body = await to_thread.run_sync(large)
    took: list[float] = []
    async with Gateway(tmp_path / "whole") as gateway:
        await _import(gateway, body, took)
    new = await counted(tmp_path / "whole")
    assert new == (1, TOOLS, TOOLS)
    dice = random.Random(7)
    for number in range(KILLS):
        data = tmp_path / str(number)
        async with Gateway(data) as gateway, anyio.create_task_group() as tasks:
            tasks.start_soon(_import, gateway, body, [])
            # A moment within the import, wherever that is: what is tested is that it does not matter.
            await anyio.sleep(took[0] * dice.uniform(0.2, 1.0))
            gateway.kill()
        assert await counted(data) in ((0, 0, 0), new)


async def test_what_one_gateway_exports_another_imports(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "one") as one, Gateway(tmp_path / "other") as other:
        file, again, secret = tmp_path / "export.json", tmp_path / "again.json", tmp_path / "passphrase"
        await to_thread.run_sync(secret.write_text, "correct horse battery\n")
        credential = {"type": "bearer", "token": "planted-s3cret"}
        body = {"name": "web", "url": "http://127.0.0.1:9/mcp", "credential": credential}
        await one.expect(201, "POST", "/upstreams", body)
        assert (await run(one, "export", str(file), "--passphrase-file", str(secret))).returncode == 0
        assert "planted-s3cret" not in await to_thread.run_sync(file.read_text)
        assert file.stat().st_mode & 0o777 == 0o600
        tried = await run(other, "import", str(file), "--dry-run")
        assert "  + web\n" in tried.stdout and "Nothing was done yet: 1 added." in tried.stdout
        assert "give --passphrase-file" in tried.stdout
        done = await run(other, "import", str(file), "--passphrase-file", str(secret))
        assert done.returncode == 0 and "1 added." in done.stdout
        await run(other, "export", str(again), "--passphrase-file", str(secret))
        first, second = [json.loads(await to_thread.run_sync(path.read_text)) for path in (file, again)]
        assert first["upstreams"] == second["upstreams"]
        await one.expect(200, "PATCH", "/upstreams/web", {"description": "new"})
        await run(one, "export", str(file))
        refused = await run(other, "import", str(file))
        assert refused.returncode == 1 and "Here already, and not the same" in refused.stderr
        updated = await run(other, "import", str(file), "--on-conflict", "update")
        assert '      description: "" -> new\n' in updated.stdout


async def run(gateway: Gateway, *words: str) -> Any:
    """A command, in this gateway's data directory."""

    environment = {**os.environ, "GATEHOUSE_URL": gateway.url, "GATEHOUSE_DATA": str(gateway.data)}
    command = [sys.executable, "-m", "gatehouse", *words]
    return await to_thread.run_sync(
        lambda: subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    )
