"""All routes of the registry, those with a word of their own before those where an id stands in its place."""

from __future__ import annotations

from gatehouse.api import registry, registry_deciding, registry_requests, registry_sources, registry_updates

ENDPOINTS = (
    *registry.ENTRIES,
    *registry_sources.ENDPOINTS,
    *registry_requests.ENDPOINTS,
    *registry_deciding.ENDPOINTS,
    *registry_updates.UPDATES,
    *registry.ENTRY,
    *registry_updates.UPDATE,
)
