"""The state that travels through a client: sealed, and good for one request of one principal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gatehouse.catalog.snapshot import Target
from gatehouse.kit import json
from gatehouse.protocol.call import MODERN_VERSION, Call, Client, Era, Failure, Result
from gatehouse.relay.rounds import LIFETIME, Rounds
from gatehouse.store.secrets import Secrets
from tests.support.clocks import HandClock
from tests.unit.relay.views import BOX, SECRETS, target

CLIENT = Client(Era.MODERN, MODERN_VERSION)
TARGET = target()


def call(principal: str = "tok_1", method: str = "tools/call", **params: Any) -> Call:
    fields = {"name": "add", "arguments": {"a": 1}, **params}
    return Call(method, {key: json.raw(value) for key, value in fields.items()}, CLIENT, principal)


def paused(rounds: Rounds, state: str = "its own state") -> str:
    asked = Result({"resultType": json.raw("input_required"), "requestState": json.raw(state)})
    rounds.pause(asked, call(), TARGET, "srv_1")
    sealed = json.text(asked.fields["requestState"])
    assert sealed is not None and sealed != state
    return sealed


def refusal(rounds: Rounds, again: Call, target: Target = TARGET, server: str = "srv_1") -> str:
    """Why a call that comes back is refused; empty where it is not."""
    refused = rounds.resume(again, target, server)
    assert refused is None or refused.code == -32602
    return refused.message if refused else ""


def test_the_upstream_gets_its_own_state_back() -> None:
    rounds = Rounds(SECRETS, HandClock())
    for state in ("its own state", "", 'a "b" \\ ü \x00'):
        again = call(requestState=paused(rounds, state), inputResponses={"k": {"action": "accept"}})
        assert not refusal(rounds, again)
        assert json.text(again.params["requestState"]) == state
        assert "inputResponses" in again.params


@pytest.mark.parametrize(
    "changed",
    [
        {"principal": "tok_2"},
        {"method": "prompts/get"},
        {"name": "subtract"},
        {"arguments": {"a": 2}},
        {"more": True},
    ],
)
def test_a_state_is_no_good_for_another_request(changed: dict[str, Any]) -> None:
    rounds = Rounds(SECRETS, HandClock())
    assert "not one that was given" in refusal(rounds, call(**changed, requestState=paused(rounds)))


def test_a_state_is_no_good_elsewhere() -> None:
    rounds = Rounds(SECRETS, HandClock())
    again = call(requestState=paused(rounds))
    assert refusal(rounds, again, server="srv_2")
    assert refusal(rounds, again, target(upstream=replace(BOX, id="u2")))
    assert refusal(Rounds(Secrets(b"x" * 32), HandClock()), again)
    assert not refusal(rounds, again)


@pytest.mark.parametrize("state", ["nonsense", "", "ü", 5, None, {"a": 1}, [[]]])
def test_what_was_not_sealed_here_is_refused(state: Any) -> None:
    assert "not one that was given" in refusal(Rounds(SECRETS, HandClock()), call(requestState=state))


def test_a_state_expires() -> None:
    clock = HandClock()
    rounds = Rounds(SECRETS, clock)
    state = paused(rounds)
    clock.time += LIFETIME - 1
    assert not refusal(rounds, call(requestState=state))
    clock.time += 1
    words = "Invalid params: requestState has expired; make the request again"
    assert refusal(rounds, call(requestState=state)) == words


def test_everything_else_passes_untouched() -> None:
    rounds = Rounds(SECRETS, HandClock())
    plain, failure = Result({"content": json.raw([])}), Failure(-32603, "no")
    stateless = Result({"resultType": json.raw("input_required"), "inputRequests": json.raw({})})
    for outcome in (plain, failure, stateless):
        rounds.pause(outcome, call(), TARGET, "srv_1")
    assert plain.fields.keys() == {"content"} and "requestState" not in stateless.fields
    first = call()
    assert not refusal(rounds, first)
    assert first.params.keys() == {"name", "arguments"}
