"""What an agent says, as the result of a tool."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit import json
from gatehouse.protocol.a2a import Skill
from gatehouse.protocol.a2a_content import Conversation, Part, new_message, tool_definition


def heard(*events: dict[str, Any]) -> Conversation:
    talk = Conversation()
    for event in events:
        talk.take({name: json.raw(value) for name, value in event.items()})
    return talk


def result(*events: dict[str, Any]) -> Any:
    return json.load(json.dump(heard(*events).as_result()))


def status(state: str, text: str = "") -> dict[str, Any]:
    said = {"message": {"role": "agent", "parts": [{"kind": "text", "text": text}]}} if text else {}
    return {"kind": "status-update", "taskId": "t", "contextId": "c", "status": {"state": state, **said}}


def artifact(*parts: Any, append: bool = False) -> dict[str, Any]:
    return {"artifactUpdate": {"taskId": "t", "artifact": {"artifactId": "a", "parts": parts}, "append": append}}


@pytest.mark.parametrize("state", ["failed", "rejected", "canceled", "auth-required", "TASK_STATE_FAILED"])
def test_a_task_that_came_to_nothing_is_an_error_of_the_tool(state: str) -> None:
    found = result(status(state, "Out of paper"))
    assert found["isError"] and found["content"][0]["text"] == "Out of paper"


def test_a_task_that_waits_says_how_to_go_on() -> None:
    found = result(status("TASK_STATE_INPUT_REQUIRED", "Which city?"))
    assert "isError" not in found
    assert found["structuredContent"] == {"state": "input-required", "taskId": "t", "contextId": "c"}
    assert "taskId: t" in found["content"][1]["text"]


def test_a_task_that_does_not_end_says_that_it_is_at_work() -> None:
    talk = heard(status("working", "Thinking"))
    assert not talk.settled
    assert "still at work" in json.load(talk.as_result()["content"])[-1]["text"]


def test_words_in_pieces_are_one_text_and_a_new_artifact_replaces_the_old() -> None:
    pieces = [artifact({"text": "he"}), artifact({"text": "ll"}, append=True), artifact({"text": "o"}, append=True)]
    found = result(*pieces, status("completed", "Done"))
    assert found["content"] == [{"type": "text", "text": "hello"}]
    again = result(*pieces, artifact({"text": "bye"}), status("completed"))
    assert again["content"] == [{"type": "text", "text": "bye"}]


@pytest.mark.parametrize(
    ("part", "block"),
    [
        ({"raw": "AA==", "mediaType": "image/png"}, {"type": "image", "data": "AA==", "mimeType": "image/png"}),
        (
            {"kind": "file", "file": {"bytes": "AA==", "mimeType": "audio/wav"}},
            {"type": "audio", "data": "AA==", "mimeType": "audio/wav"},
        ),
        (
            {"raw": "AA==", "filename": "a b.bin"},
            {
                "type": "resource",
                "resource": {"uri": "a2a:///a%20b.bin", "mimeType": "application/octet-stream", "blob": "AA=="},
            },
        ),
        (
            {"kind": "file", "file": {"uri": "https://x.test/a.pdf", "mimeType": "application/pdf"}},
            {"type": "resource_link", "uri": "https://x.test/a.pdf", "name": "a.pdf", "mimeType": "application/pdf"},
        ),
        ({"data": {"n": 1}}, {"type": "text", "text": '{"n":1}'}),
    ],
)
def test_each_kind_of_part_has_its_content(part: dict[str, Any], block: dict[str, Any]) -> None:
    assert result({"message": {"parts": [part]}})["content"] == [block]


def test_data_is_structured_content_too() -> None:
    assert result({"message": {"contextId": "c", "parts": [{"data": {"n": 1}}]}})["structuredContent"] == {
        "contextId": "c",
        "data": [{"n": 1}],
    }


def test_an_answer_that_can_not_be_read_is_bad_json() -> None:
    with pytest.raises(json.BadJson):
        heard({"message": {"parts": [{"text": 5}]}})


def test_a_message_has_the_form_of_its_version() -> None:
    parts = [Part(text="hi"), Part(data=json.raw({"n": 1})), Part(raw="AA==", mediaType="image/png", filename="a")]
    new = json.load(json.dump(new_message("1.0", "m", parts, "t", None)))
    assert (new["role"], new["taskId"]) == ("ROLE_USER", "t")
    assert new["parts"][2] == {"raw": "AA==", "filename": "a", "mediaType": "image/png"}
    old = json.load(json.dump(new_message("0.3", "m", parts, None, "c")))
    assert (old["kind"], old["role"], old["contextId"]) == ("message", "user", "c")
    assert [part["kind"] for part in old["parts"]] == ["text", "data", "file"]
    assert old["parts"][2]["file"] == {"bytes": "AA==", "mimeType": "image/png", "name": "a"}


def test_a_skill_is_a_tool_that_takes_a_message() -> None:
    skill = Skill("echo", "Echo", "Says it again", ("words",), ("echo hello",))
    found = json.load(tool_definition("echo", skill))
    assert (found["name"], found["title"], found["inputSchema"]["required"]) == ("echo", "Echo", ["message"])
    assert "words" in found["description"] and "- echo hello" in found["description"]
