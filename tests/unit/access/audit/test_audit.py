"""The audit's chain: one, whoever writes; and whatever is done to it behind our back is found."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256

import anyio
import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.audit import trail as auditing
from gatehouse.access.audit.records import LARGEST, NO_DIGEST, Actor, Entry, Link, digest_of, kept, stored
from gatehouse.access.audit.repository import Wanted
from gatehouse.access.audit.trail import Audit
from gatehouse.access.tables import AUDIT
from gatehouse.kit.errors import Conflict, NotFound
from gatehouse.kit.pages import page_request
from gatehouse.store.database import FACTS, Database
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock

pytestmark = pytest.mark.anyio
KEY = b"k" * 32
DAY = 86_400
ADA = Actor("usr_1", "user", "ada@example.com", "usr_1")
AGENT = Actor("tok_1", "token", "agent", "usr_1")
BOB = Actor("usr_2", "user", "bob@example.com", "usr_2")


def audit_on(database: Database, clock: HandClock | None = None, keep_days: int = 0) -> Audit:
    return Audit(database, Secrets(KEY), clock or HandClock(), keep_days)


def entry(action: str = "server.change", actor: Actor = ADA, resource: str = "srv_1") -> Entry:
    return Entry(actor=actor, action=action, resource_kind=action.partition(".")[0], resource_id=resource)


async def filled(database: Database, records: int = 5, clock: HandClock | None = None) -> Audit:
    audit = audit_on(database, clock)
    for number in range(records):
        await audit.record(entry(resource=f"srv_{number + 1}"))
    return audit


async def lines_of(audit: Audit, wanted: Wanted | None = None) -> list[bytes]:
    return b"".join([chunk async for chunk in audit.export(wanted or Wanted())]).splitlines()


async def test_an_empty_audit_is_whole(database: Database) -> None:
    verdict = await audit_on(database).verify()
    assert (verdict.ok, verdict.checked, verdict.head) == (True, 0, Link(0, NO_DIGEST))


async def test_appends_of_several_workers_make_one_unbroken_chain(database_url: str) -> None:
    """Each with its own connections, as on two machines; the very first record is made by all at once."""
    databases = [Database(database_url), Database(database_url)]
    audits = [audit_on(database) for database in databases]

    async def write(audit: Audit, name: str) -> None:
        for number in range(10):
            await audit.record(entry(resource=f"{name}-{number}"))

    try:
        for database in databases:
            await database.open()
        async with anyio.create_task_group() as tasks:
            for worker, audit in enumerate(audits):
                for writer in range(3):
                    tasks.start_soon(write, audit, f"{worker}-{writer}")
        verdict = await audits[0].verify()
        found = [json.loads(line)["resource"]["id"] for line in await lines_of(audits[1])]
    finally:
        for database in databases:
            await database.close()
    assert (verdict.ok, verdict.checked, verdict.head.number) == (True, 60, 60)
    assert len(set(found)) == 60
    assert [id_ for id_ in found if id_.startswith("1-2-")] == [f"1-2-{number}" for number in range(10)]


async def test_a_record_says_who_did_what_from_where_with_before_and_after(database: Database) -> None:
    clock = HandClock()
    audit = audit_on(database, clock)
    told = Entry(
        actor=AGENT,
        action="server.change",
        resource_kind="server",
        resource_id="srv_1",
        resource_name="desk",
        address="192.0.2.7",
        session="ses_1",
        before={"name": "Desk", "secret": "old"},
        after={"name": "Büro 🙂", "secret": "new"},
        request_id="r-1",
    )
    await audit.record(told)
    (one,) = (await audit.list(Wanted(), page_request(None, None))).items
    record = one.record
    assert (record.number, record.at.timestamp(), record.actor, record.action) == (1, clock.time, AGENT, told.action)
    assert (record.resource.kind, record.resource.id, record.resource.name) == ("server", "srv_1", "desk")
    assert (record.outcome, record.address, record.session, record.request_id) == ("done", "192.0.2.7", "ses_1", "r-1")
    assert record.before == {"name": "Desk", "secret": "***"}
    assert record.after == {"name": "Büro 🙂", "secret": "***"}
    assert (one.previous, len(one.digest)) == (NO_DIGEST, 64)
    assert await audit.get(record.id) == one == await audit.get("1")


@pytest.mark.parametrize("ref", ["aud_none", "9", "9" * 30, "²", ""])
async def test_a_record_that_is_not_there_is_told(sqlite: Database, ref: str) -> None:
    with pytest.raises(NotFound):
        await (await filled(sqlite, 1)).get(ref)


async def test_what_strangers_choose_can_be_stored_on_every_database(database: Database) -> None:
    audit = audit_on(database)
    odd = "a\x00b\ud800🙂" + "x" * 5000
    await audit.record(
        Entry(actor=Actor(odd, odd, odd, odd), action=odd, resource_kind=odd, resource_id=odd, reason=odd, address=odd)
    )
    (one,) = (await audit.list(Wanted(), page_request(None, None))).items
    assert "\x00" not in (one.record.resource.id or "")
    assert (await audit.verify()).ok


async def test_a_record_of_any_size_can_be_stored(database: Database) -> None:
    audit = audit_on(database)
    await audit.record(replace(entry(), before={"a": "x" * 5 * LARGEST}, after={"b": 1}))
    record = (await audit.get("1")).record
    assert "bytes" in record.before
    assert (await audit.verify()).ok


async def test_a_database_that_is_down_costs_no_record(sqlite: Database) -> None:
    clock = HandClock()
    audit = await filled(sqlite, 1, clock)
    async with sqlite.write(bump=False) as connection:
        await connection.exec_driver_sql("ALTER TABLE audit RENAME TO away")
    noticed = clock.time
    await audit.record(entry("token.create"))
    clock.time += 60
    async with sqlite.write(bump=False) as connection:
        await connection.exec_driver_sql("ALTER TABLE away RENAME TO audit")
    await audit.flush()
    record = (await audit.get("2")).record
    assert (record.action, record.at.timestamp()) == ("token.create", noticed)
    assert (await audit.verify()).checked == 2


async def test_what_was_too_much_to_keep_is_counted(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "MOST_WAITING", 3)
    audit = await filled(sqlite, 1)
    async with sqlite.write(bump=False) as connection:
        await connection.exec_driver_sql("ALTER TABLE audit RENAME TO away")
    for _ in range(5):
        await audit.record(entry())
    async with sqlite.write(bump=False) as connection:
        await connection.exec_driver_sql("ALTER TABLE away RENAME TO audit")
    await audit.flush()
    record = (await audit.get("5")).record
    assert (record.action, record.count) == ("audit.lose", 2)


Tampering = Callable[[AsyncConnection], Awaitable[object]]


def changing(number: int, **values: object) -> Tampering:
    return lambda connection: connection.execute(update(AUDIT).where(AUDIT.c.number == number).values(**values))


def removing(*numbers: int) -> Tampering:
    return lambda connection: connection.execute(delete(AUDIT).where(AUDIT.c.number.in_(numbers)))


async def rewriting_what_was_done(connection: AsyncConnection) -> None:
    """With a digest that is right for what now stands there."""
    row = (await connection.execute(select(AUDIT).where(AUDIT.c.number == 3))).one()
    record = row.record.replace(b"usr_1", b"usr_9")
    values = {"record": record, "digest": digest_of(row.previous, record), "actor_id": "usr_9", "user_id": "usr_9"}
    await connection.execute(update(AUDIT).where(AUDIT.c.number == 3).values(**values))


async def rewriting_the_whole_chain(connection: AsyncConnection) -> None:
    """All digests are right, but for the one that was sealed."""
    previous = NO_DIGEST
    rows = (await connection.execute(select(AUDIT).order_by(AUDIT.c.number))).all()
    for row in rows:
        record = row.record.replace(b"srv_3", b"srv_x")
        values = {"record": record, "previous": previous, "digest": digest_of(previous, record)}
        if row.number == 3:
            values["resource_id"] = "srv_x"
        await connection.execute(update(AUDIT).where(AUDIT.c.number == row.number).values(**values))
        previous = str(values["digest"])


async def swapping(connection: AsyncConnection) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        await connection.execute(update(AUDIT).where(AUDIT.c.number == old).values(number=new))


async def adding(connection: AsyncConnection) -> None:
    """A record as we would have made it, at the end."""
    last = (await connection.execute(select(AUDIT).where(AUDIT.c.number == 5))).one()
    row = stored(entry("user.delete"), 1_800_000_000.0, Link(5, last.digest))
    await connection.execute(insert(AUDIT).values({name: getattr(row, name) for name in type(row).__slots__}))


def resealing(name: str, value: bytes | None) -> Tampering:
    if value is None:
        return lambda connection: connection.execute(delete(FACTS).where(FACTS.c.name == name))
    return lambda connection: connection.execute(update(FACTS).where(FACTS.c.name == name).values(value=value))


TAMPERINGS: dict[str, tuple[Tampering, int | None, str]] = {
    "changed": (changing(3, record=b"{}"), 3, "was changed"),
    "not even JSON": (changing(3, record=b"\xff"), 3, "was changed"),
    "changed, with its digest": (rewriting_what_was_done, 4, "does not follow"),
    "changed, with all digests": (rewriting_the_whole_chain, 5, "not the one that was written"),
    "digest changed": (changing(2, digest="0" * 64), 2, "was changed"),
    "previous changed": (changing(2, previous="0" * 64), 2, "was changed"),
    "found under another actor": (changing(4, actor_id="usr_2"), 4, "another actor_id"),
    "found under another user": (changing(4, user_id=None), 4, "another user_id"),
    "found under another action": (changing(4, action="x"), 4, "another action"),
    "found under another kind": (changing(4, resource_kind="x"), 4, "another resource_kind"),
    "found under another resource": (changing(4, resource_id=None), 4, "another resource_id"),
    "found under another outcome": (changing(4, outcome="refused"), 4, "another outcome"),
    "found under another id": (changing(4, id="aud_x"), 4, "another id"),
    "found at another time": (changing(4, at=1.0), 4, "another at"),
    "removed": (removing(3), 3, "Record 3 is missing"),
    "several removed": (removing(2, 3), 2, "Records 2 to 3 are missing"),
    "first removed": (removing(1), 1, "Record 1 is missing"),
    "last removed": (removing(4, 5), 4, "Records 4 to 5 are missing"),
    "all removed": (removing(1, 2, 3, 4, 5), 1, "Records 1 to 5 are missing"),
    "swapped": (swapping, 2, "does not follow"),
    "added": (adding, 6, "not written by Gatehouse"),
    "the head forged": (resealing("audit_head", b"\x01forged"), None, "not as Gatehouse wrote it"),
    "the head removed": (resealing("audit_head", None), 1, "not written by Gatehouse"),
}


@pytest.mark.parametrize(("tamper", "number", "said"), TAMPERINGS.values(), ids=TAMPERINGS)
@pytest.mark.parametrize("goes_on", [False, True], ids=["at once", "after more records"])
async def test_every_kind_of_tampering_is_found(
    sqlite: Database, tamper: Tampering, number: int | None, said: str, goes_on: bool
) -> None:
    await filled(sqlite)
    async with sqlite.write(bump=False) as connection:
        await tamper(connection)
    audit = audit_on(sqlite)
    first = await audit.verify()
    assert (first.ok, first.first_bad_number) == (False, number)
    assert said in (first.why or "")
    if goes_on:
        await audit.record(entry("token.create"))
        await audit.record(entry("token.create"))
        assert not (await audit.verify()).ok
        assert not (await audit_on(sqlite).verify()).ok


async def test_tampering_is_found_on_every_database(database: Database) -> None:
    audit = await filled(database)
    for tamper, number in ((changing(5, action="x"), 5), (swapping, 2), (removing(1), 1)):
        async with database.write(bump=False) as connection:
            await tamper(connection)
        assert (await audit.verify()).first_bad_number == number
    await audit.record(entry())
    assert not (await audit.verify()).ok


async def test_who_lets_the_whole_table_return_to_an_earlier_state_is_found_by_who_wrote_since(
    sqlite: Database,
) -> None:
    audit = await filled(sqlite, 2)
    async with sqlite.read() as connection:
        sealed = (await connection.execute(select(FACTS.c.value).where(FACTS.c.name == "audit_head"))).scalar_one()
    await audit.record(entry("user.delete"))
    async with sqlite.write(bump=False) as connection:
        await removing(3)(connection)
        await resealing("audit_head", sealed)(connection)
    verdict = await audit.verify()
    assert (verdict.ok, verdict.first_bad_number) == (False, 3)
    await audit.record(entry())
    assert (await audit_on(sqlite).verify()).why == "Record 3 is missing."


async def test_a_chain_with_another_key_is_not_taken_for_ours(sqlite: Database) -> None:
    await filled(sqlite)
    verdict = await Audit(sqlite, Secrets(b"o" * 32), HandClock()).verify()
    assert not verdict.ok and "another master key" in (verdict.why or "")


async def test_the_ends_of_the_chain_can_not_be_exchanged(sqlite: Database) -> None:
    clock = HandClock()
    await filled(sqlite, 3, clock)
    clock.time += 3 * DAY
    audit = audit_on(sqlite, clock, keep_days=1)
    await audit.prune(clock.time)
    async with sqlite.write(bump=False) as connection:
        wanted = select(FACTS.c.value).where(FACTS.c.name == "audit_head")
        await resealing("audit_anchor", (await connection.execute(wanted)).scalar_one())(connection)
    assert not (await audit_on(sqlite, clock).verify()).ok
    with pytest.raises(Conflict, match="anchor"):
        await audit.prune(clock.time + 5 * DAY)


async def test_a_chain_is_verified_in_pages_and_says_how_far_it_is(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "PAGE", 4)
    audit, told = await filled(sqlite, 10), list[int]()
    assert (await audit.verify(told.append)).checked == 10
    assert told == [4, 8]
    part = await audit.verify(most=5)
    assert (part.ok, part.checked, part.more, part.head.number) == (True, 8, True, 8)
    rest = await audit.verify(after=part.head, most=5)
    assert (rest.ok, rest.checked, rest.more) == (True, 2, False)


async def test_what_was_added_is_found_where_a_page_ends_with_the_head(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(sqlite, 5)
    async with sqlite.write(bump=False) as connection:
        await adding(connection)
    monkeypatch.setattr(auditing, "PAGE", 5)
    assert (await audit_on(sqlite).verify()).first_bad_number == 6


async def test_pruning_removes_whole_days_keeps_an_anchor_and_is_a_record(database: Database) -> None:
    clock = HandClock(1_800_000_000.0)  # 08:00 UTC
    audit = audit_on(database, clock, keep_days=2)
    for _ in range(4):
        await audit.record(entry())
        clock.time += DAY
    assert await audit.prune(clock.time) == 2
    assert await audit.prune(clock.time) == 0
    verdict = await audit_on(database).verify()
    assert (verdict.ok, verdict.checked, verdict.head.number) == (True, 3, 5)
    record = (await audit.get("5")).record
    assert (record.action, record.actor.kind) == ("audit.prune", "system")
    assert record.before == {"first": 1, "last": 2, "records": 2, "unbroken": True}
    await audit.record(entry())
    assert (await audit_on(database).verify()).ok
    async with database.write(bump=False) as connection:
        await removing(3)(connection)
    assert (await audit_on(database).verify()).why == "Record 3 is missing."


async def test_everything_may_be_old_enough_to_be_pruned(database: Database) -> None:
    clock = HandClock()
    await filled(database, 3, clock)
    clock.time += 9 * DAY
    audit = audit_on(database, clock, keep_days=1)
    assert await audit.prune(clock.time) == 3
    assert (await audit.verify()).checked == 1


async def test_pruning_in_several_steps_removes_as_much(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditing, "PAGE", 4)
    clock = HandClock()
    await filled(sqlite, 10, clock)
    clock.time += 9 * DAY
    audit = audit_on(sqlite, clock, keep_days=1)
    assert await audit.prune(clock.time) == 10
    assert (await audit.verify()).checked == 3


async def test_without_retention_nothing_is_pruned(sqlite: Database) -> None:
    clock = HandClock()
    audit = await filled(sqlite, 3, clock)
    assert await audit.prune(clock.time + 9999 * DAY) == 0
    assert (await audit.verify()).checked == 3


async def test_pruning_tells_that_what_it_removed_was_broken(sqlite: Database) -> None:
    clock = HandClock()
    await filled(sqlite, 3, clock)
    async with sqlite.write(bump=False) as connection:
        await changing(2, record=b"{}")(connection)
    clock.time += 9 * DAY
    audit = audit_on(sqlite, clock, keep_days=1)
    assert await audit.prune(clock.time) == 3
    record = (await audit.get("4")).record
    assert record.before["unbroken"] is False
    assert "Record 2" in (record.reason or "")


async def test_pruning_while_the_chain_is_verified_breaks_nothing(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "PAGE", 4)
    clock = HandClock()
    await filled(sqlite, 10, clock)
    clock.time += 9 * DAY
    part = await audit_on(sqlite).verify(most=1)
    assert part.head.number == 4
    await audit_on(sqlite, clock, keep_days=1).prune(clock.time)
    rest = await audit_on(sqlite).verify(after=part.head)
    assert rest.ok


async def test_records_are_listed_newest_first_in_pages(database: Database) -> None:
    audit = await filled(database, 7)
    first = await audit.list(Wanted(), page_request(None, 3))
    second = await audit.list(Wanted(), page_request(first.next, 3))
    third = await audit.list(Wanted(), page_request(second.next, 3))
    numbers = [[one.record.number for one in found.items] for found in (first, second, third)]
    assert (numbers, third.next) == ([[7, 6, 5], [4, 3, 2], [1]], None)


FINDING: tuple[tuple[Wanted, list[int]], ...] = (
    (Wanted(actors=("usr_1",)), [2, 1]),
    (Wanted(actors=("tok_1",)), [2]),
    (Wanted(actors=("usr_1", "usr_2")), [4, 3, 2, 1]),
    (Wanted(action="token.rotate"), [2]),
    (Wanted(action="token.*"), [3, 2]),
    (Wanted(action="token_*"), []),
    (Wanted(resource="token"), [3, 2]),
    (Wanted(resource="srv_1"), [4, 1]),
    (Wanted(outcome="refused"), [4]),
    (Wanted(since=1_800_000_020), [4, 3]),
    (Wanted(until=1_800_000_020), [2, 1]),
    (Wanted(since=1_800_000_010, until=1_800_000_020), [2]),
)


async def test_records_are_found_by_who_what_and_when(database: Database) -> None:
    clock = HandClock()
    audit = audit_on(database, clock)
    for one in (
        entry("server.change"),
        entry("token.rotate", AGENT, "tok_2"),
        entry("token.create", BOB, "tok_3"),
        replace(entry("server.use", BOB), outcome="refused"),
    ):
        await audit.record(one)
        clock.time += 10
    for wanted, numbers in FINDING:
        found = await audit.list(wanted, page_request(None, None))
        assert [one.record.number for one in found.items] == numbers, wanted


async def test_an_export_has_every_record_and_can_be_checked_by_anybody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "PAGE", 3)
    clock = HandClock()
    audit = audit_on(database, clock)
    for number in range(8):
        await audit.record(replace(entry(), after={"n": number, "text": 'quote " and ,"previous":" inside'}))
        clock.time += 10
    lines = await lines_of(audit)
    assert [json.loads(line)["number"] for line in lines] == list(range(1, 9))
    digest = "0" * 64
    for line in lines:
        record, _, ends = line.rpartition(b',"previous":"')
        assert ends[:64].decode() == digest
        digest = sha256(ends[:64] + record + b"}").hexdigest()
        assert digest == json.loads(line)["digest"]
    some = await lines_of(audit, Wanted(since=1_800_000_020, until=1_800_000_050))
    assert [json.loads(line)["after"]["n"] for line in some] == [2, 3, 4]


async def test_a_list_shows_what_was_made_unreadable_too(sqlite: Database) -> None:
    audit = await filled(sqlite, 3)
    async with sqlite.write(bump=False) as connection:
        await changing(2, record=b"\xff{")(connection)
    records = [one.record for one in (await audit.list(Wanted(), page_request(None, None))).items]
    assert [one.number for one in records] == [3, 2, 1]
    assert "was changed" in (records[1].reason or "")


async def test_the_audit_wakes_nobody(database: Database) -> None:
    before = await database.revision()
    await filled(database, 1)
    assert await database.revision() == before


def test_a_record_reads_as_it_was_written() -> None:
    row = stored(entry(), 1_800_000_000.123456, Link(0, NO_DIGEST))
    assert kept(row).record.at.timestamp() == pytest.approx(1_800_000_000.123456, abs=1e-6)
