"""Which URI belongs to which template."""

from __future__ import annotations

import time

import pytest

from gatehouse.protocol.uri import UriTemplate


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("test://template/{id}/data", "test://template/123/data"),
        ("test://template/{id}/data", "test://template/a b?c/data"),
        ("{a}", "x"),
        ("x:{a}-{b}", "x:1-2-3"),
        ("file:///{+path}", "file:///a/b/c.txt"),
        ("repo://{owner}{/path*}", "repo://me/a/b"),
        ("repo://{owner}{/path*}", "repo://me"),
        ("find://all{?q,n}", "find://all?q=x&n=2"),
        ("find://all{?q,n}", "find://all"),
        ("find://all?a=1{&q}", "find://all?a=1&q=x"),
        ("page://{id}{#part}", "page://7#top"),
        ("img://{name}{.ext}", "img://cat.png"),
        ("x:{odd", "x:{odd"),
        ("plain://x", "plain://x"),
    ],
)
def test_a_uri_belongs_to_its_template(template: str, uri: str) -> None:
    assert UriTemplate(template).matches(uri)


@pytest.mark.parametrize(
    ("template", "uri"),
    [
        ("test://template/{id}/data", "test://template//data"),
        ("test://template/{id}/data", "test://template/1/2/data"),
        ("test://template/{id}/data", "test://template/1/data/more"),
        ("test://template/{id}/data", "TEST://template/1/data"),
        ("file:///{+path}", "file:///"),
        ("find://all{?q}", "find://all#x"),
        ("find://all{?q}", "find://allq=x"),
        ("x:{a}{b}{c}", "x:12"),
        ("plain://x", "plain://x/"),
        ("", "x"),
    ],
)
def test_another_uri_does_not(template: str, uri: str) -> None:
    assert not UriTemplate(template).matches(uri)


def test_a_hostile_pair_takes_no_longer_than_a_friendly_one() -> None:
    template = UriTemplate("x:" + "{a}" * 50 + "!")
    started = time.process_time()
    assert not template.matches("x:" + "a" * 8000)
    assert not template.matches("x:" + "a" * 80_000)
    assert time.process_time() - started < 2
