"""What rules on a token cost a call, and what very many tokens and users cost a call and a start."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

from contestants import Door
from measuring import Load, Sample, sample
from parts import PREFIX, TOOLS, Bench, start_once
from report import row

TOKENS, USERS, TEAMS = 100_000, 10_000, 100
BATCH = 5000
GATED_BUDGET = 1.15
MANY_BUDGET = 1.15
"""More than 1, since two programs of the same work differ by some hundredths."""
START_BUDGET = 2.0
RULES = {
    "allowed_ips": ["192.0.2.0/24", "127.0.0.0/8"],
    "windows": [{"timezone": "Europe/Berlin"}],
    "rate_limit": "900000/s",
    "daily_quota": 10**12,
}
"""That a load does not reach."""
CONDITIONS = b'{"allowed_ips":["10.0.0.0/8"],"rate_limit":"60/m","daily_quota":1000}'


def gated(bench: Bench) -> None:
    """CPU of a call with a team's token that has addresses, times, a rate and a quota, beside that of a plain one, in turns."""
    bench.say("rules on a token")
    with bench.fresh() as gatehouse:
        gatehouse.add_upstream("small", bench.upstream.url(f"/any/{TOOLS}/mcp"))
        plain = replace(gatehouse.serve("small", ["small"], PREFIX), name="plain")
        team = gatehouse.api("POST", "/teams", {"name": "Crew"})["id"]
        server = gatehouse.api("PATCH", "/servers/small", {"team": team})["id"]
        wanted = {"name": "gated", "servers": [server], "team": team, **RULES}
        token = gatehouse.api("POST", "/tokens", wanted)["token"]
        ratio, note = compare(bench, plain, replace(plain, name="gated", authorization=f"Bearer {token}"))
    what = "tools/call with a team's token with addresses, times, rate, quota"
    bench.report.rows.append(row(what, ratio, "x plain", GATED_BUDGET, note))


def many(bench: Bench) -> None:
    """Start, memory and CPU of a call in a full database, beside those in an empty one."""
    bench.say(f"{TOKENS} tokens and {USERS} users")
    empty, full = bench.fresh(), bench.fresh()
    doors: list[Door] = []
    for gatehouse in (empty, full):
        with gatehouse:
            gatehouse.add_upstream("small", bench.upstream.url(f"/any/{TOOLS}/mcp"))
            doors.append(gatehouse.serve("small", ["small"], PREFIX))
    fill(full.data / "gatehouse.db")
    rounds = [(start_once(empty, doors[0]), start_once(full, doors[1])) for _ in range(bench.options.starts)]
    _put_down_starts(bench, rounds)
    with empty, full:
        in_empty = replace(doors[0], name="empty", pid=empty.pid)
        ratio, note = compare(bench, in_empty, replace(doors[1], name="full", pid=full.pid))
    bench.report.rows.append(row(f"tools/call among {TOKENS} tokens", ratio, "x empty", MANY_BUDGET, note))


def _put_down_starts(bench: Bench, rounds: list[tuple[tuple[float, float, float], tuple[float, float, float]]]) -> None:
    what = f"{TOKENS} tokens and {USERS} users"
    rows = bench.report.rows
    for place, words in enumerate(("to listening", "to the first call")):
        more = median(full[place] - empty[place] for empty, full in rounds)
        times = [f"{median(each[side][place] for each in rounds):.2f} s" for side in (0, 1)]
        rows.append(row(f"start {words}, more with {what}", more, "s", START_BUDGET, f"{times[1]}, {times[0]} empty"))
    memory = median(full[2] - empty[2] for empty, full in rounds)
    rows.append(row(f"memory of a worker, more with {what}", memory, "MB", None, "PSS, after the first call"))


def compare(bench: Bench, plain: Door, other: Door) -> tuple[float, str]:
    """CPU per call of `other` as a multiple of that of `plain`, the median of the rounds; and both in words."""
    load = Load("call", "modern", "t0", size=180, connections=16)
    rounds = [
        (sample(plain, load, bench.options), sample(other, load, bench.options)) for _ in range(bench.options.rounds)
    ]
    ratio = median(_cpu(second) / _cpu(first) for first, second in rounds)
    costs = [median(_cpu(each[place]) for each in rounds) * 1000 for place in (0, 1)]
    return ratio, f"{costs[1]:.3f} ms of CPU, {costs[0]:.3f} ms {plain.name}; modern, c=16"


def _cpu(measured: Sample) -> float:
    assert measured.cpu
    return measured.cpu


def fill(file: Path) -> None:
    """Users, each in a team, and tokens of theirs, half of them with conditions."""
    now = time.time()
    with closing(sqlite3.connect(file)) as connection:
        _insert(connection, "teams", TEAMS, lambda at: _team(at, now))
        _insert(connection, "users", USERS, lambda at: _user(at, now))
        _insert(connection, "members", USERS, lambda at: _member(at, now))
        _insert(connection, "tokens", TOKENS, lambda at: _token(at, now))
        connection.execute("UPDATE revision SET value = value + 1")
        connection.commit()


def _insert(connection: sqlite3.Connection, table: str, number: int, made: Callable[[int], dict[str, Any]]) -> None:
    names = list(made(0))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    def rows(first: int) -> Iterator[tuple[Any, ...]]:
        return (tuple(made(at).values()) for at in range(first, min(first + BATCH, number)))

    for first in range(0, number, BATCH):
        connection.executemany(statement, rows(first))


def _team(at: int, now: float) -> dict[str, Any]:
    named = {
        "id": _id("team", at),
        "slug": f"team-{at}",
        "name": f"Team {at}",
        "description": "",
        "visibility": "private",
    }
    return named | {"created_at": now, "updated_at": now}


def _user(at: int, now: float) -> dict[str, Any]:
    named = {
        "id": _id("usr", at),
        "email": f"user{at}@example.com",
        "name": f"User {at}",
        "active": 1,
        "origin": "admin",
    }
    return named | {"created_at": now, "updated_at": now}


def _member(at: int, now: float) -> dict[str, Any]:
    where = {"team_id": _id("team", at % TEAMS), "user_id": _id("usr", at)}
    return where | {"role": "member", "origin": "admin", "created_at": now}


def _token(at: int, now: float) -> dict[str, Any]:
    return {
        "id": _id("tok", at),
        "name": f"Token {at}",
        "digest": sha256(b"%d" % at).hexdigest(),
        "hint": f"{at % 10_000:04}",
        "servers": None,
        "permissions": '["server.use"]',
        "created_at": now,
        "owner": _id("usr", at % USERS),
        "visibility": "private",
        "conditions": CONDITIONS if at % 2 else None,
        "changed": 1,
    }


def _id(kind: str, at: int) -> str:
    return f"{kind}_{at:026}"


CROWD_PARTS: dict[str, Callable[[Bench], None]] = {"gated": gated, "many": many}
