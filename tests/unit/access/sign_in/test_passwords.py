"""Passwords: what they have to be, and what it costs to try one."""

from __future__ import annotations

import time

import anyio
import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY

from gatehouse.access.sign_in import passwords
from gatehouse.access.sign_in.passwords import NOBODY, check_strength, hash_password, outdated, verify
from gatehouse.kit.errors import Invalid, RateLimited

pytestmark = pytest.mark.anyio
GOOD = "correct horses don't staple"


@pytest.mark.parametrize("short", ["", "a", "ninechars"])
def test_a_short_password_is_refused_with_the_length_that_it_needs(short: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_strength(short)
    assert f"has {len(short)} characters" in caught.value.message and "10 to 1000" in caught.value.hint


def test_a_password_without_end_is_refused() -> None:
    check_strength("ab" * 500)
    with pytest.raises(Invalid):
        check_strength("ab" * 501)


@pytest.mark.parametrize(
    "common", ["1234567890", "Password123", "QWERTYUIOP", "aaaaaaaaaaaa", "          ", "password12 "]
)
def test_what_everybody_tries_first_is_refused(common: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_strength(common)
    assert common.strip() not in f"{caught.value}" or not common.strip()


@pytest.mark.parametrize("own", ["ada.lovelace@example.com", "ADA.lovelace@example.com ", "ada.lovelace"])
def test_the_address_is_no_password(own: str) -> None:
    with pytest.raises(Invalid):
        check_strength(own, "ada.lovelace@example.com")
    check_strength(own + "!", "ada.lovelace@example.com")


@pytest.mark.parametrize(
    "good", [GOOD, "пароль из слов", "密码密码密码密码密码", "🐎🔋📎🐎🔋📎✂️🪨📄", " spaces at both ends "]
)
async def test_any_characters_do(good: str) -> None:
    check_strength(good)
    assert await verify(await hash_password(good), good)


async def test_hashes_have_the_parameters_of_the_standard() -> None:
    stored = await hash_password(GOOD)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$") and GOOD not in stored
    assert extract_parameters(stored) == RFC_9106_LOW_MEMORY
    assert await hash_password(GOOD) != stored


async def test_another_password_is_not_it() -> None:
    stored = await hash_password(GOOD)
    assert await verify(stored, GOOD)
    assert not await verify(stored, GOOD + " ")
    assert not await verify(stored, "")


async def test_the_same_letters_composed_otherwise_are_the_same_password() -> None:
    assert await verify(await hash_password("caf\u00e9 au lait noir"), "cafe\u0301 au lait noir")


async def test_where_there_is_no_hash_no_password_is_right() -> None:
    assert not await verify(None, GOOD)
    assert not await verify("", GOOD)
    assert not await verify("not a hash", GOOD)


async def test_where_there_is_no_hash_as_much_work_is_done() -> None:
    """In seconds of processor time, which other programs on the machine do not change."""
    assert extract_parameters(NOBODY) == RFC_9106_LOW_MEMORY
    stored = await hash_password(GOOD)
    costs: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(3):
        for one, spent in costs.items():
            begun = time.process_time()
            assert not await verify(one, "wrong password")
            spent.append(time.process_time() - begun)
    assert 0.5 < min(costs[None]) / min(costs[stored]) < 2


def test_a_hash_of_other_parameters_is_outdated() -> None:
    old = PasswordHasher.from_parameters(CHEAPEST).hash(GOOD)
    assert outdated(old) and not outdated(NOBODY)


async def test_a_hash_of_other_parameters_is_good_still() -> None:
    assert await verify(PasswordHasher.from_parameters(CHEAPEST).hash(GOOD), GOOD)


async def test_the_loop_goes_on_while_passwords_are_hashed() -> None:
    ticks = 0
    done = anyio.Event()

    async def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(tick)
        await hash_password(GOOD)
        done.set()
    assert ticks > 10


async def test_who_comes_when_too_many_wait_is_sent_away() -> None:
    """So that a crowd costs no more memory than a few."""
    refused = 0

    async def one() -> None:
        nonlocal refused
        try:
            await verify("not a hash, and so no work", GOOD)
        except RateLimited as error:
            assert error.retry_after >= 1 and "Too many" in error.message
            refused += 1

    many = passwords.WAITING + passwords.AT_ONCE + 20
    async with anyio.create_task_group() as group:
        for _ in range(many):
            group.start_soon(one)
    assert 0 < refused <= 20
    assert not await verify(None, GOOD)
