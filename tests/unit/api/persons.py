"""Somebody with a token, under the tests of the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatehouse.access.model import ALL
from tests.unit.api.gate import Gate
from tests.unit.api.people import People


@dataclass(frozen=True)
class Person:
    id: str
    token: str
    """With all the rights of the person."""


async def person(gate: Gate, name: str, role: str | None = None, scope: str = ALL) -> Person:
    people = People(gate)
    id_ = await people.user(name)
    if role:
        await people.grant(name, role, scope)
        await gate.settle()
    return Person(id_, people.tokens[name])


async def team(gate: Gate, slug: str, **members: Person) -> str:
    """The id of a new team; `members` by what they are in it, `owner` or `member`."""
    people = People(gate, users={belonging: one.id for belonging, one in members.items()})
    return await people.team(slug, **{belonging: belonging for belonging in members})


async def tokens_of(gate: Gate, token: str) -> list[str]:
    response = await gate.send("GET", "/tokens", token=token)
    assert response.status_code == 200, response.text
    return [one["name"] for one in response.json()["items"]]


async def made(gate: Gate, token: str, **body: Any) -> dict[str, Any]:
    response = await gate.send("POST", "/tokens", body, token)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found
