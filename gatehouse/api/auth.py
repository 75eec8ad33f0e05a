"""Signing in and out, and who one is. The way in that ends in a session sets its cookie."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field
from starlette.requests import Request

from gatehouse.access import policy
from gatehouse.access.methods import Shown
from gatehouse.access.model import Grant
from gatehouse.access.sign_in.passwords import LONGEST
from gatehouse.access.sign_in.service import Newcomer
from gatehouse.access.sign_in.sessions import Begun
from gatehouse.access.single_sign_on.flow import WORDS
from gatehouse.api.actions import Action, actions
from gatehouse.api.fields import Name, Timestamp, maybe_timestamp, one_of, timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.errors import Conflict, Forbidden

Email = Annotated[str, Meta(max_length=254)]
Password = Annotated[str, Meta(max_length=LONGEST)]
Code = Annotated[str, Meta(max_length=1000, description="What stands behind the # of the link")]


class _Secretive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body that does not tell itself in logs."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class Login(_Secretive, frozen=True, kw_only=True):
    email: Email
    password: Password


class PasswordChange(_Secretive, frozen=True, kw_only=True):
    current: Password
    new: Annotated[str, Meta(description=f"10 to {LONGEST} characters")]


class SetupInput(_Secretive, frozen=True, kw_only=True):
    code: Code
    email: Email
    name: Name
    password: Annotated[str, Meta(description=f"10 to {LONGEST} characters")]


class InvitationCode(_Secretive, frozen=True, kw_only=True):
    code: Code


class InvitationAnswer(_Secretive, frozen=True, kw_only=True):
    """Without `email` and `name` for a link to a new password, which is for a user who is there already."""

    code: Code
    email: Email = ""
    name: Annotated[str, Meta(max_length=255)] = ""
    password: Annotated[str, Meta(description=f"10 to {LONGEST} characters")]


class SignedInUser(Struct, frozen=True, kw_only=True):
    id: str
    email: str
    name: str


class SignedIn(Struct, frozen=True, kw_only=True):
    """Who is signed in now; the session is in the cookie that comes with this."""

    user: SignedInUser
    csrf_token: Annotated[str, Meta(description="For the header X-CSRF-Token of requests that change something")]

    def __repr__(self) -> str:
        return f"SignedIn({self.user.id})"


class GrantHeld(Struct, frozen=True, kw_only=True):
    role: str
    scope: Annotated[str, Meta(description="`*`, or the id of a team")]
    scope_name: str
    permissions: list[str]


class WhoIsAsking(Struct, frozen=True, kw_only=True):
    """Who sends this, and what they may do where."""

    id: str
    kind: Annotated[str, one_of("user", "token", "client")]
    name: str
    user: Annotated[SignedInUser | None, Meta(description="The user that it is, or whose rights it has")]
    grants: list[GrantHeld]
    permissions: Annotated[list[str], Meta(description="What it may do at most, wherever a grant permits it")]
    able: Annotated[
        list[str], Meta(description="Actions that it may do on something; all others are refused everywhere")
    ]
    servers: Annotated[list[str] | None, Meta(description="Ids of the servers that it is bound to; null: to none")]
    expires_at: Timestamp | None
    session: Annotated[str | None, Meta(description="Id of the console session")]
    csrf_token: Annotated[str | None, Meta(description="For the header X-CSRF-Token; null: not needed")]


class ProviderWay(Struct, frozen=True, kw_only=True):
    slug: str
    name: str
    start: Annotated[str, Meta(description="Path to send the browser to")]


class WaysIn(Struct, frozen=True, kw_only=True):
    """How people can sign in here."""

    passwords: bool
    providers: list[ProviderWay]
    setup_needed: Annotated[bool, Meta(description="Nobody is a user yet: `up` has printed a link for the first one")]
    errors: Annotated[dict[str, str], Meta(description="What the codes mean with which a provider's sign-in ends")]


class InvitationShown(Struct, frozen=True, kw_only=True):
    """What a link is good for."""

    kind: Annotated[Literal["invitation", "password"], Meta(description="`password`: for a new password")]
    email: Annotated[str | None, Meta(description="Who alone can take it")]
    team: Annotated[str | None, Meta(description="Name of the team that one joins")]
    role: str | None
    invited_by: str | None
    expires_at: Timestamp


class PasswordLinkMade(Struct, frozen=True, kw_only=True):
    """Shown here once. The link dies when it was used, and when the password changes in another way."""

    email: str
    link: str
    code: str
    expires_at: Timestamp

    def __repr__(self) -> str:
        return f"PasswordLinkMade({self.email})"


class PassMade(Struct, frozen=True, kw_only=True):
    """A bearer for MCP addresses, with the rights of the user who is signed in. It is stored nowhere."""

    pass_: Annotated[str, Meta(description="For the header Authorization, as in `Bearer ...`")] = field(name="pass")
    expires_at: Timestamp

    def __repr__(self) -> str:
        return "PassMade(***)"


async def log_in(asked: Asked[None, Login]) -> SignedIn:
    sign_in = asked.context.sign_in
    begun = await sign_in.with_password(asked.body.email, asked.body.password, _from_own_page(asked))
    return await _signed_in(asked, begun)


async def log_out(asked: Asked[None, None]) -> None:
    _user(asked)
    asked.cookies.append(await asked.context.sign_in.sessions.leave(_shown(asked)))


async def ways_in(asked: Asked[None, None]) -> WaysIn:
    context = asked.context
    start = f"{urlsplit(asked.public_url).path}/api/v1/auth/oidc"
    ways = context.sign_on_ways()
    providers = [ProviderWay(slug=slug, name=name, start=f"{start}/{slug}/start") for slug, name in ways]
    passwords = context.sign_in.passwords
    needed = passwords and await context.sign_in.setup.needed()
    return WaysIn(passwords=passwords, providers=providers, setup_needed=needed, errors=WORDS)


async def who_am_i(asked: Asked[None, None]) -> WhoIsAsking:
    principal = asked.principal
    known = asked.context.directory().users.get(principal.user or "")
    return WhoIsAsking(
        id=principal.id,
        kind=principal.kind,
        name=principal.name,
        user=None if known is None else SignedInUser(id=known.id, email=known.email, name=known.name),
        grants=[_grant(one) for one in principal.grants],
        permissions=sorted(principal.permissions),
        able=[action for action in actions() if policy.anywhere(principal, action)],
        servers=None if principal.servers is None else sorted(principal.servers),
        expires_at=maybe_timestamp(principal.expires_at),
        session=asked.session,
        csrf_token=_csrf_token(asked),
    )


async def make_pass(asked: Asked[None, None]) -> PassMade:
    principal = asked.principal
    if principal.kind != "user" or principal.user is None:
        raise Conflict(f"'{principal.name}' is a token, and a token is its own pass.", "Show it at the MCP address.")
    made = asked.context.sign_in.passes.make(principal.user, asked.session)
    return PassMade(pass_=made.text, expires_at=timestamp(made.expires_at))


async def change_password(asked: Asked[None, PasswordChange]) -> SignedIn:
    body, user_id = asked.body, _user(asked)
    begun = await asked.context.sign_in.change_password(user_id, body.current, body.new, _shown(asked))
    return await _signed_in(asked, begun)


async def set_up(asked: Asked[None, SetupInput]) -> SignedIn:
    body, shown = asked.body, _from_own_page(asked)
    newcomer = Newcomer(body.email, body.name, body.password)
    return await _signed_in(asked, await asked.context.sign_in.set_up(body.code, newcomer, shown))


async def open_invitation(asked: Asked[None, InvitationCode]) -> InvitationShown:
    sign_in = asked.context.sign_in
    link = await sign_in.links.open(asked.body.code)
    if link is not None:
        ends = timestamp(link.expires_at)
        return InvitationShown(
            kind="password", email=link.email, team=None, role=None, invited_by=None, expires_at=ends
        )
    view = await asked.context.people.invitations.open(asked.body.code)
    return InvitationShown(
        kind="invitation",
        email=view.email,
        team=None if view.team is None else view.team.name,
        role=view.role,
        invited_by=view.invited_by,
        expires_at=timestamp(view.expires_at),
    )


async def accept_invitation(asked: Asked[None, InvitationAnswer]) -> SignedIn:
    body, shown, sign_in = asked.body, _from_own_page(asked), asked.context.sign_in
    if await sign_in.links.open(body.code) is not None:
        return await _signed_in(asked, await sign_in.renew_password(body.code, body.password, shown))
    newcomer = Newcomer(body.email, body.name, body.password)
    return await _signed_in(asked, await sign_in.accept(body.code, newcomer, shown))


async def make_password_link(asked: Asked[None, None]) -> PasswordLinkMade:
    link, code = await asked.context.sign_in.links.make(asked.principal, asked.ref)
    return PasswordLinkMade(
        email=link.email, link=f"{asked.public_url}/invite#{code}", code=code, expires_at=timestamp(link.expires_at)
    )


async def _signed_in(asked: Asked[Any, Any], begun: Begun) -> SignedIn:
    """Settled first: who was made just now is known to this worker from here on."""
    await asked.context.settle()
    known = asked.context.directory().users.get(begun.session.user_id)
    asked.cookies.append(begun.cookie)
    email, name = ("", "") if known is None else (known.email, known.name)
    token = asked.context.sign_in.csrf.token(begun.session.id)
    return SignedIn(user=SignedInUser(id=begun.session.user_id, email=email, name=name), csrf_token=token)


def _shown(asked: Asked[Any, Any]) -> Shown:
    return asked.context.visitors.shown(_request(asked))


def _from_own_page(asked: Asked[Any, Any]) -> Shown:
    """For what nobody has to be signed in for: a page of somebody else could sign a browser in, or out."""
    shown = _shown(asked)
    asked.context.sign_in.csrf.check_origin(shown)
    return shown


def _request(asked: Asked[Any, Any]) -> Request:
    if asked.request is None:
        raise RuntimeError("a way in needs the request as it came")
    return asked.request


def _csrf_token(asked: Asked[Any, Any]) -> str | None:
    """Who is here by a cookie, of ours or of a proxy, needs one."""
    principal = asked.principal
    if principal.kind != "user":
        return None
    return asked.context.sign_in.csrf.token(asked.session or principal.id)


def _user(asked: Asked[Any, Any]) -> str:
    """A token that got into wrong hands must not be a way to somebody's password, or sign anybody in or out."""
    principal = asked.principal
    if principal.kind != "user" or principal.user is None:
        raise Forbidden(f"'{principal.name}' is not a user who is signed in.", "Sign in at /sign-in first.")
    return principal.user


def _grant(one: Grant) -> GrantHeld:
    return GrantHeld(role=one.role, scope=one.scope, scope_name=one.scope_name, permissions=sorted(one.permissions))


ENDPOINTS = (
    endpoint("GET /auth/methods", Action.PUBLIC, ways_in, "How people can sign in"),
    endpoint("POST /auth/login", Action.PUBLIC, log_in, "Sign in with a password", changes=False, status=200),
    endpoint("POST /auth/logout", Action.SIGNED_IN, log_out, "Sign out", changes=False),
    endpoint("GET /auth/session", Action.SIGNED_IN, who_am_i, "Who is asking, and what they may do"),
    endpoint(
        "POST /auth/pass", Action.SIGNED_IN, make_pass, "Make a pass for MCP addresses", changes=False, status=200
    ),
    endpoint("POST /auth/password", Action.SIGNED_IN, change_password, "Change one's password", status=200),
    endpoint("POST /auth/setup", Action.PUBLIC, set_up, "Make the first administrator", status=200),
    endpoint(
        "POST /auth/invitation", Action.PUBLIC, open_invitation, "What a link is good for", changes=False, status=200
    ),
    endpoint("POST /auth/invitation/accept", Action.PUBLIC, accept_invitation, "Take an invitation", status=200),
    endpoint("POST /users/{id}/reset", Action.USER_WRITE, make_password_link, "Make a link to a new password"),
)
