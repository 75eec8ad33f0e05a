"""A support bundle tells what helps, and no secret."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gatehouse.cli.bundle import Scrub, bare_url, masked_database, masked_settings
from gatehouse.cli.main import app
from gatehouse.settings import load_settings
from tests.support.gateway import free_port

KEY = "c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMtcGxhbnQ="
PASSWORD = "planted-db-password"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An address where no gateway is."""
    monkeypatch.setenv("GATEHOUSE_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("GATEHOUSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("GATEHOUSE_TOKEN", "gh_planted-token-planted-token")
    monkeypatch.setenv("GATEHOUSE_KEY", KEY)
    monkeypatch.setenv("GATEHOUSE_DATABASE", f"postgresql://joe:{PASSWORD}@127.0.0.1:1/gate?sslpassword=planted-ssl")


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://joe:planted@example.com:8443/mcp?key=planted#planted", "https://example.com:8443/mcp"),
        ("https://example.com/s/0planted0planted0planted/mcp", "https://example.com/s/***/mcp"),
        ("http://[2001:db8::1]:80/mcp", "http://[2001:db8::1]:80/mcp"),
        ("http://[planted", "***"),
        ("http://example.com:planted/", "***"),
    ],
)
def test_urls_lose_what_may_be_secret(url: str, wanted: str) -> None:
    assert bare_url(url) == wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("", ""),
        ("postgresql://joe:planted@db/gate?sslpassword=planted", "postgresql://joe:***@db/gate?sslpassword=%2A%2A%2A"),
        ("sqlite:////var/lib/gatehouse.db", "sqlite:////var/lib/gatehouse.db"),
        ("planted", "***"),
    ],
)
def test_the_database_is_told_without_its_password(url: str, wanted: str) -> None:
    assert masked_database(url) == wanted


def test_settings_are_told_and_secrets_in_them_are_not() -> None:
    environ = {
        "GATEHOUSE_KEY": KEY,
        "GATEHOUSE_PORT": "4445",
        "GATEHOUSE_TOKEN": "planted",
        "GATEHOUSE_TRACING__HEADERS": "x-team=planted",
        "GATEHOUSE_TRACING__ENDPOINT": "https://joe:planted@example.com/?key=planted",
        "GATEHOUSE_PUBLIC_URL": "https://tools.example.com",
    }
    settings, _ = load_settings(None, {}, environ)
    told = masked_settings(settings, environ)
    assert told["settings"]["port"] == 4445 and told["settings"]["public_url"] == "https://tools.example.com"
    assert told["settings"]["key"] == "***" and "GATEHOUSE_KEY" in told["variables"]
    assert "planted" not in json.dumps(told)


def test_what_is_known_to_be_secret_is_found_wherever_it_stands() -> None:
    scrub = Scrub(["planted-one", "planted-one-and-more", "abc"])
    assert scrub.clean({"a": ["x planted-one-and-more y", {"planted-one": 1}], "b": "abcdef", "c": None}) == {
        "a": ["x *** y", {"***": 1}],
        "b": "abcdef",
        "c": None,
    }


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["doctor", *arguments], prog_name="gatehouse")
    return result.exit_code, result.output


def test_where_no_gateway_runs_there_is_a_bundle_still(tmp_path: Path) -> None:
    log = tmp_path / "gatehouse.log"
    log.write_text(
        "".join(f"line {number}\n" for number in range(3000))
        + f"connecting to postgresql://joe:{PASSWORD}@db/gate\n"
        + "Authorization: Bearer planted-bearer-planted\n"
        + f"key {KEY}\n"
    )
    code, output = run("--bundle", str(tmp_path / "b.zip"), "--log", str(log))
    assert code == 1, "no gateway answers"
    assert "Written" in output
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        texts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(texts) == {"README.txt", "versions.json", "settings.json", "findings.json", "log.txt"}
    assert texts["log.txt"].count("\n") == 1000 and "line 2999" in texts["log.txt"]
    everything = "".join(texts.values())
    assert "planted" not in everything and KEY not in everything
    assert json.loads(texts["versions.json"])["distributions"]["msgspec"]


def test_a_bundle_is_never_written_over_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    file.write_text("mine")
    code, output = run("--bundle", str(file))
    assert code == 2 and "does not exist yet" in output
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--log", "some.log"], "--bundle"),
        (["--bundle", "{}/b.zip", "--log", "{}/none.log"], "none.log can't be read"),
        (["--bundle", "{}/none/b.zip"], "can't be made"),
    ],
)
def test_what_can_not_be_done_is_said(tmp_path: Path, arguments: list[str], words: str) -> None:
    code, output = run(*(one.format(tmp_path) for one in arguments))
    assert code == 2 and words in output
    assert not (tmp_path / "b.zip").exists()
