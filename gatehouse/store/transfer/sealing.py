"""Secrets of a document under a passphrase: argon2id makes the key (RFC 9106, 64 MiB), AES-256-GCM seals."""

from __future__ import annotations

import base64
import binascii
import os
import unicodedata

import msgspec
from anyio.to_thread import run_sync
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gatehouse.kit.errors import Invalid
from gatehouse.store.transfer.model import Vault

SHORTEST = 10
"""Characters of a passphrase: who has the file can try as many as they like."""
_SALT, _NONCE, _KEY = 16, 12, 32
_BOUND = b"gatehouse export 1"


async def seal(secrets: Vault, passphrase: str) -> str:
    """Raises `Invalid` for a passphrase that is too short."""
    if len(passphrase) < SHORTEST:
        raise Invalid(
            f"The passphrase has {len(passphrase)} characters.",
            f"Choose {SHORTEST} or more: a few words in a row are easy to keep in mind.",
        )
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    key = await run_sync(_derived, passphrase, salt)
    sealed = AESGCM(key).encrypt(nonce, msgspec.json.encode(secrets), _BOUND)
    return base64.b64encode(salt + nonce + sealed).decode()


async def unseal(sealed: str, passphrase: str) -> dict[str, str]:
    """Raises `Invalid` where the passphrase is another one, or the text was changed."""
    try:
        data = base64.b64decode(sealed, validate=True)
        salt, nonce, rest = data[:_SALT], data[_SALT : _SALT + _NONCE], data[_SALT + _NONCE :]
        key = await run_sync(_derived, passphrase, salt)
        return msgspec.json.decode(AESGCM(key).decrypt(nonce, rest, _BOUND), type=dict[str, str])
    except InvalidTag:
        raise Invalid("The passphrase is not the one that the secrets were sealed with.", "Give that one.") from None
    except (binascii.Error, ValueError):
        raise Invalid("The sealed secrets of the document are damaged.", "Export again.") from None


def _derived(passphrase: str, salt: bytes) -> bytes:
    from argon2.low_level import Type, hash_secret_raw  # noqa: PLC0415 - rarely needed

    plain = unicodedata.normalize("NFKC", passphrase).encode()
    return hash_secret_raw(plain, salt, time_cost=3, memory_cost=65_536, parallelism=4, hash_len=_KEY, type=Type.ID)
