"""Ids of tasks and contexts: only who was given one can bring it back."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit import json
from gatehouse.kit.json import Fields
from gatehouse.protocol.a2a import Operation
from gatehouse.protocol.a2a_ids import Ids, NotCarried, NotTheirs, inward, outward

KEY = bytes(32)
ANN, BOB = Ids(KEY, "agent", "ann"), Ids(KEY, "agent", "bob")
ELSEWHERE = Ids(KEY, "other", "ann")


def fields(value: dict[str, Any]) -> Fields:
    return {name: json.raw(one) for name, one in value.items()}


def loaded(value: Fields) -> Any:
    return json.load(json.dump(value))


def test_a_task_is_nobody_elses_nor_at_another_agent_nor_under_another_key() -> None:
    shown = ANN.task_out("t.1")
    for other in (BOB, ELSEWHERE, Ids(b"x" * 32, "agent", "ann")):
        with pytest.raises(NotTheirs):
            other.task_in(shown)
    for wrong in ("t.1", "", ".", shown[:-1], shown + "x", "t.2" + shown[3:], ANN.context_out("t.1")):
        with pytest.raises(NotTheirs):
            ANN.task_in(wrong)
    assert ANN.task_in(shown) == "t.1"
    assert ANN.task_out("t.1") == shown


def test_a_context_that_a_client_chooses_is_its_own_alone() -> None:
    mine, theirs = ANN.context_in("chat"), BOB.context_in("chat")
    assert mine != theirs != "chat"
    assert ANN.context_out(mine) == "chat"
    given = ANN.context_out("of-the-agent")
    assert ANN.context_in(given) == "of-the-agent"
    assert BOB.context_in(given) not in ("of-the-agent", given)


def test_all_ids_of_an_answer_are_shown_and_nothing_else_is_touched() -> None:
    message = {
        "messageId": "m",
        "taskId": "t",
        "contextId": "c",
        "referenceTaskIds": ["r"],
        "parts": [{"data": {"taskId": "t"}}],
    }
    task = {
        "id": "t",
        "contextId": "c",
        "status": {"state": "working", "message": message},
        "history": [message, message],
    }
    shown = {
        **message,
        "taskId": ANN.task_out("t"),
        "contextId": ANN.context_out("c"),
        "referenceTaskIds": [ANN.task_out("r")],
    }
    expected = {
        "id": ANN.task_out("t"),
        "contextId": ANN.context_out("c"),
        "status": {"state": "working", "message": shown},
        "history": [shown, shown],
    }
    assert loaded(outward(ANN, fields({"task": task}))) == {"task": expected}
    assert loaded(outward(ANN, fields(task))) == expected
    update = {"taskId": "t", "contextId": "c", "artifact": {"artifactId": "a", "parts": []}}
    found = loaded(outward(ANN, fields({"artifactUpdate": update})))["artifactUpdate"]
    assert (found["taskId"], found["artifact"]) == (ANN.task_out("t"), update["artifact"])
    raw = {"parts": json.Raw(b'[{"data":{"n":1.00}}]')}
    assert outward(ANN, raw) == raw


def test_a_message_to_a_task_of_anothers_is_as_one_to_a_task_that_is_not_there() -> None:
    for message in ({"taskId": BOB.task_out("t")}, {"taskId": "t"}, {"referenceTaskIds": [BOB.task_out("t")]}):
        with pytest.raises(NotTheirs):
            inward(ANN, Operation.SEND, fields({"message": message}))
    with pytest.raises(NotTheirs):
        inward(ANN, Operation.CANCEL, fields({"id": BOB.task_out("t")}))
    sent = fields({"message": {"taskId": ANN.task_out("t"), "contextId": ANN.context_out("c")}, "tenant": "other"})
    assert loaded(inward(ANN, Operation.STREAM, sent)) == {"message": {"taskId": "t", "contextId": "c"}}


@pytest.mark.parametrize(
    "params",
    [
        {"message": {"task_id": "t"}},
        {"message": {"reference_task_ids": ["t"]}},
        {"message": {}, "configuration": {"task_push_notification_config": {"url": "https://x.test"}}},
        {"message": "no object"},
        {},
    ],
)
def test_what_other_readers_would_take_for_an_id_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(json.BadJson):
        inward(ANN, Operation.SEND, fields(params))


def test_webhooks_and_lists_of_everything_are_not_carried() -> None:
    for name in ("pushNotificationConfig", "taskPushNotificationConfig"):
        with pytest.raises(NotCarried, match="Push"):
            inward(ANN, Operation.SEND, fields({"message": {}, "configuration": {name: {"url": "https://x.test"}}}))
    with pytest.raises(NotCarried, match="contextId"):
        inward(ANN, Operation.LIST, {})
    kept = inward(ANN, Operation.SEND, fields({"message": {}, "configuration": {"pushNotificationConfig": None}}))
    assert loaded(kept)["configuration"] == {"pushNotificationConfig": None}
