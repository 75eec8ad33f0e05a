"""What becomes of the files of other programs. The export of ContextForge is written by hand, after its export service."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.catalog.transfer.foreign import Fidelity, Finding
from gatehouse.catalog.transfer.translation import translate
from gatehouse.kit.errors import Invalid

SEALED = "gAAAAABo-what-only-the-other-gateway-opens"
CONTEXT_FORGE: dict[str, Any] = {
    "version": "2025-03-26",
    "exported_at": "2026-03-01T10:00:00Z",
    "exported_by": "admin",
    "source_gateway": "http://0.0.0.0:4444",
    "encryption_method": "AES-256-GCM",
    "entities": {
        "tools": [{"name": "rates", "url": "https://rates.test/v1", "integration_type": "REST", "request_type": "GET",
                   "auth_type": "bearer", "auth_value": SEALED, "is_active": True}],
        "gateways": [
            {"name": "Git Tools", "url": "https://git.test/mcp", "description": "Git", "transport": "STREAMABLEHTTP",
             "is_active": True, "tags": ["dev", {"id": "vcs", "label": "VCS"}], "passthrough_headers": ["X-Tenant"],
             "auth_type": "bearer", "auth_value": SEALED},
            {"name": "time", "url": "https://time.test/sse", "transport": "SSE", "is_active": False, "tags": []},
            {"name": "Git-tools", "url": "https://git2.test/mcp", "transport": "GRPC", "auth_type": "basic",
             "auth_value": SEALED, "auth_username": "ann"},
            {"name": "broken", "url": "grpc://nowhere"},
            "nonsense",
        ],
        "servers": [
            {"name": "All Tools", "description": "d", "tool_ids": ["a1", "b2"], "is_active": True, "tags": ["x"]},
            {"name": "none", "tool_ids": [], "is_active": False},
        ],
        "prompts": [
            {"name": "greet", "template": "Hello {{ name }}", "description": "d", "is_active": True, "tags": ["p"],
             "input_schema": {"type": "object", "properties": {"name": {"type": "string", "description": "Who"}},
                              "required": ["name"]}},
            {"name": "loop", "template": "{% for one in all %}{{ one }}{% endfor %}"},
            {"name": "filter", "template": "{{ name | upper }}"},
        ],
        "resources": [{"name": "notes", "uri": "file:///notes", "mime_type": "text/plain"}],
        "roots": [{"uri": "file:///work", "name": "work"}, {"uri": "https://x.test", "name": "web"}],
        "moods": [{}],
    },
    "metadata": {"entity_counts": {"tools": 1}, "dependencies": {}},
}  # fmt: skip


def found(findings: tuple[Finding, ...]) -> dict[str, tuple[Fidelity, str]]:
    return {f"{one.kind}/{one.name}": (one.fidelity, one.words) for one in findings}


@pytest.mark.parametrize("content", [{}, {"a": 1}, {"entities": []}, {"mcpServers": []}])
def test_what_is_not_known_is_refused_with_what_is(content: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        translate(content)
    assert "ContextForge" in refused.value.hint


def test_gateways_of_context_forge_are_upstreams_and_their_secrets_are_asked_for() -> None:
    read = translate(CONTEXT_FORGE)
    git, time, git_2, own = read.document["upstreams"]
    assert own == {"name": "own", "kind": "local"}
    assert git == {
        "name": "git-tools", "transport": "http", "url": "https://git.test/mcp", "description": "Git",
        "tags": ["dev", "VCS"], "enabled": True,
        "credential": {"type": "bearer", "token": {"$secret": "upstreams/git-tools/credential/token"}},
    }  # fmt: skip
    assert (time["name"], time["transport"], time["enabled"], time["credential"]) == ("time", "sse", False, None)
    assert (git_2["name"], git_2["transport"], git_2["credential"]["username"]) == ("git-tools-2", "auto", "ann")
    assert read.secrets == {}
    assert SEALED not in str(read)


def test_of_everything_in_an_export_of_context_forge_is_told_what_becomes_of_it() -> None:
    told = found(translate(CONTEXT_FORGE).findings)
    assert {name: fidelity.value for name, (fidelity, _) in told.items()} == {
        "gateway/Git Tools": "approximate",
        "gateway/time": "exact",
        "gateway/Git-tools": "approximate",
        "gateway/broken": "unsupported",
        "gateway/": "unsupported",
        "server/All Tools": "approximate",
        "server/none": "exact",
        "tool/rates": "unsupported",
        "prompt/greet": "exact",
        "prompt/loop": "unsupported",
        "prompt/filter": "unsupported",
        "resource/notes": "unsupported",
        "root/work": "exact",
        "root/web": "unsupported",
        "moods/": "unsupported",
    }
    assert "give it again" in told["gateway/Git Tools"][1]
    assert "passthrough_headers" in told["gateway/Git Tools"][1]
    assert "transport 'GRPC'" in told["gateway/Git-tools"][1]
    assert "choose its 2 things anew" in told["server/All Tools"][1]


def test_headers_and_environment_of_a_client_go_beside_the_document() -> None:
    entry = {"url": "https://web.test", "headers": {"X-Key": "s3cret", "X-Other": "${TOKEN}"}}
    program = {"command": "npx", "args": ["files"], "env": {"KEY": "3nv"}, "timeout": 5}
    read = translate({"mcpServers": {"web": entry, "files": program}}, {"TOKEN": "from outside"})
    web, files = read.document["upstreams"]
    assert web["credential"]["headers"]["X-Key"] == {"$secret": "upstreams/web/credential/X-Key"}
    assert files["env"] == {"KEY": {"$secret": "upstreams/files/env/KEY"}}
    assert files["timeout"] == 5 and "timeout" not in web
    assert read.secrets == {
        "upstreams/web/credential/X-Key": "s3cret",
        "upstreams/web/credential/X-Other": "from outside",
        "upstreams/files/env/KEY": "3nv",
    }
    assert [one.fidelity for one in read.findings] == [Fidelity.EXACT, Fidelity.EXACT]


def test_what_a_client_has_and_gatehouse_has_not_is_told() -> None:
    told = found(translate({"servers": {"My Web": {"url": "https://web.test", "oauth": {}}, "odd": {}}}).findings)
    assert told["server/My Web"] == (
        Fidelity.APPROXIMATE,
        "it is called 'my-web' here; has no counterpart here: oauth",
    )
    assert told["server/odd"][0] is Fidelity.UNSUPPORTED


def test_a_variable_that_is_not_set_is_told_as_something_to_mend() -> None:
    read = translate({"mcpServers": {"web": {"url": "https://web.test", "headers": {"X-Key": "${UNSET}"}}}})
    assert [one.fidelity for one in read.problems] == [Fidelity.APPROXIMATE]
    assert "UNSET" in read.problems[0].words
