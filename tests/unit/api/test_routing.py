from __future__ import annotations

import logging
import re
from typing import Any

import httpx
import pytest
from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import Mount, Router

from gatehouse.api.actions import Action
from gatehouse.api.build import ENDPOINTS, build_api
from gatehouse.api.routing import Asked, endpoint, routes
from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio


async def test_without_a_token_nothing_is_told(gate: Gate) -> None:
    response = await gate.client.get("/upstreams", headers={"authorization": ""})
    assert "Authorization: Bearer" in problem(response, 401)["hint"]
    assert response.headers["www-authenticate"] == 'Bearer realm="gatehouse"'


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Basic YTpi", "Bearer", "nonsense", "Bearer \xff"])
async def test_a_token_that_is_not_known_is_refused(gate: Gate, authorization: str) -> None:
    headers = [(b"authorization", authorization.encode("latin-1"))]
    response = await gate.client.get("/upstreams", headers=headers)
    problem(response, 401)
    assert response.headers["www-authenticate"] == 'Bearer realm="gatehouse", error="invalid_token"'


async def test_an_expired_token_is_refused(gate: Gate) -> None:
    token = await gate.token("*", expires_in="1h")
    gate.clock.time += 3600
    response = await gate.client.get("/upstreams", headers={"authorization": f"Bearer {token}"})
    assert "has expired" in problem(response, 401)["detail"]


async def test_a_token_without_the_permission_is_refused_with_the_reason(gate: Gate) -> None:
    token = await gate.token("server.read")
    response = await gate.client.get("/upstreams", headers={"authorization": f"Bearer {token}"})
    assert "lacks permission upstream.read" in problem(response, 403)["detail"]
    assert 'error="insufficient_scope", scope="upstream.read"' in response.headers["www-authenticate"]


async def test_a_token_made_for_servers_opens_nothing_of_the_api(gate: Gate) -> None:
    await gate.create("/servers", name="Desk")
    made = await gate.create("/tokens", name="agent", servers=["desk"])
    for declared in ENDPOINTS:
        if declared.action is not Action.PUBLIC:
            path = re.sub(r"\{\w+\}", "desk", declared.path)
            bearer = {"authorization": f"Bearer {made['token']}"}
            problem(await gate.client.request(declared.method, path, headers=bearer, json={}), 403)


async def test_every_route_but_its_own_description_asks_for_a_token(gate: Gate) -> None:
    for declared in ENDPOINTS:
        if declared.action is not Action.PUBLIC:
            path = re.sub(r"\{\w+\}", "nothing", declared.path)
            problem(await gate.client.request(declared.method, path, headers={"authorization": ""}), 401)


async def test_every_route_of_the_application_is_declared_with_an_action(gate: Gate) -> None:
    mount = build_api(gate.context)
    served = {route.path for route in mount.routes}
    assert served == {declared.path for declared in ENDPOINTS} | {"/openapi.json"}
    assert all(isinstance(declared.action, Action) for declared in ENDPOINTS)
    public = {declared.path for declared in ENDPOINTS if declared.action is Action.PUBLIC}
    assert all(path.startswith("/auth/") for path in public), "only the ways in are open to everybody"


async def test_what_changes_something_asks_for_more_than_reading() -> None:
    for declared in ENDPOINTS:
        if declared.action not in (Action.PUBLIC, Action.SIGNED_IN):
            assert not (declared.changes and declared.action.value.endswith(".read")), declared.path


@pytest.mark.parametrize("name", ["token", "access_token", "api_key"])
async def test_a_token_in_the_url_is_refused_and_not_repeated(gate: Gate, name: str) -> None:
    response = await gate.client.get("/upstreams", params={name: gate.admin})
    assert "do not belong in a URL" in problem(response, 400)["detail"]
    assert gate.admin not in response.text


@pytest.mark.parametrize("path", ["/nothing", "/upstreams/", "/upstreams/a/b/c", "/tools/a/get", "/"])
async def test_an_unknown_path_is_a_problem_too(gate: Gate, path: str) -> None:
    assert "openapi.json" in problem(await gate.client.get(path), 404)["hint"]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("DELETE", "/upstreams", "GET, POST"), ("POST", "/tools", "GET"), ("PUT", "/servers/x", "DELETE, GET, PATCH")],
)
async def test_a_wrong_method_is_told_which_are_right(gate: Gate, method: str, path: str, allow: str) -> None:
    response = await gate.client.request(method, path)
    problem(response, 405)
    assert response.headers["allow"] == allow


async def test_an_unknown_parameter_is_refused(gate: Gate) -> None:
    found = problem(await gate.client.get("/tools", params={"unused_since": "30d"}), 400)
    assert found["errors"] == [{"field": "unused_since", "message": "unknown query parameter"}]
    assert "cursor" in found["hint"]


async def test_a_route_that_takes_no_parameters_says_so(gate: Gate) -> None:
    token = (await gate.get("/tokens"))["items"][0]
    found = problem(await gate.client.get(f"/tokens/{token['id']}", params={"q": "1"}), 400)
    assert found["hint"] == "No query parameter is accepted here."


@pytest.mark.parametrize(("limit", "told"), [("0", "1 to 500"), ("501", "1 to 500"), ("ten", ""), ("-1", "1 to 500")])
@pytest.mark.parametrize("path", ["/upstreams", "/tools", "/prompts", "/resources", "/servers", "/tokens"])
async def test_a_limit_out_of_range_is_refused(gate: Gate, path: str, limit: str, told: str) -> None:
    assert told in problem(await gate.client.get(path, params={"limit": limit}), 400).get("hint", "")


@pytest.mark.parametrize("path", ["/upstreams", "/tools", "/prompts", "/resources", "/servers", "/tokens"])
@pytest.mark.parametrize("cursor", ["!!!", "_w", "AA", "a" * 5000])
async def test_a_malformed_cursor_is_refused(gate: Gate, path: str, cursor: str) -> None:
    assert "without a cursor" in problem(await gate.client.get(path, params={"cursor": cursor}), 400)["hint"]


async def test_a_body_that_is_not_json_is_refused(gate: Gate) -> None:
    headers = {"content-type": "application/json"}
    problem(await gate.client.post("/servers", content=b"{", headers=headers), 400)


async def test_a_form_is_refused(gate: Gate) -> None:
    assert "application/json" in problem(await gate.client.post("/servers", data={"name": "x"}), 415)["hint"]


async def test_a_body_that_is_too_large_is_refused(gate: Gate) -> None:
    content = b'{"name": "' + b"x" * gate.context.body_bytes + b'"}'
    problem(await gate.client.post("/servers", content=content), 413)


async def test_a_body_that_does_not_tell_its_size_is_cut_off_too(gate: Gate) -> None:
    async def pieces() -> Any:
        for _ in range(gate.context.body_bytes // 1000 + 1):
            yield b" " * 1000

    problem(await gate.client.post("/servers", content=pieces()), 413)


async def test_a_body_where_none_is_taken_is_refused(gate: Gate) -> None:
    await gate.weather()
    found = problem(await gate.client.post("/upstreams/weather/refresh", json={"force": True}), 400)
    assert found["hint"] == "No field is accepted here."


async def test_a_nul_in_the_path_is_nothing_that_exists(gate: Gate) -> None:
    problem(await gate.client.get("/servers/a%00b"), 404)


class Named(Struct):
    id: str


async def failing(asked: Asked[None, None]) -> Named:
    raise RuntimeError("the password is hunter2")


async def test_a_mistake_of_ours_is_logged_and_not_shown(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    declared = endpoint("GET /broken", Action.TOOL_READ, failing, "Break")
    app = Starlette(routes=[Mount("/api/v1", app=Router(routes(gate.context, [declared])))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gate.test/api/v1") as client:
        with caplog.at_level(logging.ERROR):
            response = await client.get("/broken", headers={"authorization": f"Bearer {gate.admin}"})
    problem(response, 500)
    assert "hunter2" not in response.text
    assert "GET /broken failed" in caplog.text


async def test_answers_are_not_kept_by_caches(gate: Gate) -> None:
    assert (await gate.client.get("/servers")).headers["cache-control"] == "no-store"


async def test_what_was_made_is_told_by_its_place(gate: Gate) -> None:
    response = await gate.client.post("/servers", json={"name": "Desk"})
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/v1/servers/{response.json()['id']}"


async def test_an_answer_waits_until_the_change_is_seen_here(gate: Gate) -> None:
    before = gate.settled
    await gate.create("/servers", name="Desk")
    assert gate.settled > before
    await gate.client.get("/servers")
    assert gate.settled == before + 1


async def test_head_answers_as_get_does(gate: Gate) -> None:
    assert (await gate.client.head("/servers")).status_code == 200
