"""Who is told of which change, and who is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatehouse.catalog.model import Kind, ListsChanged
from gatehouse.catalog.snapshot import CatalogSnapshot, ServerView
from gatehouse.relay.subscriptions import Subscriptions
from tests.unit.relay.views import BOX, capability, snapshot, tool

pytestmark = pytest.mark.anyio
ADD = tool(1, "add")
PROMPT = capability(2, Kind.PROMPT, "ask")
RESOURCE = capability(3, Kind.RESOURCE, "a://b")
TEMPLATE = capability(4, Kind.TEMPLATE, "a://{id}")
BEFORE = snapshot([ADD, PROMPT, RESOURCE])


class Watcher:
    """Sees the server `desk` of a snapshot, and notes what it is told."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self.now: CatalogSnapshot | None = BEFORE
        self.told: list[str] = []
        self.subscription = subscriptions.add(self.look, self.tell)

    def look(self) -> ServerView | None:
        return self.now.server("desk") if self.now is not None else None

    async def tell(self, name: str) -> None:
        self.told.append(name)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (snapshot([ADD, PROMPT, RESOURCE]), []),
        (snapshot([replace(ADD, definition=b'{"name":"add","title":"x"}'), PROMPT, RESOURCE]), ["tools"]),
        (snapshot([ADD, RESOURCE]), ["prompts"]),
        (snapshot([ADD, PROMPT, RESOURCE, TEMPLATE]), ["resources"]),
        (snapshot([]), ["tools", "prompts", "resources"]),
        (snapshot([ADD, PROMPT, RESOURCE], upstreams=[replace(BOX, lists_changed=ListsChanged(tools=1))]), ["tools"]),
        (snapshot([ADD, PROMPT, RESOURCE], upstreams=[replace(BOX, description="another")]), []),
    ],
)
async def test_each_hears_of_the_lists_that_are_different_now(after: CatalogSnapshot, told: list[str]) -> None:
    subscriptions = Subscriptions()
    watchers = [Watcher(subscriptions) for _ in range(3)]
    for watcher in watchers:
        watcher.now = after
    await subscriptions.changed(BEFORE, after)
    await subscriptions.changed(after, after)
    assert [watcher.told for watcher in watchers] == [told] * 3


async def test_who_may_see_nothing_any_more_is_told_so() -> None:
    subscriptions = Subscriptions()
    watcher = Watcher(subscriptions)
    watcher.now = None
    await subscriptions.changed(BEFORE, BEFORE)
    assert watcher.told == ["tools", "prompts", "resources"]
    await subscriptions.changed(BEFORE, BEFORE)
    assert len(watcher.told) == 3


async def test_who_has_left_is_not_told() -> None:
    subscriptions = Subscriptions()
    watcher = Watcher(subscriptions)
    subscriptions.remove(watcher.subscription)
    subscriptions.remove(watcher.subscription)
    watcher.now = snapshot([])
    await subscriptions.changed(BEFORE, watcher.now)
    assert watcher.told == [] and len(subscriptions) == 0


async def test_who_leaves_while_others_are_told_disturbs_nobody() -> None:
    subscriptions = Subscriptions()
    first, second = Watcher(subscriptions), Watcher(subscriptions)

    async def leave(name: str) -> None:
        subscriptions.remove(first.subscription)
        subscriptions.remove(second.subscription)

    first.subscription.tell = leave
    first.now = second.now = snapshot([])
    await subscriptions.changed(BEFORE, first.now)
    assert len(subscriptions) == 0
