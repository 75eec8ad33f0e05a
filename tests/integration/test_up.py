"""`gatehouse up`: what keeps it from starting and how it says so, what it takes in from files, and what a restart keeps."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.gateway import Gateway, Launch, free_port
from tests.support.processes import until, until_true
from tests.support.program import ROOT, Program, clean_environment, running
from tests.support.talk import Talk, modern_call, text_of

pytestmark = pytest.mark.anyio

UP = (sys.executable, "-m", "gatehouse", "up", "--no-browser")
TIME = ["-m", "gatehouse.samples.time"]


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    words: str


async def up(data: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    """One that is expected to end by itself."""
    command = [*UP, "--data", str(data), *arguments]
    port = [] if "--port" in arguments else ["--port", str(free_port())]
    with anyio.fail_after(60):
        done = await anyio.run_process(
            [*command, *port], cwd=ROOT, env=clean_environment() | dict(environment or {}), check=False
        )
    return Ended(done.returncode, done.stdout.decode() + done.stderr.decode())


async def made_before(data: Path) -> None:
    """A data directory that has been used."""
    async with Gateway(data) as gateway:
        assert gateway.token


def is_told(ended: Ended, *words: str) -> None:
    assert ended.code == 1
    assert ended.words.startswith("Error: ")
    assert "Traceback" not in ended.words
    for word in words:
        assert word in ended.words


def contents(directory: Path) -> dict[str, str]:
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in directory.iterdir() if file.is_file()}


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    await made_before(tmp_path / "data")
    database = sqlite3.connect(tmp_path / "data" / "gatehouse.db")
    database.execute("UPDATE alembic_version SET version_num = 'gatehouse_9999'")
    database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    before = contents(tmp_path / "data")
    is_told(await up(tmp_path / "data"), "gatehouse_9999", "Nothing was changed")
    assert contents(tmp_path / "data") == before


async def test_a_wrong_key_is_refused_and_the_database_left_as_it_is(tmp_path: Path) -> None:
    await made_before(tmp_path / "data")
    before = contents(tmp_path / "data")
    other = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    ended = await up(tmp_path / "data", environment={"GATEHOUSE_KEY": other})
    is_told(ended, "master key is not the one")
    assert other not in ended.words
    assert contents(tmp_path / "data") == before
    is_told(await up(tmp_path / "data", environment={"GATEHOUSE_KEY": "short"}), "master key that was given")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://someone:geheim@127.0.0.1:1/gatehouse", "can't be reached"),
        ("mysql://someone:geheim@127.0.0.1:1/gatehouse", "database"),
        ("postgresql://postgres:geheim@127.0.0.1:5432/there_is_no_such_database", "does not exist"),
        ("oracle://someone:geheim@127.0.0.1/gatehouse", "not a database that is known"),
        ("sqlite:////proc/nowhere/gatehouse.db", "/proc/nowhere"),
    ],
)
async def test_a_database_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, url: str, words: str
) -> None:
    ended = await up(tmp_path / "data", "--database", url)
    is_told(ended, words)
    assert "geheim" not in ended.words


async def test_a_port_that_somebody_has_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        is_told(await up(tmp_path / "data", "--port", str(port)), f"127.0.0.1:{port}", "--port")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.toml", None, "No such file"),
        ("broken.toml", "port = ", "not valid TOML"),
        ("broken.json", '{"port": 1,', "not valid JSON"),
        ("unknown.toml", "prot = 4444", "prot"),
        ("nested.toml", "[timeouts]\nforever = 1", "forever"),
        ("type.toml", 'workers = "many"', "workers"),
        ("level.toml", 'log_level = "loud"', "loud"),
        ("host.toml", 'host = "192.0.2.1"', "192.0.2.1"),
        ("internal.toml", 'internal_host = "192.0.2.1"', "internal_host"),
        ("public.toml", 'public_url = "tools.example.com"', "public_url"),
        ("directory", "", "can't be read"),
    ],
)
async def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, name: str, content: str | None, words: str) -> None:
    file = tmp_path / name
    if name == "directory":
        file.mkdir()
    elif content is not None:
        file.write_text(content)
    ended = await up(tmp_path / "data", "-c", str(file))
    assert ended.code != 0
    assert words in ended.words
    assert "Traceback" not in ended.words


async def test_a_data_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    is_told(await up(tmp_path / "file" / "data"), "data directory", "--data")


async def test_settings_come_from_toml_and_give_way_to_the_environment_and_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "gatehouse.toml"
    file.write_text(
        f'data = "{tmp_path / "ignored"}"\nworkers = 2\nlog_level = "info"\nallowed_hosts = ["tools.example.com"]\n'
        "[limits]\nbody_bytes = 4096\n"
    )
    launch = Launch(config=file, environment={"GATEHOUSE_LIMITS__BODY_BYTES": "2048"})
    async with Gateway(tmp_path / "data", launch) as gateway:
        assert not (tmp_path / "ignored").exists()
        named = await gateway.api("GET", "/upstreams", headers={"host": "tools.example.com"})
        assert named.status_code == 200
        large = await gateway.api("POST", "/upstreams", {"name": "large", "description": "x" * 3000})
        assert large.status_code == 413
        assert "2048" in large.text


async def test_a_restart_keeps_everything_and_makes_no_second_admin_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, port = tmp_path / "data", free_port()
    async with Gateway(data, port=port) as gateway:
        await gateway.add_upstream("clock", command=sys.executable, args=TIME)
        server = await gateway.create_server("Times", ["clock"])
        token = await gateway.create_token("agent", [server["id"]])
        admin = gateway.token
        async with Talk(f"{gateway.url}/servers/times/mcp", token, goodbye=False) as talk:
            session, tools = talk.session, await talk.tools()
    started = time.monotonic()
    async with Gateway(data, port=port) as gateway:
        with capsys.disabled():
            print(f"\n[start to ready: {time.monotonic() - started:.2f} s]")
        url = f"{gateway.url}/servers/times/mcp"
        answer = await modern_call(url, token, "current_time", {"timezone": "UTC"})
        assert "UTC" in text_of(answer)
        assert gateway.token == admin
        assert len([one for one in await gateway.items("/tokens") if one["name"] == "admin"]) == 1
        assert [one["name"] for one in await gateway.items("/upstreams")] == ["clock"]
        async with Talk(url, token) as talk:
            assert await talk.tools() == tools
            fresh, talk.session = talk.session, session
            assert await talk.tools() == tools, "a session from before the restart is carried on"
            talk.session = fresh


async def test_an_mcp_json_of_another_program_works_as_it_stands(tmp_path: Path) -> None:
    port = free_port()
    clock = {"command": sys.executable, "args": TIME}
    remote = {"type": "http", "url": f"http://127.0.0.1:{port}/mcp", "headers": {"Authorization": "Bearer ${KEY}"}}
    file = tmp_path / "mcp.json"

    def write(**servers: Any) -> None:
        file.write_text("// As people write it.\n" + json.dumps({"mcpServers": servers}))

    write(clock=clock, remote=remote, broken={"args": ["nothing"]}, odd={"url": "http://user:pass@127.0.0.1/mcp"})
    launch = Launch(config=file, environment={"KEY": "geheim"})
    program = Program([sys.executable, "-m", "gatehouse.samples.time", "--http", str(port)], tmp_path / "remote.log")
    async with running(program):
        await program.until_listening(port)
        async with Gateway(tmp_path / "data", launch) as gateway:
            assert "'broken' was left out" in gateway.log
            assert "'odd' was left out" in gateway.log
            async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
                await until_offered(talk, {"clock_current_time", "remote_current_time"})
                assert text_of(await talk.call("remote_current_time", {"timezone": "UTC"}))
                assert text_of(await talk.call("clock_current_time", {"timezone": "UTC"}))
            before = {one["name"]: one for one in await gateway.items("/upstreams")}
            assert before["remote"]["credential"] == {"type": "bearer"}
        async with Gateway(tmp_path / "data", launch) as gateway:
            after = {one["name"]: one for one in await gateway.items("/upstreams")}
            assert after.keys() == before.keys() == {"clock", "remote"}
            assert {name: one["updated_at"] for name, one in after.items()} == {
                name: one["updated_at"] for name, one in before.items()
            }
        write(clock={**clock, "env": {"TZ": "UTC"}}, remote={**remote, "headers": {}})
        async with Gateway(tmp_path / "data", launch) as gateway:
            after = {one["name"]: one for one in await gateway.items("/upstreams")}
            assert after["clock"]["env"] == ["TZ"]
            assert after["remote"]["credential"] is None
            assert after["clock"]["id"] == before["clock"]["id"]
            async with Talk(f"{gateway.url}/mcp", gateway.token) as talk:
                assert {"clock_current_time", "remote_current_time"} <= await talk.tools()


async def until_offered(talk: Talk, tools: set[str]) -> None:
    async def all_there() -> bool:
        return tools <= await talk.tools()

    await until_true(all_there, 20)


async def test_the_command_that_the_sample_prints_tells_the_time(tmp_path: Path) -> None:
    for attempt in ("new", "again"):
        port = free_port()
        program = Program(
            [*UP, "--data", str(tmp_path / "data"), "--port", str(port), "--sample", "--workers", "2"],
            tmp_path / f"{attempt}.log",
        )
        async with running(program):
            await until(lambda log=program: "timezone=Asia/Seoul" in log.log, 30)
            printed = re.findall(r"^\s+(.*timezone=Asia/Seoul)$", program.log, re.MULTILINE)
            assert len(printed) == 1
            with anyio.fail_after(30):
                done = await anyio.run_process(printed[0], cwd=ROOT, env=clean_environment(), check=False)
            assert done.returncode == 0, done.stderr.decode()
            assert "+09:00" in done.stdout.decode()


async def test_a_gateway_without_the_file_of_its_admin_token_says_so(tmp_path: Path) -> None:
    await made_before(tmp_path / "data")
    (tmp_path / "data" / "admin-token").unlink()
    program = Program([*UP, "--data", str(tmp_path / "data"), "--port", str(free_port())], tmp_path / "log")
    async with running(program):
        await until(lambda: "admin token" in program.log)
        assert "not kept in this directory" in program.log
        assert "admin-token" not in contents(tmp_path / "data")
