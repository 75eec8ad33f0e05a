"""`gatehouse tag`: the tags that there are."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from gatehouse.cli.api import Api, Listing, json_as
from gatehouse.cli.output import JsonFlag, counted, line, print_items, print_json, table

app = typer.Typer(help="Tags, and how often each is used.", no_args_is_help=True, add_completion=False)


class _Tag(msgspec.Struct, frozen=True):
    tag: str
    upstreams: int = 0
    agents: int = 0
    tools: int = 0
    prompts: int = 0
    resources: int = 0
    servers: int = 0
    tokens: int = 0
    users: int = 0
    total: int = 0

    @property
    def counts(self) -> tuple[int, ...]:
        catalog = self.upstreams, self.agents, self.tools, self.prompts, self.resources, self.servers
        return *catalog, self.tokens, self.users


@app.command("list")
def list_tags(as_json: JsonFlag = False) -> None:
    """List them, with what has them."""
    with Api() as api:
        items = msgspec.json.decode(api.get("/tags"), type=Listing).items
    if as_json:
        return print_items(items)
    tags = [json_as(item, _Tag) for item in items]
    rows = [(one.tag, *(number or "" for number in one.counts)) for one in tags]
    titles = ("TAG", "UPSTREAMS", "AGENTS", "TOOLS", "PROMPTS", "RESOURCES", "SERVERS", "TOKENS", "USERS")
    table(titles, rows, "Nothing has a tag.")


@app.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="TAG", help="The tag as it is.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be; one that there is makes the two one.")],
    as_json: JsonFlag = False,
) -> None:
    """Rename one, on all that you may change."""
    with Api() as api:
        answer = api.post("/tags/rename", {"from": old, "to": new})
    if as_json:
        return print_json(answer)
    made = json_as(answer, _Tag)
    line(f"{counted(made.total, 'thing')} had '{old}' and now {'has' if made.total == 1 else 'have'} '{made.tag}'.")
