"""`gatehouse export`: everything of a gateway as one document."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.api import Api
from gatehouse.cli.errors import Refused, note
from gatehouse.cli.imports import read_passphrase, working
from gatehouse.cli.output import counted
from gatehouse.kit import json
from gatehouse.kit.json import Raw

app = typer.Typer(add_completion=False)
_HEAD = frozenset({"gatehouse", "version", "made_at", "made_by", "left_out", "secrets"})


@app.command("export")
def export(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="Where to write it; stdout where left out.")] = "-",
    passphrase_file: Annotated[
        str | None,
        typer.Option("--passphrase-file", metavar="F", help="Seal the secrets with the passphrase in this file."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="SECTION", help="Such as upstreams; again for more.")
    ] = None,
    users: Annotated[bool, typer.Option("--users", help="People and what was granted to them, too.")] = False,
) -> None:
    """Write everything of this gateway into one document, for `gatehouse import`.

    Secrets are left out, and the document says which are needed; with a passphrase
    they are in it, sealed. Tokens, passwords, records and the audit never are.
    """
    wanted = [word.strip() for one in only or [] for word in one.split(",") if word.strip()]
    body: dict[str, Any] = {"only": wanted, "include": ["users"] if users else []}
    if passphrase_file is not None:
        body["passphrase"] = read_passphrase(passphrase_file)
    with Api() as api, working("Exporting"):
        document = api.post("/export", body)
    _write(file, msgspec.json.format(document, indent=2) + b"\n")
    _tell(document, file)


def _write(file: str, data: bytes) -> None:
    """For its owner alone: it tells much, though no secret in the clear."""
    if file == "-":
        return typer.echo(data.decode(), nl=False)
    try:
        path = Path(file).expanduser()
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise Refused(f"{file} can't be written: {error.strerror}.", "Name another file.") from None


def _tell(document: bytes, file: str) -> None:
    fields = json.fields(document)
    sections = {name: len(json.load(value)) for name, value in fields.items() if name not in _HEAD}
    found = ", ".join(f"{name} {number}" for name, number in sections.items() if number)
    note(f"{'Exported' if file == '-' else f'{file} has'}: {found or 'nothing yet'}.")
    needed = _needed(fields)
    if needed:
        note(f"{counted(needed, 'secret')} left out: --passphrase-file seals them in, or give them at the import.")


def _needed(fields: dict[str, Raw]) -> int:
    return len(json.load(fields["secrets"]).get("needed") or ())
