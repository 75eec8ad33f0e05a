"""The registry for real: one of each kind installed, and two gateways that read each other."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import registry_schema
from tests.support.environments import python, unavailable
from tests.support.everything.running import everything
from tests.support.front import until
from tests.support.gateway import Gateway, Launch, free_port
from tests.support.program import Program, running
from tests.support.registry_server import server_json

pytestmark = pytest.mark.anyio
Json = dict[str, Any]
REQUIRED = "Bearer s3cret"
HEADER = {
    "name": "Authorization",
    "value": "Bearer {token}",
    "variables": {"token": {"isSecret": True, "isRequired": True}},
}


@asynccontextmanager
async def careful(directory: Path) -> AsyncGenerator[str]:
    """The URL of a server that wants a token."""
    port = free_port()
    command = [sys.executable, "-m", "tests.support.wilful", str(directory), "--port", str(port), "--require", REQUIRED]
    program = Program(command, directory / "careful.log")
    async with running(program):
        await program.until_listening(port)
        yield f"http://127.0.0.1:{port}/mcp"


def path_with_runners() -> str:
    """With uvx, of an environment that is made for it, and npx, of this machine."""
    if shutil.which("npx") is None:
        unavailable("npx was not found: install Node.js.")
    return os.pathsep.join([str(Path(python("uv")).parent), os.environ.get("PATH", "")])


def a_remote(name: str, url: str, **more: Any) -> Json:
    return server_json(name, remotes=[{"type": "streamable-http", "url": url, **more}])


async def entry_ids(gateway: Gateway, source: str, **filters: str) -> dict[str, str]:
    return {one["name"]: one["id"] for one in await gateway.items("/registry", source=source, **filters)}


async def install(gateway: Gateway, entry: str, name: str, **body: Any) -> Json:
    """As a client does it: what would be run is read in the preview, and sent back."""
    values = {"values": body.get("values", {})}
    shown = await gateway.expect(200, "POST", f"/registry/{entry}/preview", values)
    accepted = {"accept_command": shown["command_line"]} if shown["command_line"] else {}
    return await gateway.expect(
        200, "POST", f"/registry/{entry}/install", {"name": name, **accepted, **body}, timeout=120
    )


async def test_one_of_each_kind_is_installed_and_answers(tmp_path: Path) -> None:
    launch = Launch(environment={"PATH": path_with_runners()})
    async with (
        Gateway(tmp_path / "data", launch) as gateway,
        everything(tmp_path) as open_url,
        careful(tmp_path) as closed_url,
    ):
        servers = [
            a_remote("com.example/open", open_url),
            a_remote("com.example/closed", closed_url, headers=[HEADER]),
            a_remote("com.example/unsaid", closed_url),
        ]
        await gateway.expect(201, "POST", "/registry/sources", {"name": "ours", "servers": servers})
        ids = await entry_ids(gateway, "ours")
        made = await install(gateway, ids["com.example/open"], "open")
        assert (made["state"], made["upstream"]["status"]) == ("installed", "ok")
        await _with_a_key(gateway, ids)
        made = await install(gateway, ids["com.example/unsaid"], "unsaid")
        assert (made["state"], made["upstream"]["status"]) == ("sign_in", "sign_in")
        assert "wants credentials" in made["message"]
        await _sign_in_by_header(gateway)
        made = await install(gateway, "time", "clock")
        assert [one["name"] for one in made["upstream"]["tools"]] == ["get_current_time", "convert_time"]
        made = await install(gateway, "everything", "reference")
        assert "echo" in [one["name"] for one in made["upstream"]["tools"]]
        echo = next(one["id"] for one in made["upstream"]["tools"] if one["name"] == "echo")
        said = await gateway.expect(200, "POST", f"/tools/{echo}/call", {"arguments": {"message": "hello"}})
        assert "hello" in str(said)
        assert {one["id"] for one in await gateway.items("/registry", installed="true")} == {
            *ids.values(),
            "time",
            "everything",
        }
        assert "s3cret" not in gateway.log


async def _with_a_key(gateway: Gateway, ids: dict[str, str]) -> None:
    entry = ids["com.example/closed"]
    refused = await gateway.expect(502, "POST", f"/registry/{entry}/install", {"values": {"token": "wrong"}})
    assert "wants credentials" in refused["detail"] and "wrong" not in refused["detail"]
    made = await install(gateway, entry, "closed", values={"token": "s3cret"})
    assert (made["state"], made["upstream"]["credential"]) == ("installed", {"type": "headers"})


async def _sign_in_by_header(gateway: Gateway) -> None:
    credential = {"type": "headers", "headers": {"Authorization": REQUIRED}}
    after = await gateway.expect(200, "PATCH", "/upstreams/unsaid", {"credential": credential})
    assert after["status"] == "ok"


async def _read(gateway: Gateway, source: str, whole: bool = False) -> Json:
    await gateway.expect(200, "POST", f"/registry/sources/{source}/sync", {"whole": whole})

    async def done() -> bool:
        return not (await gateway.expect(200, "GET", f"/registry/sources/{source}"))["syncing"]

    await until(done)
    found: Json = await gateway.expect(200, "GET", f"/registry/sources/{source}")
    assert found["error"] is None, found
    return found


async def _ask(gateway: Gateway, path: str, status: int = 200, token: str = "", verb: str = "GET") -> Json:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(timeout=20) as client:
        response = await client.request(verb, f"{gateway.url}/registry{path}", headers=headers)
    assert response.status_code == status, response.text
    found: Json = response.json()
    return found


async def test_two_gateways_read_each_other(tmp_path: Path) -> None:
    async with (
        Gateway(tmp_path / "one") as one,
        Gateway(tmp_path / "two") as two,
        everything(tmp_path) as url,
    ):
        await one.add_upstream("everything", url=url)
        desk = await one.create_server("Desk", ["everything"], description="What a desk needs\nand more")
        await one.create_server("Lobby", ["everything"], access="anonymous")
        await _is_a_registry(one)
        source = {"name": "one", "url": f"{one.url}/registry/v0.1", "token": one.token}
        await two.expect(201, "POST", "/registry/sources", source)
        assert (await _read(two, "one"))["entries"] == 2
        ids = await entry_ids(two, "one")
        for name, values in (("desk", {"token": one.token}), ("lobby", {})):
            made = await install(two, ids[f"localhost.gatehouse/{name}"], name, values=values)
            assert made["state"] == "installed", made
        await two.create_server("Hall", ["lobby"], access="anonymous")
        await one.expect(201, "POST", "/registry/sources", {"name": "two", "url": f"{two.url}/registry/v0"})
        assert (await _read(one, "two"))["entries"] == 1
        await one.expect(204, "DELETE", f"/servers/{desk['id']}")
        await one.expect(200, "PATCH", "/servers/lobby", {"slug": "foyer"})
        assert (await _read(two, "one", whole=True))["deleted"] == 2
        updates = (await two.expect(200, "GET", "/registry/updates"))["items"]
        assert {one["upstream_name"]: one["status"] for one in updates} == {"desk": "deleted", "lobby": "deleted"}


async def _is_a_registry(gateway: Gateway) -> None:
    """Every answer is what the published schemas ask for; who asks sees what they may use."""
    for prefix in ("/v0.1", "/v0"):
        listed = await _ask(gateway, f"{prefix}/servers", token=gateway.token)
        registry_schema.check("list", listed)
        assert [one["server"]["name"] for one in listed["servers"]] == [
            "localhost.gatehouse/desk",
            "localhost.gatehouse/lobby",
        ]
    open_to_all = await _ask(gateway, "/v0.1/servers")
    assert [one["server"]["title"] for one in open_to_all["servers"]] == ["Lobby"]
    assert "headers" not in open_to_all["servers"][0]["server"]["remotes"][0]
    await _ask(gateway, "/v0.1/servers", 401, token="gh_wrong")
    path = "/v0.1/servers/localhost.gatehouse%2Fdesk/versions"
    latest = await _ask(gateway, f"{path}/latest", token=gateway.token)
    registry_schema.check("response", latest)
    assert latest["server"]["description"] == "What a desk needs"
    assert [one["url"] for one in latest["server"]["remotes"]] == [
        f"{gateway.url}/servers/desk/mcp",
        f"{gateway.url}/servers/desk/sse",
    ]
    version = latest["server"]["version"]
    assert await _ask(gateway, f"{path}/{version}", token=gateway.token) == latest
    assert await _ask(gateway, path.replace("%2F", "/"), token=gateway.token) == {
        "servers": [latest],
        "metadata": {"count": 1},
    }
    for missing in (path, f"{path}/latest", "/v0.1/servers/a%2Fb/versions", "/v0.1/nothing"):
        assert (await _ask(gateway, missing, 404))["error"]
    assert (await _ask(gateway, f"{path}/9.9.9", 404, gateway.token))["error"].startswith("Server not found")
    await _pages_and_filters(gateway, version)
    await _ask(gateway, "/v0.1/publish", 501, gateway.token, "POST")


async def _pages_and_filters(gateway: Gateway, version: str) -> None:
    async def names(query: str) -> list[str]:
        found = await _ask(gateway, f"/v0.1/servers?{query}", token=gateway.token)
        return [one["server"]["name"].partition("/")[2] for one in found["servers"]]

    first = await _ask(gateway, "/v0.1/servers?limit=1", token=gateway.token)
    cursor = first["metadata"]["nextCursor"]
    second = await _ask(gateway, f"/v0.1/servers?limit=1&cursor={cursor}", token=gateway.token)
    assert second["servers"][0]["server"]["name"].endswith("lobby") and "nextCursor" not in second["metadata"]
    assert await names("search=DESK") == ["desk"]
    assert "desk" in await names(f"version={version}")
    assert await names("version=latest") == ["desk", "lobby"]
    assert await names("updated_since=2020-01-01T00:00:00Z") == ["desk", "lobby"]
    assert await names("updated_since=2099-01-01T00:00:00%2B02:00") == []
    for wrong in ("limit=0", "limit=101", "limit=x", "updated_since=yesterday", "cursor=%FF"):
        assert (await _ask(gateway, f"/v0.1/servers?{wrong}", 400))["error"]
