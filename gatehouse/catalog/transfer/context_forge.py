"""An export of ContextForge (the JSON of its `/export`) as a document of ours. Pure.

Its tools from MCP servers are not in its exports, and its secrets are sealed with a key that it keeps: so upstreams are
looked at anew, and secrets are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from gatehouse.catalog.model import LOCAL
from gatehouse.catalog.naming import free_slug, legal
from gatehouse.catalog.transfer.foreign import Fidelity, Finding, Secrets, Translation, document

_OWN = "own"
"""The upstream of what is Gatehouse's own."""
_FILLED = re.compile(r"\{\{([ \t]*[A-Za-z_][A-Za-z0-9_-]*[ \t]*)\}\}")
_CODE = re.compile(r"\{[%#]|\{\{(?![ \t]*[A-Za-z_][A-Za-z0-9_-]*[ \t]*\}\})")
_TRANSPORTS = {"SSE": "sse", "STREAMABLEHTTP": "http", "STREAMABLE_HTTP": "http"}
Entity = dict[str, Any]


def is_export(content: Mapping[str, Any]) -> bool:
    return isinstance(content.get("entities"), dict)


def translate(content: Mapping[str, Any]) -> Translation:
    reader = _Reader(cast("dict[str, Any]", content["entities"]))
    upstreams, servers, prompts, roots = reader.gateways(), reader.servers(), reader.prompts(), reader.roots()
    reader.others()
    own = [{"name": _OWN, "kind": LOCAL}] if prompts else []
    read = document(
        upstreams=[*upstreams, *own],
        capabilities=[{"upstream": _OWN, "kind": "prompt", "key": one["key"], **one.pop("common")} for one in prompts],
        own=prompts,
        roots=roots,
        servers=servers,
    )
    return Translation("ContextForge", read, tuple(reader.findings), (), reader.secrets.known)


class _Reader:
    def __init__(self, entities: dict[str, Any]) -> None:
        self._entities = entities
        self.findings: list[Finding] = []
        self.secrets = Secrets()

    def gateways(self) -> list[dict[str, Any]]:
        """Its gateways are what upstreams are here."""
        found: list[dict[str, Any]] = []
        taken: set[str] = set()
        for name, entity in self._of("gateways"):
            url = entity.get("url")
            if not isinstance(url, str) or not url.startswith(("http://", "https://")):
                self._find("gateway", name, Fidelity.UNSUPPORTED, "it has no http:// or https:// address")
                continue
            slug = free_slug(name, taken)
            taken.add(slug)
            found.append(self._upstream(name, slug, url, entity))
        return found

    def servers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        taken: set[str] = set()
        for name, entity in self._of("servers"):
            slug = free_slug(name, taken)
            taken.add(slug)
            bound = sum(len(_list(entity, key)) for key in ("tool_ids", "resource_ids", "prompt_ids"))
            words = f"what it binds is known by ids of the other gateway alone: choose its {bound} things anew"
            self._find("server", name, Fidelity.APPROXIMATE if bound else Fidelity.EXACT, words if bound else "")
            found.append({"slug": slug, "name": name, **_common(entity)})
        return found

    def prompts(self) -> list[dict[str, Any]]:
        """Templates that only fill in their arguments mean the same here; what else Jinja can do is not taken over."""
        found: list[dict[str, Any]] = []
        for name, entity in self._of("prompts"):
            template, key = str(entity.get("template") or ""), legal(name)
            arguments = _arguments(entity)
            filled = {variable.strip() for variable in _FILLED.findall(template)}
            if _CODE.search(template) or not filled <= {one["name"] for one in arguments}:
                self._find("prompt", name, Fidelity.UNSUPPORTED, "its template does more than fill in its arguments")
                continue
            text = _FILLED.sub(lambda match: "{{" + match[1].strip() + "}}", template)
            message = {"role": "user", "content": {"type": "text", "text": text}}
            words = "" if key == name else f"it is called '{key}' here"
            self._find("prompt", name, Fidelity.APPROXIMATE if words else Fidelity.EXACT, words)
            common = _common(entity)
            said = {"description": common.pop("description"), "arguments": arguments, "messages": [message]}
            found.append({"upstream": _OWN, "kind": "prompt", "key": key, "document": said, "common": common})
        return found

    def roots(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for name, entity in self._of("roots"):
            uri = str(entity.get("uri") or "")
            if uri.startswith("file://"):
                self._find("root", name, Fidelity.EXACT, "")
                found.append({"uri": uri, "name": name})
            else:
                self._find("root", name, Fidelity.UNSUPPORTED, f"MCP takes file:// uris, and it is {uri[:200]}")
        return found

    def others(self) -> None:
        """What has no counterpart in a document."""
        for name, entity in self._of("tools"):
            kind = str(entity.get("integration_type") or "REST")
            words = f"it is a {kind} tool of its own: describe its API with OpenAPI, or put an MCP server before it"
            self._find("tool", name, Fidelity.UNSUPPORTED, words)
        for name, _ in self._of("resources"):
            self._find("resource", name, Fidelity.UNSUPPORTED, "its content is not in the export: make it here anew")
        known = {"gateways", "servers", "tools", "prompts", "resources", "roots"}
        for kind in sorted(self._entities.keys() - known):
            self._find(kind, "", Fidelity.UNSUPPORTED, "this kind is not known here")

    def _upstream(self, name: str, slug: str, url: str, entity: Entity) -> dict[str, Any]:
        words = [] if slug == name else [f"it is called '{slug}' here"]
        said = str(entity.get("transport") or "").upper()
        transport = _TRANSPORTS.get(said)
        if said and transport is None:
            words.append(f"transport '{said[:30]}' is found out anew")
        credential = self._credential(slug, entity, words)
        lost = [key for key in ("passthrough_headers", "ca_certificate", "oauth_config") if entity.get(key)]
        words += [f"{', '.join(lost)} has no counterpart here"] if lost else []
        self._find("gateway", name, Fidelity.APPROXIMATE if words else Fidelity.EXACT, "; ".join(words))
        upstream = {"name": slug, "transport": transport or "auto", "url": url, "credential": credential}
        return {**upstream, **_common(entity)}

    def _credential(self, slug: str, entity: Entity, words: list[str]) -> dict[str, Any] | None:
        kind, root = str(entity.get("auth_type") or "").lower(), f"upstreams/{slug}/credential"
        if not kind:
            return None
        words.append("its secret is sealed with the other gateway's key: give it again")
        if kind == "bearer":
            return {"type": "bearer", "token": self.secrets.reference(f"{root}/token")}
        if kind == "basic":
            username = str(entity.get("auth_username") or "user")
            return {"type": "basic", "username": username, "password": self.secrets.reference(f"{root}/password")}
        if kind in ("authheaders", "headers"):
            header = str(entity.get("auth_header_key") or "Authorization")
            words.append(f"the name of its header is taken to be {header}")
            return {"type": "headers", "headers": {header: self.secrets.reference(f"{root}/{header}")}}
        words.append(f"sign-in of type '{kind[:30]}' has no counterpart here")
        return None

    def _of(self, kind: str) -> list[tuple[str, Entity]]:
        """Name and fields of each; what is no object is passed over with a finding."""
        found: list[tuple[str, Entity]] = []
        for one in _list(self._entities, kind):
            if isinstance(one, dict):
                entity = cast("Entity", one)
                found.append((str(entity.get("name") or entity.get("uri") or ""), entity))
            else:
                self._find(kind.removesuffix("s"), "", Fidelity.UNSUPPORTED, "it is not an object")
        return found

    def _find(self, kind: str, name: str, fidelity: Fidelity, words: str) -> None:
        self.findings.append(Finding(kind, name, fidelity, words))


def _common(entity: Entity) -> dict[str, Any]:
    tags = [_tag(one) for one in _list(entity, "tags")]
    description = entity.get("description")
    return {
        "description": description if isinstance(description, str) else "",
        "tags": [tag for tag in tags if tag],
        "enabled": entity.get("is_active", entity.get("enabled")) is not False,
    }


def _arguments(entity: Entity) -> list[dict[str, Any]]:
    schema: dict[str, Any] = entity.get("input_schema") or {}
    required = set(_list(schema, "required"))
    properties: dict[str, dict[str, Any]] = schema.get("properties") or {}
    return [
        {"name": name, "description": str(one.get("description") or ""), "required": name in required}
        for name, one in properties.items()
    ]


def _tag(one: Any) -> str:
    """A text, or since 0.9 an object with a label."""
    if isinstance(one, dict):
        fields = cast("dict[str, Any]", one)
        return str(fields.get("label") or fields.get("id") or "")
    return one if isinstance(one, str) else ""


def _list(entity: Mapping[str, Any], key: str) -> list[Any]:
    value = entity.get(key)
    return cast("list[Any]", value) if isinstance(value, list) else []
