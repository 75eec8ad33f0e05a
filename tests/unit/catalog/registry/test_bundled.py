"""The list in the wheel: every entry is what the published form asks for, and can be installed as it says."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from gatehouse.catalog.registry.bundled import bundled_digest, bundled_documents, bundled_files, bundled_icons
from gatehouse.catalog.registry.form import ways
from gatehouse.catalog.registry.recipe import cook
from gatehouse.catalog.registry.server_json import Document
from tests.support import registry_schema

ENTRIES = list(bundled_documents(bundled_files()))
ICONS = bundled_icons()
DRAWING = re.compile(
    rb'<svg xmlns="http://www\.w3\.org/2000/svg" viewBox="0 0 24 24"><path d="[MmLlHhVvCcSsQqTtAaZz0-9 ,.-]+"/></svg>\n'
)
BY_SLUG = pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: one.ours.slug)
RESERVED = {"categories", "sources", "requests", "updates"}
"""Words that stand where an id does."""


def test_there_are_at_least_a_hundred_under_different_names() -> None:
    assert len(ENTRIES) >= 100
    names = Counter(one.server.name for one in ENTRIES)
    slugs = Counter(one.ours.slug for one in ENTRIES)
    assert names.most_common(1)[0][1] == slugs.most_common(1)[0][1] == 1
    assert not RESERVED & set(slugs)


@BY_SLUG
def test_each_is_what_the_schema_asks_for(entry: Document) -> None:
    registry_schema.check("server", json.loads(entry.content))


@BY_SLUG
def test_each_says_what_it_is_about_and_where_to_read_more(entry: Document) -> None:
    assert entry.ours.category
    assert entry.ours.auth in ("none", "optional", "key", "oauth")
    assert entry.ours.docs.startswith("https://")
    assert entry.server.title and not entry.server.description.endswith(".")


@BY_SLUG
def test_each_can_be_installed_in_every_way_that_it_has(entry: Document) -> None:
    assert ways(entry.server)
    for way in ways(entry.server):
        values = {one.key: one.choices[0] if one.choices else "1" for one in way.fields if one.required}
        recipe = cook(way, values)
        assert (recipe.url is None) != (recipe.command is None)
        assert recipe.url is None or recipe.url.startswith("https://")


@BY_SLUG
def test_what_is_open_asks_for_nothing_secret_and_a_key_is_asked_for_where_one_is_needed(entry: Document) -> None:
    first = ways(entry.server)[0]
    secrets = [one for one in first.fields if one.secret]
    if entry.ours.auth == "none":
        assert not [one for one in secrets if one.required]
    if entry.ours.auth == "key" and first.remote is not None:
        assert any(one.required for one in secrets)


def test_another_list_has_another_digest() -> None:
    files = bundled_files()
    assert bundled_digest(files) != bundled_digest(files[1:])


def test_every_icon_is_of_an_entry_and_the_other_way_round() -> None:
    assert {one.ours.icon for one in ENTRIES if one.ours.icon} == set(ICONS)
    assert sum(map(len, ICONS.values())) < 300_000


@pytest.mark.parametrize("name", sorted(ICONS))
def test_an_icon_is_one_small_drawing_and_nothing_else(name: str) -> None:
    assert re.fullmatch("[a-z0-9]+", name)
    assert DRAWING.fullmatch(ICONS[name]) and len(ICONS[name]) < 8000
