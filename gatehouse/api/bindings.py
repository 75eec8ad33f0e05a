"""The bindings of a server: which capabilities it has, and under which names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict

from gatehouse.access import policy
from gatehouse.api.actions import Action
from gatehouse.api.capabilities import State, Tokens, UpstreamRef
from gatehouse.api.fields import Text
from gatehouse.api.routing import Asked
from gatehouse.catalog.model import Binding, Capability, Kind, Upstream
from gatehouse.catalog.service import Catalog, WantedBinding
from gatehouse.catalog.views import Place, estimated_tokens

BoundName = Annotated[str, Meta(min_length=1, max_length=2048)]


class BindingView(Struct, frozen=True, kw_only=True):
    """One capability's place in a server."""

    id: str
    capability: Annotated[str, Meta(description="Id of the capability")]
    kind: Kind
    name: Annotated[str, Meta(description="As agents see it; for resources the uri")]
    original_name: Annotated[str, Meta(description="As the upstream calls it")]
    upstream: UpstreamRef
    title: Annotated[str | None, Meta(description="Said in this server alone; null leaves what is said elsewhere")]
    description: Annotated[str | None, Meta(description="As `title`")]
    aliases: Annotated[list[str], Meta(description="Earlier names, which can still be called")]
    enabled: bool
    tokens: Tokens
    state: State
    shadowed: Annotated[bool, Meta(description="Another binding of this server comes first under this name")]


class BindingList(Struct, frozen=True):
    items: list[BindingView]


class BindingInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A capability to bind. Name and aliases that are left out stay as they are, or are given by the rules."""

    capability: Annotated[str, Meta(description="Id, or `{upstream}_{name}`, of a tool, prompt, resource or template")]
    name: BoundName | None = None
    title: Text | None = None
    description: Text | None = None
    aliases: list[BoundName] | None = None
    enabled: bool = True


class BindingsInput(Struct, frozen=True, forbid_unknown_fields=True):
    """All bindings of a server, in order. Those that are left out end."""

    bindings: list[BindingInput]


async def get_bindings(asked: Asked[None, None]) -> BindingList:
    catalog = asked.context.catalog
    return BindingList(await view_bindings(catalog, await catalog.bindings(asked.ref)))


async def set_bindings(asked: Asked[None, BindingsInput | list[BindingInput]]) -> BindingList:
    body, catalog = asked.body, asked.context.catalog
    inputs = body.bindings if isinstance(body, BindingsInput) else body
    wanted = [WantedBinding(**asdict(one)) for one in inputs]
    sight = policy.sight(asked.principal, Action.TOOL_CALL)
    return BindingList(await view_bindings(catalog, await catalog.set_bindings(asked.ref, wanted, sight)))


async def view_bindings(catalog: Catalog, bindings: Sequence[Binding]) -> list[BindingView]:
    """What was deleted since the bindings were read is left out."""
    capabilities = await catalog.capabilities_by_id({one.capability_id for one in bindings})
    upstreams = await catalog.upstreams_by_id({one.upstream_id for one in capabilities.values()})
    taken: set[tuple[Kind, str]] = set()
    views: list[BindingView] = []
    for binding in bindings:
        capability = capabilities.get(binding.capability_id)
        upstream = upstreams.get(capability.upstream_id) if capability else None
        if capability is not None and upstream is not None:
            place = (capability.kind, binding.name)
            usable = binding.enabled and capability.enabled and capability.gone_at is None and upstream.enabled
            views.append(_view(binding, capability, upstream, shadowed=usable and place in taken))
            taken |= {place} if usable else set()
    return views


def _view(binding: Binding, capability: Capability, upstream: Upstream, shadowed: bool) -> BindingView:
    return BindingView(
        id=binding.id,
        capability=capability.id,
        kind=capability.kind,
        name=binding.name,
        original_name=capability.key,
        upstream=UpstreamRef(upstream.id, upstream.name),
        title=binding.title,
        description=binding.description,
        aliases=list(binding.aliases),
        enabled=binding.enabled,
        tokens=estimated_tokens(Place(capability, upstream, binding.name, binding)),
        state="present" if capability.gone_at is None else "gone",
        shadowed=shadowed,
    )
