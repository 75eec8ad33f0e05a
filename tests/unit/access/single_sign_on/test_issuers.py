"""What issuers publish, and how it is kept: keys that rotate, issuers that are down, and answers that are too much."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pytest
from joserfc.jwk import RSAKey

from gatehouse.access.single_sign_on.fetching import FetchFailed, usable
from gatehouse.access.single_sign_on.flow import IssuerDown, NotGood
from gatehouse.access.single_sign_on.jwks import KEYS_AGE, METADATA_AGE, PAUSE, RETRY, Issuers, discover, discovery_urls
from tests.support.clocks import HandClock
from tests.support.issuer import Issuer, unsigned

pytestmark = pytest.mark.anyio
DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def issuer(clock: HandClock) -> Iterator[Issuer]:
    with Issuer(clock) as running:
        yield running


@pytest.fixture
def issuers(clock: HandClock) -> Issuers:
    return Issuers(clock)


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("ftp://127.0.0.1/jwks", "no URL"),
        ("/jwks", "no URL"),
        ("", "where its keys are"),
        (7, "no URL"),
        ("http://keys.example.com/jwks", "not called for it"),
        ("http://169.254.169.254/latest", "not called for it"),
    ],
)
async def test_an_issuer_does_not_send_us_where_we_should_not_go(
    issuer: Issuer, issuers: Issuers, endpoint: object, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.behaviour.metadata["jwks_uri"] = endpoint
    with pytest.raises(IssuerDown):
        await issuers.verified(issuer.issuer, issuer.signed({"a": 1}))
    assert why in caplog.text


async def test_only_an_issuer_on_this_machine_names_endpoints_on_it() -> None:
    for local in ("http://127.0.0.1:4444/x", "https://localhost/x", "https://[::1]/x"):
        with pytest.raises(FetchFailed, match="not called for it"):
            usable(local, "https://id.example.com")
        assert usable(local, "http://localhost:8080") == local


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        ("https://a.example", ["https://a.example/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server"]),
        ("https://a.example/", ["https://a.example/.well-known/openid-configuration", "https://a.example/.well-known/oauth-authorization-server"]),
        (
            "https://a.example/realms/x",
            [
                "https://a.example/realms/x/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server/realms/x",
                "https://a.example/.well-known/openid-configuration/realms/x",
            ],
        ),
    ],
)  # fmt: skip
def test_discovery_looks_where_the_standards_say(issuer: str, urls: list[str]) -> None:
    assert discovery_urls(issuer) == urls


async def test_metadata_that_stands_at_the_other_place_is_found(clock: HandClock) -> None:
    with Issuer(clock, "/realms/x") as issuer:
        other = "/.well-known/oauth-authorization-server/realms/x"
        issuer.behaviour.statuses[f"/realms/x{DISCOVERY}"] = 404
        issuer.behaviour.bodies[other] = b'{"issuer":"%s","jwks_uri":"%s/jwks"}' % ((issuer.issuer.encode(),) * 2)
        assert (await discover(issuer.issuer)).jwks_uri == f"{issuer.issuer}/jwks"
        issuer.behaviour.statuses[other] = 404
        with pytest.raises(FetchFailed, match=f"/realms/x{DISCOVERY} answers with status 404"):
            await discover(issuer.issuer)


@pytest.mark.parametrize("named", ["http://127.0.0.1:1", None, 7, ["x"]])
async def test_an_issuer_is_who_it_says_it_is(issuer: Issuer, named: object) -> None:
    issuer.behaviour.metadata["issuer"] = named
    with pytest.raises(FetchFailed, match="names itself"):
        await discover(issuer.issuer)


async def test_redirects_are_followed_on_the_same_host_and_not_for_ever(issuer: Issuer) -> None:
    issuer.behaviour.locations[DISCOVERY] = "/moved"
    issuer.behaviour.bodies["/moved"] = b'{"issuer":"%s"}' % issuer.issuer.encode()
    assert (await discover(issuer.issuer)).issuer == issuer.issuer
    issuer.behaviour.locations["/moved"] = "/moved"
    with pytest.raises(FetchFailed, match="on and on"):
        await discover(issuer.issuer)


async def test_who_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatehouse.access.single_sign_on.fetching.PATIENCE", 0.2)
    silence = anyio.Event()

    async def keep_silent(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await silence.wait()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, keep_silent)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        with pytest.raises(FetchFailed, match=r"did not answer within 0\.2 seconds"):
            await discover(f"http://127.0.0.1:{port}")
        tasks.cancel_scope.cancel()


async def test_what_was_learned_is_not_asked_again(issuer: Issuer, issuers: Issuers) -> None:
    for _ in range(3):
        await issuers.verified(issuer.issuer, issuer.signed({"a": 1}))
    assert issuer.asked == [DISCOVERY, "/jwks"]


async def test_keys_are_looked_at_again_after_a_while(issuer: Issuer, issuers: Issuers, clock: HandClock) -> None:
    token = issuer.signed({"a": 1})
    await issuers.verified(issuer.issuer, token)
    issuer.rotate()
    await issuers.verified(issuer.issuer, token)
    clock.time += KEYS_AGE + 1
    with pytest.raises(NotGood, match="none of the issuer's keys"):
        await issuers.verified(issuer.issuer, token)
    clock.time += METADATA_AGE
    await issuers.metadata(issuer.issuer)
    assert issuer.asked.count(DISCOVERY) == 2


async def test_a_new_key_is_found_at_once_and_unknown_ones_do_not_make_us_ask_on_and_on(
    issuer: Issuer, issuers: Issuers, clock: HandClock
) -> None:
    await issuers.verified(issuer.issuer, issuer.signed({"a": 1}))
    clock.time += PAUSE
    issuer.rotate(keep=True)
    assert (await issuers.verified(issuer.issuer, issuer.signed({"a": 2}))).claims == {"a": 2}
    issuer.behaviour.header["kid"] = "unknown"
    for _ in range(5):
        with pytest.raises(NotGood):
            await issuers.verified(issuer.issuer, issuer.signed({"a": 3}))
    assert issuer.asked.count("/jwks") == 2
    clock.time += PAUSE
    with pytest.raises(NotGood):
        await issuers.verified(issuer.issuer, issuer.signed({"a": 3}))
    assert issuer.asked.count("/jwks") == 3


async def test_a_new_key_under_an_old_name_is_found(issuer: Issuer, issuers: Issuers, clock: HandClock) -> None:
    await issuers.verified(issuer.issuer, issuer.signed({"a": 1}))
    clock.time += PAUSE
    issuer.keys = [RSAKey.generate_key(2048, {"kid": str(issuer.keys[-1].kid)})]
    assert (await issuers.verified(issuer.issuer, issuer.signed({"a": 2}))).claims == {"a": 2}


async def test_of_many_that_ask_at_once_one_asks_the_issuer(issuer: Issuer, issuers: Issuers) -> None:
    token = issuer.signed({"a": 1})
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(issuers.verified, issuer.issuer, token)
    assert issuer.asked == [DISCOVERY, "/jwks"]


async def test_keys_are_kept_while_the_issuer_is_down(issuer: Issuer, issuers: Issuers, clock: HandClock) -> None:
    token = issuer.signed({"a": 1})
    await issuers.verified(issuer.issuer, token)
    issuer.behaviour.statuses |= {DISCOVERY: 503, "/jwks": 503}
    for _ in range(3):
        clock.time += METADATA_AGE + KEYS_AGE
        assert (await issuers.verified(issuer.issuer, token)).claims == {"a": 1}


async def test_an_issuer_that_comes_back_is_soon_asked_again(
    issuer: Issuer, issuers: Issuers, clock: HandClock
) -> None:
    issuer.behaviour.statuses[DISCOVERY] = 503
    token = issuer.signed({"a": 1})
    for _ in range(3):
        with pytest.raises(IssuerDown):
            await issuers.verified(issuer.issuer, token)
    assert issuer.asked.count(DISCOVERY) == 1
    issuer.behaviour.statuses.clear()
    clock.time += RETRY
    assert (await issuers.verified(issuer.issuer, token)).claims == {"a": 1}


@pytest.mark.parametrize("token", ["", "a.b.c", "a.b", "x" * 20_000, "é.é.é", "e30.e30.e30"])
async def test_what_is_no_token_makes_nobody_ask_anybody(issuer: Issuer, issuers: Issuers, token: str) -> None:
    with pytest.raises(NotGood):
        await issuers.verified(issuer.issuer, token)
    with pytest.raises(NotGood):
        issuers.issuer_of(token)
    assert issuer.asked == []


async def test_no_algorithm_is_taken_that_needs_no_key_of_the_issuers(issuer: Issuer, issuers: Issuers) -> None:
    issuer.behaviour.sign = unsigned
    with pytest.raises(NotGood, match="algorithm"):
        await issuers.verified(issuer.issuer, issuer.signed({"a": 1}))


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_token_without_the_name_of_its_key_is_tried_with_all(
    issuer: Issuer, issuers: Issuers, algorithm: str
) -> None:
    for other in ("ES256", "RS256", "EdDSA"):
        issuer.rotate(keep=True, algorithm=other)
    issuer.rotate(keep=True, algorithm=algorithm)
    issuer.behaviour.header["kid"] = None
    assert (await issuers.verified(issuer.issuer, issuer.signed({"a": 1}))).claims == {"a": 1}
