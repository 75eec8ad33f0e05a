"""The id of each request of the API: the caller's own where it sent one, answered, and in all that is logged meanwhile."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatehouse.telemetry.logs.requests import NOW, note_request


def identified(app: ASGIApp) -> ASGIApp:
    """Around the API as a whole, so that what is not found and what fails has an id, too."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        note = NOW.get() or note_request(scope["method"], scope["path"], dict(scope["headers"]))

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", note.id.encode())]
            await send(message)

        token = NOW.set(note)
        try:
            await app(scope, receive, sent)
        finally:
            NOW.reset(token)

    return answer


def current_id() -> str | None:
    """That of the request that is being answered."""
    note = NOW.get()
    return None if note is None else note.id


def tell_principal(principal: str) -> None:
    """Who it is, by id, for the log."""
    note = NOW.get()
    if note is not None:
        note.principal = principal
