from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gatehouse.api.build import ENDPOINTS
from tests.unit.api.gate import Gate

pytestmark = pytest.mark.anyio


async def described(gate: Gate) -> dict[str, Any]:
    response = await gate.client.get("/openapi.json", headers={"authorization": ""})
    assert response.status_code == 200 and response.headers["content-type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


async def test_every_reference_leads_somewhere(gate: Gate) -> None:
    document = await described(gate)
    found = set(references(document))
    assert found
    for reference in found:
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


async def test_every_route_is_described_once(gate: Gate) -> None:
    document = await described(gate)
    declared = {(one.path, one.method.lower()) for one in ENDPOINTS} | {("/openapi.json", "get")}
    assert {(path, method) for path, method, _ in operations(document)} == declared
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z_]+", name) for name in names)
    assert {"list_tools", "change_tool", "call_tool", "create_upstream", "refresh_upstream", "set_server_bindings"} <= {
        *names
    }


async def test_every_operation_says_what_a_reader_needs(gate: Gate) -> None:
    for path, method, operation in operations(await described(gate)):
        assert operation["summary"] and operation["tags"], path
        succeeded = [status for status in operation["responses"] if status.startswith(("2", "3"))]
        assert len(succeeded) == 1 and "400" in operation["responses"]
        if path != "/openapi.json" and "security" not in operation:
            assert {"401", "403"} <= operation["responses"].keys()
            assert operation["description"].startswith(("Needs the permission `", "For everybody who is signed in"))
        assert ("requestBody" in operation) <= (method in {"post", "put", "patch"})


async def test_every_problem_is_a_problem_document(gate: Gate) -> None:
    document = await described(gate)
    for response in document["components"]["responses"].values():
        assert response["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


async def test_paths_declare_their_parameters(gate: Gate) -> None:
    for path, item in (await described(gate))["paths"].items():
        named = re.findall(r"{(\w+)}", path)
        assert [one["name"] for one in item.get("parameters", [])] == named
        assert all(one["in"] == "path" and one["required"] for one in item.get("parameters", []))


async def test_all_but_the_description_and_the_ways_in_takes_a_bearer_token(gate: Gate) -> None:
    document = await described(gate)
    assert document["security"] == [{"bearer": []}, {"session": []}]
    assert document["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}
    free = {path for path, _, operation in operations(document) if "security" in operation}
    assert "/openapi.json" in free
    assert all(path.startswith("/auth/") for path in free - {"/openapi.json"})


async def test_the_schemas_are_json_schemas(gate: Gate) -> None:
    document = await described(gate)
    assert document["openapi"] == "3.1.0" and document["info"]["version"] == "1.2.3"
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for _, _, operation in operations(document):
        for parameter in operation["parameters"]:
            Draft202012Validator.check_schema(parameter["schema"])
            assert "null" not in str(parameter["schema"]), parameter


async def test_answers_are_as_they_are_described(gate: Gate) -> None:
    document = await described(gate)
    await gate.weather()
    await gate.create("/servers", name="Desk", tools=["weather_forecast"])
    token = await gate.create("/tokens", name="agent", servers=["desk"])
    samples = {"upstreams": "weather", "tools": "weather_forecast", "servers": "desk", "tokens": token["id"]}
    own = await gate.create("/prompts", name="greet", messages=[{"role": "user", "content": "Greet me"}])
    logo = await gate.create("/resources", name="Logo", blob="AAAA")
    samples |= {"prompts": own["id"], "resources": logo["id"]}
    for path, method, operation in operations(document):
        if path.startswith("/auth/sessions"):
            continue  # For who has one.
        collection = path.split("/")[1]
        content = operation["responses"].get("200", {}).get("content", {})
        if method == "get" and "application/json" in content and ("{" not in path or collection in samples):
            answer = await gate.get(path.replace("{id}", samples.get(collection, "")).replace("{version}", "1"))
            schema = content["application/json"]["schema"]
            Draft202012Validator({**schema, "components": document["components"]}).validate(answer)


async def test_schemas_are_named_by_one_word(gate: Gate) -> None:
    """Two structs of one name would be told apart by the modules that they happen to stand in."""
    schemas = (await described(gate))["components"]["schemas"]
    assert [name for name in schemas if not name.isidentifier()] == []


async def test_what_is_passed_on_as_it_came_is_described_all_the_same(gate: Gate) -> None:
    paths = (await described(gate))["paths"]
    for path, name in (("tools/{id}/call", "ToolResult"), ("resources/{id}/read", "ResourceResult")):
        content = paths[f"/{path}"]["post"]["responses"]["200"]["content"]["application/json"]
        assert content["schema"] == {"$ref": f"#/components/schemas/{name}"}


async def test_bodies_say_which_fields_they_take(gate: Gate) -> None:
    schemas = (await described(gate))["components"]["schemas"]
    for name in ("UpstreamInput", "UpstreamChange", "ServerInput", "ServerChange", "TokenInput", "CapabilityChange"):
        assert schemas[name]["additionalProperties"] is False
    assert schemas["UpstreamInput"]["required"] == ["name"]
    assert schemas["TokenInput"]["required"] == ["name"]
