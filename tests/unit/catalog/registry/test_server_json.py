"""Documents of strangers: what can't be used is told apart, and what is shown is clean."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from gatehouse.catalog.registry.server_json import (
    LARGEST,
    Unusable,
    clean,
    link,
    read_document,
    read_list,
    read_official,
)
from tests.support.registry_server import server_json


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b'{"name":"a/b"}',
        json.dumps(server_json("no slash")).encode(),
        json.dumps(server_json("a/b/c")).encode(),
        json.dumps(server_json("a/" + "b" * 200)).encode(),
        json.dumps(server_json("a/b", version="")).encode(),
        json.dumps(server_json("a/b", version="1\n2")).encode(),
        json.dumps(server_json("a/b", remotes=[{"type": "sse"}])).encode(),
        json.dumps(server_json("a/b", description="x" * LARGEST)).encode(),
        b'{"name":"a/b","version":"1","_meta":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
    ],
)
def test_what_is_no_server_json_is_unusable(document: bytes) -> None:
    with pytest.raises(Unusable):
        read_document(document)


def test_what_is_not_known_is_kept_as_it_came() -> None:
    content = json.dumps(server_json("a/b", future={"n": 12345678901234567890})).encode()
    assert read_document(content).content == content


def test_null_stands_for_what_is_left_out() -> None:
    found = read_document(json.dumps(server_json("a/b", packages=None, title=None, icons=None)).encode())
    assert (found.server.packages, found.server.title) == (None, None)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (server_json("a/b"), ["a/b"]),
        ([server_json("a/b"), {"server": server_json("c/d")}], ["a/b", "c/d"]),
        ({"servers": [{"server": server_json("a/b")}]}, ["a/b"]),
    ],
)
def test_a_file_holds_one_or_many(content: Any, names: list[str]) -> None:
    found = read_list(json.dumps(content).encode())
    assert [read_document(bytes(one)).server.name for one in found] == names


def test_what_a_registry_says_is_read_and_what_it_should_not_is_passed_over() -> None:
    key = "io.modelcontextprotocol.registry/official"
    said = msgspec.Raw(json.dumps({key: {"status": "deprecated", "isLatest": False, "more": 1}}).encode())
    assert (read_official(said).status, read_official(said).is_latest) == ("deprecated", False)
    assert read_official(msgspec.Raw(b'{"' + key.encode() + b'":[]}')).status == "active"
    assert read_official(None).is_latest


def test_words_of_strangers_can_neither_drive_a_terminal_nor_turn_the_writing() -> None:
    assert clean("a\x1b[31mb\u202ec\0") == "a [31mb c"
    assert clean("x" * 5000, 10) == "x" * 10


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "http://a.example", "https://a b", "https://a\n"])
def test_only_https_links_are_shown(url: str | None) -> None:
    assert link(url) is None
