"""Two teams and their people, over the API of a gate: what one has the other must not reach."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import insert

from gatehouse.access.model import ALL
from gatehouse.access.tables import GRANTS, MEMBERS, TEAMS, USERS
from gatehouse.access.tokens.service import NewToken
from gatehouse.kit.ids import new_id
from gatehouse.store.database import PEOPLE
from tests.unit.api.gate import Gate


@dataclass(slots=True)
class People:
    """By name: ids of users and teams, and plain tokens with all that their user may do."""

    gate: Gate
    users: dict[str, str] = field(default_factory=dict[str, str])
    teams: dict[str, str] = field(default_factory=dict[str, str])
    tokens: dict[str, str] = field(default_factory=dict[str, str])

    async def user(self, name: str) -> str:
        id_ = self.users[name] = new_id("usr")
        row = {
            "id": id_, "email": f"{name}@example.com", "name": name.title(), "active": True, "origin": "test",
            "created_at": 1.0, "updated_at": 1.0,
        }  # fmt: skip
        async with self.gate.database.write() as connection:
            await self.gate.database.count_up(connection, PEOPLE)
            await connection.execute(insert(USERS).values(row))
        await self.gate.settle()
        _, self.tokens[name] = await self.gate.tokens.create(NewToken(name=name, permissions=(ALL,), owner=id_))
        await self.gate.settle()
        return id_

    async def team(self, name: str, **members: str) -> str:
        """`members`: what each belongs to it as, `owner` or `member`."""
        id_ = self.teams[name] = new_id("tea")
        row = {
            "id": id_, "slug": name, "name": name.title(), "description": "", "visibility": "private",
            "created_at": 1.0, "updated_at": 1.0,
        }  # fmt: skip
        async with self.gate.database.write() as connection:
            await self.gate.database.count_up(connection, PEOPLE)
            await connection.execute(insert(TEAMS).values(row))
            for user, role in members.items():
                belonging = {"team_id": id_, "user_id": self.users[user], "role": role}
                await connection.execute(insert(MEMBERS).values(**belonging, origin="test", created_at=1.0))
        await self.gate.settle()
        return id_

    async def grant(self, user: str, role: str, scope: str = ALL) -> None:
        row = {"id": new_id("gra"), "user_id": self.users[user], "role": role, "scope": scope}
        async with self.gate.database.write() as connection:
            await self.gate.database.count_up(connection, PEOPLE)
            await connection.execute(insert(GRANTS).values(**row, origin="test", created_at=1.0))
        await self.gate.settle()
