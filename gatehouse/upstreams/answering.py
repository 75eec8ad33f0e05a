"""A modern upstream's questions for roots, which come as the result of a call, answered in the client's place.

2026-07-28 "Multi round-trip requests": the call is made again with the answers. Where there are questions for the client
as well, those go to it alone, and the state that it brings back says which answers are to be added here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from gatehouse.kit import json
from gatehouse.kit.json import Fields, Raw
from gatehouse.protocol import modern
from gatehouse.protocol.call import Failure, Outcome, Result
from gatehouse.protocol.errors import INTERNAL_ERROR

STATE = "requestState"
_QUESTIONS, _ANSWERS = "inputRequests", "inputResponses"
_MOST = 10
"""Times that an upstream is answered in one call."""
_OURS = "gatehouse/roots:"
Ask = Callable[[Fields], Awaitable[Outcome]]
"""Makes the call with these params."""


class _Kept(msgspec.Struct, frozen=True):
    """What stands in the place of the upstream's state: that, and the keys of its questions for roots."""

    keys: list[str]
    state: str | None = None


async def answering(ask: Ask, params: Fields, roots: Callable[[], Raw]) -> Outcome:
    """Make a call; `roots` gives the result of roots/list."""
    plain = {key: value for key, value in params.items() if key not in (STATE, _ANSWERS)}
    outcome = await ask(resumed(params, roots))
    for _ in range(_MOST):
        ours, theirs = _questions(outcome)
        if not isinstance(outcome, Result) or not ours:
            return outcome
        if theirs:
            return _left_to_the_client(outcome, list(ours), theirs)
        again = {**plain, _ANSWERS: json.raw(dict.fromkeys(ours, roots()))}
        if STATE in outcome.fields:
            again[STATE] = outcome.fields[STATE]
        outcome = await ask(again)
    return Failure(INTERNAL_ERROR, "The upstream asks for roots again and again", own=True)


def resumed(params: Fields, roots: Callable[[], Raw]) -> Fields:
    """The params of a call with which a client comes back, as the upstream is to see them; others as they are."""
    kept = _kept(params.get(STATE))
    if kept is None:
        return params
    given = json.fields(params.get(_ANSWERS, json.EMPTY))
    found = {**params, _ANSWERS: json.raw({**given, **dict.fromkeys(kept.keys, roots())})}
    if kept.state is None:
        del found[STATE]
    else:
        found[STATE] = json.raw(kept.state)
    return found


def _kept(state: Raw | None) -> _Kept | None:
    try:
        text = json.text(state) or ""
        return msgspec.json.decode(text.removeprefix(_OURS), type=_Kept) if text.startswith(_OURS) else None
    except (json.BadJson, msgspec.DecodeError):
        return None


def _questions(outcome: Outcome) -> tuple[Fields, Fields]:
    """Those for roots, and the others; none where it asks in a way that can't be read, which is the client's to see."""
    if not isinstance(outcome, Result) or outcome.fields.get("resultType") != modern.INPUT_REQUIRED:
        return {}, {}
    try:
        asked = json.fields(outcome.fields.get(_QUESTIONS, json.EMPTY))
        ours = {key: one for key, one in asked.items() if json.text(json.fields(one).get("method")) == "roots/list"}
    except json.BadJson:
        return {}, {}
    return ours, {key: one for key, one in asked.items() if key not in ours}


def _left_to_the_client(outcome: Result, keys: list[str], theirs: Fields) -> Result:
    state = json.text(outcome.fields.get(STATE))
    outcome.fields[_QUESTIONS] = json.raw(theirs)
    outcome.fields[STATE] = json.raw(_OURS + json.dump(_Kept(keys, state)).decode())
    return outcome
