"""What the parts of a sign-in by a provider tell each other: what it was sent out with, and why it did not succeed.

It needs no library, so that who asks can tell the errors apart before any is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gatehouse.kit.errors import GatewayError

WORDS = {
    "state": "This sign-in was begun in another browser, has been used already, or took too long. Begin again.",
    "denied": "The identity provider did not let you in.",
    "provider": "The identity provider could not be asked, or answered in a way that can't be trusted.",
    "email": "The identity provider vouches for no email address of yours.",
    "domain": "Your email address is not of a domain that may sign in here.",
    "unknown": "There is no user for you here. Ask an administrator to add you.",
    "disabled": "Your user is switched off. Ask an administrator.",
    "groups": "You are in more groups than your identity provider tells. Ask an administrator.",
}
"""For the person who was signing in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What belongs to one sign-in while the browser is with the provider."""

    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


class SignOnFailed(Exception):
    """`code` is one of `WORDS`; `reason` is for the log, and holds nothing secret."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class IssuerDown(GatewayError):
    """Nothing can be verified, because the issuer can't be asked now, and what was learned before is not enough."""

    http_status = 503
    title = "Issuer down"


class NotGood(Exception):
    """A token is not what it should be, in words that may stand in a log, and before its bearer."""
