"""Sealing: AES-256-GCM under keys derived from the one master key, a key for each purpose."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.store.database import Database
from gatehouse.store.facts import fact, settle_fact

KEY_BYTES = 32
KEY_FILE = "key"
_FORMAT = b"\x01"
_NONCE = 12
_MARK = 4
_FACT = "key_check"
_HOW_TO = "It is 32 bytes in base64, as `openssl rand -base64 32` makes them."


class SealBroken(ValueError):
    """Not sealed by us, changed since, or sealed for something else."""


class OtherKey(SealBroken):
    """Sealed with another master key."""


class Secret:
    """A text that doesn't tell itself: not in logs, not in errors, not in a repr."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


class Secrets:
    """Seals and opens. What is sealed names its purpose, and may be bound to what it belongs to."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise Invalid(f"The master key has {len(key)} bytes.", _HOW_TO)
        self._key = key
        self._mark = self.derive("mark")[:_MARK]
        self._ciphers: dict[str, AESGCM] = {}

    def __repr__(self) -> str:
        return "Secrets(***)"

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for `purpose`; knowing it tells nothing of the others."""
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"gatehouse:" + purpose.encode()).derive(self._key)

    def seal(self, purpose: str, plain: bytes, bound_to: bytes = b"") -> bytes:
        """`open` gives `plain` back only for the same purpose and the same `bound_to`."""
        nonce = os.urandom(_NONCE)
        head = _FORMAT + self._mark
        return head + nonce + self._cipher(purpose).encrypt(nonce, plain, head + bound_to)

    def open(self, purpose: str, sealed: bytes, bound_to: bytes = b"") -> bytes:
        """Raises `OtherKey`, or `SealBroken` for anything else that is wrong."""
        head, rest = sealed[: 1 + _MARK], sealed[1 + _MARK :]
        if len(head) != 1 + _MARK or head[:1] != _FORMAT:
            raise SealBroken("This was not sealed by Gatehouse.")
        if head[1:] != self._mark:
            raise OtherKey("This was sealed with another master key.")
        try:
            return self._cipher(purpose).decrypt(rest[:_NONCE], rest[_NONCE:], head + bound_to)
        except (InvalidTag, ValueError):
            raise SealBroken("This was changed, or sealed for something else.") from None

    def seal_text(self, purpose: str, plain: bytes, bound_to: bytes = b"") -> str:
        """The same in characters that can stand in URLs and headers."""
        return base64.urlsafe_b64encode(self.seal(purpose, plain, bound_to)).rstrip(b"=").decode()

    def open_text(self, purpose: str, sealed: str, bound_to: bytes = b"") -> bytes:
        """Raises as `open` does."""
        try:
            data = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise SealBroken("This was not sealed by Gatehouse.") from None
        return self.open(purpose, data, bound_to)

    def _cipher(self, purpose: str) -> AESGCM:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCM(self.derive(purpose))
        return cipher


def load_key(data_dir: Path, text: str = "") -> bytes:
    """The master key from `text`, else from the key file, which is made where it is missing; raises `Invalid`."""
    if text:
        return _decode(text, "The master key that was given")
    file = data_dir / KEY_FILE
    if not file.exists():
        _make_key(file)
    return _decode(file.read_text(), f"The master key in {file}")


async def check_key(database: Database, secrets: Secrets) -> None:
    """Raises `Conflict` where the database was made with another key, which it remembers from its first start."""
    mine = secrets.derive("check")[:16]
    async with database.read() as connection:
        known = await fact(connection, _FACT)
    if known is None:
        known = await _remember(database, mine)
    if not hmac.compare_digest(known, mine):
        raise Conflict(
            "The master key is not the one that this database was made with.",
            "Give the key of its first start (the file `key` in the data directory, or the setting), or another database.",
        )


async def _remember(database: Database, mine: bytes) -> bytes:
    """What is remembered: ours, or that of a worker that was faster."""
    try:
        async with database.write(bump=False) as connection:
            await settle_fact(connection, _FACT, mine)
    except Conflict:
        async with database.read() as connection:
            return await fact(connection, _FACT) or b""
    return mine


def _decode(text: str, what: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise Invalid(f"{what} can't be used.", _HOW_TO)
    return key


def _make_key(file: Path) -> None:
    """Written aside and linked, so that of several workers one wins, and none reads half a key."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = file.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
    try:
        os.link(aside, file)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
