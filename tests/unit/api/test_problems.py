from __future__ import annotations

import msgspec
import pytest

from gatehouse.api.problems import (
    CallFailed,
    FieldError,
    InvalidFields,
    InvalidToken,
    LacksPermission,
    problem_response,
)
from gatehouse.kit.errors import GatewayError, NotFound, Unauthenticated, UpstreamDown
from gatehouse.kit.json import Raw


def told(error: GatewayError) -> dict[str, object]:
    response = problem_response(error)
    assert response.media_type == "application/problem+json"
    assert response.status_code == error.http_status
    return msgspec.json.decode(bytes(response.body), type=dict[str, object])


def test_an_error_is_told_with_its_hint() -> None:
    assert told(NotFound("No such thing.", "Look again.")) == {
        "type": "urn:gatehouse:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "No such thing.",
        "hint": "Look again.",
    }


def test_an_error_without_a_hint_has_none() -> None:
    assert "hint" not in told(UpstreamDown("Not there."))


def test_wrong_fields_are_listed() -> None:
    error = InvalidFields("No.", [FieldError("a", "missing"), FieldError("b", "unknown")])
    assert told(error)["errors"] == [{"field": "a", "message": "missing"}, {"field": "b", "message": "unknown"}]


def test_a_failed_call_keeps_its_code_and_data() -> None:
    problem = told(CallFailed(502, "Out of order", -32603, Raw(b'{"n":1}')))
    assert (problem["status"], problem["rpc_code"], problem["rpc_data"]) == (502, -32603, {"n": 1})


@pytest.mark.parametrize(
    ("error", "challenge"),
    [
        (Unauthenticated("Who?"), 'Bearer realm="gatehouse"'),
        (InvalidToken("No."), 'Bearer realm="gatehouse", error="invalid_token"'),
        (
            LacksPermission("No.", "tool.call"),
            'Bearer realm="gatehouse", error="insufficient_scope", scope="tool.call"',
        ),
        (NotFound("No."), None),
    ],
)
def test_a_challenge_is_sent_where_a_token_is_what_is_wrong(error: GatewayError, challenge: str | None) -> None:
    assert problem_response(error).headers.get("www-authenticate") == challenge
