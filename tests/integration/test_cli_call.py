"""`gatehouse call` against a real server: a tool's words on stdout, all else on stderr, its failure in the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from tests.support.everything.running import everything
from tests.support.program import ROOT, clean_environment

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with everything(tmp_path_factory.mktemp("call")) as url:
        yield url


async def call(url: str, *arguments: str) -> Ended:
    command = [sys.executable, "-m", "gatehouse", "call", url, *arguments]
    with anyio.fail_after(60):
        done = await anyio.run_process(command, cwd=ROOT, env=clean_environment(), check=False)
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


async def test_an_address_that_does_not_speak_mcp_is_told_so(url: str) -> None:
    ended = await call(url.replace("/mcp", "/nothing"), "test_simple_text")
    assert ended.code == 1
    assert ended.err.startswith("Error: ")
    assert "Traceback" not in ended.err


async def test_a_call_prints_text_and_tells_progress_and_pictures_on_stderr(url: str) -> None:
    assert (await call(url, "test_tool_with_progress")).err.split() == ["0/100", "50/100", "100/100"]
    picture = await call(url, "test_image_content")
    assert "[image, image/png" in picture.err
    assert picture.out == ""
    assert (await call(url, "test_image_content", "--json")).json["content"][0]["type"] == "image"


async def test_a_call_converts_its_arguments_and_mirrors_them(url: str) -> None:
    ended = await call(url, "test_x_mcp_header", "region=ü", "limit=3", "dry_run=yes")
    assert "Region: ü" in ended.out
    assert (await call(url, "test_x_mcp_header", "region=a", "limit=three")).code == 2


async def test_a_call_that_lacks_an_argument_says_how_to_write_it(url: str) -> None:
    ended = await call(url, "test_x_mcp_header")
    assert ended.code == 2
    assert "region=STRING" in ended.err


async def test_a_tool_that_fails_is_exit_code_1(url: str) -> None:
    ended = await call(url, "test_error_handling")
    assert ended.code == 1
    assert ended.out.strip()


async def test_a_tool_that_is_not_there_is_refused_with_near_names(url: str) -> None:
    ended = await call(url, "test_simple_txt")
    assert ended.code == 1
    assert "test_simple_text" in ended.err


async def test_a_tool_that_asks_back_is_refused_rather_than_left_hanging(url: str) -> None:
    ended = await call(url, "test_input_required_result_elicitation")
    assert ended.code == 1
    assert ended.err
