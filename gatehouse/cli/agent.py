"""`gatehouse agent`: A2A agents that Gatehouse calls."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from gatehouse.catalog.transfer.clients import credential
from gatehouse.cli import pairs
from gatehouse.cli.api import Api, json_as, segment
from gatehouse.cli.errors import REFUSED, note
from gatehouse.cli.live import live_lines
from gatehouse.cli.output import JsonFlag, counted, facts, line, print_items, print_json, short, table
from gatehouse.cli.upstream_changes import change_agent

app = typer.Typer(help="A2A agents that Gatehouse calls.", no_args_is_help=True, add_completion=False)
app.command("change")(change_agent)
Ref = Annotated[str, typer.Argument(metavar="AGENT", help="Its name or id.")]
Task = Annotated[str, typer.Argument(metavar="TASK", help="Its id, as `send` tells it.")]
_WAITING, _FAILED = "input-required", frozenset({"failed", "rejected", "canceled", "auth-required"})


class Skill(msgspec.Struct, frozen=True):
    id: str
    name: str
    handle: str = ""
    description: str = ""
    tags: list[str] = []
    examples: list[str] = []


class Agent(msgspec.Struct, frozen=True):
    id: str
    name: str
    url: str
    title: str | None = None
    description: str = ""
    agent_version: str | None = None
    protocol_versions: list[str] = []
    streaming: bool = False
    skill_count: int = 0
    endpoint: str = ""
    credential: dict[str, Any] | None = None
    tags: list[str] = []
    enabled: bool = True
    status: str = "unknown"
    error: str | None = None
    skills: list[Skill] = []

    @property
    def speaks(self) -> str:
        return f"A2A {' and '.join(self.protocol_versions)}" if self.protocol_versions else ""


class Checked(msgspec.Struct, frozen=True):
    ok: bool
    error: str | None = None
    milliseconds: float = 0.0


class Problem(msgspec.Struct, frozen=True):
    message: str


class Reply(msgspec.Struct, frozen=True):
    """What an agent says; `error` where a stream broke."""

    state: str | None = None
    task_id: str | None = None
    context_id: str | None = None
    text: str = ""
    error: Problem | None = None


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    url: Annotated[str, typer.Argument(help="Where it is, or where its card is.")],
    header: Annotated[list[str] | None, typer.Option("--header", "-H", help="Sent to it: 'Name: value'.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="To find it by.")] = None,
    team: Annotated[str, typer.Option(help="Whose it is.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Add an agent by its card, and show its skills."""
    shown = credential(pairs.headers(header or []))
    said = {"credential": shown, "tags": tag, "team": team}
    with Api() as api:
        answer = api.post("/agents", {"name": name, "url": url} | {key: value for key, value in said.items() if value})
    if as_json:
        return print_json(answer)
    _show_added(json_as(answer, Agent))


@app.command("list")
def list_agents(as_json: JsonFlag = False) -> None:
    """List them, with how they are."""
    with Api() as api:
        items = api.items("/agents")
    if as_json:
        return print_items(items)
    agents = [json_as(item, Agent) for item in items]
    rows = [(one.name, _state(one), one.skill_count, one.speaks, short(one.url, 60)) for one in agents]
    table(
        ("NAME", "STATUS", "SKILLS", "SPEAKS", "ADDRESS"),
        rows,
        "There are no agents. Add one: gatehouse agent add NAME URL",
    )
    for one in agents:
        if one.status == "down":
            line(f"{one.name}: {one.error}")


@app.command()
def show(agent: Ref, as_json: JsonFlag = False) -> None:
    """Show one, and its skills."""
    with Api() as api:
        answer = api.get(f"/agents/{segment(agent)}")
    if as_json:
        return print_json(answer)
    one = json_as(answer, Agent)
    facts(
        [
            ("Name", one.name),
            ("Id", one.id),
            ("Status", _state(one)),
            ("Error", one.error),
            ("Address", one.url),
            ("Calls itself", " ".join(word for word in (one.title, one.agent_version) if word)),
            ("Description", short(one.description, 200)),
            ("Speaks", one.speaks + (", streaming" if one.streaming else "")),
            ("Credential", (one.credential or {}).get("type")),
            ("Tags", ", ".join(one.tags)),
            ("For A2A clients", one.endpoint),
        ]
    )
    if one.skills:
        line()
        _show_skills(one.skills)


@app.command()
def check(agent: Ref, as_json: JsonFlag = False) -> None:
    """See whether it shows a card that can be used."""
    with Api() as api:
        answer = api.post(f"/agents/{segment(agent)}/check")
    checked = json_as(answer, Checked)
    if as_json:
        print_json(answer)
    elif checked.ok:
        line(f"{agent} shows its card in {checked.milliseconds:.0f} ms.")
    else:
        line(f"{agent} does not answer as it should: {checked.error}")
    if not checked.ok:
        raise typer.Exit(REFUSED)


@app.command()
def refresh(agent: Ref, as_json: JsonFlag = False) -> None:
    """Fetch its card anew."""
    with Api() as api:
        answer = api.post(f"/agents/{segment(agent)}/refresh")
    one = json_as(answer, Agent)
    if as_json:
        print_json(answer)
    elif one.status == "down":
        line(f"{one.name} can't be reached: {one.error}")
    else:
        line(f"{one.name} ({one.speaks}): {counted(one.skill_count, 'skill')}.")
    if one.status == "down":
        raise typer.Exit(REFUSED)


@app.command()
def skills(agent: Ref, as_json: JsonFlag = False) -> None:
    """List its skills, and the tools that they are."""
    with Api() as api:
        answer = api.get(f"/agents/{segment(agent)}/skills")
    if as_json:
        return print_json(answer)
    _show_skills(msgspec.json.decode(answer, type=_Skills).items)


@app.command()
def card(agent: Ref) -> None:
    """Print its card, as it came."""
    with Api() as api:
        print_json(api.get(f"/agents/{segment(agent)}/card"))


@app.command()
def send(
    agent: Ref,
    text: Annotated[str, typer.Argument(help="What to tell it.")],
    task: Annotated[str, typer.Option(help="Answer this task, which waits.")] = "",
    context: Annotated[str, typer.Option(help="Go on with this conversation.")] = "",
    stream: Annotated[bool, typer.Option("--stream", help="Show what it says as it comes.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Send it a message, and print what it says.

    The exit status is 1 where its task fails.
    """
    said = {"text": text, "task_id": task, "context_id": context}
    body = {key: value for key, value in said.items() if value}
    if stream:
        return _follow(agent, body, as_json)
    with Api() as api:
        answer = api.post(f"/agents/{segment(agent)}/send", body)
    return _finish(answer, as_json)


@app.command()
def task(agent: Ref, task_id: Task, as_json: JsonFlag = False) -> None:
    """Show how a task of yours is."""
    with Api() as api:
        answer = api.get(f"/agents/{segment(agent)}/tasks/{segment(task_id)}")
    return _finish(answer, as_json)


@app.command()
def cancel(agent: Ref, task_id: Task, as_json: JsonFlag = False) -> None:
    """Cancel a task of yours."""
    with Api() as api:
        answer = api.post(f"/agents/{segment(agent)}/tasks/{segment(task_id)}/cancel")
    print_json(answer) if as_json else line(f"The task is {json_as(answer, Reply).state or 'cancelled'}.")


@app.command()
def remove(agent: Ref, as_json: JsonFlag = False) -> None:
    """Remove it, and its skills from every server."""
    with Api() as api:
        api.delete(f"/agents/{segment(agent)}")
    print_json({"removed": agent}) if as_json else line(f"Removed '{agent}'.")


class _Skills(msgspec.Struct, frozen=True):
    items: list[Skill]


def _follow(agent: str, body: dict[str, Any], as_json: bool) -> None:
    last = Reply()
    for text in live_lines(f"/agents/{segment(agent)}/stream", {}, body):
        reply = json_as(text.encode(), Reply)
        last = msgspec.structs.replace(reply, state=reply.state or last.state, task_id=reply.task_id or last.task_id)
        if as_json:
            line(text)
        elif reply.text:
            line(reply.text)
    _tell_state(last, quiet=as_json)


def _finish(answer: bytes, as_json: bool) -> None:
    reply = json_as(answer, Reply)
    if as_json:
        print_json(answer)
    elif reply.text:
        line(reply.text)
    _tell_state(reply, quiet=as_json)


def _tell_state(reply: Reply, quiet: bool) -> None:
    """How it stands goes to stderr, so that stdout has the agent's words alone."""
    if reply.error is not None:
        note(f"The stream broke: {reply.error.message}")
        raise typer.Exit(REFUSED)
    if not quiet and reply.state:
        note(f"[{reply.state}] task {reply.task_id}")
    if not quiet and reply.state == _WAITING:
        note(f"It waits for an answer: gatehouse agent send AGENT TEXT --task {reply.task_id}")
    if reply.state in _FAILED:
        raise typer.Exit(REFUSED)


def _show_added(agent: Agent) -> None:
    if agent.status == "down":
        line(f"Added '{agent.name}', but it can't be used: {agent.error or 'no reason given'}")
        line(f"Correct what is wrong, then: gatehouse agent refresh {agent.name}")
        return
    line(f"Added '{agent.name}' ({agent.speaks}): {counted(agent.skill_count, 'skill')}.")
    line(f"For A2A clients it is at {agent.endpoint}")
    line(f"Next: gatehouse token create NAME --agent {agent.name}")


def _show_skills(found: list[Skill]) -> None:
    rows = [(one.id, one.handle, short(one.description or one.name, 70)) for one in found]
    table(("SKILL", "TOOL", "DESCRIPTION"), rows, "It names no skills.")


def _state(agent: Agent) -> str:
    return agent.status if agent.enabled else "disabled"
