"""The registry of one worker: built from the settings, read when it is due, and served to other programs."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.routing import Route

from gatehouse.access.model import Principal
from gatehouse.app.callers import Callers
from gatehouse.app.repeating import every
from gatehouse.catalog.registry.service import Registry
from gatehouse.kit.clock import Clock
from gatehouse.kit.tasks import Tasks
from gatehouse.relay.current import Current
from gatehouse.relay.door import Door
from gatehouse.serving.registry_api import RegistryApi
from gatehouse.serving.registry_icons import icon_route
from gatehouse.settings import Settings
from gatehouse.store.database import Database
from gatehouse.store.instances import Leases
from gatehouse.store.secrets import Secrets

LOOK = 60.0
"""Seconds between looks whether a source is to be read."""


def build_registry(settings: Settings, database: Database, secrets: Secrets, clock: Clock) -> Registry:
    return Registry(database, secrets, clock, settings.registry.approval)


def run_registry(registry: Registry, leases: Leases, tasks: Tasks, holder: Callable[[], str]) -> None:
    """Read the sources that are due, by one worker at a time. A gateway whose registry nobody opened reads nothing."""
    syncing = registry.sync_with(leases, tasks, holder)
    tasks.spawn(every(LOOK, syncing.read_due), "read registries")


def registry_face(current: Current, door: Door, callers: Callers, public_url: Callable[[Request], str]) -> list[Route]:
    """This gateway as a registry: what the caller may use, and the marks of the entries that come with it."""

    async def identify(request: Request) -> Principal:
        return (await callers.identify(request)).principal

    return [icon_route(), *RegistryApi(current, door, identify, public_url).routes()]
