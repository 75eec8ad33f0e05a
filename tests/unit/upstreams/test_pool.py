from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from gatehouse.catalog.model import Upstream
from gatehouse.protocol.call import Failure, Result
from gatehouse.upstreams.pool import Pool
from tests.support.upstream_links import Events, bench, legacy_client, modern_client, tool_call
from tests.support.upstream_scripts import Heard, Reply, legacy_handshake, program, scripted

pytestmark = pytest.mark.anyio


async def handler(heard: Heard, reply: Reply) -> None:
    if not await legacy_handshake(heard, reply):
        await reply.result({"content": []})


async def test_a_link_lasts_until_how_to_reach_the_upstream_changes() -> None:
    async with scripted(handler) as server, bench() as made:
        pool = Pool(made.reach)
        upstream = Upstream("u", "box", url=server.url, era="legacy")
        assert isinstance(await pool.send(upstream, tool_call(legacy_client()), None, Events()), Result)
        link = pool.link(upstream)
        assert pool.link(replace(upstream, description="new")) is link
        assert pool.link(replace(upstream, config_revision=1)) is not link
        deletes = await server.until("DELETE", 2)  # the session to look in, and that of the call
        assert len(deletes) == 2
        await pool.close()


@pytest.mark.parametrize("change", [{"enabled": False}, {"config_revision": 5}, None])
async def test_links_to_what_is_gone_or_disabled_or_changed_are_closed(change: Any) -> None:
    async with scripted(handler) as server, bench() as made:
        pool = Pool(made.reach)
        upstream = Upstream("u", "box", url=server.url, era="legacy")
        await pool.send(upstream, tool_call(legacy_client()), None, Events())
        pool.keep({"u": upstream})
        assert server.methods().count("DELETE") == 1
        pool.keep({} if change is None else {"u": replace(upstream, **change)})
        await server.until("DELETE", 2)
        await pool.close()


async def test_the_last_words_of_a_program_can_be_read() -> None:
    async with bench() as made:
        pool = Pool(made.reach)
        command, *arguments = program("sys.exit('Out of paper')")
        upstream = Upstream("u", "box", command=command, args=tuple(arguments))
        got = await pool.send(upstream, tool_call(modern_client()), None, Events())
        assert isinstance(got, Failure) and got.message.startswith("box: ")
        assert any("Out of paper" in line for line in pool.log("u"))
        assert pool.log("other") == []
        with anyio.fail_after(10):
            await pool.close()


async def test_an_address_that_is_none_is_a_failure_and_no_crash() -> None:
    async with bench() as made:
        pool = Pool(made.reach)
        got = await pool.send(Upstream("u", "box", url="nonsense"), tool_call(modern_client()), None, Events())
        assert isinstance(got, Failure) and got.own
