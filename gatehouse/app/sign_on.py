"""Single sign-on, built from the settings."""

from __future__ import annotations

from collections.abc import Callable

from gatehouse.access.single_sign_on.access_tokens import Addresses
from gatehouse.settings import Settings


def own_addresses(settings: Settings, server: Callable[[str], str | None]) -> Addresses:
    """`server`: the id of a virtual server by its id or slug. Where no public URL is set, this machine's names are ours."""
    urls = own_urls(settings)
    return Addresses(lambda: urls, server)


def own_urls(settings: Settings) -> list[str]:
    """Without a slash at the end; the first is the one to be told."""
    if settings.public_url:
        return [settings.public_url.rstrip("/")]
    named = settings.host if settings.host not in ("", "0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 - only compared
    hosts = dict.fromkeys([named, "127.0.0.1", "localhost", "::1"])
    return [f"http://{f'[{host}]' if ':' in host else host}:{settings.port}" for host in hosts]
