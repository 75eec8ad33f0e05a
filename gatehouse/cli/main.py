"""Which word runs which module, and what an error becomes.

A module is imported when its command runs, so that `gatehouse up` does not pay for an HTTP client and
`gatehouse version` pays for nothing.
"""

from __future__ import annotations

import gc
from importlib import import_module
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from gatehouse.cli.errors import exit_code, tell
from gatehouse.kit.errors import GatewayError

_COMMANDS = {
    "up": ("up", "Run the gateway."),
    "add": ("add", "Add an MCP server, and show what it offers."),
    "upstream": ("upstream", "MCP servers that Gatehouse calls."),
    "tool": ("tool", "The tools of all upstreams."),
    "prompt": ("prompt", "Prompts: those of upstreams, and your own."),
    "resource": ("resource", "Resources: those of upstreams, and your own."),
    "tag": ("tag", "Tags, and how often each is used."),
    "root": ("root", "Roots: the folders that upstreams are told to work on."),
    "find": ("find", "Search everything, and what could be installed."),
    "duplicates": ("duplicates", "Tools that do the same, and which of them to keep."),
    "server": ("server", "Virtual servers: chosen tools behind one URL."),
    "agent": ("agent", "A2A agents: add them, and send them messages."),
    "token": ("token", "Tokens for agents and programs."),
    "user": ("user", "People who sign in."),
    "team": ("team", "Teams, and who is in them."),
    "role": ("role", "Roles, and who has which where."),
    "invitation": ("invitation", "Links by which people come in."),
    "session": ("session", "Where people are signed in to the console."),
    "provider": ("provider", "Identity providers, for single sign-on."),
    "registry": ("registry", "MCP servers that are ready to be installed."),
    "call": ("call", "Call a tool of a server."),
    "connect": ("connect", "Be a server over stdio, for clients that start programs."),
    "expose": ("expose", "Put a stdio server on HTTP and SSE."),
    "import": ("imports", "Take in an export, or the MCP servers in a file of another program."),
    "export": ("export", "Write everything into one document."),
    "whoami": ("whoami", "Show as whom your commands come, and what they may do."),
    "explain": ("explain", "Tell why somebody may, or may not, use a tool."),
    "audit": ("audit", "Who did what, and what was refused."),
    "calls": ("calls", "Who called what, and how it ended."),
    "events": ("events", "What happened to upstreams, servers and tokens."),
    "tail": ("tail", "Tell of calls and events as they come."),
    "metrics": ("metrics", "Figures about calls: totals, series, top, unused, errors, slowest."),
    "log": ("log", "How much the gateway logs."),
    "doctor": ("doctor", "Look for what is wrong, and say what to do."),
    "version": ("version", "Print the version."),
}
"""Word -> module, and what the list of commands says of it."""


class LazyGroup(TyperGroup):
    """Lists commands from the table above, imports the one that is used, and tells errors in one place."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {word: TyperCommand(word, help=text) for word, (_, text) in _COMMANDS.items()}

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        word, _, rest = super().resolve_command(ctx, args)
        module = _imported(f"gatehouse.cli.{_COMMANDS[str(word)][0]}")
        command = get_command(module.app)
        command.name = word
        return word, command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            tell(error)
            raise typer.Exit(exit_code(error)) from None


def _imported(name: str) -> ModuleType:
    """Import without collecting garbage meanwhile: there is none, and what is imported stays."""
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root() -> None:
    """One front door for every tool that AI agents use.

    Commands talk to the gateway at GATEHOUSE_URL, else http://127.0.0.1:4444.

    Their token is GATEHOUSE_TOKEN, else the one that `gatehouse up` left in the
    data directory (GATEHOUSE_DATA).
    """


def main() -> None:
    app(prog_name="gatehouse")
