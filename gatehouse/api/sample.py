"""Adding the sample that comes along: which command runs it, only the gateway knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gatehouse.api.actions import Action
from gatehouse.api.routing import Asked, endpoint
from gatehouse.api.upstreams import UpstreamDetails, UpstreamInput, create_upstream
from gatehouse.catalog import sample


async def add_sample(asked: Asked[None, None]) -> UpstreamDetails:
    """Raises `Conflict` where there is an upstream of its name."""
    body = UpstreamInput(
        name=sample.NAME, command=sample.COMMAND, args=list(sample.ARGUMENTS), description=sample.ABOUT
    )
    wanted: Asked[None, Any] = replace(asked, body=body)
    return await create_upstream(wanted)


ENDPOINTS = (
    endpoint(
        "POST /upstreams/sample",
        Action.UPSTREAM_WRITE,
        add_sample,
        "Add the sample that comes along",
        further=lambda _: (Action.UPSTREAM_STDIO,),
    ),
)
