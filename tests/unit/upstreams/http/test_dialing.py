from __future__ import annotations

import socket
from contextlib import ExitStack

import anyio
import pytest

from gatehouse.upstreams.http.dialing import Address, first_to_connect
from tests.unit.upstreams.http.scripted import OK, always, free_port, full_backlog, playing

pytestmark = pytest.mark.anyio


def at(port: int) -> Address:
    return Address(socket.AF_INET, ("127.0.0.1", port))


async def test_where_every_address_fails_the_first_error_is_told() -> None:
    with pytest.raises(ConnectionRefusedError), anyio.fail_after(5):
        await first_to_connect([at(free_port()), at(free_port())])


async def test_a_refusal_lets_the_next_address_try_at_once() -> None:
    async with playing(always(OK)) as played:
        with anyio.fail_after(5):
            opened = await first_to_connect([at(free_port()), at(played.origin.port)])
        with opened:
            assert opened.getpeername()[1] == played.origin.port


async def test_an_address_that_is_silent_is_overtaken_by_the_next() -> None:
    with full_backlog() as silent:
        async with playing(always(OK)) as played:
            with anyio.fail_after(5):
                opened = await first_to_connect([at(silent.port), at(played.origin.port)])
            with opened:
                assert opened.getpeername()[1] == played.origin.port


async def test_a_race_that_is_cancelled_leaves_no_socket_open() -> None:
    with ExitStack() as stack:
        addresses = [at(stack.enter_context(full_backlog()).port) for _ in range(3)]
        with anyio.move_on_after(0.3) as scope:
            await first_to_connect(addresses)
        assert scope.cancelled_caught  # an open socket would be a ResourceWarning, which is an error here


def test_the_address_that_the_egress_rules_see_has_no_zone() -> None:
    assert Address(socket.AF_INET6, ("fe80::1%eth0", 80, 0, 2)).ip == "fe80::1"
