"""Export and import over real databases: all of it, or nothing; nothing twice; no secret in the clear."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from gatehouse.catalog.model import Binding, Capability, Kind, Server, Status, Upstream
from gatehouse.catalog.own.content import OwnPrompt
from gatehouse.catalog.own.service import Own
from gatehouse.catalog.requests import CapabilityFilter
from gatehouse.catalog.roots import Roots
from gatehouse.catalog.tables import CAPABILITIES
from gatehouse.catalog.transfer.capabilities import CapabilityItem
from gatehouse.catalog.transfer.servers import BindingItem, ServerItem
from gatehouse.catalog.transfer.translation import translate
from gatehouse.catalog.transfer.upstreams import UpstreamItem
from gatehouse.kit import json
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.store.transfer.model import OnConflict, Verdict
from tests.support.databases import BACKENDS
from tests.support.transfers import ODD, PLANTED, Side, changed_weather, document, fill, side
from tests.unit.catalog.transfer.test_translation import CONTEXT_FORGE

pytestmark = pytest.mark.anyio
PASSPHRASE = "correct horse battery"
WHEN = ("made_at", "secrets")


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Side]:
    async with side(tmp_path) as one:
        await fill(one)
        yield one


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Side]:
    async with side(tmp_path, key=b"e" * 32) as one:
        yield one


def contents(exported: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in exported.items() if name not in WHEN}


def verdicts(plan: Any) -> dict[str, Verdict]:
    return {f"{change.section}/{change.name}": change.verdict for change in plan.changes}


@pytest.mark.parametrize("backend", BACKENDS)
async def test_what_is_exported_imported_and_exported_again_is_identical(
    full: Side, backend: str, tmp_path: Path
) -> None:
    first = await full.exported(passphrase=PASSPHRASE)
    async with side(tmp_path, backend, b"o" * 32) as other:
        plan = await other.take(first, passphrase=PASSPHRASE)
        assert set(verdicts(plan).values()) == {Verdict.ADDED}
        assert plan.needed == []
        assert contents(await other.export()) == contents(json.load(first))
        assert (await other.take(first, passphrase=PASSPHRASE)).count(Verdict.SAME) == len(plan.changes)
        known = await other.catalog.upstream("headers")
        assert other.catalog.open_credential(known) == {
            "type": "headers", "headers": {"X-Key": PLANTED[2], "X-More": "möre"},
        }  # fmt: skip
        assert other.catalog.open_env(await other.catalog.upstream("files")) == {"KEY": PLANTED[3], "EMPTY": ""}


async def test_without_a_passphrase_it_is_identical_too_and_says_which_secrets_are_needed(
    full: Side, empty: Side
) -> None:
    first = await full.exported()
    plan = await empty.take(first)
    exported = json.load(first)
    assert plan.needed == exported["secrets"]["needed"] != []
    assert await empty.exported() == first


async def test_schemas_stay_as_they_were_written(full: Side, empty: Side) -> None:
    await empty.take(await full.exported())
    stored = {one.key: one for one in (await empty.catalog.capabilities()).items}
    assert stored["spät/🌧"].definition == ODD
    assert stored["forecast"].title is None
    assert stored["gone"].gone_at is not None
    assert stored["spät/🌧"].title == "時"


async def test_no_secret_is_in_the_clear(full: Side) -> None:
    for passphrase in (None, PASSPHRASE):
        text = (await full.exported(passphrase=passphrase)).decode()
        assert [secret for secret in (*PLANTED, "a hash", "möre") if secret in text] == []


async def test_a_wrong_passphrase_is_refused(full: Side, empty: Side) -> None:
    sealed = await full.exported(passphrase=PASSPHRASE)
    with pytest.raises(Invalid, match="not the one"):
        await empty.take(sealed, passphrase="another passphrase")
    assert (await empty.export())["upstreams"] == []
    with pytest.raises(Invalid, match="damaged"):
        await empty.take(document(secrets={"sealed": "!"}), passphrase=PASSPHRASE)
    with pytest.raises(Invalid, match="5 characters"):
        await full.exported(passphrase="short")


async def test_a_dry_run_tells_everything_and_changes_nothing(full: Side, empty: Side) -> None:
    before, revision = await empty.exported(), await empty.database.revision()
    plan = await empty.take(await full.exported(), dry_run=True)
    assert plan.count(Verdict.ADDED) == len(plan.changes)
    assert await empty.exported() == before
    assert await empty.database.revision() == revision
    assert empty.happened == []


async def test_an_import_is_one_revision(full: Side, empty: Side) -> None:
    revision = await empty.database.revision()
    data = await full.exported()
    await empty.take(data)
    assert await empty.database.revision() == revision + 1
    assert len(empty.happened) == 8
    await empty.take(data)
    assert await empty.database.revision() == revision + 1


async def test_what_differs_fails_and_says_how(full: Side) -> None:
    before = await full.exported()
    await changed_weather(full)
    with pytest.raises(Conflict, match=r"upstreams 'weather' \(description, tags\)"):
        await full.take(before)
    plan = await full.take(before, dry_run=True)
    (change,) = [one for one in plan.changes if one.verdict is Verdict.CONFLICT]
    fields = {one.name: (one.before, one.after) for one in change.fields}
    assert fields == {"description": ("other", "Wetter ☔"), "tags": (["c"], ["b"])}


async def test_what_differs_is_skipped_with_what_belongs_to_it(full: Side) -> None:
    before = await full.exported()
    await changed_weather(full)
    changed = await full.exported()
    plan = await full.take(before, on_conflict=OnConflict.SKIP)
    found = verdicts(plan)
    assert found["upstreams/weather"] is Verdict.SKIPPED
    assert found["capabilities/weather/tool/forecast"] is Verdict.LEFT_OUT
    assert await full.exported() == changed


async def test_what_differs_is_updated_to_what_the_document_says(full: Side) -> None:
    before = await full.exported()
    await changed_weather(full)
    plan = await full.take(before, on_conflict=OnConflict.UPDATE)
    assert plan.count(Verdict.CHANGED) == 1
    assert await full.exported() == before
    assert full.catalog.open_credential(await full.catalog.upstream("weather")) == {
        "type": "bearer",
        "token": PLANTED[0],
    }


async def test_what_differs_comes_in_under_another_name_with_what_belongs_to_it(full: Side) -> None:
    before = await full.exported()
    await changed_weather(full)
    plan = await full.take(before, on_conflict=OnConflict.RENAME)
    renamed = {f"{one.section}/{one.name}": one.renamed_to for one in plan.changes if one.verdict is Verdict.RENAMED}
    assert renamed == {"upstreams/weather": "weather-2", "servers/daily": "daily-2"}
    after = await full.export()
    (server,) = [one for one in after["servers"] if one["slug"] == "daily-2"]
    assert {one["upstream"] for one in server["bindings"]} == {"weather-2"}
    assert [one["description"] for one in after["upstreams"] if one["name"].startswith("weather")] == [
        "other",
        "Wetter ☔",
    ]


async def test_a_document_says_only_what_it_says(full: Side) -> None:
    plan = await full.take(document(upstreams=[{"name": "weather", "tags": ["new"]}]), on_conflict=OnConflict.UPDATE)
    assert [one.name for one in plan.changes[0].fields] == ["tags"]
    weather = await full.catalog.upstream("weather")
    assert (weather.tags, weather.url) == (("new",), "https://weather.test/mcp")


async def test_a_secret_is_not_sent_to_another_place_by_a_document(full: Side) -> None:
    moved = {"name": "weather", "url": "https://evil.test/mcp"}
    plan = await full.take(document(upstreams=[moved]), on_conflict=OnConflict.UPDATE)
    assert plan.needed == ["upstreams/weather/credential/token"]
    assert full.catalog.open_credential(await full.catalog.upstream("weather")) == {"type": "bearer", "token": ""}
    stolen = {"name": "mine", "url": "https://evil.test", "env": {}, "credential": {"type": "bearer", "token": {"$secret": "upstreams/basic/credential/password"}}}  # fmt: skip
    assert (await full.take(document(upstreams=[stolen]))).needed == ["upstreams/basic/credential/password"]


async def test_secrets_can_be_given_beside_the_document(full: Side, empty: Side) -> None:
    path = "upstreams/weather/credential/token"
    plan = await empty.take(await full.exported(), secrets={path: "given"})
    assert path not in plan.needed
    assert empty.catalog.open_credential(await empty.catalog.upstream("weather")) == {
        "type": "bearer",
        "token": "given",
    }


async def test_people_are_exported_where_they_are_asked_for(full: Side, empty: Side) -> None:
    exported = await full.export(personal=False)
    assert not {"users", "grants"} & exported.keys()
    plan = await empty.take(exported)
    notes = {f"{one.section}/{one.name}": one.notes for one in plan.changes if one.notes}
    assert "there is no user 'ann@example.com' here: not a member" in notes["teams/red"]
    assert notes["upstreams/files"] == ("there is no user 'ann@example.com' here: it is nobody's",)
    with_people = await full.export()
    users = [(one["email"], one["tags"]) for one in with_people["users"]]
    assert users == [("ann@example.com", ["lab"]), ("bob@example.com", [])]
    assert with_people["teams"][0]["members"][1]["origin"] == "works"


async def test_what_was_for_a_team_that_is_not_here_becomes_private(full: Side, empty: Side) -> None:
    await empty.take(await full.exported(only=("upstreams",)))
    assert (await empty.catalog.upstream("weather")).visibility == "private"


async def test_nothing_of_a_document_is_stored_where_any_of_it_can_not_be(empty: Side) -> None:
    good = {"name": "good", "url": "https://good.test"}
    for bad, words in (
        ({"name": "Bad Name", "url": "https://x.test"}, "can't be the name"),
        ({"name": "bad"}, "neither a url nor a command"),
        ({"name": "bad", "url": "https://x.test", "kind": "pigeon"}, "pigeon"),
    ):
        with pytest.raises(Invalid, match=words):
            await empty.take(document(upstreams=[good, bad]))
    async with empty.database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(CAPABILITIES))).scalar() == 0
    assert (await empty.export())["upstreams"] == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"gatehouse": "import", "version": 1}, "not an export"),
        ({"gatehouse": "export"}, "not an export"),
        ({"gatehouse": "export", "version": 99}, "version 99"),
        (document(pigeons=[]), "section 'pigeons'"),
        (document(upstreams={}), "upstreams can't be used: expected `array`"),
        (document(upstreams=[{"name": 3}]), r"upstreams\[0\].name can't be used"),
        (document(upstreams=[{"name": "a", "wings": 2}]), "wings"),
        (document(upstreams=[{"name": "a", "credential": {"type": "bearer", "token": "x"}}]), "credential.token"),
        (document(upstreams=[{"name": "a", "url": "https://a.test"}] * 2), "twice"),
        (document(roles=[{"name": "admin", "permissions": ["server.read"]}]), "always there"),
        (document(roles=[{"name": "all", "permissions": ["*"]}]), "everything"),
        (document(users=[{"email": "nobody"}]), "not an email address"),
    ],
)
async def test_what_can_not_be_understood_is_told_with_its_place(
    empty: Side, content: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        await empty.take(content)


async def test_what_refers_to_nothing_is_left_out_and_told(empty: Side) -> None:
    binding = {"upstream": "nowhere", "kind": "tool", "key": "t"}
    plan = await empty.take(
        document(
            capabilities=[{"upstream": "nowhere", "kind": "tool", "key": "t"}],
            servers=[{"slug": "s", "bindings": [binding]}],
            grants=[{"user": "a@example.com", "role": "admin"}],
        )
    )
    notes = {f"{one.section}/{one.name}": one.notes for one in plan.changes}
    assert notes["capabilities/nowhere/tool/t"] == ("there is no upstream 'nowhere' here",)
    assert notes["servers/s"] == ("there is no tool 't' of 'nowhere' here: it is not bound",)
    assert notes["grants/a@example.com admin *"] == ("there is no user 'a@example.com' here",)


async def test_the_last_administrator_is_not_switched_off(full: Side) -> None:
    users = [{"email": "ann@example.com", "active": False}]
    with pytest.raises(Conflict, match="No administrator"):
        await full.take(document(users=users), on_conflict=OnConflict.UPDATE)
    assert (await full.people.users.get("ann@example.com")).active


async def test_a_document_written_by_hand_needs_little(empty: Side) -> None:
    await empty.take(
        document(
            upstreams=[{"name": "a", "url": "https://a.test"}],
            capabilities=[{"upstream": "a", "kind": "tool", "key": "t"}],
            servers=[{"slug": "s", "bindings": [{"upstream": "a", "kind": "tool", "key": "t"}]}],
        )
    )
    (tool,) = (await empty.catalog.capabilities()).items
    assert json.load(tool.definition) == {"name": "t", "inputSchema": {"type": "object"}}
    assert [one.name for one in await empty.catalog.bindings("s")] == ["t"]


async def test_an_export_of_context_forge_is_imported(empty: Side) -> None:
    read = translate(CONTEXT_FORGE)
    plan = await empty.take(read.document)
    assert {change.verdict for change in plan.changes} == {Verdict.ADDED}
    own = Own(empty.database, empty.clock)
    (greet,) = (await empty.catalog.capabilities(CapabilityFilter(kinds=(Kind.PROMPT,)))).items
    opened = await own.open(Kind.PROMPT, "greet")
    assert opened is not None and isinstance(opened[0], OwnPrompt)
    assert b"Hello Ann" in json.dump(opened[0].get(json.fields(b'{"name":"Ann"}')))
    assert (await empty.catalog.upstream("own")).status is Status.OK
    assert (greet.tags, json.load(greet.definition)["description"]) == (("p",), "d")
    assert [one.uri for one in await Roots(empty.database, empty.clock).all()] == ["file:///work"]
    assert (await empty.take(read.document)).count(Verdict.ADDED) == 0


@pytest.mark.parametrize(
    ("model", "item", "at_home", "otherwise"),
    [
        (
            Upstream, UpstreamItem,
            "id env_names sealed_env credential_type sealed_credential detected status error status_since checked_at "
            "status_cause maintenance_until maintenance_note skipped offer_revision config_revision lists_changed created_at updated_at", "env credential",
        ),
        (Capability, CapabilityItem, "id upstream_id first_seen gone_at overrides", "upstream gone annotations"),
        (Server, ServerItem, "id created_at updated_at", "bindings"),
        (Binding, BindingItem, "id server_id capability_id position", "upstream kind key"),
    ],
)  # fmt: skip
def test_every_field_is_in_the_document_or_meant_to_stay_at_home(
    model: Any, item: Any, at_home: str, otherwise: str
) -> None:
    """A field that is added to the catalog has to be added to its section, or here."""
    fields = {one.name for one in dataclasses.fields(model)}
    assert fields - set(at_home.split()) == set(item.__struct_fields__) - set(otherwise.split())


async def test_a_gone_capability_stays_gone_and_what_is_missing_is_not_removed(full: Side, empty: Side) -> None:
    await empty.take(await full.exported())
    await empty.take(document(upstreams=[]))
    assert len((await empty.catalog.upstreams()).items) == 5
    assert (await empty.catalog.capability("weather_gone", (Kind.TOOL,))).gone_at is not None
