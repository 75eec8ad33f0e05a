"""Legacy clients that subscribe to resources of an upstream that is only spoken to in the modern era."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.everything.running import everything
from tests.support.front import last_message, peer
from tests.support.gateway import Gateway

pytestmark = pytest.mark.anyio
WATCHED = {"uri": "test://watched-resource"}


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Gateway]:
    directory: Path = tmp_path_factory.mktemp("following")
    async with Gateway(directory / "data") as gateway, everything(directory) as url:
        await gateway.add_upstream("box", url=url, era="modern")
        await gateway.create_server("Desk", ["box"])
        yield gateway


async def test_an_update_is_told_on_the_standalone_stream_until_it_is_no_longer_wanted(gateway: Gateway) -> None:
    async with peer(gateway) as client, peer(gateway) as other:
        hello = last_message(await client.initialize())
        assert hello["result"]["capabilities"]["resources"]["subscribe"] is True
        await other.initialize()
        async with client.listening() as events, other.listening() as of_other:
            for one in (client, other):
                assert last_message(await one.say("resources/subscribe", WATCHED))["result"] == {}
            await client.call("test_trigger_resource_update")
            for heard in (events, of_other):
                updated = await heard.message()
                assert (updated["method"], updated["params"]) == ("notifications/resources/updated", WATCHED)
            assert last_message(await client.say("resources/unsubscribe", WATCHED))["result"] == {}
            await other.call("test_trigger_resource_update")
            assert (await of_other.message())["method"] == "notifications/resources/updated"
            await gateway.expect(200, "PATCH", "/tools/box_test_simple_text", {"title": "Changed"})
            assert (await events.message())["method"] == "notifications/tools/list_changed"
