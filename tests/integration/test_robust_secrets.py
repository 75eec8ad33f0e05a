"""What Gatehouse presents to upstreams is told to nobody: not by files, the log, the API, errors, nor what programs print."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import pytest

from tests.support.gateway import Gateway, Launch, free_port
from tests.support.program import ROOT, Program, clean_environment, running
from tests.support.talk import Talk, modern_call, text_of

pytestmark = pytest.mark.anyio

BEARER = "bearer-Zx81-geheim"
PASSWORD = "password-Zx82-geheim"
HEADER = "header-Zx83-geheim"
ENVIRONMENT = "environment-Zx84-geheim"
WRONG = "wrong-Zx85-geheim"
SECRETS = (BEARER, PASSWORD, HEADER, ENVIRONMENT, WRONG, base64.b64encode(f"someone:{PASSWORD}".encode()).decode())
WILFUL = [sys.executable, "-m", "tests.support.wilful"]


def reveals(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [secret for secret in SECRETS if secret.encode() in data]


@pytest.fixture(scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    directory = tmp_path_factory.mktemp("secrets")
    basic = "Basic " + base64.b64encode(f"someone:{PASSWORD}".encode()).decode()
    async with AsyncExitStack() as stack:
        gateway = Gateway(directory / "data", Launch(arguments=["--log-level", "debug"]))
        await stack.enter_async_context(gateway)

        async def upstream(required: str) -> str:
            port = free_port()
            program = Program([*WILFUL, str(directory), "--port", str(port), "--require", required], directory / "log")
            await stack.enter_async_context(running(program))
            await program.until_listening(port)
            return f"http://127.0.0.1:{port}/mcp"

        url = await upstream(f"Bearer {BEARER}")
        await gateway.add_upstream("bearer", url=url, credential={"type": "bearer", "token": BEARER})
        credential = {"type": "basic", "username": "someone", "password": PASSWORD}
        await gateway.add_upstream("basic", url=await upstream(basic), credential=credential)
        credential = {"type": "headers", "headers": {"Authorization": HEADER, "X-Api-Key": HEADER}}
        await gateway.add_upstream("headers", url=await upstream(HEADER), credential=credential)
        environment = {"SECRET": ENVIRONMENT, "PYTHONPATH": os.getcwd()}
        command = {"command": WILFUL[0], "args": [*WILFUL[1:], str(directory)], "env": environment}
        await gateway.add_upstream("environment", **command)
        refused = {"name": "refused", "url": url, "credential": {"type": "bearer", "token": WRONG}}
        await gateway.expect(201, "POST", "/upstreams", refused)
        down = {"name": "down", "url": f"http://127.0.0.1:{free_port()}/mcp", "credential": refused["credential"]}
        await gateway.expect(201, "POST", "/upstreams", down)
        server = await gateway.create_server("All", ["bearer", "basic", "headers", "environment"])
        assert server["slug"] == "all"
        yield gateway


async def test_calls_with_each_kind_of_credential_reach_their_upstreams(gateway: Gateway) -> None:
    for name in ("bearer", "basic", "headers", "environment"):
        async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
            answer = await talk.call(f"{name}_whoami")
        assert text_of(answer).isdigit()
        assert not reveals(json.dumps(answer))


async def test_what_an_upstream_says_of_a_refused_credential_is_told_without_it(gateway: Gateway) -> None:
    refused = await gateway.expect(200, "GET", "/upstreams/refused")
    assert refused["status"] == "sign_in"
    assert "401" in refused["error"]
    for tool in ("refused_whoami", "down_whoami"):
        assert not reveals(json.dumps(await modern_call(f"{gateway.url}/mcp", gateway.token, tool)))
    for name in ("refused", "down"):
        for deed in ("check", "refresh"):
            response = await gateway.api("POST", f"/upstreams/{name}/{deed}")
            assert response.status_code == 200
            assert not reveals(response.content)


@pytest.mark.parametrize(
    "path",
    [
        "/upstreams",
        *(f"/upstreams/{name}" for name in ("bearer", "basic", "headers", "environment", "refused", "down")),
        *(f"/upstreams/{name}/log" for name in ("bearer", "environment")),
        "/tools",
        "/tools/duplicates",
        "/prompts",
        "/resources",
        "/servers",
        "/servers/all",
        "/servers/all/bindings",
        "/servers/all/config?client=json&transport=http",
        "/tokens",
        "/openapi.json",
        "/export",
    ],
)
async def test_no_listing_tells_a_secret(gateway: Gateway, path: str) -> None:
    response = await gateway.api("GET", path)
    assert response.status_code in (200, 404)
    assert not reveals(response.content)
    assert gateway.token not in response.text


async def test_what_a_program_prints_of_its_environment_is_blotted_out(gateway: Gateway) -> None:
    async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
        await talk.call("environment_whoami")
    lines = (await gateway.expect(200, "GET", "/upstreams/environment/log"))["lines"]
    assert any(line.startswith("starting with") for line in lines)
    assert not reveals(json.dumps(lines))
    command = [sys.executable, "-m", "gatehouse", "upstream", "show", "environment"]
    access = {"GATEHOUSE_URL": gateway.url, "GATEHOUSE_TOKEN": gateway.token}
    done = await anyio.run_process(command, cwd=ROOT, env=clean_environment() | access, check=False)
    assert done.returncode == 0
    assert not reveals(done.stdout + done.stderr)


async def test_bad_requests_are_answered_without_their_secrets(gateway: Gateway) -> None:
    bad = [
        {"name": "x", "url": "http://127.0.0.1/mcp", "credential": {"type": "bearer", "token": f"{WRONG}\n"}},
        {"name": "x", "url": "http://127.0.0.1/mcp", "credential": {"type": "bearer", "tokn": WRONG}},
        {"name": "x", "url": "http://127.0.0.1/mcp", "credential": {"type": "headers", "headers": {"A": [WRONG]}}},
        {"name": "x", "url": f"http://me:{WRONG}@127.0.0.1/mcp"},
        {"name": "x", "command": "x", "env": {"A": [WRONG]}},
        {"name": "bearer", "url": "http://127.0.0.1/mcp", "credential": {"type": "bearer", "token": WRONG}},
    ]
    for body in bad:
        response = await gateway.api("POST", "/upstreams", body)
        assert response.status_code >= 400 or body["credential"]["token"].endswith("\n")
        assert not reveals(response.content)
        if response.status_code == 201:
            await gateway.expect(204, "DELETE", "/upstreams/x")


async def test_neither_the_files_nor_the_log_hold_a_secret(gateway: Gateway) -> None:
    """The last test of this file, so that the log has seen the others."""
    assert not reveals(gateway.log)
    assert gateway.token not in gateway.log
    for file in _files(gateway.data):
        assert not reveals(file.read_bytes()), file.name
        if file.name != "admin-token":
            assert gateway.token.encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0, f"{file.name} can be read by others"


def _files(directory: Path) -> list[Path]:
    return [file for file in directory.rglob("*") if file.is_file()]
