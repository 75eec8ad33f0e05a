"""A gateway tells its administrators what it was set up with, whichever worker is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gateway import Gateway, Launch
from tests.support.processes import until_every_worker
from tests.support.visitor import Visitor, add_user

pytestmark = pytest.mark.anyio


async def test_administrators_see_what_is_set_and_where_and_nobody_else_does(tmp_path: Path) -> None:
    file = tmp_path / "gatehouse.toml"
    file.write_text('poll_interval = 0.25\n[tracing]\nheaders = "authorization=geheim"\n')
    launch = Launch(workers=2, config=file, environment={"GATEHOUSE_RETENTION__CALLS": "3"})
    async with Gateway(tmp_path / "data", launch) as gateway:
        for _ in range(6):
            told = await gateway.expect(200, "GET", "/settings")
            found = {one["name"]: (one["value"], one["source"]) for one in told["items"]}
            assert found["poll_interval"] == (0.25, "file") and found["retention.calls"] == (3, "environment")
            assert found["workers"] == (2, "command line") and found["log_level"] == ("info", "default")
            assert found["tracing.headers"] == ("***", "file") and "geheim" not in str(told)
        assert told["data_directory"] == str(tmp_path / "data") and told["file"] == str(file)
        assert told["database"] == "sqlite"
        await add_user(gateway, "ann")
        async with Visitor(gateway, "ann@example.com") as ann:
            assert (await ann.send("GET", "/settings")).status_code == 403
        token = await gateway.create_token("editor", permissions=["upstream.*", "log.*"])

        async def refused() -> bool:
            """Once both workers know the token."""
            return (await gateway.api("GET", "/settings", token=token)).status_code == 403

        await until_every_worker(refused)
