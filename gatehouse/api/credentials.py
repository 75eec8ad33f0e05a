"""What Gatehouse presents to an upstream, as people hand it in. It is never told again: of a credential its type alone."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct


class Bearer(Struct, frozen=True, tag="bearer", tag_field="type", forbid_unknown_fields=True):
    """Sent as `Authorization: Bearer`."""

    token: str


class Basic(Struct, frozen=True, tag="basic", tag_field="type", forbid_unknown_fields=True):
    """Sent as `Authorization: Basic`."""

    username: str
    password: str


class Headers(Struct, frozen=True, tag="headers", tag_field="type", forbid_unknown_fields=True):
    """Sent as they are, with every request."""

    headers: Annotated[dict[str, str], Meta(max_length=100)]


Credential = Bearer | Basic | Headers


def credential_input(credential: Credential | None) -> dict[str, Any] | None:
    """As the catalog takes it, and checks it."""
    return None if credential is None else msgspec.to_builtins(credential)
