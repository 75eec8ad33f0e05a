from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from gatehouse.kit.errors import Invalid
from gatehouse.store.database import Database
from gatehouse.telemetry.logs.levels import LogLevels, Loudness, checked, read_levels
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
USUAL = {"*": "info", "tests.loud.one": "error"}


@pytest.fixture(autouse=True)
def levels_put_back() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in [*logging.root.manager.loggerDict, None]}
    yield
    for name in [*logging.root.manager.loggerDict, None]:
        logging.getLogger(name).setLevel(before.get(name, logging.NOTSET))


def counts(name: str) -> str:
    return logging.getLevelName(logging.getLogger(name).getEffectiveLevel()).lower()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("loud", "'loud' is not a level"),
        ("info,gatehouse=loud", "'loud' is not a level"),
        ("info,=debug", "'' is not the name"),
        ("gate house=debug", "'gate house' is not the name"),
        ("x..y=debug", "'x..y'"),
        ("info,aiosqlite=debug", "'aiosqlite' can't be set to debug"),
        ("sqlalchemy.engine=info", "'sqlalchemy.engine' can't be set to info"),
    ],
)
def test_a_setting_that_can_not_be_used_is_refused(text: str, part: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_levels(text)
    assert part in str(refused.value) and refused.value.hint


def test_too_many_loggers_are_refused() -> None:
    with pytest.raises(Invalid):
        checked({f"x{number}": "info" for number in range(51)})


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("info", {"*": "info"}),
        ("WARNING", {"*": "warning"}),
        ("info,gatehouse.upstreams=debug", {"*": "info", "gatehouse.upstreams": "debug"}),
        ("gatehouse=debug", {"*": "info", "gatehouse": "debug"}),
        (" error , httpx = Info ,", {"*": "error", "httpx": "info"}),
    ],
)
def test_a_setting_has_a_level_for_all_and_for_single_loggers(text: str, levels: dict[str, str]) -> None:
    assert read_levels(text) == levels


def test_the_chatty_are_quiet_until_they_are_named() -> None:
    loudness = Loudness()
    loudness.apply({"*": "debug"})
    assert (counts("gatehouse"), counts("httpx")) == ("debug", "warning")
    loudness.apply({"*": "debug"}, {"httpx": "info"})
    assert counts("httpx") == "info"
    loudness.apply({"*": "debug"})
    assert counts("httpx") == "warning"


async def test_levels_are_taken_by_every_worker_and_survive_a_restart(database: Database) -> None:
    clock = HandClock()
    one, other = LogLevels(database, clock, USUAL), LogLevels(database, clock, USUAL)
    before = await database.revision()
    await one.ask({"tests.loud": "debug", "tests.loud.one": "DEBUG"}, 60)
    await one.ask({"tests.loud": "debug"}, 90)
    assert await database.revision() > before, "or nobody would look"
    assert (counts("tests.loud"), counts("tests.loud.one")) == ("debug", "error")
    await other.reload(7)
    assert other.wish == one.wish and other.wish.until == clock.time + 90
    restarted = LogLevels(database, clock, USUAL)
    await restarted.reload()
    assert restarted.wish.levels == {"tests.loud": "debug"}


async def test_levels_fall_back_by_themselves(sqlite: Database) -> None:
    clock = HandClock()
    levels = LogLevels(sqlite, clock, USUAL)
    await levels.ask({"*": "error", "tests.loud": "debug"}, 60)
    clock.time += 59
    await levels.lapse()
    assert (counts("tests.loud"), counts("tests.other")) == ("debug", "error")
    clock.time += 1
    await levels.lapse()
    assert (counts("tests.loud"), counts("tests.other")) == ("info", "info")
    assert not levels.wish.levels
    await levels.reload()
    assert not levels.wish.levels, "what is over does not come back"


async def test_levels_can_be_taken_back_at_once(sqlite: Database) -> None:
    levels = LogLevels(sqlite, HandClock(), USUAL)
    await levels.ask({"tests.loud": "debug"}, 60)
    await levels.ask({}, 60)
    assert counts("tests.loud") == "info"
    await levels.reload()
    assert not levels.wish.levels


async def test_a_level_that_is_none_changes_nothing(sqlite: Database) -> None:
    levels = LogLevels(sqlite, HandClock(), USUAL)
    await levels.ask({"tests.loud": "debug"}, 60)
    with pytest.raises(Invalid):
        await levels.ask({"tests.loud": "silent"}, 60)
    assert counts("tests.loud") == "debug"
