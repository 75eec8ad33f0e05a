"""`gatehouse root`: what upstreams are told that they are meant to work on."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from gatehouse.catalog.roots import EXPLAINED
from gatehouse.cli.api import Api, Listing, json_as, segment
from gatehouse.cli.changes import changes
from gatehouse.cli.output import JsonFlag, line, print_items, print_json, table

app = typer.Typer(help=EXPLAINED, no_args_is_help=True, add_completion=False)
Ref = Annotated[str, typer.Argument(metavar="ROOT", help="Its id or uri.")]
Upstream = Annotated[
    list[str] | None, typer.Option("--upstream", "-u", help="Tell only these upstreams; all if left out.")
]


class _Root(msgspec.Struct, frozen=True):
    id: str
    uri: str
    name: str = ""
    upstreams: list[str] | None = None


class _Upstream(msgspec.Struct, frozen=True):
    id: str
    name: str


@app.command()
def add(
    uri: Annotated[str, typer.Argument(help="As in file:///srv/projects.")],
    name: Annotated[str, typer.Option(help="What it is called; the last part of the uri if left out.")] = "",
    upstream: Upstream = None,
    as_json: JsonFlag = False,
) -> None:
    """Add a root that upstreams are told of."""
    with Api() as api:
        answer = api.post("/roots", {"uri": uri, "name": name, "upstreams": upstream or None})
    if as_json:
        return print_json(answer)
    made = json_as(answer, _Root)
    line(f"Upstreams that ask are told of {made.uri} ('{made.name}').")
    line(EXPLAINED)


@app.command("list")
def list_roots(as_json: JsonFlag = False) -> None:
    """List them, with who is told of each."""
    with Api() as api:
        items = json_as(api.get("/roots"), Listing).items
        names = {} if as_json else _names(api)
    if as_json:
        return print_items(items)
    roots = [json_as(item, _Root) for item in items]
    rows = [(one.id, one.uri, one.name, _told(one, names)) for one in roots]
    table(("ID", "URI", "NAME", "UPSTREAMS"), rows, "There are no roots.")
    line(EXPLAINED)


@app.command()
def change(
    root: Ref,
    uri: Annotated[str | None, typer.Option(help="As in file:///srv/projects.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    upstream: Upstream = None,
    everywhere: Annotated[bool, typer.Option("--all", help="Tell all upstreams.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Change one, or which upstreams are told of it."""
    said: dict[str, Any] = {"uri": uri, "name": name, "upstreams": upstream or None}
    body = changes(said, ["upstreams"] if everywhere else (), {"upstreams": ("upstreams", None)})
    with Api() as api:
        answer = api.patch(f"/roots/{_id(api, root)}", body)
    print_json(answer) if as_json else line(f"Changed root {json_as(answer, _Root).uri}.")


@app.command()
def remove(root: Ref, as_json: JsonFlag = False) -> None:
    """Remove one."""
    with Api() as api:
        api.delete(f"/roots/{_id(api, root)}")
    print_json({"removed": root}) if as_json else line(f"Removed '{root}'.")


def _id(api: Api, ref: str) -> str:
    roots = [json_as(item, _Root) for item in json_as(api.get("/roots"), Listing).items]
    return segment(next((one.id for one in roots if ref in (one.id, one.uri)), ref))


def _names(api: Api) -> dict[str, str]:
    upstreams = [json_as(item, _Upstream) for item in api.items("/upstreams")]
    return {one.id: one.name for one in upstreams}


def _told(root: _Root, names: dict[str, str]) -> str:
    if root.upstreams is None:
        return "all"
    return ", ".join(names.get(id_, id_) for id_ in root.upstreams) or "none"
