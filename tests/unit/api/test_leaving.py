"""Work for a client that goes away is ended, once, and may tidy up."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from gatehouse.api.leaving import while_here

pytestmark = pytest.mark.anyio


class Client:
    """Stays until it `leaves`."""

    def __init__(self) -> None:
        self.leaves = anyio.Event()
        self.request = Request({"type": "http", "method": "POST", "headers": []}, self._receive)

    async def _receive(self) -> Message:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


async def test_work_for_who_has_gone_is_ended_and_may_take_its_time_to_tidy_up() -> None:
    client, seen = Client(), list[str]()

    async def work() -> str:
        client.leaves.set()
        try:
            await anyio.sleep_forever()
        finally:
            await anyio.lowlevel.checkpoint()
            seen.append("tidied up")
        return "never"

    with anyio.fail_after(5):
        with pytest.raises(ClientDisconnect):
            await while_here(client.request, work())
        await anyio.lowlevel.checkpoint()
    assert seen == ["tidied up"]


async def test_who_stays_gets_the_answer_and_the_error() -> None:
    async def work(fails: bool) -> str:
        await anyio.lowlevel.checkpoint()
        if fails:
            raise LookupError("as it was raised")
        return "done"

    with anyio.fail_after(5):
        assert await while_here(Client().request, work(fails=False)) == "done"
        assert await while_here(None, work(fails=False)) == "done"
        with pytest.raises(LookupError):
            await while_here(Client().request, work(fails=True))
