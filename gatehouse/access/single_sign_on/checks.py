"""What can't be a provider is refused here, in words; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from gatehouse.access.single_sign_on.model import EVERY_SCOPE, Options, Provider
from gatehouse.access.single_sign_on.presets import ACCESS_TOKENS, OF_ANY_TENANT, SIGN_IN, Preset
from gatehouse.kit.errors import Invalid

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")  # RFC 6749, appendix A.4
_LONGEST = 255


def on_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK


def issuer_of(preset: Preset, given: str) -> str:
    """The issuer in full; raises `Invalid`."""
    if not given and not preset.issuer:
        raise Invalid("The provider has no issuer.", "Give its URL, as its discovery document has it.")
    if given and preset.form and "://" not in given:
        given = preset.form.format(given.strip("/"))
    return check_url("issuer", given or preset.issuer)


def check_url(name: str, url: str) -> str:
    """Raises `Invalid` for what is no https URL; on this machine http will do."""
    how = "Write it as in https://id.example.com."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Invalid(f"The {name} is not a URL.", how) from None
    if not host or parts.scheme not in ("https", "http") or len(url) > _LONGEST or not url.isascii():
        raise Invalid(f"The {name} is not an https URL.", how)
    if parts.username is not None or parts.query or parts.fragment or re.search(r"[\s?#\\]", url):
        raise Invalid(f"The {name} has more than host and path.", "Leave out users, queries and fragments.")
    if parts.scheme == "http" and not on_loopback(url):
        raise Invalid(f"The {name} is not https.", "Only on this machine will http do.")
    return url


def check(provider: Provider) -> Provider:
    """Raises `Invalid`."""
    options, preset = provider.options, provider.known_as
    if not provider.name.strip() or not provider.name.isprintable():
        raise Invalid("The provider has no name that can be shown.", "Give it one, as it is to stand on the button.")
    check_url("issuer", provider.issuer)
    if options.api_url:
        check_url("api_url", options.api_url)
    if not options.use_for:
        raise Invalid("The provider is used for nothing.", f"Accepted in use_for: {SIGN_IN}, {ACCESS_TOKENS}.")
    if ACCESS_TOKENS in options.use_for and not preset.issues_tokens:
        raise Invalid(f"Access tokens of {preset.title} can be read by nobody else.", f"Use it for {SIGN_IN} alone.")
    if SIGN_IN in options.use_for:
        _check_sign_in(provider)
    _check_tenant(provider)
    _check_options(options)
    return provider


def _check_sign_in(provider: Provider) -> None:
    options, preset = provider.options, provider.known_as
    if not provider.client_id:
        raise Invalid(
            "The provider has no client_id.", "Register Gatehouse there as a web application, and give its id."
        )
    if preset.discovery and "openid" not in options.scopes:
        raise Invalid("The scopes lack 'openid', without which nobody is told who signs in.", "Add it.")
    if options.create_users and preset.open_to_all and not options.allowed_domains:
        raise Invalid(
            f"Anybody can have an account of {preset.title}, and would become a user here.",
            "Name allowed_domains, or leave create_users out and add users by their addresses.",
        )


def _check_tenant(provider: Provider) -> None:
    if provider.preset == "entra" and OF_ANY_TENANT & set(provider.issuer.split("/")):
        raise Invalid("This issuer stands for all tenants of Entra ID.", "Give the id of your own tenant.")


def _check_options(options: Options) -> None:
    for domain in options.allowed_domains:
        if not _DOMAIN.fullmatch(domain):
            raise Invalid(f"'{domain[:100]}' is not a domain.", "Write it as in example.com.")
    _check_scopes([*options.scopes, *(scope for scope in options.scopes_to_permissions if scope != EVERY_SCOPE)])
    for mapping in options.mappings:
        if mapping.team is None and mapping.role is None:
            raise Invalid(f"The mapping of '{mapping.value[:100]}' gives nothing.", "Name a team, or a role.")


def _check_scopes(scopes: Iterable[str]) -> None:
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            raise Invalid(f"'{scope[:100]}' is not a scope.", "A scope has neither spaces nor quotes.")
