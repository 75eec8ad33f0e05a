"""What is remembered of calls: by what they are told apart, and that nobody can make it grow without end."""

from __future__ import annotations

from gatehouse.access.model import ANONYMOUS
from gatehouse.kit import json
from gatehouse.kit.json import Raw
from gatehouse.protocol.call import Call, Client, Era, Failure, Outcome, Result
from gatehouse.relay.noting import LONGEST_CLIENT, LONGEST_INFO, Notes
from gatehouse.telemetry.record import Course
from tests.unit.relay.views import DESK, target

ADD = target()


class Told:
    """Notes, and the courses that they told of."""

    def __init__(self) -> None:
        self.courses = list[Course]()
        self.notes = Notes(self.courses.append)

    def call(self, outcome: Outcome | None = None, **info: object) -> Course:
        client = Client(Era.MODERN, "2026-07-28", json.EMPTY, json.raw(info) if info else None)
        call = Call("tools/call", {"name": json.raw("add")}, client, ANONYMOUS.id)
        course = Course(1.0, ended=2.0)
        self.notes.ended(ANONYMOUS, DESK, call, ADD, outcome or Result({"content": Raw(b"[]")}), course)
        return course


def test_calls_of_one_client_and_one_ending_are_one_group() -> None:
    told = Told()
    first, second = told.call(name="claude", version="1"), told.call(name="claude", version="1")
    assert first.group is second.group
    assert told.call(name="cursor", version="1").group is not first.group
    assert told.call(Failure(-32000, "no"), name="claude", version="1").group is not first.group


def test_failures_of_one_kind_are_one_group_and_each_keeps_its_own_words() -> None:
    told = Told()
    first, second = told.call(Failure(-32000, "no disk")), told.call(Failure(-32000, "no room"))
    assert first.group is second.group
    assert (first.made.error, second.made.error) == ("no disk", "no room")
    assert first.made.error_class == "rpc -32000"


def test_of_a_client_that_says_very_much_its_name_and_version_are_remembered() -> None:
    told = Told()
    courses = [told.call(name="wordy", version="1", icons=[f"{at}" * LONGEST_INFO]) for at in range(1, 4)]
    assert len({id(one.group) for one in courses}) == 1, "what else it says makes no group of its own"
    assert (courses[0].made.client, courses[0].made.client_version) == ("wordy", "1")
    endless = told.call(name="n" * 2 * LONGEST_INFO).made
    assert endless.client == "n" * LONGEST_CLIENT
