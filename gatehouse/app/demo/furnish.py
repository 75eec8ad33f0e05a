"""Fills a gateway through its own API, as its users would: MCP servers, people, virtual servers, tokens."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
import httpx

from gatehouse.app.demo.child import Offer
from gatehouse.app.demo.plan import (
    ADMINISTRATOR,
    INVITED,
    PASSWORD,
    PEOPLE,
    PROMPT,
    PROVIDER,
    ROLE,
    ROOTS,
    SERVERS,
    TAGS,
    TEAMS,
    TOKENS,
    ServerPlan,
)

Json = dict[str, Any]
Say = Callable[[str], None]
AT_ONCE = 6


class Furnisher:
    """`token` is the installation's; `say` is told how far it is."""

    def __init__(self, url: str, token: str, say: Say) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=60, trust_env=False)
        self._say = say

    async def furnish(self, offer: Offer) -> bool:
        """Whether there was anything to do: what is furnished already is left alone."""
        async with self._http:
            found = await self._get("/users", q=ADMINISTRATOR)
            if found["items"]:
                return False
            await self._upstreams(offer)
            teams = await self._teams()
            await self._users(teams)
            servers = await self._servers(teams)
            await self._tokens(teams, servers)
            await self._rest()
            return True

    async def _upstreams(self, offer: Offer) -> None:
        done = 0

        async def add(server: Any) -> None:
            nonlocal done
            tags = TAGS.get(server.name, ["internal"])
            body = {"name": server.name, "url": server.url, "description": server.about, "tags": tags}
            await self._post("/upstreams", {**body, "visibility": "public"})
            done += 1
            self._say(f"demo: {done} of {len(offer.servers)} MCP servers")

        await _in_turns(add, offer.servers)
        await self._post("/agents", {"name": offer.agent.name, "url": offer.agent.url, "visibility": "public"})
        pause = {"maintenance": "12h", "maintenance_note": "moving to a bigger disk"}
        await self._call("PATCH", "/upstreams/inventory", pause)

    async def _teams(self) -> dict[str, str]:
        made = {slug: await self._post("/teams", {"slug": slug, **team}) for slug, team in TEAMS.items()}
        return {slug: team["id"] for slug, team in made.items()}

    async def _users(self, teams: dict[str, str]) -> None:
        self._say("demo: people")
        await self._post("/roles", ROLE)
        for name, email, belongs, role in PEOPLE:
            user = await self._post("/users", {"name": name, "email": email, "password": PASSWORD})
            for at, team in enumerate(belongs):
                body = {"user": user["id"], "role": "owner" if at == 0 and role else "member"}
                await self._post(f"/teams/{teams[team]}/members", body)
            if role:
                await self._post("/grants", {"user": user["id"], "role": role, "scope": "*"})
        await self._post("/invitations", {"email": INVITED, "expires_in": "7d"})

    async def _servers(self, teams: dict[str, str]) -> dict[str, str]:
        self._say("demo: virtual servers")
        tools = {one["handle"]: one["id"] for one in await self._every("/tools")}
        prompts = {one["handle"]: one["id"] for one in await self._every("/prompts")}
        made: dict[str, str] = {}
        for plan in SERVERS:
            server = await self._post("/servers", _server_body(plan, tools, prompts, teams))
            made[plan.slug] = server["id"]
        await self._reword(made["support"])
        return made

    async def _reword(self, server: str) -> None:
        """One virtual server says some of its tools in its own words."""
        bindings = (await self._get(f"/servers/{server}/bindings"))["items"]
        names = {one["original_name"]: at for at, one in enumerate(bindings)}
        bodies: list[Json] = [
            {key: one[key] for key in ("capability", "name", "title", "description", "enabled")} for one in bindings
        ]
        words = {"name": "find_ticket", "description": "Look here first: all tickets of customers, by words."}
        bodies[names["search_tickets"]] |= words
        bodies[names["delete_survey"]] |= {"enabled": False}
        await self._call("PUT", f"/servers/{server}/bindings", {"bindings": bodies})

    async def _tokens(self, teams: dict[str, str], servers: dict[str, str]) -> None:
        for name, opens, more in TOKENS:
            team = {"team": teams[more["team"]]} if "team" in more else {}
            body = {"name": name, "servers": [servers[slug] for slug in opens] or None, **more, **team}
            made = await self._post("/tokens", body)
            if name.startswith("old "):
                await self._call("DELETE", f"/tokens/{made['id']}", None)

    async def _rest(self) -> None:
        for root in ROOTS:
            await self._post("/roots", root)
        await self._post("/providers", PROVIDER)
        await self._post("/prompts", PROMPT)
        groups = await self._get("/tools/duplicates", limit=3)
        for group in groups["items"][:2]:
            tools = [one["id"] for one in group["members"]]
            await self._call("PUT", "/tools/duplicates/verdicts", {"tools": tools, "verdict": "same"})

    async def _every(self, path: str) -> list[Json]:
        found: list[Json] = []
        query: Json = {"limit": 500}
        while True:
            page = await self._get(path, **query)
            found += page["items"]
            if not page["next"]:
                return found
            query["cursor"] = page["next"]

    async def _get(self, path: str, **query: Any) -> Json:
        response = await self._http.get(path, params=query)
        return response.raise_for_status().json()

    async def _post(self, path: str, body: Json) -> Json:
        return await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: Json | None) -> Json:
        response = await self._http.request(method, path, json=body)
        if response.is_error:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.text[:300]}")
        return response.json() if response.content else {}


def _server_body(plan: ServerPlan, tools: dict[str, str], prompts: dict[str, str], teams: dict[str, str]) -> Json:
    chosen = [id_ for handle, id_ in tools.items() if any(handle.startswith(one) for one in plan.tools)]
    asked = [
        id_ for handle, id_ in prompts.items() if handle.split("_")[0] in {one.split("_")[0] for one in plan.tools}
    ]
    team = {"team": teams[plan.team]} if plan.team else {"visibility": "public"}
    words = {"description": plan.about, "instructions": plan.instructions or None}
    return {
        "name": plan.name,
        "slug": plan.slug,
        "tools": chosen,
        "prompts": asked[:4],
        "tags": list(plan.tags),
        **words,
        **team,
    }


async def _in_turns(work: Callable[[Any], Awaitable[None]], items: Iterable[Any]) -> None:
    """So many at once."""
    limit = anyio.CapacityLimiter(AT_ONCE)

    async def one(item: Any) -> None:
        async with limit:
            await work(item)

    async with anyio.create_task_group() as group:
        for item in items:
            group.start_soon(one, item)


def tell(words: str) -> None:
    """Progress goes to where the log goes, so that standard output stays what it is without a demo."""
    print(words, file=sys.stderr, flush=True)
