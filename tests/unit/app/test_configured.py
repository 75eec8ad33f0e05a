"""What is told of the settings: all of them, where each was said, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse.api.configured import SettingView
from gatehouse.app.configured import configured
from gatehouse.settings import load_settings, origins

FILE = """
port = 4000
key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
[limits]
sessions = 5
page_size = 10
[tracing]
headers = "authorization=Bearer geheim"
"""
ENVIRONMENT = {
    "GATEHOUSE_PORT": "4001",
    "GATEHOUSE_LIMITS__SESSIONS": "6",
    "GATEHOUSE_DATABASE": "mysql://somebody:geheim@db.example.com/gatehouse?password=geheim",
    "GATEHOUSE_TRUSTED_PROXIES": "10.0.0.1,10.0.0.2",
    "PATH": "/bin",
}


def told(file: Path) -> dict[str, SettingView]:
    options = {"port": 4002, "host": None}
    settings, _ = load_settings(file, options, ENVIRONMENT)
    view = configured(settings, origins(file, options, ENVIRONMENT), "mysql")
    assert view.database == "mariadb" and view.file == str(file)
    return {one.name: one for one in view.items}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "gatehouse.toml").write_text(FILE)
    return tmp_path / "gatehouse.toml"


def test_no_secret_is_told(file: Path) -> None:
    found = told(file)
    assert "geheim" not in str(found) and "MDEy" not in str(found)
    assert [name for name, one in found.items() if one.secret] == ["database", "key", "tracing.headers"]
    assert (found["key"].value, found["database"].value) == ("***", "mysql://***@db.example.com/gatehouse?password=***")


def test_each_says_where_it_was_said_last(file: Path) -> None:
    found = told(file)
    assert (found["port"].value, found["port"].source, found["port"].default) == (4002, "command line", 4444)
    assert (found["limits.sessions"].value, found["limits.sessions"].source) == (6, "environment")
    assert (found["limits.page_size"].value, found["limits.page_size"].source) == (10, "file")
    assert (found["host"].value, found["host"].source) == ("127.0.0.1", "default")
    assert found["trusted_proxies"].value == ("10.0.0.1", "10.0.0.2")
    assert found["public_url"].value is None and found["public_url"].default is None


def test_every_setting_says_what_it_is_for_and_by_which_variable_it_is_set(file: Path) -> None:
    found = told(file)
    assert [name for name, one in found.items() if not one.about] == []
    assert (
        found["limits.sessions"].variable == "GATEHOUSE_LIMITS__SESSIONS" and found["limits.sessions"].group == "limits"
    )
    assert found["port"].variable == "GATEHOUSE_PORT" and found["port"].group == ""
