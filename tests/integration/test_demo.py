"""`up --demo`: what is in it answers, and nothing of it is left when it ends."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from tests.support.gateway import Gateway, Launch
from tests.support.processes import descendants, living, until, until_true
from tests.support.talk import modern_call

pytestmark = pytest.mark.anyio
DEMO = Launch(arguments=("--demo",))


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with Gateway(tmp_path_factory.mktemp("demo") / "data", DEMO) as gateway:

        async def is_ready() -> bool:
            return "The demo is ready" in gateway.log

        await until_true(is_ready, 150)
        yield gateway


async def test_it_has_what_a_company_has(demo: Gateway) -> None:
    upstreams = {one["name"]: one["status"] for one in await demo.items("/upstreams", kind="mcp")}
    assert len(upstreams) == 30 and list(upstreams.values()).count("ok") >= 27
    states = {upstreams[name] for name in ("vault", "legacy-erp", "inventory")}
    assert states == {"sign_in", "down", "maintenance"}
    counts = {path: len(await demo.items(path)) for path in ("/tools", "/servers", "/teams", "/users", "/tokens")}
    assert counts == {"/tools": 560, "/servers": 9, "/teams": 5, "/users": 14, "/tokens": 13}
    assert len((await demo.expect(200, "GET", "/tools/duplicates"))["items"]) >= 3


async def test_a_month_has_been_lived_in_it(demo: Gateway) -> None:
    totals = await demo.expect(200, "GET", "/metrics/totals", params={"since": "31d"})
    assert totals["sums"]["calls"] > 20_000 and totals["sums"]["errors"] > 100
    series = await demo.expect(200, "GET", "/metrics/series", params={"since": "29d", "step": "1d"})
    assert sum(point["sums"]["calls"] > 0 for point in series["points"]) >= 28
    flows = await demo.expect(200, "GET", "/metrics/flows", params={"since": "7d"})
    assert len({one["client"] for one in flows["items"]}) >= 5


async def test_its_servers_answer_in_every_way(demo: Gateway) -> None:
    async def call(tool: str, arguments: dict[str, object]) -> dict[str, object]:
        return (await modern_call(f"{demo.url}/mcp", demo.token, tool, arguments))["result"]

    found = await call("tracker_search_issues", {"query": "harbour", "limit": 3})
    assert found["structuredContent"]["items"] and not found["isError"]
    assert (await call("tracker_get_issue", {"id": "0"}))["isError"]
    report = await call("tracker_report_comment", {})
    assert {one["type"] for one in report["content"]} == {"text", "image", "resource_link"}


async def test_started_again_it_makes_nothing_twice_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data", DEMO) as first:

        async def is_ready() -> bool:
            return "The demo is ready" in first.log

        await until_true(is_ready, 150)
        children = descendants(first.pid)
        assert children
        first.kill()
        await until(lambda: not living(children))
        await first.start()
        await until_true(is_ready, 60)
        assert len(await first.items("/users")) == 14


async def test_a_gateway_that_has_another_use_is_not_filled(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data") as gateway:
        await gateway.add_upstream("clock", command=sys.executable, args=["-m", "gatehouse.samples.time"])
    command = [sys.executable, "-m", "gatehouse", "up", "--demo", "--no-browser", "--port", "0"]
    refused = await anyio.run_process([*command, "--data", str(tmp_path / "data")], check=False)
    said = refused.stderr.decode()
    assert refused.returncode != 0 and "are not the demo's" in said and "--data" in said
