"""Sealing, the master key, and what never tells itself."""

from __future__ import annotations

import stat
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest

from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.store.database import Database
from gatehouse.store.secrets import OtherKey, SealBroken, Secret, Secrets, check_key, load_key

pytestmark = pytest.mark.anyio
KEY, OTHER = b"k" * 32, b"o" * 32


def test_what_another_key_sealed_is_told_as_such() -> None:
    with pytest.raises(OtherKey, match="another master key"):
        Secrets(OTHER).open("credential", Secrets(KEY).seal("credential", b"plain"))


@pytest.mark.parametrize("position", [0, 6, 20, -1])
def test_what_was_changed_does_not_open(position: int) -> None:
    sealed = bytearray(Secrets(KEY).seal("credential", b"plain"))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        Secrets(KEY).open("credential", bytes(sealed))


def test_what_was_sealed_for_something_else_does_not_open() -> None:
    secrets = Secrets(KEY)
    sealed = secrets.seal("credential", b"plain", b"ups_1")
    for purpose, bound_to in (("cursor", b"ups_1"), ("credential", b"ups_2"), ("credential", b"")):
        with pytest.raises(SealBroken):
            secrets.open(purpose, sealed, bound_to)
    assert secrets.open("credential", sealed, b"ups_1") == b"plain"


@pytest.mark.parametrize("text", ["", "x", "é", "AAAA", "=" * 80])
def test_text_that_is_not_ours_does_not_open(text: str) -> None:
    with pytest.raises(SealBroken):
        Secrets(KEY).open_text("cursor", text)


def test_sealed_text_is_safe_in_a_url_and_opens() -> None:
    for size in range(5):
        text = Secrets(KEY).seal_text("cursor", b"x" * size)
        assert text.replace("-", "").replace("_", "").isalnum()
        assert Secrets(KEY).open_text("cursor", text) == b"x" * size


def test_a_secret_is_told_only_when_asked_for() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]} {Secrets(KEY)}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("hunter3")


@pytest.mark.parametrize("text", ["short", b64encode(b"x" * 31).decode(), "ö" * 44])
def test_a_key_that_is_no_use_is_refused_without_telling_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        load_key(tmp_path, text)
    assert text not in str(refused.value)
    assert "openssl" in refused.value.hint


def test_a_key_that_is_given_is_used_and_no_file_is_made(tmp_path: Path) -> None:
    assert load_key(tmp_path, b64encode(KEY).decode()) == KEY
    assert list(tmp_path.iterdir()) == []


def test_of_several_first_starts_one_makes_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_key(tmp_path / "data"), range(16)))
    assert len(keys) == 1
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["key"]
    assert stat.S_IMODE((tmp_path / "data" / "key").stat().st_mode) == 0o600


async def test_a_start_with_another_key_is_refused(database: Database) -> None:
    await check_key(database, Secrets(KEY))
    with pytest.raises(Conflict, match="master key"):
        await check_key(database, Secrets(OTHER))
    await check_key(database, Secrets(KEY))


async def test_first_starts_at_once_agree_on_one_key(database: Database) -> None:
    accepted: list[bytes] = []

    async def start(key: bytes) -> None:
        try:
            await check_key(database, Secrets(key))
            accepted.append(key)
        except Conflict:
            pass

    async with anyio.create_task_group() as tasks:
        for key in (KEY, OTHER, KEY, OTHER):
            tasks.start_soon(start, key)
    assert len(accepted) == 2
    assert len(set(accepted)) == 1
