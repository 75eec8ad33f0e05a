"""What `gatehouse prompt` and `gatehouse resource` have in common: finding one's own, their versions, the way back."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import Misused
from gatehouse.cli.output import JsonFlag, line, print_json, short, table
from gatehouse.kit.json import Raw

_ID = re.compile(r"cap_[0-9a-z]{26}")
Which = Annotated[str, typer.Argument(metavar="REF", help="Its name or uri, handle, or id.")]
Note = Annotated[str, typer.Option(help="Why, for the list of versions.")]
Team = Annotated[str, typer.Option(help="Whose it is.")]
Visibility = Annotated[str, typer.Option(help="Who sees it: private, team or public.")]


class Ref(msgspec.Struct, frozen=True):
    name: str = ""


class Own(msgspec.Struct, frozen=True):
    """A prompt, resource or resource template; `own`: made here."""

    id: str
    name: str
    handle: str = ""
    kind: str = ""
    title: str | None = None
    description: str | None = None
    upstream: Ref = Ref()
    tags: list[str] = []
    enabled: bool = True
    state: str = "present"
    visibility: str = ""
    servers: list[Ref] = []
    own: bool = False
    definition: dict[str, Any] = {}
    source: dict[str, Any] = {}

    @property
    def version(self) -> int:
        return int(self.source.get("version", 0))

    @property
    def shown_state(self) -> str:
        return self.state if self.state == "gone" else "" if self.enabled else "off"


class _Author(msgspec.Struct, frozen=True):
    name: str = ""


class _Version(msgspec.Struct, frozen=True):
    version: int
    size: int
    created_at: str
    current: bool = False
    author: _Author = _Author()
    note: str = ""
    restored_from: int | None = None


class _Versions(msgspec.Struct, frozen=True):
    items: list[_Version]


class _Diff(msgspec.Struct, frozen=True):
    from_version: int
    to_version: int
    identical: bool
    diff: str


class _Upstreams(msgspec.Struct, frozen=True):
    items: list[Ref]


def find(api: Api, collection: str, ref: str) -> str:
    """The path of one: by its id or handle, or by the name or uri of one's own."""
    if _ID.fullmatch(ref):
        return f"/{collection}/{ref}"
    known = json_as(api.get("/upstreams", kind="local"), _Upstreams).items
    for own in known[:1]:
        items = [json_as(item, Own) for item in api.items(f"/{collection}", upstream=own.name, q=ref)]
        exact = next((one for one in items if one.name == ref), None)
        if exact is not None:
            return f"/{collection}/{exact.id}"
    return f"/{collection}/{segment(ref)}"


def listed(collection: str, wanted: dict[str, str], mine: bool) -> list[Raw]:
    """`mine`: only those that were made here."""
    with Api() as api:
        if not mine:
            return api.items(f"/{collection}", **wanted)
        known = json_as(api.get("/upstreams", kind="local"), _Upstreams).items
        return api.items(f"/{collection}", upstream=known[0].name, **wanted) if known else []


def read_file(file: str) -> bytes:
    """`-` is stdin; raises `Misused`."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).expanduser().read_bytes()
    except OSError as error:
        raise Misused(f"{file} can't be read: {error.strerror}.", "Name another file, or - for stdin.") from None


def as_text(file: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Misused(f"{file} is not a text in UTF-8.", "Save it as UTF-8.") from None


def arguments(said: list[str]) -> list[dict[str, Any]]:
    """From `NAME`, `NAME!` (required), `NAME:TYPE`, `NAME:one|two` (choices) and `NAME=DEFAULT`, in this order together."""
    return [_argument(text) for text in said]


def _argument(text: str) -> dict[str, Any]:
    head, has_default, default = text.partition("=")
    name, _, kind = head.partition(":")
    found: dict[str, Any] = {"name": name.removesuffix("!").strip()}
    if name.endswith("!"):
        found["required"] = True
    if "|" in kind:
        found |= {"type": "enum", "choices": [choice.strip() for choice in kind.split("|")]}
    elif kind:
        found["type"] = kind.strip()
    return found | ({"default": default} if has_default else {})


def add_history(app: typer.Typer, collection: str) -> None:
    """The commands about versions, and the one that removes."""

    @app.command()
    def versions(ref: Which, as_json: JsonFlag = False) -> None:
        """List its versions, with who made each and why."""
        with Api() as api:
            answer = api.get(f"{find(api, collection, ref)}/versions")
        if as_json:
            return print_json(answer)
        rows = [
            (
                f"{each.version}{'*' if each.current else ''}",
                each.created_at[:19],
                each.author.name,
                each.size,
                _why(each),
            )
            for each in json_as(answer, _Versions).items
        ]
        table(("VERSION", "MADE", "BY", "BYTES", "NOTE"), rows)

    @app.command()
    def diff(
        ref: Which,
        version: Annotated[int, typer.Argument(help="The older one.")],
        to: Annotated[int | None, typer.Option(help="The newer one; the current one if left out.")] = None,
        as_json: JsonFlag = False,
    ) -> None:
        """Tell how a version differs from a later one."""
        with Api() as api:
            path = f"{find(api, collection, ref)}/versions/{version}/diff"
            answer = api.get(path, **({} if to is None else {"to": to}))
        if as_json:
            return print_json(answer)
        told = json_as(answer, _Diff)
        line(told.diff or f"Versions {told.from_version} and {told.to_version} are the same.")

    @app.command()
    def restore(
        ref: Which,
        version: Annotated[int, typer.Argument(help="Which is to be the newest again.")],
        note: Note = "",
        as_json: JsonFlag = False,
    ) -> None:
        """Make an old version the newest."""
        with Api() as api:
            answer = api.post(f"{find(api, collection, ref)}/versions/{version}/restore", {"note": note})
        if as_json:
            return print_json(answer)
        made = json_as(answer, Own)
        line(f"'{made.name}' is as it was in version {version}; this is version {made.version}.")

    @app.command()
    def remove(ref: Which, as_json: JsonFlag = False) -> None:
        """Remove it with its versions, from every server too."""
        with Api() as api:
            api.delete(find(api, collection, ref))
        print_json({"removed": ref}) if as_json else line(f"Removed '{ref}'.")


def _why(version: _Version) -> str:
    restored = f"(as version {version.restored_from})" if version.restored_from is not None else ""
    return short(f"{version.note} {restored}".strip(), 60)
