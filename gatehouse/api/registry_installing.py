"""How an entry becomes an upstream: built from the form, tried by a real handshake, and saved where that went well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext, TrialReport
from gatehouse.api.permission import asdict_of
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.registry_requests import InstallRequestView
from gatehouse.api.routing import Asked
from gatehouse.api.upstreams import UpstreamDetails, get_upstream
from gatehouse.catalog.model import Status, Transport, Upstream
from gatehouse.catalog.naming import slug
from gatehouse.catalog.registry.form import Way
from gatehouse.catalog.registry.installing import Wish
from gatehouse.catalog.registry.model import Entry
from gatehouse.catalog.registry.recipe import Recipe, WrongValues, cook
from gatehouse.catalog.service import NewUpstream
from gatehouse.kit.errors import Conflict, Invalid, NotFound, UpstreamFailed

State = Annotated[
    Literal["installed", "sign_in", "down", "waiting"],
    Meta(description="`sign_in`: it wants a credential; `down`: saved all the same; `waiting`: for an approval"),
]


class InstallView(Struct, frozen=True):
    """What became of it. `message` says what to do next, where there is something to do."""

    state: State
    message: str = ""
    upstream: UpstreamDetails | None = None
    request: InstallRequestView | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A wish, and what was built of it."""

    wish: Wish
    recipe: Recipe


def chosen_way(entry: Entry, name: str | None) -> Way:
    """Left out: the first that is possible. Raises `InvalidFields`, or `Conflict` where there is none."""
    ways = entry.ways()
    if name is None:
        possible = next((way for way in ways if way.impossible is None), None)
        if possible is None:
            reason = ways[0].impossible if ways else "It names neither a URL nor a package."
            raise Conflict(f"'{entry.title}' can't be installed here. {reason}", "Its documentation may know a way.")
        return possible
    found = next((way for way in ways if way.name == name), None)
    if found is None:
        accepted = ", ".join(way.name for way in ways) or "none"
        raise InvalidFields(
            f"'{entry.title}' has no way '{name}'.", [FieldError("way", "unknown")], f"Accepted: {accepted}."
        )
    return found


def cooked(way: Way, values: Mapping[str, str]) -> Recipe:
    """Raises `InvalidFields` with the fields of the form that are wrong."""
    try:
        return cook(way, values)
    except WrongValues as error:
        wrong = [FieldError(f"values.{key}", words) for key, words in error.errors]
        raise InvalidFields(error.message, wrong, error.hint) from None


def filled_in(values: Mapping[str, str], credential: Mapping[str, Any] | None) -> dict[str, Any]:
    """As it is kept, sealed, for the update to the next version."""
    return {"values": dict(values)} | ({"credential": dict(credential)} if credential is not None else {})


def check_command(recipe: Recipe, accepted: str | None) -> None:
    """Nothing is run here that nobody has read. Raises `Conflict` with the command."""
    if recipe.command_line is not None and accepted != recipe.command_line:
        raise Conflict(
            f"This would run on the machine of the gateway: {recipe.command_line}",
            "Read it; then send it back, word for word, as 'accept_command'.",
        )


def may_approve(asked: Asked[Any, Any]) -> bool:
    return policy.allows(asked.principal, Action.REGISTRY_APPROVE, Resource("registry"), asked.at).allowed


async def name_for(context: ApiContext, entry: Entry, name: str | None) -> str:
    """Raises `Conflict` where it is taken, before anything is tried."""
    wanted = name or slug(entry.title) or "server"
    try:
        await context.catalog.upstream(wanted)
    except NotFound:
        return wanted
    raise Conflict(f"There is an upstream '{wanted[:100]}' already.", "Give another 'name'.")


def new_upstream(made: Made) -> NewUpstream:
    wish, recipe = made.wish, made.recipe
    return NewUpstream(
        name=wish.name,
        transport=Transport(recipe.transport),
        url=recipe.url,
        command=recipe.command,
        args=recipe.args,
        env=recipe.env,
        credential=credential_of(made),
        description=wish.entry.read()[0].description[:500],
        tags=[wish.entry.category] if wish.entry.category else [],
        **asdict_of(wish.placement),
    )


def credential_of(made: Made) -> Mapping[str, Any] | None:
    """What was given in its place, else the headers of the form."""
    own: Mapping[str, Any] | None = made.wish.filled.get("credential")
    if own is not None and made.recipe.url is None:
        raise Invalid("A command gets no credential.", "Fill in the variables of the form.")
    headers = {"type": "headers", "headers": dict(made.recipe.headers)} if made.recipe.headers else None
    return own if own is not None else headers


async def try_and_save(asked: Asked[Any, Any], made: Made, anyway: bool) -> InstallView:
    """Raises `UpstreamFailed` with what was wrong where it does not answer and is not to be saved."""
    context, wish = asked.context, made.wish
    new = new_upstream(made)
    report = await context.operations.trial(context.catalog.draft_upstream(new))
    sign_in = report.sign_in and credential_of(made) is None
    if report.offer is None and not sign_in and not anyway:
        raise refused(wish.entry, report)
    upstream = await context.catalog.create_upstream(new)
    await note_trial(context, upstream, report)
    source = (await context.registry.sources.source(wish.entry.source_id)).name
    by = asked.principal.user or asked.principal.id
    await context.registry.installing.record_install(upstream.id, wish.entry, source, wish.filled, wish.way.name, by)
    return await installed(asked, upstream, report)


async def installed(asked: Asked[Any, Any], upstream: Upstream, report: TrialReport) -> InstallView:
    await asked.context.settle()
    shown = await get_upstream(replace(asked, ref=upstream.id, query=None, body=None))
    if report.offer is not None:
        return InstallView("installed", "", shown)
    state: State = "sign_in" if report.sign_in else "down"
    return InstallView(state, report.error or "", shown)


async def note_trial(context: ApiContext, upstream: Upstream, report: TrialReport) -> None:
    if report.offer is not None:
        await context.catalog.record_offer(upstream.id, report.offer)
    else:
        status = Status.SIGN_IN if report.sign_in else Status.DOWN
        await context.catalog.record_failure(upstream.id, report.error or "", status)


def refused(entry: Entry, report: TrialReport) -> UpstreamFailed:
    return UpstreamFailed(
        f"'{entry.title}' does not answer as it should, and nothing was saved: {report.error}",
        "Mend what is wrong and try again, or send 'save_anyway': true.",
    )
