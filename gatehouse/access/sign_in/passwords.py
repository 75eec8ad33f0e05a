"""Passwords: hashed with argon2id, slowly on purpose, and never more than two at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from gatehouse.kit.errors import Invalid, RateLimited

Parts = TypeVarTuple("Parts")
Result = TypeVar("Result")
SHORTEST, LONGEST = 10, 1000
"""Characters."""
AT_ONCE = 2
"""Each takes 64 MiB, and some tenths of a second of a core."""
WAITING = 50
"""Past that many that wait, the next one is sent away."""
NOBODY = f"$argon2id$v=19$m=65536,t=3,p=4${'A' * 22}${'A' * 43}"
"""Verified where there is no such user, so that the answer takes as long. No password is known that has this hash."""
_COMMONEST = frozenset(
    """0123456789 0987654321 1029384756 1122334455 1234512345 123456789a 1234567890 12345678900 12345678910
    123456789abc 123456789q 1234567891 12345qwert 123qweasdzxc 1a2b3c4d5e 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc
    1qazxsw23edc 9876543210 a123456789 a1b2c3d4e5 aa12345678 abc1234567 abcd123456 abcdefghij abcdefghijk
    administrator admin12345 admin123456 administrador asdfasdfasdf asdfghjkl1 asdfghjkl; basketball
    changeme123 changemenow correcthorse correcthorsebatterystaple dragon1234 football123 gatehouse1 gatehouse123
    iloveyou12 iloveyou123 letmein123 letmein1234 liverpool1 logmein123 manchester masterkey1 michelle123 mypassword
    mypassword1 p@ssw0rd123 p@ssword123 pa55word123 passw0rd123 passw0rd1234 password00 password01 password10
    password11 password12 password123 password123! password1234 password12345 password123456 password2024
    password2025 password2026 passwordpassword princess123 q1w2e3r4t5 q1w2e3r4t5y6 qazwsxedcrfv qwe123qwe123
    qwert12345 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty qwertyuiop qwertyuiop123 qwertyuiop[] sunshine123
    superman123 superuser1 testtest123 thisisapassword unknown123 welcome123 welcome1234 welcome2024 welcome2025
    welcome2026 whateverwhatever zaq12wsxcde3 zxcvbnm123 zxcvbnm1234""".split()
)
_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


class _Turns:
    """Of one event loop, as anyio's own threads are counted."""

    def __init__(self) -> None:
        self.limiter = CapacityLimiter(AT_ONCE)
        self.taken = 0
        """Those that run, and those that wait."""


_turns: RunVar[_Turns] = RunVar("turns of password hashing")


def check_strength(plain: str, email: str = "") -> None:
    """Raises `Invalid` for one that is too short, too long, or among the first that are tried."""
    if not SHORTEST <= len(plain) <= LONGEST:
        words = f"The password has {len(plain)} characters."
        raise Invalid(words, f"Choose one of {SHORTEST} to {LONGEST}: a few words in a row are easy to keep in mind.")
    folded = plain.strip().casefold()
    if folded in _names(email):
        raise Invalid("The password is the address it belongs to.", "Choose another one.")
    if folded in _COMMONEST or len(set(folded)) <= 1:
        raise Invalid("This password is one of the first that are tried by others.", "Choose another one.")


async def hash_password(plain: str) -> str:
    """As it is stored; what is asked of a password, `check_strength` asks."""
    return await _in_turn(_hasher.hash, _bytes(plain))


async def verify(stored: str | None, plain: str) -> bool:
    """Whether `plain` is the password that `stored` was made of. As much work where nothing is stored.

    Raises `RateLimited` where too many wait for their turn.
    """
    right = await _in_turn(_matches, stored or NOBODY, _bytes(plain))
    return right and bool(stored)


def outdated(stored: str) -> bool:
    """Whether it was made with other parameters than are asked for today."""
    return _hasher.check_needs_rehash(stored)


async def _in_turn(work: Callable[[*Parts], Result], *parts: *Parts) -> Result:
    turns = _turns.get(None)
    if turns is None:
        turns = _Turns()
        _turns.set(turns)
    if turns.taken >= AT_ONCE + WAITING:
        raise RateLimited("Too many people sign in at this moment.", "Try again in some seconds.", 5)
    turns.taken += 1
    try:
        return await run_sync(work, *parts, limiter=turns.limiter)
    finally:
        turns.taken -= 1


def _matches(stored: str, plain: bytes) -> bool:
    try:
        return _hasher.verify(stored, plain)
    except (VerificationError, InvalidHashError):
        return False


def _bytes(plain: str) -> bytes:
    """Keyboards differ in how they compose what looks alike (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", plain).encode()


def _names(email: str) -> set[str]:
    folded = email.strip().casefold()
    return {folded, folded.partition("@")[0]} - {""}
