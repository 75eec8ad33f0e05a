"""The ways in for people, put together as the settings want them."""

from __future__ import annotations

from gatehouse.access.methods import Method
from gatehouse.access.methods.known_people import KnownPeople
from gatehouse.access.methods.proxy_header import ProxyHeaderMethod
from gatehouse.access.methods.session import SessionMethod
from gatehouse.access.people.service import People
from gatehouse.access.sign_in.service import Rules, SignIn
from gatehouse.kit.clock import Clock
from gatehouse.kit.net import Proxies
from gatehouse.settings import Settings
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets


def build_sign_in(settings: Settings, database: Database, clock: Clock, secrets: Secrets, people: People) -> SignIn:
    wanted = settings.sign_in
    rules = Rules(wanted.passwords, wanted.session_idle, wanted.session_lifetime, settings.public_url)
    return SignIn(database, clock, secrets, people, rules)


def ways_of_people(settings: Settings, sign_in: SignIn, known: KnownPeople, proxies: Proxies) -> list[Method]:
    """In the order in which they are asked: what a proxy says of this very request goes before a cookie from some time ago."""
    ways: list[Method] = []
    if settings.sign_in.proxy_header:
        make = sign_in.make_user if settings.sign_in.proxy_creates_users else None
        ways.append(ProxyHeaderMethod(settings.sign_in.proxy_header, proxies, sign_in.csrf, known, make))
    return [*ways, SessionMethod(sign_in.sessions, sign_in.csrf, known)]
