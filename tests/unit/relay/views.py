"""Snapshots for the tests of the relay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gatehouse.catalog.model import Binding, Capability, Detected, Kind, Server, Status, Transport, Upstream
from gatehouse.catalog.snapshot import CatalogSnapshot, Target
from gatehouse.protocol.call import Era
from gatehouse.store.secrets import Secrets
from tests.support.catalogs import KEY, offered

SECRETS = Secrets(KEY)
MODERN = Detected(Transport.HTTP, Era.MODERN, "2026-07-28", stateful=False)
LEGACY = Detected(Transport.HTTP, Era.LEGACY, "2025-11-25", stateful=True)
BOX = Upstream(id="u1", name="box", url="http://box/", detected=MODERN, status=Status.OK)
DESK = Server(id="srv_1", slug="desk", name="Desk")


def tool(number: int, name: str, upstream: Upstream = BOX, **more: Any) -> Capability:
    return capability(number, Kind.TOOL, name, upstream, **more)


def capability(number: int, kind: Kind, key: str, upstream: Upstream = BOX, **more: Any) -> Capability:
    return Capability(f"cap_{number}", upstream.id, kind, key, offered(kind, key, **more).definition)


def snapshot(
    capabilities: Sequence[Capability], server: Server = DESK, upstreams: Sequence[Upstream] = (BOX,), **binding: Any
) -> CatalogSnapshot:
    """All of them bound to the one server; `binding` goes to every binding."""
    bindings = [
        replace(Binding(f"b{n}", server.id, one.id, one.key, n), **binding) for n, one in enumerate(capabilities)
    ]
    return CatalogSnapshot.build(1, upstreams, capabilities, [server], bindings)


def target(name: str = "add", key: str | None = None, upstream: Upstream = BOX) -> Target:
    one = tool(1, key or name, upstream)
    view = snapshot([one], upstreams=[upstream], name=name).server("desk")
    found = view.resolve_tool(name) if view else None
    assert found is not None
    return found
