"""What is stated here of server.json accepts and refuses the same as the file that is published."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, cast

import pytest

from tests.support import registry_schema

Json = dict[str, Any]
INPUT: Json = {
    "description": "d",
    "isRequired": True,
    "isSecret": False,
    "format": "filepath",
    "value": "v",
    "default": "d",
    "placeholder": "p",
    "choices": ["one"],
}
FILLED: Json = {**INPUT, "variables": {"name": INPUT}}
KEYED: Json = {**FILLED, "name": "X-Key"}
KEYED_ALONE: Json = {"name": "X-Other"}
NAMED: Json = {**FILLED, "type": "named", "name": "--port", "isRepeated": True}
POSITIONAL: Json = {**FILLED, "type": "positional", "valueHint": "path", "isRepeated": False}
REMOTE: Json = {"type": "sse", "url": "https://a.example/{x}", "headers": [KEYED_ALONE], "variables": {"x": {}}}
PACKAGE: Json = {
    "registryType": "npm",
    "identifier": "@a/b",
    "registryBaseUrl": "https://registry.example",
    "version": "1.2.3",
    "fileSha256": "0" * 64,
    "runtimeHint": "npx",
    "transport": {"type": "streamable-http", "url": "http://a.example", "headers": [KEYED_ALONE]},
    "runtimeArguments": [NAMED, POSITIONAL],
    "packageArguments": [{"type": "named", "name": "-x"}, {"type": "positional", "value": "v"}],
    "environmentVariables": [KEYED],
}
WHOLE: Json = {
    "$schema": "https://a.example/schema.json",
    "name": "com.example/all",
    "title": "All",
    "description": "Everything that can be said",
    "version": "1.0.0",
    "websiteUrl": "https://a.example",
    "repository": {"url": "https://a.example/r", "source": "github", "id": "1", "subfolder": "src"},
    "icons": [{"src": "https://a.example/i.svg", "mimeType": "image/svg+xml", "sizes": ["any"], "theme": "dark"}],
    "packages": [PACKAGE, {"registryType": "pypi", "identifier": "b", "transport": {"type": "stdio"}}],
    "remotes": [REMOTE, {"type": "streamable-http", "url": "https://b.example"}],
    "_meta": {"io.modelcontextprotocol.registry/publisher-provided": {"any": 1}, "com.example/more": 1},
}
OTHERS: list[Any] = [
    *(None, True, 7, 1.5, "", "x", "latest", "a/b", "a/b/c", "1.x", "sse", "stdio", "named", "positional", "boolean"),
    *("https://a.example", "a b", "{host}/mcp", "{host", "48x48", "image/gif", "light", "f" * 64, "F" * 64),
    *("n" * 100, "n" * 101, "https://a.example/" + "n" * 300, "a/" + "n" * 199, "v" * 256),
    *([], [1], ["x"], [{}], {}, {"type": "sse"}, {"type": "stdio"}, {"name": "x"}, {"x": {}}, {"x": 1}),
]
"""What is put in the place of each part of it in turn."""


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, part in cast("Json", value).items():
            yield from places(part, (*path, key))
    elif isinstance(value, list):
        for number, part in enumerate(cast("list[Any]", value)):
            yield from places(part, (*path, number))


def variants(path: tuple[Any, ...]) -> Iterator[Any]:
    """Without what is at the path, with other things there, and with a field that nobody knows beside it."""
    for other in (..., *OTHERS):
        whole = copy.deepcopy(WHOLE)
        holder: Any = whole
        for step in path[:-1]:
            holder = holder[step]
        if other is ...:
            del holder[path[-1]]
        else:
            holder[path[-1]] = other
        yield whole


def test_the_whole_form_is_accepted_by_both() -> None:
    assert registry_schema.published().is_valid(WHOLE)
    assert registry_schema.validator("server").is_valid(WHOLE)


@pytest.mark.parametrize("path", [one for one in places(WHOLE) if one], ids=lambda path: "/".join(map(str, path)))
def test_whatever_is_changed_is_judged_as_the_published_file_judges_it(path: tuple[Any, ...]) -> None:
    published, ours = registry_schema.published(), registry_schema.validator("server")
    for variant in variants(path):
        assert ours.is_valid(variant) == published.is_valid(variant), variant


def test_the_api_differs_in_the_address_of_a_transport_alone() -> None:
    begun_with_a_variable = {**WHOLE, "remotes": [{**REMOTE, "url": "{host}/mcp"}]}
    assert registry_schema.validator("server (API)").is_valid(begun_with_a_variable)
    assert not registry_schema.validator("server").is_valid(begun_with_a_variable)
    assert registry_schema.validator("server (API)").is_valid(WHOLE)
