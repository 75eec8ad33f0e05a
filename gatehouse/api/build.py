"""The JSON API as one mount, under `/api/v1`."""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.routing import Mount, Router

from gatehouse.api import (
    agents,
    audit,
    auth,
    call_records,
    capabilities,
    client_configs,
    duplicates,
    events,
    explain,
    health,
    joining,
    logs,
    metrics,
    openapi,
    own_prompts,
    own_resources,
    providers,
    registry_routes,
    roles,
    roots,
    sample,
    search,
    servers,
    sessions,
    settings,
    sign_on,
    status,
    tags,
    teams,
    tokens,
    transfer,
    trials,
    upstreams,
    users,
    verdicts,
)
from gatehouse.api.context import ApiContext
from gatehouse.api.late import PREFIX
from gatehouse.api.request_ids import identified
from gatehouse.api.routing import routes, unknown_path

ENDPOINTS = (
    # Before `/upstreams/{id}`, which would take its word for an id.
    *trials.ENDPOINTS,
    # Before `/upstreams/{id}`, which would take its word for an id.
    *sample.ENDPOINTS,
    *upstreams.ENDPOINTS,
    *health.ENDPOINTS,
    # Before `/tools/{id}`, which would take their words for ids.
    *duplicates.ENDPOINTS,
    *verdicts.ENDPOINTS,
    *tags.ENDPOINTS,
    *own_prompts.ENDPOINTS,
    *own_resources.ENDPOINTS,
    *capabilities.ENDPOINTS,
    *servers.ENDPOINTS,
    *client_configs.ENDPOINTS,
    *agents.ENDPOINTS,
    *search.ENDPOINTS,
    *tokens.ENDPOINTS,
    *explain.ENDPOINTS,
    *audit.ENDPOINTS,
    *call_records.ENDPOINTS,
    *events.ENDPOINTS,
    *metrics.ENDPOINTS,
    *logs.ENDPOINTS,
    *auth.ENDPOINTS,
    *sessions.ENDPOINTS,
    *users.ENDPOINTS,
    *teams.ENDPOINTS,
    *joining.ENDPOINTS,
    *roles.ENDPOINTS,
    *roots.ENDPOINTS,
    *providers.ENDPOINTS,
    *transfer.ENDPOINTS,
    *registry_routes.ENDPOINTS,
    *sign_on.ENDPOINTS,
    *status.ENDPOINTS,
    *settings.ENDPOINTS,
)


def build_api(context: ApiContext) -> Mount:
    declared = [*ENDPOINTS, openapi.describing(ENDPOINTS)]
    router = Router(routes(context, declared), redirect_slashes=False, default=unknown_path)
    return Mount(PREFIX, app=router, middleware=[Middleware(identified)])
