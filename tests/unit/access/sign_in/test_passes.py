"""Passes: whom they stand for, where, and until when. What is no pass of ours is found out without the database."""

from __future__ import annotations

import msgspec
import pytest

from gatehouse.access.directory import Directory, KnownUser
from gatehouse.access.model import ALL, Grant, Principal
from gatehouse.access.policy import CALL, USE
from gatehouse.access.roles import ADMIN, permits
from gatehouse.access.sign_in.passes import LIFETIME, Pass
from gatehouse.access.tokens.strangers import Strangers
from gatehouse.kit.errors import Unauthenticated
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from tests.unit.access.sign_in.showing import Room, room, shown

pytestmark = pytest.mark.anyio


@pytest.fixture
def here(sqlite: Database) -> Room:
    return room(sqlite)


def people(user_id: str, active: bool = True) -> Directory:
    return Directory(
        [KnownUser(user_id, "ada@example.com", "Ada", active)], (), {user_id: (Grant("admin", ADMIN, ALL),)}
    )


async def made(here: Room) -> tuple[Pass, str, str]:
    """With the ids of its user and session."""
    user = await here.user(password=None)
    begun = await here.sign_in.sessions.begin(user.id, "password", shown())
    return here.sign_in.passes.make(user.id, begun.session.id), user.id, begun.session.id


async def introduced(here: Room, text: str, directory: Directory, worker: Strangers | None = None) -> Principal | None:
    worker = worker or Strangers(here.sign_in.passes.issuer)
    await worker.introduce(text.encode(), directory)
    return worker.known(text.encode(), directory, here.clock.now())


async def test_what_was_changed_or_sealed_for_something_else_is_refused(here: Room) -> None:
    pass_, user, session = await made(here)
    claims = msgspec.json.encode([user, session, pass_.expires_at])
    forged = [
        pass_.text[:-2] + ("AA" if pass_.text[-2:] != "AA" else "BB"),
        "gh_pass_" + Secrets(bytes(32)).seal_text("cursor", claims),
        "gh_pass_" + Secrets(b"x" * 32).seal_text("pass", claims),
        "gh_pass_" + Secrets(bytes(32)).seal_text("pass", b'["usr_1"]'),
        "gh_pass_",
        "gh_pass_é",
        "eyJ.eyJ.eyJ",
    ]
    for text in forged:
        with pytest.raises(Unauthenticated):
            await introduced(here, text, people(user))


async def test_a_pass_is_refused_once_it_has_expired(here: Room) -> None:
    pass_, user, _ = await made(here)
    worker = Strangers(here.sign_in.passes.issuer)
    assert await introduced(here, pass_.text, people(user), worker)
    here.clock.time += LIFETIME
    assert worker.known(pass_.text.encode(), people(user), here.clock.now()) is None
    with pytest.raises(Unauthenticated, match="expired"):
        await worker.introduce(pass_.text.encode(), people(user))


async def test_a_pass_whose_session_has_ended_opens_nothing_to_who_has_not_seen_it(here: Room) -> None:
    pass_, user, session = await made(here)
    worker = Strangers(here.sign_in.passes.issuer)
    assert await introduced(here, pass_.text, people(user), worker)
    await here.sign_in.sessions.end(session, user)
    with pytest.raises(Unauthenticated, match="session"):
        await introduced(here, pass_.text, people(user))
    assert worker.known(pass_.text.encode(), people(user), here.clock.now()), "it lives for five minutes at most"


async def test_a_pass_of_another_users_session_is_refused(here: Room) -> None:
    _, user, session = await made(here)
    other = await here.user("eve@example.com", password=None)
    pass_ = here.sign_in.passes.make(other.id, session)
    with pytest.raises(Unauthenticated):
        await introduced(here, pass_.text, people(user))


async def test_a_pass_stands_for_its_user_at_mcp_addresses_alone(here: Room) -> None:
    pass_, user, _ = await made(here)
    principal = await introduced(here, pass_.text, people(user))
    assert principal is not None
    assert (principal.id, principal.kind, principal.user, principal.name) == (user, "user", user, "ada@example.com")
    assert principal.grants == people(user).grants_of(user) and principal.expires_at == pass_.expires_at
    assert permits(principal.permissions, USE)
    assert not any(permits(principal.permissions, action) for action in (CALL, "tool.call", "user.write"))


async def test_it_has_the_rights_that_its_user_has_now(here: Room) -> None:
    pass_, user, _ = await made(here)
    worker, text = Strangers(here.sign_in.passes.issuer), pass_.text.encode()
    await worker.introduce(text, people(user))
    off = worker.known(text, people(user, active=False), here.clock.now())
    gone = worker.known(text, Directory(), here.clock.now())
    assert off is not None and off.disabled and gone is not None and gone.disabled and not gone.grants


async def test_a_proxy_that_signs_people_in_has_no_session_to_look_for(here: Room) -> None:
    user = await here.user(password=None)
    pass_ = here.sign_in.passes.make(user.id, None)
    assert await introduced(here, pass_.text, people(user.id))


async def test_its_text_is_in_no_repr(here: Room) -> None:
    pass_, user, _ = await made(here)
    assert pass_.text not in repr(pass_) and user not in pass_.text
