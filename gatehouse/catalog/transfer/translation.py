"""Files of other programs as documents of ours, with a report of what is the same, what nearly, and what can't come in.

Pure: content goes in decoded. What can't be understood is told in words, so that one odd entry does not lose the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatehouse.catalog.transfer import context_forge
from gatehouse.catalog.transfer.clients import ImportedUpstream, credential, holds_servers, read_mcp_config
from gatehouse.catalog.transfer.foreign import Fidelity, Finding, Secrets, Translation, document
from gatehouse.kit.errors import Invalid

Content = Mapping[str, Any]


def translate(content: Content, environ: Mapping[str, str] | None = None) -> Translation:
    """Raises `Invalid` where it is nothing that is known. `environ`: what references to variables are filled in from."""
    if context_forge.is_export(content):
        return context_forge.translate(content)
    if holds_servers(content):
        return _of_client(content, environ or {})
    raise Invalid(
        "There are no MCP servers in it, nor anything else that can be imported.",
        "Known are exports of Gatehouse and ContextForge, and files with 'mcpServers' or 'servers' "
        "(Claude, Cursor, VS Code, Gemini, Codex, Windsurf).",
    )


def _of_client(content: Content, environ: Mapping[str, str]) -> Translation:
    read = read_mcp_config(content, environ)
    secrets = Secrets()
    upstreams = [_upstream(one, secrets) for one in read.upstreams]
    problems = tuple(_problem(words, {one.written for one in read.upstreams}) for words in read.problems)
    findings = (*map(_finding, read.upstreams), *problems)
    return Translation("mcp.json", document(upstreams=upstreams), findings, problems, secrets.known)


def _upstream(one: ImportedUpstream, secrets: Secrets) -> dict[str, Any]:
    root = f"upstreams/{one.name}"
    values: dict[str, Any] = {
        "name": one.name,
        "transport": one.transport.value,
        "url": one.url,
        "command": one.command,
        "args": list(one.args),
        "env": secrets.references(f"{root}/env", one.env),
        "credential": secrets.credential(f"{root}/credential", credential(one.headers)),
        "enabled": not one.disabled,
    }
    # What the file says nothing of is left as it is here.
    optional = {name: value for name, value in {"cwd": one.cwd, "timeout": one.timeout}.items() if value is not None}
    return values | optional


def _finding(one: ImportedUpstream) -> Finding:
    words: list[str] = []
    if one.written and one.written != one.name:
        words.append(f"it is called '{one.name}' here")
    if one.ignored:
        words.append(f"has no counterpart here: {', '.join(one.ignored)}")
    fidelity = Fidelity.APPROXIMATE if words else Fidelity.EXACT
    return Finding("server", one.written or one.name, fidelity, "; ".join(words))


def _problem(words: str, read: set[str]) -> Finding:
    """A problem begins with the name of its entry in quotes."""
    name = words.split("'")[1] if words.startswith("'") else ""
    fidelity = Fidelity.APPROXIMATE if name in read else Fidelity.UNSUPPORTED
    return Finding("server", name, fidelity, words)
