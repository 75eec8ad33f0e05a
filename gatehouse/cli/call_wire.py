"""Calls and figures as the API tells them, and how they are asked for."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

When = Annotated[str, typer.Option(metavar="WHEN", help="24h, 7d, 2026-11-21 or 2026-11-21T08:00:00Z.")]
ServerOption = Annotated[str, typer.Option(metavar="SERVER", help="Only of this server.")]
UpstreamOption = Annotated[str, typer.Option(metavar="UPSTREAM", help="Only of this upstream.")]
ToolOption = Annotated[str, typer.Option(metavar="NAME", help="Only of this tool, prompt or resource.")]
PrincipalOption = Annotated[str, typer.Option(metavar="ID", help="Only of this token, user or client.")]
UserOption = Annotated[str, typer.Option(metavar="USER", help="Only of this user and their tokens.")]
TeamOption = Annotated[str, typer.Option(metavar="TEAM", help="Only of tokens of this team.")]
ClientOption = Annotated[str, typer.Option(metavar="NAME", help="Only of clients that call themselves so.")]
OutcomeOption = Annotated[
    str, typer.Option(metavar="OUTCOME", help="ok, tool_error, protocol_error, refused, cancelled or timed_out.")
]


class Who(msgspec.Struct, frozen=True):
    id: str
    kind: str = ""
    name: str = ""


class Client(msgspec.Struct, frozen=True):
    name: str | None = None
    version: str | None = None
    era: str = ""


class Call(msgspec.Struct, frozen=True):
    id: str
    at: str
    outcome: str
    principal: Who
    client: Client
    server: Who | None
    method: str
    name: str | None = None
    upstream: Who | None = None
    original: str | None = None
    total_ms: float = 0.0
    upstream_ms: float = 0.0
    queue_ms: float = 0.0
    bytes_in: int = 0
    bytes_out: int = 0
    tokens: int = 0
    trace_id: str | None = None
    error_class: str | None = None
    error: str | None = None
    arguments: Any = None
    result: Any = None


class Sums(msgspec.Struct, frozen=True):
    calls: int
    errors: int
    outcomes: dict[str, int]
    bytes_in: int
    bytes_out: int
    tokens: int
    mean_ms: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None


class Totals(msgspec.Struct, frozen=True):
    since: str
    until: str
    sums: Sums


class Point(msgspec.Struct, frozen=True):
    start: str
    sums: Sums


class Curve(msgspec.Struct, frozen=True):
    key: str
    name: str
    points: list[Point]


class Series(msgspec.Struct, frozen=True):
    step: str
    points: list[Point]
    groups: list[Curve] = []


class Ranked(msgspec.Struct, frozen=True):
    key: str
    name: str
    sums: Sums


class Top(msgspec.Struct, frozen=True):
    items: list[Ranked]


class ErrorGroup(msgspec.Struct, frozen=True):
    error_class: str
    calls: int
    first: str
    last: str
    example: Call


class Errors(msgspec.Struct, frozen=True):
    items: list[ErrorGroup]


class Calls(msgspec.Struct, frozen=True):
    items: list[Call]


class Unused(msgspec.Struct, frozen=True):
    kind: str
    id: str
    name: str
    last_used_at: str | None = None
    servers: list[str] = []


class UnusedList(msgspec.Struct, frozen=True):
    items: list[Unused]


def wanted(**said: str | int) -> dict[str, str | int]:
    """The query of what was said."""
    return {name: value for name, value in said.items() if value}


def moment(text: str) -> str:
    """`2026-11-21 08:00:00`"""
    return f"{text[:10]} {text[11:19]}"


def milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
