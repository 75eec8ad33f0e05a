"""What this gateway was set up with. To be seen, not to be changed: it is read once, when it starts."""

from __future__ import annotations

from gatehouse.api.actions import Action
from gatehouse.api.configured import SettingsView
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.errors import NotFound


async def list_settings(asked: Asked[None, None]) -> SettingsView:
    if asked.context.configured is None:
        raise NotFound("This gateway does not tell its settings.")
    return asked.context.configured


ENDPOINTS = (endpoint("GET /settings", Action.SETTING_READ, list_settings, "List what is set, and where it was said"),)
