"""The JSON API as one mount, under `/api/v1`."""

from __future__ import annotations

from starlette.routing import Mount, Router

from gatehouse.api import (
    audit,
    auth,
    call_records,
    capabilities,
    explain,
    joining,
    metrics,
    openapi,
    providers,
    roles,
    servers,
    sign_on,
    teams,
    tokens,
    upstreams,
    users,
)
from gatehouse.api.context import ApiContext
from gatehouse.api.routing import routes, unknown_path

PREFIX = "/api/v1"
ENDPOINTS = (
    *upstreams.ENDPOINTS,
    *capabilities.ENDPOINTS,
    *servers.ENDPOINTS,
    *tokens.ENDPOINTS,
    *explain.ENDPOINTS,
    *audit.ENDPOINTS,
    *call_records.ENDPOINTS,
    *metrics.ENDPOINTS,
    *auth.ENDPOINTS,
    *users.ENDPOINTS,
    *teams.ENDPOINTS,
    *joining.ENDPOINTS,
    *roles.ENDPOINTS,
    *providers.ENDPOINTS,
    *sign_on.ENDPOINTS,
)


def build_api(context: ApiContext) -> Mount:
    declared = [*ENDPOINTS, openapi.describing(ENDPOINTS)]
    router = Router(routes(context, declared), redirect_slashes=False, default=unknown_path)
    return Mount(PREFIX, app=router)
