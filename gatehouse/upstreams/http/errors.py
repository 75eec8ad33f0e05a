"""What can go wrong between a request and the end of its answer. Texts name the peer, never a target or header."""

from __future__ import annotations


class HttpError(Exception):
    """The root; its text can be shown to people."""


class NotConnected(HttpError):
    """Nothing of the request was written: it is safe to try again."""


class ConnectionLost(HttpError):
    """The connection ended after the request was given to it and before the end of the answer.

    `maybe_delivered` is False only where the end of the request never left this machine. `stale` says that the
    connection had served before and brought back no byte this time: the peer had probably closed it already.
    """

    def __init__(self, message: str, *, maybe_delivered: bool = True, stale: bool = False) -> None:
        super().__init__(message)
        self.maybe_delivered = maybe_delivered
        self.stale = stale


class ResponseTimedOut(HttpError):
    """The answer, or the rest of it, did not come in time; the request may well have been acted on."""


class BodyTooLarge(HttpError):
    """The body of the answer passed the limit, and was not read to its end."""


class BadResponse(HttpError):
    """What came back is not HTTP/1.1, or is HTTP that could be read in two ways."""
