"""Resources and resource templates that are made here, over the API."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.unit.api.gate import Gate, problem

pytestmark = pytest.mark.anyio
LOGO = base64.b64encode(bytes(range(256))).decode()


_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": "a", "blob": LOGO}, "either text or blob"),
    ({}, "either text or blob"),
    ({"blob": "%%"}, "not base64"),
    ({"text": "a", "uri": "no uri"}, "is no uri"),
    ({"text": "a", "uri": "ui://page"}, "pages of tools"),
    ({"text": "a", "uri": "a:b", "uri_template": "a:{b}"}, "both a uri and a uri_template"),
    ({"text": "a", "uri_template": "note://x"}, "has no variable"),
    ({"text": "a", "uri_template": "note://{a}{b}"}, "without a text between"),
    ({"text": "a", "uri_template": "note://{+a}"}, "can't be a variable"),
    ({"text": "a", "uri_template": "{a}://x"}, "scheme"),
    ({"text": "{{b}}", "uri_template": "note://{a}"}, "'b', which is no argument"),
    ({"blob": LOGO, "uri_template": "note://{a}"}, "and no blob"),
    ({"text": "a", "arguments": [{"name": "a"}]}, "has no arguments"),
    ({"text": "a", "mime_type": "text"}, "no media type"),
    ({"text": "a", "annotations": {"priority": 2}}, "annotations.priority"),
]


async def test_a_resource_that_can_not_be_is_refused_with_what_is_wrong(gate: Gate) -> None:
    for body, words in _REFUSED:
        refused = problem(await gate.client.post("/resources", json={"name": "Notes"} | body), 400)
        assert words in refused["detail"] + refused.get("hint", "") + str(refused.get("errors")), body


async def test_a_uri_is_taken_once(gate: Gate) -> None:
    await gate.create("/resources", name="Notes", text="a", uri="note://a")
    refused = problem(await gate.client.post("/resources", json={"name": "x", "text": "a", "uri": "note://a"}), 409)
    assert "There is a resource 'note://a'" in refused["detail"]


async def test_a_text_resource_is_made_with_a_uri_of_our_own(gate: Gate) -> None:
    made = await gate.create(
        "/resources", name="House rules", text="Be kind.", mime_type="text/plain", annotations={"audience": ["user"]}
    )
    assert (made["kind"], made["uri"]) == ("resource", "gatehouse://resources/house-rules")
    definition = made["definition"]
    assert (definition["size"], definition["mimeType"]) == (8, "text/plain")
    assert definition["annotations"]["audience"] == ["user"]
    assert definition["annotations"]["lastModified"].endswith("Z")
    assert made["source"]["text"] == "Be kind."


async def test_a_binary_resource_is_told_by_size_and_digest(gate: Gate) -> None:
    made = await gate.create("/resources", name="Logo", blob=LOGO, mime_type="image/png")
    path = f"/resources/{made['id']}"
    assert (made["source"]["binary"], made["source"]["size"]) == (True, 256)
    assert "blob" not in made["source"]
    assert (await gate.get(f"{path}/versions/1"))["blob"] == LOGO
    changed = await gate.send("PATCH", path, {"blob": base64.b64encode(b"other").decode()})
    assert changed.json()["source"]["size"] == 5
    told = await gate.get(f"{path}/versions/1/diff")
    assert "-content: 256 bytes, sha256" in told["diff"]
    assert "+content: 5 bytes, sha256" in told["diff"]
    turned = await gate.send("PATCH", path, {"text": "now a text", "mime_type": None})
    assert turned.json()["source"]["binary"] is False
    restored = await gate.send("POST", f"{path}/versions/1/restore", {})
    assert restored.json()["source"]["size"] == 256
    assert (await gate.get(f"{path}/versions/4"))["blob"] == LOGO


async def test_a_template_is_made_and_its_variables_said_more_of(gate: Gate) -> None:
    made = await gate.create(
        "/resources",
        name="Week",
        uri_template="note://weeks/{week}",
        text="Week {{week}}",
        arguments=[{"name": "week", "type": "integer"}],
    )
    assert (made["kind"], made["definition"]["uriTemplate"]) == ("resource_template", "note://weeks/{week}")
    changed = await gate.send("PATCH", f"/resources/{made['id']}", {"text": "The week {{week}}"})
    assert changed.json()["source"]["text"] == "The week {{week}}"
    problem(await gate.send("PATCH", f"/resources/{made['id']}", {"blob": LOGO}), 400)


async def test_what_is_too_large_is_refused(gate: Gate) -> None:
    gate_limit = "a" * 120_000
    problem(await gate.client.post("/resources", json={"name": "x", "text": gate_limit}), 413)


async def test_annotations_of_an_own_one_are_its_own(gate: Gate) -> None:
    made = await gate.create("/resources", name="Notes", text="a")
    path = f"/resources/{made['id']}"
    changed = await gate.send("PATCH", path, {"annotations": {"priority": 0.5}, "name": "Notebook"})
    assert changed.json()["definition"]["annotations"]["priority"] == 0.5
    assert changed.json()["definition"]["name"] == "Notebook"
    refused = problem(await gate.send("PATCH", path, {"annotations": {"color": "red"}}), 400)
    assert "annotations can't be used" in refused["detail"]
    replaced = await gate.send("PUT", path, {"text": "b"})
    assert replaced.json()["definition"]["name"] == "Notebook"
    assert "priority" not in replaced.json()["definition"]["annotations"]
