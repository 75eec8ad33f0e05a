"""What Gatehouse presents to an upstream: checked when it comes in, sealed at rest. Errors name fields, never values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from gatehouse.catalog.model import Upstream
from gatehouse.catalog.requests import CredentialInput
from gatehouse.kit import json
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.store.secrets import SealBroken, Secrets

_CREDENTIAL, _ENV = "upstream.credential", "upstream.env"
_FIELDS = {"bearer": {"token"}, "basic": {"username", "password"}, "headers": {"headers"}}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]*")
_OURS = frozenset(
    "host connection content-length content-type content-encoding transfer-encoding te trailer upgrade keep-alive "
    "expect accept accept-encoding proxy-connection last-event-id "
    "mcp-session-id mcp-protocol-version mcp-method mcp-name".split()
)
"""Headers that say how a message travels: they are the HTTP client's to write."""


Sealed = tuple[str | None, bytes | None]
"""Type of a credential and its sealed form; both None for none."""


def checked(credential: CredentialInput | None) -> dict[str, Any] | None:
    """The credential in the form that is stored; raises `Invalid`."""
    return None if credential is None else _checked(credential)


def seal_credential(secrets: Secrets, upstream_id: str, credential: dict[str, Any] | None) -> Sealed:
    """For one that was checked."""
    if credential is None:
        return None, None
    return str(credential["type"]), secrets.seal(_CREDENTIAL, json.dump(credential), upstream_id.encode())


def open_credential(secrets: Secrets, upstream: Upstream) -> dict[str, Any] | None:
    """Raises `Conflict` where the master key is not the one that it was sealed with."""
    sealed = upstream.sealed_credential
    return None if sealed is None else _open(secrets, upstream, _CREDENTIAL, sealed)


def seal_env(secrets: Secrets, upstream_id: str, env: Mapping[str, str]) -> bytes | None:
    """Raises `Invalid`."""
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            raise Invalid(f"'{name[:100]}' can't be set in the environment.", "Names have no '=', and nothing has NUL.")
    return secrets.seal(_ENV, json.dump(dict(env)), upstream_id.encode()) if env else None


def open_env(secrets: Secrets, upstream: Upstream) -> dict[str, str]:
    """Raises `Conflict` as `open_credential` does."""
    return {} if upstream.sealed_env is None else _open(secrets, upstream, _ENV, upstream.sealed_env)


def _open(secrets: Secrets, upstream: Upstream, purpose: str, sealed: bytes) -> dict[str, Any]:
    try:
        return json.load(secrets.open(purpose, sealed, upstream.id.encode()))
    except SealBroken as error:
        raise Conflict(f"What '{upstream.name}' is to be shown can't be opened: {error}", "Give it again.") from None


def _checked(credential: CredentialInput) -> dict[str, Any]:
    kind: Any = credential.get("type")
    expected = _FIELDS.get(kind) if isinstance(kind, str) else None
    if expected is None:
        raise Invalid("The credential's type is not known.", f"Accepted: {', '.join(_FIELDS)}.")
    given = credential.keys() - {"type"}
    if given != expected:
        raise Invalid(
            f"A credential of type {kind} has the wrong fields.", f"It takes type and {', '.join(sorted(expected))}."
        )
    if kind == "headers":
        return {"type": kind, "headers": _headers(credential["headers"])}
    return {"type": kind, **{name: _text(kind, name, credential[name]) for name in sorted(expected)}}


def _text(kind: str, name: str, value: Any) -> str:
    if not isinstance(value, str) or (not value and name != "password"):
        raise Invalid(f"The {name} of the credential is empty, or not a text.", f"Give the {name}.")
    if kind == "bearer" and not re.fullmatch(r"[\x21-\x7e]+", value.strip()):
        raise Invalid("The token of the credential has characters that no header can carry.", "Copy it again, alone.")
    if name == "username" and ":" in value:
        raise Invalid("The username of the credential has a colon.", "Basic authentication can't carry that.")
    if not value.isprintable():
        raise Invalid(f"The {name} of the credential has control characters.", "Copy it again.")
    return value.strip() if kind == "bearer" else value


def _headers(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise Invalid("The headers of the credential are not an object of names and texts.", "Name one at least.")
    headers = cast("Mapping[Any, Any]", value)
    return {_header_name(name): _header_value(name, text) for name, text in headers.items()}


def _header_name(name: Any) -> str:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise Invalid(f"'{str(name)[:100]!a}' is not the name of a header.", "It takes letters, digits and hyphens.")
    if name.lower() in _OURS:
        raise Invalid(f"The header {name} can't be set.", "Gatehouse writes it for each request.")
    return name


def _header_value(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise Invalid(f"The value of the header {name} has characters that no header can carry.", "Copy it again.")
    return value.strip()
