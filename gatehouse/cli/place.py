"""Options that say whose a thing is, who sees it, and whether it is switched on."""

from __future__ import annotations

from typing import Annotated

import typer

TeamChange = Annotated[str | None, typer.Option(metavar="TEAM", help="Whose it is.")]
VisibilityChange = Annotated[str | None, typer.Option(help="Who sees it: private, team or public.")]
TagsChange = Annotated[
    list[str] | None, typer.Option("--tag", help="To find it by; all stand in place of those before.")
]
EnabledChange = Annotated[bool | None, typer.Option("--enable/--disable", help="Switch it on or off.")]


def clear_option(*words: str) -> object:
    """`--clear WHAT`, which can be repeated."""
    return typer.Option("--clear", metavar="WHAT", help=f"Take away: {', '.join(words)}.")
