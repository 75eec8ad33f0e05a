"""Resources: a text, a binary, one to watch, and a template."""

from __future__ import annotations

import json
import re

import mcp_types as types
from mcp.shared.exceptions import MCPError

from tests.support.everything.samples import PNG

STATIC_TEXT = "test://static-text"
STATIC_BINARY = "test://static-binary"
WATCHED = "test://watched-resource"
TEMPLATE = "test://template/{id}/data"
_OF_TEMPLATE = re.compile(r"test://template/(?P<id>[^/]+)/data")


def resource(uri: str, name: str, description: str, mime_type: str = "text/plain") -> types.Resource:
    return types.Resource(uri=uri, name=name, description=description, mime_type=mime_type)


RESOURCES = [
    resource(STATIC_TEXT, "Static text", "Always the same text."),
    resource(STATIC_BINARY, "Static binary", "Always the same picture.", "image/png"),
    resource(WATCHED, "Watched resource", "Changes when test_trigger_resource_update is called."),
]
TEMPLATES = [
    types.ResourceTemplate(
        uri_template=TEMPLATE, name="Template", description="One resource for every id.", mime_type="application/json"
    )
]


def read(uri: str, edition: int, *, modern: bool) -> types.ReadResourceResult:
    """`edition` is how often the watched resource has changed; raises the era's error for what isn't there."""
    return types.ReadResourceResult(contents=[_content(uri, edition, modern)])


def _content(uri: str, edition: int, modern: bool) -> types.TextResourceContents | types.BlobResourceContents:
    if uri == STATIC_TEXT:
        return _text(uri, "This is the content of the static text resource.")
    if uri == STATIC_BINARY:
        return types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
    if uri == WATCHED:
        return _text(uri, f"Watched resource content, edition {edition}")
    if found := _OF_TEMPLATE.fullmatch(uri):
        content = {"id": found["id"], "templateTest": True, "data": f"Data for ID: {found['id']}"}
        return _text(uri, json.dumps(content), "application/json")
    # 2026-07-28 server/resources "Error handling"; -32002 up to 2025-11-25.
    raise MCPError(types.INVALID_PARAMS if modern else -32002, "Resource not found", {"uri": uri})


def _text(uri: str, content: str, mime_type: str = "text/plain") -> types.TextResourceContents:
    return types.TextResourceContents(uri=uri, mime_type=mime_type, text=content)
