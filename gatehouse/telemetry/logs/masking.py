"""The last line of defence of the log: whatever looks like a secret is `***` before a line is written.

Nobody should hand a secret to the log. Libraries do, in the texts of their errors and at level debug.
"""

from __future__ import annotations

import re
from typing import Any, cast

MASK = "***"
LONGEST = 32 * 1024
"""Characters of one text that are looked at and written."""
_DEEPEST = 6
_SECRET = r"(?:token|passw(?:or)?d|passphrase|secret|api[-_]?key|access[-_]?key|private[-_]?key|credential|assertion)s?"
_HEADER = r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token"
_BETWEEN = r"[\"']?\s*[:=,]\s*[\[(]?\s*b?"
"""What stands between a name and its value: in a header, a query, JSON, and the repr of a dict or a pair of bytes."""
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    # Ours, JSON Web Tokens, and those that tell by their beginning whose they are.
    (re.compile(r"\bgh_[A-Za-z0-9_-]{16,}"), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*"), MASK),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|sk-)[A-Za-z0-9_-]{16,}"), MASK),
    (re.compile(rf"\b({_HEADER})({_BETWEEN})(?:{_QUOTED}|[^\r\n\"']+)", re.IGNORECASE), rf"\1\2{MASK}"),
    (
        re.compile(
            r"\b(bearer|basic)(\s+)(?!realm\b|tokens?\b|auth\b|authentication\b|credentials?\b|scheme\b|is\b|and\b)"
            r"[A-Za-z0-9._~+/=-]+",
            re.IGNORECASE,
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(rf"({_SECRET})({_BETWEEN})(?:{_QUOTED}|[^\s\"',;&)}}\]]+)", re.IGNORECASE), rf"\1\2{MASK}"),
    (re.compile(r"(?<=://)[^/?#\s\"'<>]+(?=@)"), MASK),
    # Of URLs: what a query gives its names, a query without names, and what stands behind the path.
    (re.compile(r"([?&][\w.\-\[\]%]+=)[^&\s\"'<>#]+"), rf"\1{MASK}"),
    (re.compile(r"(://[^\s?#\"'<>]+\?)[^\s=&#\"'<>]+(?=[\s#\"'<>]|\Z)"), rf"\1{MASK}"),
    (re.compile(r"(://[^\s#\"'<>]+#)[^\s\"'<>]+"), rf"\1{MASK}"),
)
_SECRET_NAME = re.compile(rf"(?:.*[-_.])?(?:{_SECRET}|{_HEADER}|code|verifier)", re.IGNORECASE)
_NAMES_ALONE = frozenset({"env", "environment", "headers", "cookies"})


def masked(text: str) -> str:
    """Without credentials, tokens, cookies, what stands before the host in a URL, and the values in its query."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} ... ({len(text) - LONGEST} characters more)"
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def masked_field(name: str, value: Any, depth: int = 0) -> Any:
    """A structured field as plain JSON; what is no number, text, list or object is told by its `str`."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if _SECRET_NAME.fullmatch(name) or depth > _DEEPEST:
        return MASK
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return _masked_object(name, cast("dict[Any, Any]", value), depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [masked_field("", one, depth + 1) for one in cast("list[Any]", value)]
    return masked(_told(value))


def _masked_object(name: str, value: dict[Any, Any], depth: int) -> dict[str, Any]:
    if name.lower() in _NAMES_ALONE:
        return {masked(str(key)): MASK for key in value}
    return {masked(str(key)): masked_field(str(key), one, depth + 1) for key, one in value.items()}


def _told(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # the log must not break on what it is given
        return f"<{type(value).__name__}, which can't be told: {type(error).__name__}>"
