"""Between rows and the model, both ways."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import RowMapping

from gatehouse.catalog.registry.model import (
    Entry,
    EntryStatus,
    Install,
    InstallRequest,
    InstallRequestState,
    Source,
    SourceKind,
)
from gatehouse.store.placement import Placement, Visibility

Row = RowMapping
Values = dict[str, Any]


def source_values(source: Source) -> Values:
    return asdict(source)


def source_of(row: Row) -> Source:
    values: Values = dict(row) | {"kind": SourceKind(row["kind"])}
    return Source(**values)


def entry_values(entry: Entry) -> Values:
    values = {field.name: getattr(entry, field.name) for field in fields(entry)}
    return values | {"transports": f",{','.join(entry.transports)},"}


def entry_of(row: Row) -> Entry:
    transports = tuple(one for one in row["transports"].split(",") if one)
    values: Values = dict(row) | {"status": EntryStatus(row["status"]), "transports": transports}
    return Entry(**values)


def install_values(install: Install) -> Values:
    return asdict(install)


def install_of(row: Row) -> Install:
    values: Values = dict(row)
    return Install(**values)


def request_values(request: InstallRequest) -> Values:
    values = {field.name: getattr(request, field.name) for field in fields(request) if field.name != "placement"}
    placed = request.placement
    return values | {"owner": placed.owner, "team": placed.team, "visibility": placed.visibility}


def request_of(row: Row) -> InstallRequest:
    values: Values = dict(row)
    placed = Placement(values.pop("owner"), values.pop("team"), Visibility(values.pop("visibility")))
    values |= {"placement": placed, "state": InstallRequestState(row["state"])}
    return InstallRequest(**values)
