"""What is found of catalogs with planted duplicates, and how long that takes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from gatehouse.catalog.similar.finder import Finder
from gatehouse.catalog.similar.judged import Judged
from gatehouse.store.placement import EVERYTHING
from tests.support.planted import planted_groups, planted_upstreams
from tests.unit.catalog.similar.catalogs import found_in, members, snapshot

pytestmark = pytest.mark.anyio
OFFERS = {one.name: one.tools for one in planted_upstreams()}


async def test_at_least_18_of_20_groups_are_found_with_at_most_2_false_ones_in_under_5_seconds() -> None:
    state = snapshot(OFFERS)
    finder = Finder(lambda: state)
    before = time.process_time()
    found = [members(one) for one in await finder.groups(EVERYTHING, Judged())]
    took = time.process_time() - before
    planted = planted_groups()
    whole = [one for one in planted if one in found]
    false = [one for one in found if not any(one <= group for group in planted)]
    assert len(whole) >= 18, [sorted(one) for one in planted if one not in found]
    assert len(false) <= 2, [sorted(one) for one in false]
    assert took < 5


async def test_the_same_is_found_again_whatever_the_order() -> None:
    backwards = {name: OFFERS[name][::-1] for name in reversed(OFFERS)}
    assert await found_in(OFFERS) == await found_in(backwards)


async def test_other_upstreams_in_other_languages_have_theirs_found_too() -> None:
    """A harder set than the planted one, made after the finder: a good half of it has to be found, and little else."""
    further = json.loads(Path(__file__).with_name("further.json").read_text(encoding="utf-8"))
    planted = [frozenset((upstream, name) for upstream, name in group) for group in further["groups"]]
    found = [members(one) for one in await found_in({one["name"]: one["tools"] for one in further["upstreams"]})]
    assert sum(1 for one in planted if one in found) >= 12
    assert [sorted(one) for one in found if not any(one <= group for group in planted)] == []
