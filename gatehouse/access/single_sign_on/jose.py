"""Signed tokens of others: their keys, and whether a signature is one of theirs. Imported when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc import jws
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from gatehouse.access.single_sign_on.flow import NotGood
from gatehouse.kit import json

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Only such as need the issuer's private key: neither `none`, nor those whose key we would have to share."""
_LONGEST = 16 * 1024
_SHORTEST_RSA = 2048
_KEYS = 100


@dataclass(frozen=True, slots=True)
class Signed:
    """What an issuer has signed. Nothing in it has been looked at."""

    header: dict[str, Any]
    claims: dict[str, Any]


def read_keys(document: dict[str, Any]) -> tuple[Key, ...]:
    """Those of a JWK set that signatures can be checked with; others are passed over."""
    listed = document.get("keys")
    entries = cast("list[Any]", listed)[:_KEYS] if isinstance(listed, list) else []
    return tuple(key for key in map(_read_key, entries) if key is not None)


def header_of(token: str) -> dict[str, Any]:
    """What the token says of itself; raises `NotGood` unless it is signed in a way that is taken."""
    if len(token) > _LONGEST or not token.isascii():
        raise NotGood("it is too long, or no JWT")
    try:
        header = jws.extract_compact(token.encode(), registry=_registry).headers()
    except (JoseError, ValueError) as error:
        raise NotGood(f"it is no JWT ({_words(error)})") from None
    if header.get("alg") not in ALGORITHMS:
        raise NotGood("it is not signed with an algorithm that is taken here")
    if "crit" in header or "b64" in header:
        raise NotGood("it asks for something that is not known here")
    return header


def claims_unverified(token: str) -> dict[str, Any]:
    """Only to see whose it claims to be; raises `NotGood`."""
    header_of(token)
    return _claims(jws.extract_compact(token.encode(), registry=_registry).payload)


def verify(token: str, keys: Sequence[Key]) -> Signed:
    """Raises `NotGood` unless one of `keys` has signed it."""
    header = header_of(token)
    for key in _suitable(header, keys):
        try:
            signed = jws.deserialize_compact(token, key, registry=_registry)
        except (JoseError, ValueError):
            continue
        return Signed(header, _claims(signed.payload))
    raise NotGood("its signature is by none of the issuer's keys")


def check_times(claims: dict[str, Any], now: float, skew: int) -> None:
    """Raises `NotGood` for what has expired, is not good yet, or never expires."""
    registry = JWTClaimsRegistry(int(now), skew, exp={"essential": True})
    try:
        registry.validate({name: claims[name] for name in ("exp", "nbf", "iat") if name in claims})
    except ExpiredTokenError:
        raise NotGood("it has expired") from None
    except JoseError as error:
        raise NotGood(f"its times are not good ({_words(error)})") from None


def _suitable(header: dict[str, Any], keys: Iterable[Key]) -> list[Key]:
    """By the id that it names; where it names none, all: the algorithm has to fit the key in any case."""
    named = header.get("kid")
    algorithm = header["alg"]
    fit = [key for key in keys if key.get("alg") in (None, algorithm)]
    return [key for key in fit if named is None or key.get("kid") == named]


def _read_key(entry: object) -> Key | None:
    if not isinstance(entry, dict):
        return None
    described = cast("dict[str, Any]", entry)
    if described.get("use", "sig") != "sig" or described.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    try:
        key = import_key(described)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if _strong(key) else None


def _strong(key: Key) -> bool:
    if isinstance(key, RSAKey):
        public: RSAPublicKey = key.public_key
        return public.key_size >= _SHORTEST_RSA
    return isinstance(key, ECKey | OKPKey) and not isinstance(key, OctKey)


def _claims(payload: bytes | None) -> dict[str, Any]:
    try:
        claims = json.load(payload or b"")
    except (json.BadJson, UnicodeDecodeError):
        claims = None
    if not isinstance(claims, dict):
        raise NotGood("it holds no claims")
    return cast("dict[str, Any]", claims)


def _words(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


class _Registry(JWSRegistry):
    """Of our algorithms. Headers may say more than the standard has: what is critical is refused apart."""

    max_header_length = 4096

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise NotGood("it is not signed with an algorithm that is taken here")
        # Not by way of the parent, which warns of EdDSA's name, and issuers can't be told to choose another.
        return self.algorithms[name]


_registry = _Registry(algorithms=ALGORITHMS, strict_check_header=False)
