"""What a gateway that was used for long remembers: when its things came, and by which tokens it was called."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy import insert, update

from gatehouse.access.tables import TEAMS, TOKEN_USAGE, TOKENS, USERS
from gatehouse.app.worker import Worker
from gatehouse.catalog.tables import CAPABILITIES, SERVERS, UPSTREAMS
from gatehouse.telemetry.record import CallRecord

DAY = 86_400
AGE = 75 * DAY
"""How old all of it is, so that what nobody called for a month is unused, and not new."""


class TokenDays:
    """How often each token was used, by day."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, str], tuple[int, float]] = defaultdict(lambda: (0, 0.0))

    def note(self, record: CallRecord) -> None:
        place = record.principal, datetime.fromtimestamp(record.at, UTC).date().isoformat()
        calls, last = self._days[place]
        self._days[place] = calls + 1, max(last, record.at)

    def rows(self) -> list[dict[str, object]]:
        return [
            {"token_id": token, "day": day, "requests": calls, "calls": calls, "refused": 0, "last_used_at": last}
            for (token, day), (calls, last) in self._days.items()
        ]


async def remember(worker: Worker, used: TokenDays) -> None:
    """Nothing of this can be said through the API, which tells of the present."""
    began = worker.clock.now() - AGE
    async with worker.database.write() as connection:
        await connection.execute(update(CAPABILITIES).values(first_seen=began))
        for table in (UPSTREAMS, SERVERS, TOKENS, USERS, TEAMS):
            await connection.execute(update(table).values(created_at=began))
        if rows := used.rows():
            await connection.execute(insert(TOKEN_USAGE), rows)
