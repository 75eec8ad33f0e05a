"""Agents that do what no good agent does, and what becomes of it. Good ones of the SDK are in tests/integration."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from gatehouse.catalog.model import Kind
from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, UpstreamDown, UpstreamFailed
from gatehouse.protocol.a2a import Operation
from gatehouse.protocol.call import Call, Failure, Progress, Result
from gatehouse.upstreams.a2a import AgentRequest, AgentStream
from gatehouse.upstreams.base import Patience
from tests.support.upstream_links import QUICK, Events, bench, modern_client, said, tool_call
from tests.support.upstream_scripts import Heard, Reply, Scripted, scripted

pytestmark = pytest.mark.anyio
SKILLS = [{"id": "echo", "name": "Echo", "tags": []}]


def card(url: str, **more: Any) -> dict[str, Any]:
    interface = {"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    return {"name": "Box", "supportedInterfaces": [interface], "skills": SKILLS, **more}


class Script:
    """Shows a card, and answers methods from a table."""

    def __init__(self, **answers: Any) -> None:
        self.more: dict[str, Any] = {}
        self.url = ""
        self.missing = 0
        """So many places have no card."""
        self._answers = answers

    async def __call__(self, heard: Heard, reply: Reply) -> None:
        if heard.verb == "GET":
            self.missing -= 1
            await (reply.nothing(404) if self.missing >= 0 else reply.json(card(self.url, **self.more)))
            return
        answer: Any = self._answers[heard.method]
        if isinstance(answer, list):
            await reply.open()
            for one in answer:
                await reply.answer(one)
        elif callable(answer):
            await answer(heard, reply)
        else:
            await reply.result(answer)


def task(state: str = "TASK_STATE_COMPLETED", **more: Any) -> dict[str, Any]:
    return {"task": {"id": "t1", "contextId": "c1", "status": {"state": state}, **more}}


def update(state: str, text: str = "") -> dict[str, Any]:
    said = {"message": {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": text}]}} if text else {}
    return {"statusUpdate": {"taskId": "t1", "contextId": "c1", "status": {"state": state, **said}}}


def use(tool: str = "echo", arguments: Any = None, **fields: Any) -> Call:
    return tool_call(modern_client(), tool, {"message": "hi"} if arguments is None else arguments, **fields)


async def started(script: Script, server: Scripted) -> None:
    script.url = server.url


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": 5}, "not an A2A agent"),
        (
            {"supportedInterfaces": [{"url": "x", "protocolBinding": "GRPC", "protocolVersion": "1.0"}]},
            "GRPC of A2A 1.0",
        ),
        ({"supportedInterfaces": []}, "offers nothing"),
        ({"supportedInterfaces": [{"url": "http://169.254.169.254/latest"}]}, "169.254.169.254:80, and not at"),
        ({"supportedInterfaces": [{"url": "file:///etc/passwd"}]}, "can't be used"),
    ],
)
async def test_a_card_that_can_not_be_used_says_why(more: dict[str, Any], words: str) -> None:
    script = Script()
    async with scripted(script) as server, bench() as made:
        script.url, script.more = server.url, more
        with pytest.raises(UpstreamFailed, match=words):
            await made.agent(server.url).discover()


async def test_an_agent_that_is_away_or_shows_no_card_is_told_apart() -> None:
    script = Script()
    async with scripted(script) as server, bench() as made:
        script.url, script.missing = server.url, 99
        with pytest.raises(UpstreamFailed, match="No agent card is at"):
            await made.agent(server.url).discover()
        with pytest.raises(UpstreamDown):
            await made.agent("http://127.0.0.1:1/").discover()


async def test_a_card_is_found_where_older_agents_have_it_and_its_skills_are_tools() -> None:
    script = Script()
    skills = [*SKILLS, {"id": "a b", "name": "Two"}, {"id": "a/b", "name": "Three"}, {"id": "echo", "name": "Again"}]
    script.more = {"skills": skills, "description": "Tries"}
    async with scripted(script) as server, bench(credential={"type": "bearer", "token": "s3cret"}) as made:
        script.url, script.missing = server.url, 1
        offer = await made.agent(server.url).discover()
        assert [(item.kind, item.key) for item in offer.items] == [
            (Kind.TOOL, "echo"),
            (Kind.TOOL, "a_b"),
            (Kind.TOOL, "a_b_2"),
        ]
        assert [one.key for one in offer.skipped] == ["echo"]
        assert json.load(offer.detected.server_info)["description"] == "Tries"
        assert {heard.headers["authorization"] for heard in server.heard} == {"Bearer s3cret"}


async def test_only_tools_are_called_and_only_with_a_message() -> None:
    script = Script(SendMessage=task())
    async with scripted(script) as server, bench() as made:
        await started(script, server)
        link = made.agent(server.url)
        got = await link.send(Call("prompts/get", {}, modern_client(), "p"), None, Events())
        assert isinstance(got, Failure) and got.own
        for call in (use(arguments={}), use(arguments={"message": 5}), use("gone")):
            assert said(await link.send(call, None, Events()))["isError"] is True
        assert not [heard for heard in server.heard if heard.verb == "POST"]


async def test_what_an_agent_refuses_is_for_the_model_to_read_and_what_is_down_is_not() -> None:
    async def refuse(heard: Heard, reply: Reply) -> None:
        await reply.error(200, -32005, "Incompatible content types")

    async def fail(heard: Heard, reply: Reply) -> None:
        await reply.text(500, "<html>", "text/html")

    async def stranger(heard: Heard, reply: Reply) -> None:
        await reply.text(401, "{}", "application/json")

    for answer, words in ((refuse, "Incompatible"), (fail, "answers 500"), (stranger, "another credential")):
        script = Script(SendMessage=answer)
        async with scripted(script) as server, bench() as made:
            await started(script, server)
            got = await made.agent(server.url).send(use(), None, Events())
            if isinstance(got, Result):
                assert words in said(got)["content"][0]["text"]
            else:
                assert got.own and words in got.message
            assert isinstance(got, Result) == (answer is refuse)


async def test_a_stream_is_told_as_progress_and_ends_in_the_result() -> None:
    artifact = {"artifactUpdate": {"taskId": "t1", "artifact": {"artifactId": "a", "parts": [{"text": "hello"}]}}}
    events = [task("TASK_STATE_SUBMITTED"), update("TASK_STATE_WORKING", "Thinking"), artifact]
    script = Script(SendStreamingMessage=[*events, update("TASK_STATE_COMPLETED")])
    script.more = {"capabilities": {"streaming": True}}
    async with scripted(script) as server, bench() as made:
        await started(script, server)
        heard = Events()
        got = await made.agent(server.url).send(use(), None, heard)
        assert said(got)["content"] == [{"type": "text", "text": "hello"}]
        told = [json.text(event.params["message"]) for event in heard if isinstance(event, Progress)]
        assert told == ["submitted", "Thinking"]
        sent = (await server.until("SendStreamingMessage"))[0]
        assert sent.headers["a2a-version"] == "1.0"
        assert sent.message["params"]["message"]["metadata"] == {"skillId": "echo"}


@pytest.mark.parametrize("cut", [[], [task("TASK_STATE_WORKING")]])
async def test_a_stream_that_ends_too_early_is_asked_about(cut: list[Any]) -> None:
    script = Script(SendStreamingMessage=cut, GetTask=task(artifacts=[{"parts": [{"text": "late"}]}])["task"])
    script.more = {"capabilities": {"streaming": True}}
    async with scripted(script) as server, bench() as made:
        await started(script, server)
        got = await made.agent(server.url).send(use(), None, Events())
        if cut:
            assert [block["text"] for block in said(got)["content"]] == ["late"]
        else:
            assert isinstance(got, Failure) and got.own


async def test_a_caller_who_leaves_cancels_the_agents_task() -> None:
    async def hold(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.answer(task("TASK_STATE_WORKING"))
        await heard.gone.wait()

    script = Script(SendStreamingMessage=hold, CancelTask=task("TASK_STATE_CANCELED")["task"])
    script.more = {"capabilities": {"streaming": True}}
    async with scripted(script) as server, bench() as made:
        await started(script, server)
        events = Events()
        async with anyio.create_task_group() as group:
            group.start_soon(made.agent(server.url).send, use(), None, events)
            await events.until(1)
            group.cancel_scope.cancel()
        cancelled = (await server.until("CancelTask"))[0]
        assert cancelled.message["params"] == {"id": "t1"}


async def test_a_task_that_takes_too_long_is_handed_back_as_it_is() -> None:
    working = task("TASK_STATE_WORKING")
    script = Script(SendMessage=working, GetTask=working["task"])
    patience = Patience(connect=5.0, call=0.6, discover=5.0)
    async with scripted(script) as server, bench(patience) as made:
        await started(script, server)
        found = said(await made.agent(server.url).send(use(), None, Events()))
        assert found["structuredContent"]["state"] == "working"
        assert "still at work" in found["content"][-1]["text"]


@pytest.mark.parametrize(
    "answer", ["[]", '{"jsonrpc":"2.0","id":1,"result":[]}', "nonsense", '{"jsonrpc":"2.0","id":1}']
)
async def test_an_answer_that_is_none_is_a_failure_of_the_upstream(answer: str) -> None:
    async def babble(heard: Heard, reply: Reply) -> None:
        await reply.text(200, answer, "application/json")

    script = Script(SendMessage=babble, GetTask=babble)
    async with scripted(script) as server, bench() as made:
        await started(script, server)
        got = await made.agent(server.url).send(use(), None, Events())
        assert isinstance(got, Failure) and got.own


async def test_an_agent_of_one_version_says_so_to_clients_of_the_other() -> None:
    script = Script()
    async with scripted(script) as server, bench() as made:
        await started(script, server)
        got = await made.agent(server.url).ask(AgentRequest(Operation.GET, "0.3", {"id": json.raw("x")}, "p"))
        assert isinstance(got, Failure) and (got.code, got.message[-3:]) == (-32009, "1.0")


async def test_an_agent_that_lists_the_tasks_of_all_shows_only_those_of_the_context() -> None:
    mine, other = {"id": "1", "contextId": "chat", "status": {}}, {"id": "2", "contextId": "x", "status": {}}

    async def everything(heard: Heard, reply: Reply) -> None:
        asked = heard.message["params"]["contextId"]
        await reply.result({"tasks": [{**mine, "contextId": asked}, other], "totalSize": 2})

    script = Script(ListTasks=everything)
    async with scripted(script) as server, bench() as made:
        await started(script, server)
        link = made.agent(server.url)
        got = await link.ask(AgentRequest(Operation.LIST, "1.0", {"contextId": json.raw("chat")}, "p"))
        tasks = said(got)["tasks"]  # type: ignore[arg-type]
        assert [(one["id"].partition(".")[0], one["contextId"]) for one in tasks] == [("1", "chat")]
        assert "totalSize" not in said(got)  # type: ignore[arg-type]


async def test_the_tenant_is_the_cards_and_never_the_clients() -> None:
    script = Script(SendMessage=task())
    async with scripted(script) as server, bench() as made:
        script.url = server.url
        interface = {"url": server.url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0", "tenant": "ours"}
        script.more = {"supportedInterfaces": [interface]}
        link = made.agent(server.url)
        params = {"message": json.EMPTY, "tenant": json.raw("another")}
        assert isinstance(await link.ask(AgentRequest(Operation.SEND, "1.0", params, "p")), Result)
        assert server.heard[-1].message["params"]["tenant"] == "ours"


async def test_a_stream_that_breaks_raises_what_a_broken_connection_is() -> None:
    async def cut(heard: Heard, reply: Reply) -> None:
        await reply.open()
        await reply.event("no json-rpc")

    script = Script(SendStreamingMessage=cut)
    async with scripted(script) as server, bench(QUICK) as made:
        await started(script, server)
        got = await made.agent(server.url).ask(AgentRequest(Operation.STREAM, "1.0", {"message": json.EMPTY}, "p"))
        assert isinstance(got, AgentStream)
        with pytest.raises(GatewayError):
            await got.next()
        got.close()
