"""What an upstream and a server must be, before they are stored. Raises `Invalid` with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from gatehouse.catalog.model import AGENT, LOCAL, Server, Share, Transport, Upstream
from gatehouse.catalog.naming import check_slug
from gatehouse.kit.errors import Invalid
from gatehouse.store.placement import Placement, Visibility

KINDS = ("mcp", AGENT)
ACCESS = ("token", "anonymous")
ERAS = ("auto", "legacy", "modern")
_NAME_LENGTH = 255


def check_upstream(upstream: Upstream) -> None:
    check_placement(upstream.placement)
    check_slug("name of an upstream", upstream.name)
    if upstream.kind == LOCAL:
        return _check_local(upstream)
    _check_among("kind of an upstream", upstream.kind, KINDS)
    _check_among("era", upstream.era, ERAS)
    if (upstream.url is None) == (upstream.command is None):
        given = "both a url and a command" if upstream.url is not None else "neither a url nor a command"
        raise Invalid(f"'{upstream.name}' has {given}.", "Give exactly one of them.")
    if upstream.url is not None:
        _check_url(upstream.url)
    _check_transport(upstream)
    if upstream.kind == AGENT and upstream.url is None:
        raise Invalid(f"'{upstream.name}' is an agent, and has no url.", "Give the url that its card is at.")
    if any("\0" in word for word in (upstream.command or "", upstream.cwd or "", *upstream.args)):
        raise Invalid("The command has a NUL character.", "Leave it out.")
    if upstream.command is not None and not upstream.command.strip():
        raise Invalid("The command is empty.", "Name the program to run.")
    if upstream.timeout is not None and not 0 < upstream.timeout <= 86_400:
        raise Invalid(f"timeout is {upstream.timeout}.", "It is in seconds, more than 0 and up to 86400.")


def _check_local(upstream: Upstream) -> None:
    """It is reached by no address, and what it offers stands where each of them was put."""
    reached = (
        upstream.url, upstream.command, upstream.cwd, upstream.sealed_credential, upstream.sealed_env,
        upstream.maintenance_until,
    )  # fmt: skip
    spoken = (upstream.transport, upstream.share, upstream.era, upstream.timeout)
    if any(reached) or spoken != (Transport.AUTO, Share.AUTO, "auto", None):
        raise Invalid(
            f"'{upstream.name}' is Gatehouse itself, and not reached by any address.",
            "Its name, description, tags and whether it is enabled can be changed.",
        )


def check_placement(placed: Placement) -> None:
    if placed.visibility is Visibility.PRIVATE and placed.team is not None:
        raise Invalid("What is private has no team.", "Leave team out, or make it visible to the team.")
    if placed.visibility is Visibility.TEAM and placed.team is None:
        raise Invalid("No team is named that could see it.", "Name a team, or make it private or public.")


def check_server(server: Server) -> None:
    check_placement(server.placement)
    check_slug("slug of a server", server.slug)
    _check_among("access", server.access, ACCESS)
    _check_among("era", server.era, ERAS)
    check_title("name of a server", server.name)


def check_title(what: str, name: str) -> None:
    if not name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
        raise Invalid(f"The {what} can't be '{name[:50]!a}'.", f"It takes 1 to {_NAME_LENGTH} printable characters.")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        raise Invalid("The url can't be read.", "Give one as in https://tools.example.com/mcp.") from None
    if not usable or not url.isprintable() or " " in url:
        raise Invalid("The url is not an http:// or https:// address.", "Give one as in https://tools.example.com/mcp.")
    if parts.username or parts.password:
        raise Invalid("The url has a user or password in it.", "Give them as a credential of type basic.")


def _check_transport(upstream: Upstream) -> None:
    stdio = upstream.transport is Transport.STDIO
    if upstream.transport is not Transport.AUTO and stdio != (upstream.command is not None):
        needed = "a command" if stdio else "a url"
        raise Invalid(f"Transport {upstream.transport} needs {needed}.", "Leave it at auto, or give that.")


def _check_among(what: str, value: str, accepted: Sequence[str]) -> None:
    if value not in accepted:
        raise Invalid(f"'{value[:50]}' is not a known {what}.", f"Accepted: {', '.join(accepted)}.")
