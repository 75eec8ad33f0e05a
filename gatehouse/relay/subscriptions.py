"""Telling clients that what they may see has changed: legacy sessions and modern `subscriptions/listen` streams.

A change shows as a difference between two snapshots, so it is told in every worker, whoever made it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field

from gatehouse.catalog.model import Kind
from gatehouse.catalog.snapshot import CatalogSnapshot, ServerView

LISTS = {"tools": (Kind.TOOL,), "prompts": (Kind.PROMPT,), "resources": (Kind.RESOURCE, Kind.TEMPLATE)}
Look = Callable[[], ServerView | None]
Tell = Callable[[str], Awaitable[None]]
"""Told `tools`, `prompts` or `resources`."""


@dataclass(slots=True, eq=False)
class Subscription:
    """`look` gives what the client may see now; None when it is gone, or no longer the client's to see."""

    look: Look
    tell: Tell
    digests: dict[str, Hashable] = field(default_factory=dict[str, Hashable])


class Subscriptions:
    def __init__(self) -> None:
        self._all: set[Subscription] = set()

    def add(self, look: Look, tell: Tell) -> Subscription:
        subscription = Subscription(look, tell, digests(look()))
        self._all.add(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        self._all.discard(subscription)

    def __len__(self) -> int:
        return len(self._all)

    async def changed(self, before: CatalogSnapshot, after: CatalogSnapshot) -> None:
        """Tell those for whom something is different now. Views are shared, so each is digested once."""
        known: dict[int, dict[str, Hashable]] = {}
        for subscription in tuple(self._all):
            view = subscription.look()
            if id(view) not in known:
                known[id(view)] = digests(view)
            now = known[id(view)]
            for name in LISTS:
                if subscription.digests.get(name) != now.get(name):
                    await subscription.tell(name)
            subscription.digests = now


def digests(view: ServerView | None) -> dict[str, Hashable]:
    """Something for each list that is equal as long as clients see the same."""
    if view is None:
        return {}
    return {name: tuple(view.listing_digest(kind) for kind in kinds) for name, kinds in LISTS.items()}
