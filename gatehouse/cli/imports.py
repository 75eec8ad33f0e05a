"""`gatehouse import`: an export of a gateway, or what another program wrote, all of it or nothing."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gatehouse.catalog.transfer.clients import parse_config
from gatehouse.catalog.transfer.context_forge import is_export
from gatehouse.catalog.transfer.foreign import Fidelity, Translation
from gatehouse.catalog.transfer.translation import translate
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import REFUSED, Refused, Unreachable
from gatehouse.cli.import_report import Report, tell, tell_findings, tell_needed
from gatehouse.cli.output import JsonFlag, line, print_json, table
from gatehouse.cli.wire import Upstream
from gatehouse.kit import json

app = typer.Typer(add_completion=False)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class OnConflict(StrEnum):
    FAIL = "fail"
    SKIP = "skip"
    UPDATE = "update"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    state: str
    """`new` on a dry run without a gateway; how an upstream that was added is; else what was made of it."""
    detail: str = ""


@app.command("import")
def import_file(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An export, mcp.json, config.toml of Codex...; - is stdin.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    on_conflict: Annotated[
        OnConflict, typer.Option("--on-conflict", help="What becomes of a thing that is here, and not the same.")
    ] = OnConflict.FAIL,
    passphrase_file: Annotated[
        str | None, typer.Option("--passphrase-file", metavar="F", help="Opens the secrets that are sealed in it.")
    ] = None,
    secrets: Annotated[
        str | None, typer.Option("--secrets", metavar="F", help="Values of secrets: PATH=value or PATH=${VARIABLE}.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Import an export of Gatehouse or ContextForge, or the MCP servers in a file
    of Claude, Cursor, VS Code, Gemini, Codex or Windsurf: all of it, or nothing.
    """
    data = read_file(file)
    translation = _translated(data, toml=file.endswith(".toml"))
    body = _body(data, translation, passphrase_file, secrets)
    query = {"dry_run": "true" if dry_run else "false", "conflict": on_conflict.value}
    try:
        with Api() as api:
            with working("Importing"):
                answer = api.post("/import", body, **query)
            report = json_as(answer, Report)
            looked_at = {} if dry_run or translation is None else _looked_at(api, report, translation)
    except Unreachable:
        if not dry_run or translation is None:
            raise
        return _finish(translation, None, as_json, _unplanned(translation))
    if translation is None:
        return _tell_own(answer, report, as_json)
    _finish(translation, report, as_json, _outcomes(report, translation, looked_at))


def read_file(file: str) -> bytes:
    """The bytes of a file, or of stdin for `-`; raises `Refused`."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).expanduser().read_bytes()
    except OSError as error:
        raise Refused(f"{file} can't be read: {error.strerror}.", "Name a file that exists.") from None


def read_passphrase(file: str) -> str:
    """The first line of a file; raises `Refused`."""
    first = read_file(file).decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    if not first:
        raise Refused(f"{file} has no passphrase in its first line.", "Write it there.")
    return first


@contextmanager
def working(what: str) -> Generator[None]:
    """Shows on a terminal that something goes on, and for how long it has."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - for terminals alone
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(what, total=None)
        yield


def _translated(data: bytes, toml: bool) -> Translation | None:
    """What another program wrote, as a document; None for an export of our own."""
    content = parse_config(data, toml)
    return None if "gatehouse" in content and not is_export(content) else translate(content, os.environ)


def _body(
    data: bytes, translation: Translation | None, passphrase_file: str | None, secrets: str | None
) -> dict[str, Any]:
    given = {} if secrets is None else _secrets(read_file(secrets).decode("utf-8", "replace"), os.environ)
    passphrase = {} if passphrase_file is None else {"passphrase": read_passphrase(passphrase_file)}
    if translation is not None:
        return {"document": translation.document, "secrets": translation.secrets | given, **passphrase}
    # As the bytes that it is: numbers and schemas must not change on the way.
    return {"document": json.fields(data.removeprefix(b"\xef\xbb\xbf")), "secrets": given, **passphrase}


def _secrets(text: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Lines of PATH=value; those that are empty, or begin with #, are passed over."""
    pairs = [one.partition("=") for one in text.splitlines() if one.strip() and not one.lstrip().startswith("#")]
    odd = next((path for path, sign, _ in pairs if not sign), None)
    if odd is not None:
        raise Refused("A line in the file of secrets has no '='.", "Write PATH=value, a line each.")
    return {path.strip(): _value(path.strip(), value.strip(), environ) for path, _, value in pairs}


def _value(path: str, value: str, environ: Mapping[str, str]) -> str:
    variable = _VARIABLE.fullmatch(value)
    if variable is None:
        return value
    if variable[1] not in environ:
        raise Refused(f"{path} is to come from {variable[1]}, which is not set.", "Set it, and import again.")
    return environ[variable[1]]


def _looked_at(api: Api, report: Report, translation: Translation) -> dict[str, Outcome]:
    """How the upstreams are that were added: the gateway looks at each now."""
    found: dict[str, Outcome] = {}
    local = {one["name"] for one in translation.document.get("upstreams", ()) if one.get("kind") == "local"}
    disabled = {one["name"] for one in translation.document.get("upstreams", ()) if not one.get("enabled", True)}
    for change in report.changes:
        name = change.renamed_to or change.name
        done = change.verdict in ("added", "renamed", "changed")
        if change.section != "upstreams" or not done or change.name in local:
            continue
        if change.name in disabled:
            found[change.name] = Outcome(name, change.verdict, "switched off")
        else:
            with working(f"Looking at {name}"):
                found[change.name] = _outcome(json_as(api.post(f"/upstreams/{segment(name)}/refresh"), Upstream))
    return found


def _outcome(upstream: Upstream) -> Outcome:
    if upstream.status == "ok":
        return Outcome(upstream.name, "ok", f"{upstream.counts.get('tools', 0)} tools")
    return Outcome(upstream.name, upstream.status, upstream.error or "")


def _outcomes(report: Report, translation: Translation, looked_at: Mapping[str, Outcome]) -> list[Outcome]:
    """Of every upstream and server in the file, in its order."""
    verdicts = {(change.section, change.name): change.verdict for change in report.changes}
    found: list[Outcome] = []
    for one in translation.document.get("upstreams", ()):
        verdict = verdicts.get(("upstreams", one["name"]), "same")
        found.append(looked_at.get(one["name"]) or Outcome(one["name"], verdict, _address(one)))
    for one in translation.document.get("servers", ()):
        found.append(Outcome(one["slug"], verdicts.get(("servers", one["slug"]), "same"), "virtual server"))
    return found


def _unplanned(translation: Translation) -> list[Outcome]:
    return [Outcome(one["name"], "new", _address(one)) for one in translation.document.get("upstreams", ())]


def _address(upstream: Mapping[str, Any]) -> str:
    return upstream.get("url") or " ".join([upstream.get("command") or "", *upstream.get("args", ())])


def _tell_own(answer: bytes, report: Report, as_json: bool) -> None:
    if as_json:
        return print_json(answer)
    tell(report)
    tell_needed(report)
    if not report.dry_run and any(change.section == "upstreams" for change in report.changes):
        line("The gateway looks at its upstreams now: gatehouse upstream list")


def _finish(translation: Translation, report: Report | None, as_json: bool, outcomes: list[Outcome]) -> None:
    """Ends with an error where something could not come over."""
    lost = [one for one in translation.findings if one.fidelity is Fidelity.UNSUPPORTED]
    lost += [one for one in translation.problems if one not in lost]
    if as_json:
        items = [{"name": one.name, "state": one.state, "detail": one.detail} for one in outcomes]
        findings = [
            {"kind": one.kind, "name": one.name, "fidelity": one.fidelity, "words": one.words}
            for one in translation.findings
        ]
        more = {} if report is None else {"counts": report.counts, "changes": report.changes, "needed": report.needed}
        problems = [one.words for one in lost]
        print_json(
            {
                "items": items,
                "problems": problems,
                "dry_run": report is None or report.dry_run,
                "findings": findings,
                **more,
            }
        )
    else:
        table(
            ("NAME", "STATUS", "DETAIL"), [(one.name, one.state, one.detail) for one in outcomes], "Nothing was added."
        )
        _tell_report(translation, report)
    if lost:
        raise typer.Exit(REFUSED)


def _tell_report(translation: Translation, report: Report | None) -> None:
    if report is not None and (report.dry_run or any(change.fields or change.notes for change in report.changes)):
        tell(report)
    tell_findings(translation.findings)
    if report is not None:
        tell_needed(report)
