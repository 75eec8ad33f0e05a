from __future__ import annotations

from typing import Any

import pytest

from gatehouse.kit import json
from gatehouse.kit.json import EMPTY, Raw
from gatehouse.protocol import bridge
from gatehouse.protocol.call import Client, Era, Failure, Log, Notice, Progress, Result

LEGACY = Client(Era.LEGACY, "2025-06-18", Raw(b'{"sampling":{}}'), Raw(b'{"name":"c"}'))
MODERN = Client(Era.MODERN, "2026-07-28", Raw(b'{"sampling":{}}'), Raw(b'{"name":"c"}'))
US = Raw(b'{"name":"us"}')


def result(**fields: Any) -> Result:
    return Result({key: json.raw(value) for key, value in fields.items()})


def seen(outcome: Any) -> Any:
    return json.load(json.dump(outcome.fields))


def test_a_legacy_result_gets_what_a_modern_one_must_have() -> None:
    got = bridge.for_client(result(content=[]), MODERN, "tools/call", US)
    meta = {"io.modelcontextprotocol/serverInfo": {"name": "us"}}
    assert seen(got) == {"content": [], "resultType": "complete", "_meta": meta}
    got = bridge.for_client(result(contents=[]), MODERN, "resources/read", US)
    assert (seen(got)["ttlMs"], seen(got)["cacheScope"]) == (0, "private")


def test_a_modern_result_reaches_a_modern_client_as_it_is() -> None:
    given = result(contents=[], resultType="complete", ttlMs=5, cacheScope="public", x={"y": 1})
    got = seen(bridge.for_client(given, MODERN, "resources/read", US))
    assert (got["ttlMs"], got["cacheScope"], got["x"]) == (5, "public", {"y": 1})


def test_a_question_to_a_modern_client_is_not_cacheable() -> None:
    given = result(resultType="input_required", inputRequests={}, requestState="s")
    got = seen(bridge.for_client(given, MODERN, "resources/read", US))
    assert "ttlMs" not in got and got["requestState"] == "s"


def test_a_legacy_client_gets_nothing_of_the_modern_shape() -> None:
    given = result(content=[], resultType="complete", ttlMs=5, cacheScope="public", structuredContent={"a": 1})
    assert seen(bridge.for_client(given, LEGACY, "tools/call", US)) == {"content": [], "structuredContent": {"a": 1}}


@pytest.mark.parametrize("value", [[1], 5, "a", None])
def test_structured_content_that_is_no_object_is_left_out_for_a_legacy_client(value: Any) -> None:
    assert seen(bridge.for_client(result(content=[], structuredContent=value), LEGACY, "tools/call", US)) == {
        "content": []
    }


@pytest.mark.parametrize("kind", ["input_required", "task", "x/y"])
def test_a_kind_of_result_that_legacy_lacks_is_a_failure_of_ours(kind: str) -> None:
    got = bridge.for_client(result(resultType=kind), LEGACY, "tools/call", US)
    assert isinstance(got, Failure) and got.own and got.code == -32603


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (-32002, -32602),
        (-32042, -32603),
        (-32050, -32603),
        (-32021, -32021),
        (-32000, -32000),
        (-32601, -32601),
        (7, 7),
    ],
)
def test_a_modern_client_gets_no_code_that_its_era_lacks(code: int, told: int) -> None:
    data = Raw(b'{"uri":"a:b"}')
    got = bridge.for_client(Failure(code, "m", data), MODERN, "resources/read", US)
    assert got == Failure(told, "m", data)


def test_a_resource_that_is_not_there_has_its_own_code_for_a_legacy_client() -> None:
    lost = Failure(-32602, "m", Raw(b'{"uri":"a:b"}'))
    assert bridge.for_client(lost, LEGACY, "resources/read", US) == Failure(-32002, "m", Raw(b'{"uri":"a:b"}'))
    assert bridge.for_client(lost, LEGACY, "tools/call", US) == lost
    bare = Failure(-32602, "m")
    assert bridge.for_client(bare, LEGACY, "resources/read", US) == bare


def test_across_eras_a_client_is_shown_with_nothing_that_it_could_be_asked() -> None:
    assert bridge.client_for(Era.MODERN, LEGACY) == Client(Era.MODERN, "2026-07-28", EMPTY, LEGACY.info)
    assert bridge.client_for(Era.LEGACY, MODERN) == Client(Era.LEGACY, "2025-11-25", EMPTY, MODERN.info)


def test_in_its_own_era_a_client_is_shown_as_it_is() -> None:
    assert bridge.client_for(Era.LEGACY, LEGACY) == LEGACY
    assert bridge.client_for(Era.MODERN, MODERN) == MODERN


@pytest.mark.parametrize("method", ["resources/subscribe", "resources/unsubscribe"])
def test_a_method_that_the_other_era_lacks_is_refused(method: str) -> None:
    refused = bridge.unsupported(method, Era.MODERN)
    assert refused is not None and refused.code == -32601
    assert bridge.unsupported(method, Era.LEGACY) is None


def test_events_become_notifications() -> None:
    progress = Progress({"progress": Raw(b"0.50"), "total": Raw(b"1")})
    assert bridge.message_of(progress, None) is None
    told = bridge.message_of(progress, Raw(b'"p"'))
    assert told == (
        b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.50,"total":1}}'
    )
    log = Log(Raw(b'{"level":"error","data":1.0}'))
    assert bridge.log_level(log) == "error"
    assert b'"params":{"level":"error","data":1.0}' in (bridge.message_of(log, None) or b"")
    assert b'"method":"x/y"' in (bridge.message_of(Notice("x/y", EMPTY), None) or b"")


def test_a_response_is_the_bytes_of_the_result() -> None:
    assert bridge.response(b"7", Result({"a": Raw(b"1.00")})) == b'{"jsonrpc":"2.0","id":7,"result":{"a":1.00}}'
    failed = bridge.response(b'"x"', Failure(-32602, "m", Raw(b"[1]")))
    assert failed == b'{"jsonrpc":"2.0","id":"x","error":{"code":-32602,"message":"m","data":[1]}}'
