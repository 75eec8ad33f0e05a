"""What of a request goes into the audit: what it changed, or that it was refused. Stands around every endpoint.

Before and after are what GET of the same thing answers, so that nothing is told here that the API would not tell. It
knows endpoints by their shape alone, since `routing` is built on it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import Field, dataclass, replace
from typing import Any, ClassVar, Protocol, cast

import msgspec
from starlette.requests import Request

from gatehouse.access.audit.masking import safe
from gatehouse.access.audit.records import Actor, Entry, Outcome, Subject, actor, shortened
from gatehouse.access.audit.trail import Audit
from gatehouse.access.directory import SYSTEM_GRANT
from gatehouse.access.model import ALL, Circumstances, Principal
from gatehouse.api.actions import Action
from gatehouse.api.context import Caller
from gatehouse.api.request_ids import current_id
from gatehouse.kit import json
from gatehouse.kit.errors import Forbidden, GatewayError, RateLimited, Unauthenticated
from gatehouse.kit.pages import MAX_LIMIT

MOST_OF_FIELD = 8 * 1024
"""Bytes of one field that are kept; of a longer one the size is told."""
_READER = Principal("system", "system", "Gatehouse", permissions=frozenset({ALL}), grants=(SYSTEM_GRANT,))
"""As whom things are looked at: who may change a thing need not be one who may see all of it."""
_PERSONAL = frozenset({Action.PUBLIC, Action.SIGNED_IN, Action.SESSION_READ})
_VERBS = {"PATCH": "change", "PUT": "set", "DELETE": "delete"}
_SIGN_INS = frozenset({"login", "logout", "setup", "password", "accept"})
_WITHOUT_VALUES = frozenset({"auth.login", "auth.logout", "auth.password"})
_RESTLESS = frozenset({"updated_at", "checked_at", "duplicates"})
"""Fields that say no more than that something happened."""
_REFUSALS = (Unauthenticated, Forbidden, RateLimited)


class Declared(Protocol):
    """An endpoint."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def action(self) -> Action: ...

    @property
    def handler(self) -> Callable[[Any], Awaitable[Any]]: ...

    @property
    def query(self) -> Any: ...

    @property
    def answer(self) -> Any: ...

    @property
    def changes(self) -> bool: ...


class Asking(Protocol):
    """A request that was let in."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def principal(self) -> Principal: ...

    @property
    def ref(self) -> str: ...

    @property
    def body(self) -> Any: ...

    @property
    def at(self) -> Circumstances: ...

    @property
    def session(self) -> str | None: ...

    @property
    def params(self) -> Mapping[str, str]: ...

    @property
    def request(self) -> Request | None: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """How a thing stood before it was changed: what it is, and what GET answered (None: nothing)."""

    subject: Subject
    value: Any = None


class Auditing:
    def __init__(self, audit: Audit, endpoints: Iterable[Declared]) -> None:
        """`endpoints`: all of them, to find the GET that belongs to a change."""
        self._audit = audit
        self._gets = {one.path: one for one in endpoints if one.method == "GET"}

    async def run(self, declared: Declared, asked: Asking) -> Any:
        """What its handler answers, after it has been recorded; raises what the handler raises."""
        seen = await self.look(declared, asked) if is_audited(declared) else None
        try:
            answer = await declared.handler(asked)
        except BaseException as error:
            self.failed(declared, asked, seen, error)
            raise
        if seen is not None:
            await self.done(declared, asked, seen, answer)
        return answer

    async def look(self, declared: Declared, asked: Asking) -> Seen:
        """The thing as it is before the handler is called."""
        path = self._shown_path(declared)
        value = await self._show(path, asked) if path else None
        if "{id}" not in declared.path:
            return Seen(Subject(_kind(declared.path)), value)
        whole = _root(declared.path)
        root = value if path == whole else await self._show(whole, asked)
        return Seen(_subject(_kind(declared.path), root, asked.ref), value)

    async def done(self, declared: Declared, asked: Asking, seen: Seen, answer: Any) -> None:
        value = plain_value(answer)
        before, after = await self._compared(declared, asked, seen, value)
        if self._operation(declared) in _WITHOUT_VALUES:
            before = after = None
        who = _who(asked, value)
        subject = _whose(who) if _is_sign_in(declared) else seen.subject
        if subject.id is None:
            subject = _subject(subject.kind, value, None)
        entry = self._entry(declared, asked, subject, "done")
        before, after = (shortened(one, MOST_OF_FIELD) for one in (before, after))
        await self._audit.record(replace(entry, actor=who, before=before, after=after))

    def failed(self, declared: Declared, asked: Asking, seen: Seen | None, error: BaseException) -> None:
        """Of a change, whatever went wrong; of anything else, that it was refused."""
        refusal = refusal_in(error)
        if seen is None and refusal is None:
            return
        known = seen.subject if seen is not None else Subject(_kind(declared.path), asked.ref or None)
        subject = _whose(actor(asked.principal), _claimed(asked.body)) if _is_sign_in(declared) else known
        entry = self._entry(declared, asked, subject, "failed" if refusal is None else "refused")
        self._audit.refused(replace(entry, reason=_reason(refusal or error)))

    def refused(self, declared: Declared, caller: Caller, ref: str, error: GatewayError) -> None:
        """Before it came to the handler. What is wrong with a request otherwise is nothing for the audit."""
        refusal = refusal_in(error)
        if refusal is None:
            return
        entry = Entry(
            actor=actor(caller.principal),
            action=self._operation(declared),
            resource_kind=_kind(declared.path),
            resource_id=ref or None,
            outcome="refused",
            reason=refusal.message,
            address=caller.address,
            session=caller.session,
        )
        self._audit.refused(entry)

    def _entry(self, declared: Declared, asked: Asking, subject: Subject, outcome: Outcome) -> Entry:
        return Entry(
            actor=actor(asked.principal),
            action=self._operation(declared),
            resource_kind=subject.kind,
            resource_id=subject.id,
            resource_name=subject.name,
            outcome=outcome,
            address=asked.at.address,
            session=asked.session,
            request_id=current_id(),
        )

    def _operation(self, declared: Declared) -> str:
        """`token.create`, `token.rotate`, `server.bindings.set`; what is only read has the name of its action."""
        if not is_audited(declared):
            return declared.action.value if "." in declared.action.value else _dotted(declared.path)
        verb = "create" if self._creates(declared) else _VERBS.get(declared.method)
        return f"{_dotted(declared.path)}.{verb}" if verb else _dotted(declared.path)

    def _creates(self, declared: Declared) -> bool:
        """A POST to a list; any other POST does something with what its path names."""
        return declared.method == "POST" and declared.path in self._gets

    def _shown_path(self, declared: Declared) -> str:
        """The path of the thing that is changed."""
        if self._creates(declared):
            return ""
        return declared.path.rpartition("/")[0] if declared.method == "POST" else declared.path

    async def _show(self, path: str, asked: Asking) -> Any:
        """What GET answers there; else what the list that it is in says of it; None where nobody says anything."""
        shown, (above, _, last) = self._gets.get(path), path.rpartition("/")
        if shown is not None:
            return await self._get(shown, asked)
        listed = self._gets.get(above) if last.startswith("{") else None
        if listed is None:
            return None
        return _listed_as(await self._get(listed, asked), asked.params.get(last.strip("{}"), asked.ref))

    async def _get(self, shown: Declared, asked: Asking) -> Any:
        query: Any = None if shown.query is type(None) else _whole_list(shown.query)
        principal = asked.principal if shown.action in _PERSONAL else _READER
        try:
            answer = await shown.handler(replace(asked, principal=principal, query=query, body=None, cookies=[]))
        except GatewayError:
            return None
        return plain_value(answer)

    async def _compared(self, declared: Declared, asked: Asking, seen: Seen, answer: Any) -> tuple[Any, Any]:
        parts = {name: value for name, value in asked.params.items() if name != "id"}
        if self._creates(declared):
            return None, answer
        if declared.method == "DELETE":
            return _with(parts, seen.value), None
        path = self._shown_path(declared)
        shown = self._gets.get(path)
        same = shown is not None and shown.answer is declared.answer
        before, after = differing(seen.value, answer if same else await self._show(path, asked) if path else None)
        after = answer if after is None and not same else after
        return before, _with(_replaced_secrets(declared, asked.body) | parts, after)


def is_audited(declared: Declared) -> bool:
    """What changes something, and what lets somebody in or out."""
    return declared.method != "GET" and (declared.changes or _is_sign_in(declared))


def refusal_in(error: BaseException) -> GatewayError | None:
    """Why somebody was refused, where that is what the error says, or what it hides from who asked."""
    for one in (error, error.__cause__):
        if isinstance(one, _REFUSALS):
            return one
    return None


def differing(before: Any, after: Any) -> tuple[Any, Any]:
    """The fields that are not the same; None where there are none."""
    old, new = _fields(before), _fields(after)
    if old is None or new is None:
        return (None, None) if before == after else (before, after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name) and name not in _RESTLESS]
    was = {name: old[name] for name in names if name in old}
    became = {name: new[name] for name in names if name in new}
    return was or None, became or None


def plain_value(answer: Any) -> Any:
    """An answer as its JSON says it; None for what is none."""
    if not isinstance(answer, (msgspec.Struct, msgspec.Raw, dict, list)):
        return None
    return json.load(json.dump(answer))


def signed_in(asked: Asking, user: Actor, method: str) -> Entry:
    """For a way in whose answer does not tell who came: to be given to `Audit.record`."""
    return Entry(
        actor=user,
        action="auth.login",
        resource_kind="user",
        resource_id=user.id,
        resource_name=user.name,
        address=asked.at.address,
        after={"method": method},
    )


def not_signed_in(asked: Asking, method: str, reason: str, claimed: str = "") -> Entry:
    """The same for who was not let in: for `Audit.refused`. `claimed`: the address they gave, as far as it is known."""
    return Entry(
        actor=actor(asked.principal),
        action="auth.login",
        resource_kind="user",
        resource_name=claimed,
        outcome="refused",
        reason=f"{reason} ({method})",
        address=asked.at.address,
    )


def _is_sign_in(declared: Declared) -> bool:
    path = declared.path
    return declared.method == "POST" and path.startswith("/auth/") and path.rpartition("/")[2] in _SIGN_INS


def _words(path: str) -> list[str]:
    return [word for word in path.strip("/").split("/") if not word.startswith("{")]


def _kind(path: str) -> str:
    first, *rest = _words(path)
    if first == "auth":
        return "session" if "sessions" in rest else "user"
    return first.removesuffix("s")


def _dotted(path: str) -> str:
    first, *rest = _words(path)
    return ".".join([first.removesuffix("s"), *rest])


def _root(path: str) -> str:
    """The path of the thing that `{id}` names."""
    return path.partition("{id}")[0] + "{id}"


def _subject(kind: str, value: Any, ref: str | None) -> Subject:
    fields = _fields(value)
    if fields is None:
        return Subject(kind, ref)
    names = (fields.get(name) for name in ("slug", "email", "name"))
    name = next((name for name in names if isinstance(name, str) and name), "")
    return Subject(kind, str(fields["id"]) if fields.get("id") else ref, name)


def _who(asked: Asking, answer: Any) -> Actor:
    """Who did it; of who was nobody before, who they are now."""
    fields = _fields(answer)
    if asked.principal.kind != "anonymous" or fields is None:
        return actor(asked.principal)
    user = _subject("user", fields.get("user", fields), None)
    return actor(asked.principal) if user.id is None else Actor(user.id, "user", user.name, user.id)


def _whose(who: Actor, claimed: str = "") -> Subject:
    """Of sign-ins: the user; of who is nobody, the address that they gave."""
    return Subject("user", who.user, claimed if who.user is None else who.name)


def _claimed(body: Any) -> str:
    """Whom a caller said to be; what is no address may be a password in the wrong field."""
    email = getattr(body, "email", None)
    return email if isinstance(email, str) and "@" in email else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, GatewayError):
        return error.message
    return "Gatehouse failed at this request." if isinstance(error, Exception) else "The request was cut off."


def _replaced_secrets(declared: Declared, body: Any) -> dict[str, Any]:
    """No answer tells a secret, so that one was replaced is told by the body, and not by what differs."""
    sent = (_fields(plain_value(body)) or {}) if declared.method == "PATCH" else {}
    return {name: hidden for name, value in sent.items() if (hidden := safe({name: value})[name]) != value}


def _with(parts: dict[str, Any], value: Any) -> Any:
    """What a path names besides its `{id}`, too: a change of somebody's role has to say whose."""
    fields = _fields(value)
    return value if not parts or (fields is None and value is not None) else {**parts, **(fields or {})}


def _whole_list(query: Any) -> Any:
    return query(limit=MAX_LIMIT) if "limit" in query.__struct_fields__ else query()


def _listed_as(answer: Any, ref: str) -> Any:
    """The one item of a list that is called so: by its id, its name, or the id of whom it is about."""
    items = (_fields(answer) or {}).get("items", [])
    return next((item for item in items if _is_called(_fields(item) or {}, ref)), None)


def _is_called(item: dict[str, Any], ref: str) -> bool:
    names = [item.get(name) for name in ("id", "slug", "name", "email", "user", "user_id")]
    return ref in [*names, *(_fields(item.get("user")) or {}).values()]


def _fields(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
