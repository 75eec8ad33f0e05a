"""Multi round-trip requests of the modern era: the upstream's `requestState` travels sealed through the client.

Several principals may share one upstream credential, so an upstream can't tell them apart by itself. What the client
carries is bound to the principal, the virtual server, the upstream and the very request; the upstream gets its own
bytes back. 2026-07-28 "Multi round-trip requests".
"""

from __future__ import annotations

import hashlib

import msgspec

from gatehouse.catalog.snapshot import Target
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.json import Fields
from gatehouse.protocol import modern
from gatehouse.protocol.call import Call, Failure, Outcome, Result
from gatehouse.protocol.errors import INVALID_PARAMS
from gatehouse.store.secrets import Secrets

LIFETIME = 600.0
"""Seconds within which a client may come back with answers."""
_NOT_OF_THE_REQUEST = frozenset({"requestState", "inputResponses", "_meta"})


class _State(msgspec.Struct, frozen=True):
    state: str
    expires: float


class Rounds:
    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secrets = secrets
        self._clock = clock

    def pause(self, outcome: Outcome, call: Call, target: Target, server: str) -> None:
        """Seal the state of an `input_required` result, in place; anything else passes."""
        if not isinstance(outcome, Result) or outcome.fields.get("resultType") != modern.INPUT_REQUIRED:
            return
        state = json.text(outcome.fields.get("requestState"))
        if state is not None:
            plain = json.dump(_State(state, self._clock.now() + LIFETIME))
            sealed = self._secrets.seal_text("request-state", plain, _bound_to(call, target, server))
            outcome.fields["requestState"] = json.raw(sealed)

    def resume(self, call: Call, target: Target, server: str) -> Failure | None:
        """Open the state that a client brings back, in place; a call without one passes. Else says what is wrong."""
        if "requestState" not in call.params:
            return None
        try:
            sealed = json.text(call.params["requestState"]) or ""
            plain = self._secrets.open_text("request-state", sealed, _bound_to(call, target, server))
            state = msgspec.json.decode(plain, type=_State)
        except (ValueError, msgspec.DecodeError):
            return Failure(
                INVALID_PARAMS, "Invalid params: requestState is not one that was given for this request", own=True
            )
        if self._clock.now() >= state.expires:
            return Failure(INVALID_PARAMS, "Invalid params: requestState has expired; make the request again", own=True)
        call.params["requestState"] = json.raw(state.state)
        return None


def _bound_to(call: Call, target: Target, server: str) -> bytes:
    request: Fields = {key: value for key, value in sorted(call.params.items()) if key not in _NOT_OF_THE_REQUEST}
    digest = hashlib.sha256(json.dump(request)).hexdigest()
    return "\n".join((call.principal, server, target.upstream.id, call.method, digest)).encode()
