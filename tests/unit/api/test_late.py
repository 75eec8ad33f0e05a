from __future__ import annotations

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from gatehouse.api.late import PREFIX, late_api

pytestmark = pytest.mark.anyio


async def test_the_api_is_built_at_its_first_request_and_once_however_many_come_together() -> None:
    built: list[ASGIApp] = []
    answers: list[str] = []

    def build() -> ASGIApp:
        built.append(PlainTextResponse("here"))
        return built[-1]

    app = Starlette(routes=[late_api(build)])
    assert not built
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:

        async def ask() -> None:
            answers.append((await client.get(f"{PREFIX}/anything")).text)

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)
    assert (answers, len(built)) == (["here"] * 5, 1)
