"""Signing in by an identity provider: a browser goes there, comes back, and has a console session, or is told why not."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from gatehouse.access.audit.records import Actor
from gatehouse.access.methods import Shown
from gatehouse.access.methods.oidc import Finished, Returned
from gatehouse.access.single_sign_on.flow import SignOnFailed
from gatehouse.api.actions import Action
from gatehouse.api.auditing import not_signed_in, signed_in
from gatehouse.api.routing import Asked, Redirect, endpoint

Parameter = Annotated[str, Meta(max_length=4000)]


class StartQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    next: Annotated[str, Meta(description="Path on this host to go on to")] = "/"


class CallbackQuery(Struct, frozen=True, kw_only=True):
    """What a provider sends along; some send more than the standard has."""

    code: Parameter | None = None
    state: Parameter | None = None
    iss: Parameter | None = None
    error: Parameter | None = None

    def __repr__(self) -> str:
        return "CallbackQuery(***)"


async def start(asked: Asked[StartQuery, None]) -> Redirect:
    slug = asked.params["provider"]
    redirect_uri = f"{asked.public_url}/api/v1/auth/oidc/{slug}/callback"
    try:
        begun = await asked.context.single_sign_on.sign_on.begin(
            slug, redirect_uri, asked.query.next, _shown(asked).secure
        )
    except SignOnFailed as error:
        return _refused(asked, slug, error)
    asked.cookies.append(begun.cookie)
    return Redirect(begun.url)


async def callback(asked: Asked[CallbackQuery, None]) -> Redirect:
    slug, shown, query = asked.params["provider"], _shown(asked), asked.query
    returned = Returned(code=query.code, state=query.state, iss=query.iss, error=query.error, cookies=shown.cookies)
    try:
        finished = await asked.context.single_sign_on.sign_on.finish(slug, returned, shown.secure)
    except SignOnFailed as error:
        return _refused(asked, slug, error)
    await _let_in(asked, finished, shown)
    return Redirect(finished.next)


async def _let_in(asked: Asked[Any, Any], finished: Finished, shown: Shown) -> None:
    """Settled first, so that who was made just now is known to this worker when their browser goes on."""
    await asked.context.settle()
    method = _method(finished.provider.slug)
    begun = await asked.context.sign_in.sessions.begin(finished.user_id, method, shown)
    asked.cookies.extend([begun.cookie, finished.cookie])
    known = asked.context.directory().users.get(finished.user_id)
    who = Actor(finished.user_id, "user", "" if known is None else known.email, finished.user_id)
    await asked.context.audit.record(signed_in(asked, who, method))


def _refused(asked: Asked[Any, Any], slug: str, error: SignOnFailed) -> Redirect:
    """Back to where one signs in, with a word that stands for the reason, and nothing of what came."""
    asked.context.audit.refused(not_signed_in(asked, _method(slug), error.reason))
    return Redirect(f"{urlsplit(asked.public_url).path}/sign-in?error={error.code}")


def _method(slug: str) -> str:
    return f"oidc:{slug}"


def _shown(asked: Asked[Any, Any]) -> Shown:
    if asked.request is None:
        raise RuntimeError("a way in needs the request as it came")
    return asked.context.visitors.shown(asked.request)


ENDPOINTS = (
    endpoint("GET /auth/oidc/{provider}/start", Action.PUBLIC, start, "Send a browser to a provider"),
    endpoint("GET /auth/oidc/{provider}/callback", Action.PUBLIC, callback, "Take a browser back from a provider"),
)
