"""`gatehouse audit`: who did what, and what was refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import httpx
import msgspec
import typer

from gatehouse.cli.address import Address, find_gateway
from gatehouse.cli.api import TIMEOUT, Api, bearer, json_as, refusal, segment, told
from gatehouse.cli.errors import REFUSED, Misused, note
from gatehouse.cli.output import JsonFlag, counted, facts, line, print_items, print_json, table
from gatehouse.kit import json
from gatehouse.kit.json import Raw

app = typer.Typer(help="Who did what, and what was refused.", no_args_is_help=True, add_completion=False)
AT_ONCE = 100_000
"""Records that the gateway verifies before it says how far it is."""
PAGE = 500
Since = Annotated[str, typer.Option(metavar="WHEN", help="24h, 7d, 2026-11-21 or 2026-11-21T08:00:00Z.")]


class Actor(msgspec.Struct, frozen=True):
    id: str
    kind: str
    name: str


class Subject(msgspec.Struct, frozen=True):
    kind: str
    id: str | None = None
    name: str = ""

    @property
    def words(self) -> str:
        return f"{self.kind} {self.name or self.id or ''}".strip()


class Record(msgspec.Struct, frozen=True):
    number: int
    id: str
    at: str
    actor: Actor
    action: str
    resource: Subject
    outcome: str
    reason: str | None = None
    address: str | None = None
    session: str | None = None
    before: Raw = json.NULL
    after: Raw = json.NULL
    request_id: str | None = None
    count: int = 1
    digest: str = ""


class Verdict(msgspec.Struct, frozen=True):
    ok: bool
    checked: int
    head: str
    first_bad_number: int | None = None
    why: str | None = None
    next: str | None = None


class Page(msgspec.Struct, frozen=True):
    items: list[Raw]
    next: str | None = None


@app.command("list")
def list_records(  # noqa: PLR0913 - each parameter is an option of the command
    actor: Annotated[str, typer.Option(metavar="WHO", help="A user's address or id, or a token's id.")] = "",
    action: Annotated[str, typer.Option(help="As in token.create, or token.*")] = "",
    resource: Annotated[str, typer.Option(help="A kind, as in server, or an id.")] = "",
    outcome: Annotated[str, typer.Option(metavar="done|failed|refused")] = "",
    since: Since = "",
    until: Since = "",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List what was done and what was refused, newest first."""
    said = {"actor": actor, "action": action, "resource": resource, "outcome": outcome, "since": since, "until": until}
    with Api() as api:
        items = _newest(api, {name: value for name, value in said.items() if value}, limit)
    if as_json:
        return print_items(items)
    rows = [_row(json_as(item, Record)) for item in items]
    table(("NUMBER", "WHEN", "WHO", "FROM", "DID", "TO WHAT", "OUTCOME"), rows, "There are no such records.")


@app.command()
def show(
    record: Annotated[str, typer.Argument(metavar="RECORD", help="Its number or id.")], as_json: JsonFlag = False
) -> None:
    """Show one, with what was before and what is after."""
    with Api() as api:
        answer = api.get(f"/audit/{segment(record)}")
    if as_json:
        return print_json(answer)
    found = json_as(answer, Record)
    facts(
        [
            ("Number", found.number),
            ("When", found.at),
            ("Who", f"{found.actor.kind} {found.actor.name} ({found.actor.id})"),
            ("From", found.address),
            ("Session", found.session),
            ("Request", found.request_id),
            ("Action", found.action),
            ("To what", found.resource.words),
            ("Outcome", _outcome(found)),
            ("Why", found.reason),
            ("Digest", found.digest),
        ]
    )
    for title, value in (("Before", found.before), ("After", found.after)):
        if bytes(value) != b"null":
            line(f"\n{title}")
            print_json(value)


@app.command()
def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Left out: stdout.")] = None,
    since: Since = "",
    until: Since = "",
) -> None:
    """Write the records as lines of JSON, oldest first."""
    query = {name: value for name, value in (("since", since), ("until", until)) if value}
    with _target(output) as target:
        lines = sum(_copied(chunk, target) for chunk in _chunks(find_gateway(), query))
    if output is not None:
        note(f"Wrote {counted(lines, 'record')} to {output}.")


@app.command()
def verify(as_json: JsonFlag = False) -> None:
    """See whether the chain of records is as it was written; exits with 1 where it is not."""
    checked, place = 0, ""
    with Api() as api:
        while True:
            body = {"limit": AT_ONCE} | ({"after": place} if place else {})
            verdict = json_as(api.post("/audit/verify", body), Verdict)
            checked += verdict.checked
            if not verdict.ok or verdict.next is None:
                break
            place = verdict.next
            note(f"{checked} records are as they were written ...")
    if as_json:
        print_json({**msgspec.to_builtins(verdict), "checked": checked})
    elif verdict.ok:
        line(f"The audit is whole: {counted(checked, 'record')}, up to {verdict.head}.")
    else:
        line(f"The audit is BROKEN: {verdict.why}")
    if not verdict.ok:
        raise typer.Exit(REFUSED)


def _newest(api: Api, query: dict[str, str], limit: int) -> list[Raw]:
    found: list[Raw] = []
    cursor: str | None = None
    while len(found) < limit:
        more = {"cursor": cursor} if cursor else {}
        page = json_as(api.get("/audit", limit=min(PAGE, limit - len(found)), **query, **more), Page)
        found += page.items
        cursor = page.next
        if not cursor:
            break
    return found


def _row(one: Record) -> tuple[object, ...]:
    when = f"{one.at[:10]} {one.at[11:19]}"
    return one.number, when, one.actor.name, one.address, one.action, one.resource.words, _outcome(one)


def _outcome(one: Record) -> str:
    return one.outcome if one.count == 1 else f"{one.outcome} {one.count} times"


@contextmanager
def _target(output: Path | None) -> Generator[BinaryIO]:
    """A file is for its owner alone, and is there only when it is complete."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    aside = output.with_name(f"{output.name}.part")
    try:
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
            yield stream
        aside.replace(output)
    except OSError as error:
        raise Misused(f"{output} can't be written: {error.strerror}.", "Name another file with -o.") from None
    finally:
        aside.unlink(missing_ok=True)


def _copied(chunk: bytes, target: BinaryIO) -> int:
    """How many lines it has."""
    target.write(chunk)
    return chunk.count(b"\n")


def _chunks(address: Address, query: dict[str, str]) -> Iterator[bytes]:
    trusted = not address.on_loopback
    with (
        told(address),
        httpx.Client(headers=bearer(address.token), timeout=TIMEOUT, trust_env=trusted) as client,
        client.stream("GET", f"{address.url}/api/v1/audit/export", params=query) as response,
    ):
        if response.is_error:
            raise refusal(response.status_code, response.read())
        yield from response.iter_bytes()
