"""Errors of the command line, and how any error is told: one line what was wrong, one line what to do."""

from __future__ import annotations

import typer

from gatehouse.kit.errors import GatewayError, Invalid

REFUSED, USAGE, UNREACHABLE = 1, 2, 3


class Refused(GatewayError):
    """The gateway said no; `status` is its HTTP status."""

    def __init__(self, message: str, hint: str = "", status: int = 0) -> None:
        super().__init__(message, hint)
        self.http_status = status


class Misused(Invalid):
    """The arguments make no sense together."""


class Unreachable(GatewayError):
    """No gateway answers at the address."""


def exit_code(error: GatewayError) -> int:
    if isinstance(error, Unreachable):
        return UNREACHABLE
    return USAGE if isinstance(error, Misused) else REFUSED


def tell(error: GatewayError) -> None:
    """Write an error to stderr."""
    typer.secho(f"Error: {clean(error.message)}", err=True, fg=typer.colors.RED)
    if error.hint:
        typer.echo(clean(error.hint), err=True)


def note(text: str) -> None:
    """Write a line for people to stderr, so that stdout stays for what was asked."""
    typer.echo(clean(text), err=True)


def clean(text: str) -> str:
    """What an upstream wrote, without the control characters that could drive a terminal; tabs and line ends stay."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
