"""Values as they may be kept and shown: whatever could be a secret is `***`, and it is told that it was there."""

from __future__ import annotations

import re
from typing import Any, cast

MASK = "***"
_SECRET_WORDS = frozenset(
    {"token", "password", "passphrase", "secret", "credential", "authorization", "code", "cookie", "assertion"}
)
"""As the last word of a name: `client_secret`, `X-Auth-Token`."""
_SECRET_NAMES = frozenset(
    {"apikey", "api_key", "private_key", "access_key", "account_key", "link", "current", "new", "verifier"}
)
"""Whole names; `current` and `new` are the passwords when one is changed, `link` lets in who has it."""
_SECRETS_INSIDE = frozenset({"env", "environment", "headers", "cookies"})
"""What stands under them has names that tell nothing of what they hold."""
_TOLD = frozenset({"type"})
"""Of a credential, what may be told."""
_WORD_END = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_OWN_TOKEN = re.compile(r"gh_[A-Za-z0-9_-]{16,}")
_USER_INFORMATION = re.compile(r"(?<=://)[^/?#\s@]+(?=@)")
_ASSIGNED = re.compile(
    r"((?:token|passw(?:or)?d|secret|api[-_]?key|access[-_]?key|authorization|credential)[\"']?\s*[=:]\s*[\"']?)"
    r"(?:(?:bearer|basic)\s+)?[^\s&\"',;]+",
    re.IGNORECASE,
)
_OPTION = re.compile(r"^--?[\w-]*(?:token|passw(?:or)?d|secret|key|authorization|credential)$", re.IGNORECASE)
_NAMED = re.compile(r"([^=:]*[=:])")
_HEADER_OPTION = re.compile(r"^(?:-H|--header)$")


def safe(value: Any) -> Any:
    """A JSON value without secrets; what is not told stays in its place as `***`."""
    if isinstance(value, dict):
        return {name: _field(name, one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return _listed(cast("list[Any]", value))
    return safe_text(value) if isinstance(value, str) else value


def safe_text(text: str) -> str:
    """Without tokens of ours, without what stands before the host in a URL, and without what is assigned to a secret's name."""
    without_own = _OWN_TOKEN.sub(MASK, text)
    without_users = _USER_INFORMATION.sub(MASK, without_own)
    return _ASSIGNED.sub(rf"\1{MASK}", without_users)


def _field(name: str, value: Any) -> Any:
    if name.lower() in _SECRETS_INSIDE:
        return _inside(value)
    return _hidden(value) if _is_secret(name) else safe(value)


def _is_secret(name: str) -> bool:
    words = [word.lower() for word in _WORD_END.split(name) if word]
    last = words[-1].removesuffix("s") if words else ""
    return last in _SECRET_WORDS or "_".join(words) in _SECRET_NAMES


def _hidden(value: Any) -> Any:
    """Nothing, and yes or no, are no secrets: that a password is set may be told."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: safe(one) if name in _TOLD else _hidden(one) for name, one in fields.items()}
    if isinstance(value, list):
        return [_hidden(one) for one in cast("list[Any]", value)]
    return MASK


def _inside(value: Any) -> Any:
    """Of variables and headers the names; a list of them may be names alone, or `NAME=value`."""
    if isinstance(value, dict):
        return dict.fromkeys(cast("dict[str, Any]", value), MASK)
    if isinstance(value, list):
        return [_name_alone(one) for one in cast("list[Any]", value)]
    return _hidden(value)


def _name_alone(value: Any) -> Any:
    if not isinstance(value, str):
        return _hidden(value)
    named = _NAMED.match(value)
    return value if named is None else f"{named[1]}{MASK}"


def _listed(values: list[Any]) -> list[Any]:
    """A command's arguments too: what follows `--token` is one."""
    before = ["", *values[:-1]]
    return [_argument(option, value) for option, value in zip(before, values, strict=True)] if values else []


def _argument(option: Any, value: Any) -> Any:
    if not isinstance(option, str) or not isinstance(value, str):
        return safe(value)
    if _OPTION.match(option) and not value.startswith("-"):
        return MASK
    return _name_alone(value) if _HEADER_OPTION.match(option) else safe_text(value)
