"""A support bundle of a gateway that is full of secrets: none of them is in it, and what helps is."""

from __future__ import annotations

import base64
import json
import sys
import zipfile
from pathlib import Path

import anyio
import pytest

from tests.support.databases import fresh_url
from tests.support.gateway import Gateway, Launch, free_port
from tests.support.program import ROOT, clean_environment
from tests.support.talk import modern_call

pytestmark = pytest.mark.anyio
KEY = base64.b64encode(b"planted-key-of-thirty-two-bytes!").decode()
PLANTED = {
    "the master key": KEY,
    "the password of the database": "planted-database-password",
    "a bearer credential": "planted-bearer-credential",
    "a header": "planted-header-value",
    "an environment variable": "planted-environment-value",
    "an argument": "planted-argument-value",
    "a query": "planted-query-value",
    "a path": "planted0path0value0of0some0length",
    "what a client asked for": "planted_name_of_a_tool",
}
DYING = (
    "import os, sys; sys.exit('no good: ' + os.environ['API_KEY'] + ' Authorization: Bearer planted-bearer-credential')"
)


async def fill(gateway: Gateway) -> None:
    """With upstreams that are down and calls that fail."""
    down = f"http://127.0.0.1:{free_port()}/s/{PLANTED['a path']}/mcp?key={PLANTED['a query']}"
    bearer = {"type": "bearer", "token": PLANTED["a bearer credential"]}
    await gateway.expect(201, "POST", "/upstreams", {"name": "down", "url": down, "credential": bearer})
    headers = {"type": "headers", "headers": {"X-Team": PLANTED["a header"]}}
    await gateway.expect(201, "POST", "/upstreams", {"name": "headed", "url": down, "credential": headers})
    dying = {"command": sys.executable, "args": ["-c", DYING, PLANTED["an argument"]]}
    env = {"API_KEY": PLANTED["an environment variable"]}
    await gateway.expect(201, "POST", "/upstreams", {"name": "dying", **dying, "env": env})
    answer = await modern_call(f"{gateway.url}/mcp", gateway.token, PLANTED["what a client asked for"])
    assert "error" in answer


async def until_recorded(gateway: Gateway) -> None:
    with anyio.fail_after(20):
        while not (await gateway.expect(200, "GET", "/metrics/errors"))["items"]:  # noqa: ASYNC110
            await anyio.sleep(0.05)


async def test_no_secret_is_in_the_bundle(tmp_path: Path) -> None:
    async with fresh_url("postgresql", tmp_path) as bare:
        user, at, rest = bare.partition("@")
        database = f"{user}:{PLANTED['the password of the database']}{at}{rest}"
        keys = {"GATEHOUSE_KEY": KEY, "GATEHOUSE_LOG_LEVEL": "debug"}
        async with Gateway(tmp_path / "data", Launch(database=database, environment=keys)) as gateway:
            await fill(gateway)
            token = await gateway.create_token("support", permissions=["*"])
            await until_recorded(gateway)
            environment = clean_environment() | {
                "GATEHOUSE_URL": gateway.url,
                "GATEHOUSE_DATA": str(gateway.data),
                "GATEHOUSE_TOKEN": token,
                "GATEHOUSE_DATABASE": database,
                "GATEHOUSE_KEY": KEY,
            }
            log = gateway.data.with_name(f"{gateway.data.name}.log")
            command = [
                sys.executable,
                "-m",
                "gatehouse",
                "doctor",
                "--bundle",
                str(tmp_path / "b.zip"),
                "--log",
                str(log),
            ]
            done = await anyio.run_process(command, cwd=ROOT, env=environment, check=False)
            printed = done.stdout.decode() + done.stderr.decode()
            admin = gateway.token
    assert done.returncode == 0, printed
    assert "Written" in printed
    look_for_secrets(tmp_path / "b.zip", {**PLANTED, "the token": token, "the administrator's token": admin})


def look_for_secrets(file: Path, secrets: dict[str, str]) -> None:
    with zipfile.ZipFile(file) as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    for what, secret in secrets.items():
        for name, text in texts.items():
            assert secret not in text, f"{what} is in {name}"
    upstreams = {one["name"]: one for one in json.loads(texts["upstreams.json"])}
    assert {one["status"] for one in upstreams.values()} == {"down"}
    assert upstreams["down"]["url"].endswith("/s/***/mcp") and upstreams["down"]["credential"] == "bearer"
    assert upstreams["dying"]["env"] == ["API_KEY"] and "no good" in upstreams["dying"]["error"]
    assert json.loads(texts["status.json"])["database"] == "postgresql"
    assert json.loads(texts["errors.json"])[0]["error_class"] == "unknown_tool"
    assert texts["log.txt"].count("\n") > 1
