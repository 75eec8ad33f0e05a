"""What is a duplicate, what is none, and what is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatehouse.catalog.similar.finder import Finder
from gatehouse.catalog.similar.judged import Judged
from gatehouse.catalog.similar.profile import Tool
from gatehouse.catalog.similar.words import of_text, split
from gatehouse.store.placement import EVERYTHING, Sight
from tests.unit.catalog.similar.catalogs import found_in, members, snapshot, tool

pytestmark = pytest.mark.anyio
DELETE = tool("delete_file", "Delete a file by its path.", "path")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (tool("create_issue", "Create an issue.", "repo", "title"), tool("close_issue", "Close an issue.", "repo", "title")),
        (tool("get_user", "Get a user.", "user_id"), tool("get_user_permissions", "Get what a user may do.", "user_id")),
        (tool("get_forecast", "Weather of the next days.", "city"), tool("get_forecast", "Expected sales.", "quarter")),
        (tool("search", "Search code in repositories.", "query"), tool("search", "Search mails in the inbox.", "query")),
        (tool("get_invoice", "Get an invoice by its id.", "id"), tool("get_recipe", "Get a recipe by its id.", "id")),
        (tool("get_balance", "Get the balance of the account."), tool("get_balance", "Balance of an account.", "account")),
    ],
    ids=lambda one: one["name"],
)  # fmt: skip
async def test_what_does_something_else_is_no_duplicate(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert await found_in({"north": [one], "south": [other]}) == []


@pytest.mark.parametrize(
    "other",
    [
        DELETE,
        tool("removeFile", "Remove one file.", "filePath"),
        tool("file.delete", "Erases the file at a path.", "file_path"),
        tool("south-delete-file", "Delete a file.", "path"),
        tool("supprimer_fichier", "Supprime un fichier.", "chemin"),
        tool("datei_loeschen", "Löscht eine Datei.", "pfad"),
        tool("delete_file", "경로의 파일을 삭제합니다.", "path"),
        tool("delete_file", "ファイルを削除します。", "path"),
    ],
    ids=lambda one: one["name"],
)
async def test_renamed_reworded_and_translated_it_is_a_duplicate(other: dict[str, Any]) -> None:
    (group,) = await found_in({"north": [DELETE], "south": [other]})
    assert members(group) == {("north", "delete_file"), ("south", other["name"])}
    assert 0.55 <= group.score <= 1


async def test_tools_of_one_upstream_are_never_duplicates_of_each_other() -> None:
    copy = {**DELETE, "name": "remove_file"}
    assert await found_in({"north": [DELETE, copy]}) == []
    (group,) = await found_in({"north": [DELETE, copy], "south": [DELETE]})
    assert len(members(group)) == 2


async def test_a_definition_that_is_no_object_with_properties_does_no_harm() -> None:
    odd = [
        {"name": "a", "description": "", "inputSchema": {}},
        {"name": "b", "inputSchema": {"type": "object", "properties": []}},
        {"name": "c", "inputSchema": {"properties": {"x": True}, "required": "x"}, "annotations": 7},
        {"name": "日本", "inputSchema": {"properties": {"": {"type": ["null", "string"]}}}},
        {"name": "___", "description": "🙂", "inputSchema": {"type": "object"}},
    ]
    found = await found_in({"north": odd, "south": odd})
    assert all(len(members(one)) == 2 for one in found)


async def test_the_reason_says_what_is_the_same() -> None:
    other = tool("removeFile", "Delete the file from the disk.", "path", optional=("force",))
    (group,) = await found_in({"north": [DELETE], "south": [other]})
    assert group.reason == "names mean the same; 1 of 2 parameters is the same; descriptions share 'delete, file'"
    (same,) = await found_in({"north": [DELETE], "south": [DELETE]})
    assert (same.reason, same.score) == ("the same definition", 1.0)


async def test_what_people_said_counts_for_more_than_what_is_found() -> None:
    offers = {name: [DELETE] for name in ("east", "north", "south")}
    judged = Judged()
    judged.note(["east/delete_file", "north/delete_file"], different=True)
    (group,) = await found_in(offers, judged)
    assert len(group.tools) == 2 and "south/delete_file" in group.tools
    judged.note(["east/delete_file", "north/delete_file"], different=False)
    (whole,) = await found_in(offers, judged)
    assert len(whole.tools) == 3


async def test_a_group_keeps_its_id_as_long_as_its_members_stay() -> None:
    offers: dict[str, list[dict[str, Any]]] = {"north": [DELETE], "south": [DELETE]}
    (before,) = await found_in(offers)
    (after,) = await found_in({**offers, "west": [tool("list_songs", "List songs.", "album")]})
    (larger,) = await found_in({**offers, "west": [DELETE]})
    assert before.id == after.id != larger.id


async def test_a_change_of_the_offer_is_seen_and_nothing_is_told_out_of_sight() -> None:
    state = snapshot({"north": [DELETE]})
    finder = Finder(lambda: state)
    assert await finder.groups(EVERYTHING, Judged()) == []
    state = snapshot({"north": [DELETE], "south": [DELETE]}, revision=2)
    assert len(await finder.groups(EVERYTHING, Judged())) == 1
    assert await finder.groups(Sight(), Judged()) == []
    assert await finder.similar(["north/delete_file"], Sight(), Judged()) == {}
    (similar,) = (await finder.similar(["north/delete_file", "nowhere"], EVERYTHING, Judged()))["north/delete_file"]
    assert (similar.tool, similar.score) == ("south/delete_file", 1.0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("createIssue", ["create", "issue"]),
        ("create_issue", ["create", "issue"]),
        ("issue.create", ["issue", "create"]),
        ("RUN_SQL", ["run", "sql"]),
        ("getHTTPServerV2", ["get", "http", "server", "v", "2"]),
    ],
)
def test_names_are_split_into_their_words(name: str, words: list[str]) -> None:
    assert split(name) == words


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Erstellt einen Termin im Kalender", ["create", "event", "calendar"]),
        ("Sendungsnummer", ["shipment", "number"]),
        ("이메일을 보냅니다", ["email", "send"]),
        ("現在の天気を取得します", ["current", "weather", "get"]),
        ("查询公司员工列表", ["query", "organization", "employee", "list"]),
        ("watchlists", ["watchlist"]),
    ],
)
def test_texts_become_the_same_concepts_whatever_their_language(text: str, concepts: list[str]) -> None:
    assert of_text(text) == concepts


async def test_a_tool_that_is_not_offered_yet_finds_what_is_like_it_where_that_is_seen() -> None:
    state = snapshot({"north": [DELETE, tool("list_files", "List files.", "directory")]})
    finder = Finder(lambda: state)
    stranger = tool("removeFile", "Remove one file.", "filePath")
    new = Tool("removeFile", "removeFile", "ups_new", "new", json.dumps(stranger).encode(), "", stranger["description"])
    (like,) = (await finder.like([new], EVERYTHING))["removeFile"]
    assert like.tool == "north/delete_file" and like.score > 0.55 and like.reason
    assert await finder.like([new], Sight()) == {}
    assert await finder.like([], EVERYTHING) == {}
