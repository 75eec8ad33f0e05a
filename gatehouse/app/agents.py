"""A2A, put together: the relay to agents, and the face before it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from gatehouse.app.faces import Faces
from gatehouse.kit.clock import Clock
from gatehouse.relay.agents import Agents, Note
from gatehouse.relay.current import Current
from gatehouse.serving.a2a import A2aFace
from gatehouse.upstreams.pool import Pool


def build_agents(current: Current, faces: Faces, pool: Pool, clock: Clock, note: Note) -> Agents:
    return Agents(current, faces.door, pool, clock, note)


def build_face(agents: Agents, faces: Faces, public_url: Callable[[Request], str]) -> A2aFace:
    return A2aFace(agents, faces.entrance, faces.keep_alive, public_url)
