"""The names that this gateway's servers have in the registry that it is."""

from __future__ import annotations

import pytest

from gatehouse.catalog.registry.server_json import NAME
from gatehouse.serving.registry_api import namespace


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://tools.example.com", "com.example.tools"),
        ("https://Tools.Example.COM:8443/gate", "com.example.tools"),
        ("http://localhost:4444", "localhost.gatehouse"),
        ("http://127.0.0.1:4444", "localhost.gatehouse"),
        ("http://[::1]:4444", "localhost.gatehouse"),
        ("http://10.0.0.5:4444", "10-0-0-5.gatehouse"),
        ("http://[2001:db8::1]", "2001-db8-1.gatehouse"),
        ("http://tools", "tools.gatehouse"),
        ("http://with_underscore.example", "example.with-underscore"),
    ],
)
def test_names_begin_with_that_of_the_gateway_and_with_nobody_elses(base: str, expected: str) -> None:
    assert namespace(base) == expected
    assert NAME.fullmatch(f"{namespace(base)}/desk")
