"""What an upstream offered, held against what is stored of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gatehouse.catalog.model import (
    Capability,
    Kind,
    ListsChanged,
    Offer,
    Offered,
    Skipped,
    Upstream,
)
from gatehouse.catalog.requests import OfferChanges
from gatehouse.catalog.statuses import answered
from gatehouse.kit import json
from gatehouse.kit.ids import new_id

LIST_OF = {Kind.TOOL: "tools", Kind.PROMPT: "prompts", Kind.RESOURCE: "resources", Kind.TEMPLATE: "resources"}
"""Which of the three lists that upstreams tell of a kind belongs to."""
_Key = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    added: tuple[Capability, ...]
    gone: tuple[Capability, ...]
    back: tuple[Capability, ...]
    changed: tuple[tuple[Capability, Capability], ...]
    """Each as it was, and as it is."""

    @property
    def stored(self) -> tuple[Capability, ...]:
        """Those to be stored over what was there."""
        return (*self.gone, *self.back, *(new for _, new in self.changed))

    @property
    def changes(self) -> OfferChanges:
        return OfferChanges(added=len(self.added), changed=len(self.changed), gone=len(self.gone), back=len(self.back))

    @property
    def lists(self) -> frozenset[str]:
        """The lists that are not what they were."""
        return frozenset(LIST_OF[one.kind] for one in (*self.added, *self.stored))


def compare(upstream_id: str, known: Sequence[Capability], items: Sequence[Offered], now: float) -> Comparison:
    offered = _by_key(items)
    before: dict[_Key, Capability] = {(one.kind, one.key): one for one in known}
    fresh = [offer for key, offer in offered.items() if key not in before]
    # Ids sort as the upstream lists them, though all are made within one millisecond.
    ids = sorted(new_id("cap") for _ in fresh)
    added = tuple(_made(one, upstream_id, offer, now) for one, offer in zip(ids, fresh, strict=True))
    gone = [replace(one, gone_at=now) for key, one in before.items() if key not in offered and one.gone_at is None]
    kept = [(one, _renewed(one, offered[key])) for key, one in before.items() if key in offered]
    back = [new for old, new in kept if old.gone_at is not None]
    changed = [(old, new) for old, new in kept if old.gone_at is None and new != old]
    return Comparison(added, tuple(gone), tuple(back), tuple(changed))


def after_offer(upstream: Upstream, offer: Offer, lists: frozenset[str], moved: bool, now: float) -> Upstream:
    """The upstream as it is now. `lists` changed or were said to have; `moved`: a stored capability did."""
    return replace(
        answered(upstream, now),
        detected=offer.detected,
        checked_at=now,
        skipped=(*offer.skipped, *_unusable(offer.items)),
        offer_revision=upstream.offer_revision + moved,
        lists_changed=_counted(upstream.lists_changed, lists),
    )


def _by_key(items: Sequence[Offered]) -> dict[_Key, Offered]:
    """The first of those with the same key."""
    offered: dict[_Key, Offered] = {}
    for item in items:
        if "\0" not in item.key:
            offered.setdefault((item.kind, item.key), item)
    return offered


def _unusable(items: Sequence[Offered]) -> tuple[Skipped, ...]:
    reason = "its name has a NUL character"
    return tuple(Skipped(item.kind, item.key.replace("\0", "?"), reason) for item in items if "\0" in item.key)


def _made(identifier: str, upstream_id: str, offer: Offered, now: float) -> Capability:
    blank = Capability(identifier, upstream_id, offer.kind, offer.key, offer.definition, first_seen=now)
    return _renewed(blank, offer)


def _renewed(known: Capability, offer: Offered) -> Capability:
    title, description = words(offer.definition)
    return replace(
        known,
        definition=offer.definition,
        title=title,
        description=description,
        warnings=offer.warnings,
        gone_at=None,
    )


def words(definition: bytes) -> tuple[str | None, str | None]:
    """Title and description, for people to look through; databases can't hold NUL in a text."""
    fields = json.fields(definition)
    title, description = json.text(fields.get("title")), json.text(fields.get("description"))
    return title and title.replace("\0", ""), description and description.replace("\0", "")


def _counted(before: ListsChanged, lists: frozenset[str]) -> ListsChanged:
    return ListsChanged(
        before.tools + ("tools" in lists),
        before.prompts + ("prompts" in lists),
        before.resources + ("resources" in lists),
    )
