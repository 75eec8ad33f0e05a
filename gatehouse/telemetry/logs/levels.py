"""How much is logged: what the setting says, and for a while what was asked for at run time, by all workers."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Invalid
from gatehouse.store.database import Database
from gatehouse.store.facts import fact, replace_fact

ALL = "*"
"""In place of a logger's name: all that have no level of their own."""
LEVELS = ("debug", "info", "warning", "error")
MOST, LONGEST_NAME = 50, 100
QUIET = ("aiosqlite", "alembic", "asyncio", "httpcore", "httpx", "uvicorn.error")
"""They tell more than anybody wants, unless they are named."""
_VALUES = ("aiomysql", "aiosqlite", "asyncpg", "pymysql", "sqlalchemy")
"""Below warning they tell the values in every statement."""
_FACT = "log_levels"
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_HOW_TO = f"Choose one of {', '.join(LEVELS)}."
_log = logging.getLogger("gatehouse")
Levels = Mapping[str, str]
"""Logger -> level."""


class Wish(msgspec.Struct, frozen=True):
    """Levels until a moment, in seconds since the epoch."""

    levels: dict[str, str] = {}
    until: float = 0.0


NOTHING = Wish()


def read_levels(text: str) -> dict[str, str]:
    """A setting: `info`, or with single loggers `info,gatehouse.upstreams=debug`. Raises `Invalid`."""
    found = {ALL: "info"}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, level = part.rpartition("=")
        found |= checked({name.strip() if equals else ALL: level.strip()})
    return found


def checked(levels: Levels) -> dict[str, str]:
    """The same in lower case; raises `Invalid` for what is no level, or no logger that may have it."""
    if len(levels) > MOST:
        raise Invalid(f"These are more than {MOST} loggers.", "Name the one above them: a level counts for all below.")
    return {name: _checked(name, level.lower()) for name, level in levels.items()}


def _checked(name: str, level: str) -> str:
    if level not in LEVELS:
        raise Invalid(f"'{level[:50]}' is not a level of the log.", _HOW_TO)
    if name != ALL and (len(name) > LONGEST_NAME or not _NAME.fullmatch(name)):
        raise Invalid(f"'{name[:50]}' is not the name of a logger.", "Write it as in gatehouse.upstreams.")
    if name.partition(".")[0] in _VALUES and level in ("debug", "info"):
        raise Invalid(
            f"'{name}' can't be set to {level}: it would write the values in the database's statements into the log.",
            "Choose warning or error.",
        )
    return level


class Loudness:
    """Sets the levels of this process's loggers, and takes back what it set."""

    def __init__(self) -> None:
        self._set = set[str]()

    def apply(self, *layers: Levels) -> None:
        """The later ones count more."""
        wanted: dict[str, str] = dict.fromkeys(QUIET, "warning")
        for layer in layers:
            wanted.update(layer)
        for name in self._set - set(wanted):
            _logger(name).setLevel(logging.NOTSET)
        for name, level in wanted.items():
            _logger(name).setLevel(level.upper())
        self._set = set(wanted)


def _logger(name: str) -> logging.Logger:
    return logging.getLogger(None if name == ALL else name)


class LogLevels:
    """Of one worker. `reload` it with each revision, and let it `lapse` every second."""

    def __init__(self, database: Database, clock: Clock, usual: Levels) -> None:
        """`usual`: those of the setting, which come back by themselves."""
        self.usual = dict(usual)
        self.wish = NOTHING
        """What counts now besides."""
        self._database = database
        self._clock = clock
        self._loudness = Loudness()

    async def ask(self, levels: Levels, seconds: float) -> Wish:
        """Instead of what was asked for before, in all workers; without levels the usual ones. Raises `Invalid`."""
        wish = Wish(checked(levels), self._clock.now() + seconds) if levels else NOTHING
        async with self._database.write() as connection:
            await replace_fact(connection, _FACT, msgspec.json.encode(wish) if levels else None)
        self._take(wish)
        return wish

    async def reload(self, revision: int = 0) -> None:
        """Take what the database has; `revision` is what its change is told by."""
        async with self._database.read() as connection:
            self._take(await _stored(connection))

    async def lapse(self) -> None:
        if self.wish.levels and self.wish.until <= self._clock.now():
            self._take(NOTHING)

    def _take(self, wish: Wish) -> None:
        current = wish if wish.until > self._clock.now() else NOTHING
        if current == self.wish:
            return
        self.wish = current
        self._loudness.apply(self.usual, current.levels)
        told = ", ".join(f"{name}={level}" for name, level in current.levels.items())
        # At warning, so that the log itself says why it is louder, and from when on it is not.
        _log.warning(
            "Levels of the log: %s", f"{told} for {current.until - self._clock.now():.0f} s" if told else "the usual"
        )


async def _stored(connection: AsyncConnection) -> Wish:
    stored = await fact(connection, _FACT)
    try:
        return NOTHING if stored is None else msgspec.json.decode(stored, type=Wish)
    except msgspec.DecodeError:
        return NOTHING
