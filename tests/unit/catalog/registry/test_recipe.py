"""From the form of an entry to a URL or a command."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatehouse.catalog.registry.form import Way, ways
from gatehouse.catalog.registry.recipe import Recipe, WrongValues, cook
from gatehouse.catalog.registry.server_json import read_document
from gatehouse.kit.errors import Conflict
from tests.support.registry_server import server_json


def way_of(**more: Any) -> Way:
    return ways(read_document(json.dumps(server_json("a/b", **more)).encode()).server)[0]


def remote(url: str, **more: Any) -> Way:
    return way_of(remotes=[{"type": "streamable-http", "url": url, **more}])


def package(kind: str, identifier: str = "thing", **more: Any) -> Way:
    return way_of(
        remotes=[], packages=[{"registryType": kind, "identifier": identifier, "transport": {"type": "stdio"}, **more}]
    )


def line(way: Way, **values: str) -> str | None:
    return cook(way, values).command_line


def test_what_is_missing_wrong_or_unknown_is_told_by_field() -> None:
    variables = {
        "must": {"isRequired": True},
        "one": {"choices": ["a", "b"]},
        "many": {"format": "number"},
        "yes": {"format": "boolean"},
    }
    way = remote("https://x/{must}/{one}/{many}/{yes}", variables=variables)
    with pytest.raises(WrongValues) as raised:
        cook(way, {"one": "c", "many": "n", "yes": "maybe", "other": "1"})
    assert {key for key, _ in raised.value.errors} == {"must", "one", "many", "yes", "other"}
    assert "must (required)" in raised.value.hint


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "\x1b", "x" * 20_001])
def test_a_value_is_one_line_of_printable_characters(value: str) -> None:
    with pytest.raises(WrongValues):
        cook(package("npm", environmentVariables=[{"name": "KEY"}]), {"KEY": value})


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (package("mcpb", "https://x/y.mcpb", fileSha256="0" * 64), "mcpb"),
        (package("nuget"), "nuget"),
        (package("npm", transport={"type": "streamable-http", "url": "http://localhost:1"}), "port of its own"),
        (package("npm", fileSha256="0" * 64), "checksum"),
        (package("npm", "--evil"), "identifier"),
        (package("npm", "a b"), "identifier"),
        (way_of(remotes=[{"type": "websocket", "url": "wss://x"}]), "websocket"),
        (remote("https://x/{key}", variables={"key": {"isSecret": True}}), "URL"),
        (package("npm", packageArguments=[{"type": "named", "name": "--key", "isSecret": True}]), "command line"),
    ],
)
def test_what_can_not_or_must_not_be_done_says_why(way: Way, words: str) -> None:
    assert words in (way.impossible or "")
    with pytest.raises(Conflict, match="can't be installed"):
        cook(way, {})


def test_variables_are_put_into_the_url_as_words_and_never_as_more_of_it() -> None:
    way = remote(
        "https://{tenant}.example.com/mcp?region={region}", variables={"tenant": {}, "region": {"default": "eu"}}
    )
    assert cook(way, {"tenant": "acme"}).url == "https://acme.example.com/mcp?region=eu"
    assert cook(way, {"tenant": "evil.test/x?"}).url == "https://evil.test%2Fx%3F.example.com/mcp?region=eu"


def test_a_variable_that_stands_first_is_the_address() -> None:
    assert (
        cook(remote("{base}/mcp", variables={"base": {}}), {"base": "https://a.example"}).url == "https://a.example/mcp"
    )


def test_braces_that_name_no_variable_stay_and_values_are_not_read_again() -> None:
    way = remote("https://x/{unknown}/{a}/{b}", variables={"a": {}, "b": {}})
    assert cook(way, {"a": "{b}", "b": "2"}).url == "https://x/{unknown}/%7Bb%7D/2"


def test_headers_take_variables_and_one_that_is_not_filled_in_is_left_out() -> None:
    headers = [
        {"name": "Authorization", "value": "Bearer {token}", "variables": {"token": {"isSecret": True}}},
        {"name": "X-Plain"},
        {"name": "X-Fixed", "value": "always"},
    ]
    way = remote("https://x/mcp", headers=headers)
    assert cook(way, {}).headers == {"X-Fixed": "always"}
    made = cook(way, {"token": "t0ken", "X-Plain": "p"})
    assert made.headers == {"Authorization": "Bearer t0ken", "X-Plain": "p", "X-Fixed": "always"}
    assert "t0ken" not in repr(made)


def test_fields_of_one_name_are_told_apart() -> None:
    headers = [{"name": name, "value": "{key}", "variables": {"key": {}}} for name in ("X-One", "X-Two")]
    assert [one.key for one in remote("https://x", headers=headers).fields] == ["key", "X-Two.key"]


@pytest.mark.parametrize(
    ("way", "command"),
    [
        (package("npm", "@a/b", version="1.2.3"), "npx -y @a/b@1.2.3"),
        (package("npm", "b"), "npx -y b"),
        (package("npm", "b", registryBaseUrl="https://registry.npmjs.org"), "npx -y b"),
        (package("npm", "b", registryBaseUrl="https://npm.example"), "npx -y --registry=https://npm.example b"),
        (package("npm", "b", runtimeArguments=[{"type": "positional", "value": "-y"}]), "npx -y b"),
        (package("pypi", "b", version="1"), "uvx b==1"),
        (package("pypi", "b", registryBaseUrl="https://py.example"), "uvx --default-index https://py.example b"),
        (package("oci", "ghcr.io/a/b", version="1"), "docker run -i --rm ghcr.io/a/b:1"),
        (package("oci", "a/b:2", version="1"), "docker run -i --rm a/b:2"),
        (package("oci", "a/b@sha256:00"), "docker run -i --rm a/b@sha256:00"),
        (package("oci", "a/b", registryBaseUrl="https://ghcr.io"), "docker run -i --rm ghcr.io/a/b"),
    ],
)
def test_packages_become_commands_at_their_exact_version(way: Way, command: str) -> None:
    assert line(way) == command


def test_a_container_is_given_variables_by_name_so_that_no_list_of_processes_shows_them() -> None:
    way = package("oci", "a/b", environmentVariables=[{"name": "KEY", "isSecret": True}, {"name": "UNUSED"}])
    made = cook(way, {"KEY": "s3cret"})
    assert made.command_line == "docker run -i --rm -e KEY a/b"
    assert made.env == {"KEY": "s3cret"}


def test_arguments_come_in_their_order_and_a_shell_has_nothing_to_read() -> None:
    arguments = [
        {"type": "positional", "value": "serve"},
        {"type": "named", "name": "--port", "default": "80", "format": "number"},
        {"type": "named", "name": "--mode=", "value": "{m}", "variables": {"m": {}}},
        {"type": "named", "name": "--verbose", "format": "boolean"},
        {"type": "positional", "valueHint": "directory", "isRepeated": True},
        {"type": "named", "name": "--left-out"},
    ]
    way = package("npm", "b", packageArguments=arguments)
    made = cook(way, {"m": "x", "verbose": "true", "directory": "/a b\n/c;rm -rf $HOME"})
    assert made.args[2:] == ("serve", "--port", "80", "--mode=x", "--verbose", "/a b", "/c;rm -rf $HOME")
    assert made.command_line == "npx -y b serve --port 80 --mode=x --verbose '/a b' '/c;rm -rf $HOME'"
    assert line(way) == "npx -y b serve --port 80"


def test_runtime_arguments_stand_before_the_package() -> None:
    mount = {
        "type": "named",
        "name": "--mount",
        "value": "type=bind,src={from}",
        "variables": {"from": {"isRequired": True}},
    }
    way = package("oci", "a/b", runtimeArguments=[mount])
    assert line(way, **{"from": "/data"}) == "docker run -i --rm --mount type=bind,src=/data a/b"


def test_ways_of_one_sort_are_numbered() -> None:
    server = server_json("a/b", remotes=[{"type": "sse", "url": "https://x"}] * 2)
    assert [one.name for one in ways(read_document(json.dumps(server).encode()).server)] == ["sse", "sse-2"]


def test_a_recipe_without_a_command_has_no_command_line() -> None:
    assert Recipe("http", url="https://x").command_line is None
