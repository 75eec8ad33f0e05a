from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Literal

import pytest

from gatehouse.telemetry.logs.lines import Form, Formatter, JsonForm, TextForm
from gatehouse.telemetry.logs.masking import LONGEST, masked, masked_field
from gatehouse.telemetry.logs.requests import circumstances

SECRET = "hunter2-S3CRET.value"
OWN = "gh_" + "Ab3_-" * 8
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
PLANTED = [
    f"Authorization: Bearer {SECRET}",
    f"authorization: Basic {SECRET}==",
    f"sent bearer {SECRET} along",
    f"headers [(b'Authorization', b'Bearer {SECRET}'), (b'accept', b'*/*')]",
    f"{{'authorization': 'Token {SECRET}', 'a': 1}}",
    f"Proxy-Authorization: Digest username=a, response={SECRET}",
    f"Cookie: a=1; gatehouse_session={SECRET}",
    f"(b'set-cookie', b'session={SECRET}; HttpOnly')",
    f"X-Api-Key: {SECRET}",
    f"token {OWN} is unknown",
    f"could not read {JWT}",
    f"https://ada:{SECRET}@db.example.com/x",
    f"postgresql+asyncpg://gatehouse:{SECRET}@127.0.0.1:5432/gatehouse",
    f"GET https://x.example.com/callback?state=1&code={SECRET} failed",
    f"GET /callback?code={SECRET}#top",
    f"https://x.example.com/hook?{SECRET}",
    f"https://x.example.com/setup#{SECRET}",
    f'{{"client_secret":"{SECRET}","name":"x"}}',
    f'{{"password": "two words {SECRET}"}}',
    f"password={SECRET}",
    f"--api-key={SECRET}",
    f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----",
    f"sk-{'a' * 10}{'b' * 10} is refused",
]
SECRETS = (SECRET, OWN, JWT, "sk-aaaaaaaaaabbbbbbbbbb")


class Broken(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


@pytest.fixture(params=["text", "json"])
def form(request: pytest.FixtureRequest) -> Literal["text", "json"]:
    return request.param


@pytest.fixture
def written(form: str) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter(JsonForm() if form == "json" else TextForm(False, False), {}, circumstances))
    logger = logging.getLogger(f"tests.planted.{form}")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def without_secrets(text: str) -> None:
    assert text
    for secret in SECRETS:
        assert secret not in text
    assert "***" in text


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_secret_is_nowhere_in_a_line(written: tuple[logging.Logger, io.StringIO], planted: str) -> None:
    logger, stream = written
    logger.warning(planted)
    logger.warning("as an argument: %s", planted)
    logger.warning("as a value of another kind: %r", [planted.encode()])
    logger.warning("as a field", extra={"detail": planted, "more": {"inside": [planted]}})
    without_secrets(stream.getvalue())


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_secret_is_not_told_by_an_exception(
    written: tuple[logging.Logger, io.StringIO], planted: str
) -> None:
    logger, stream = written
    try:
        try:
            raise ValueError(planted)
        except ValueError as error:
            error.add_note(planted)
            raise RuntimeError("outside") from error
    except RuntimeError:
        logger.exception("It failed")
    without_secrets(stream.getvalue())
    assert "RuntimeError: outside" in stream.getvalue()


@pytest.mark.parametrize("name", ["authorization", "Cookie", "token", "client_secret", "password", "api_key", "code"])
def test_a_field_with_the_name_of_a_secret_is_masked(name: str) -> None:
    assert masked_field(name, SECRET) == "***"
    assert masked_field("request", {name: SECRET}) == {name: "***"}


def test_of_headers_only_the_names_are_told() -> None:
    assert masked_field("headers", {"x-mine": SECRET}) == {"x-mine": "***"}


@pytest.mark.parametrize(
    "plain",
    [
        "Upstream 'time' is back after 3 s",
        "GET https://x.example.com/mcp answered 401",
        "The token is unknown or revoked.",
        "Not signed in: this address needs a bearer token.",
        "basic authentication is off",
        "3 of 4 tools? yes & no",
        "https://x.example.com/a?",
        "",
    ],
)
def test_what_is_no_secret_is_told_as_it_is(plain: str) -> None:
    assert masked(plain) == plain


def test_a_query_keeps_its_names() -> None:
    assert masked("GET https://x.test/a?state=1&b=2") == "GET https://x.test/a?state=***&b=***"


def test_a_very_long_text_is_cut() -> None:
    assert len(masked("x" * (3 * LONGEST))) < LONGEST + 100


@pytest.mark.parametrize("form", [JsonForm(), TextForm(False, False)])
@pytest.mark.parametrize(("words", "argument"), [("%d of them", f"Bearer {SECRET}"), ("it said %s", Broken())])
def test_words_that_do_not_fit_their_arguments_cost_neither_the_line_nor_a_secret(
    form: Form, words: str, argument: object
) -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": words, "args": (argument,)})
    line = Formatter(form, {}, circumstances).format(record)
    assert words in line and SECRET not in line
