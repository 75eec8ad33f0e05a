"""URIs of own resources, and their templates: RFC 6570 level 1, `{name}` and nothing more."""

from __future__ import annotations

import re
from urllib.parse import unquote

from gatehouse.catalog.own.model import MOST
from gatehouse.kit.errors import Invalid
from gatehouse.protocol.uri import UriTemplate

SCHEME = "gatehouse"
"""Of resources that nobody gave a uri."""
_LONGEST = 2000
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20\"<>\\^`{|}\x7f]+")
_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_UI = "ui:"


def check_uri(uri: str) -> str:
    """Raises `Invalid` for what is no absolute URI, and for what is kept for the pages of tools."""
    if len(uri) > _LONGEST or not _URI.fullmatch(uri):
        raise Invalid(f"'{uri[:100]}' is no uri.", f"Give one with its scheme, as in {SCHEME}://notes/welcome.")
    if uri.lower().startswith(_UI):
        raise Invalid(
            "Uris that begin with ui: are for the pages of tools.", f"Give one as in {SCHEME}://notes/welcome."
        )
    return uri


class OwnTemplate:
    """A uriTemplate that can be read backwards; raises `Invalid` for one that can't."""

    def __init__(self, text: str) -> None:
        self.text = text
        pieces = _EXPRESSION.split(text)
        self._literals, self.names = pieces[::2], tuple(pieces[1::2])
        self._check()
        self._whole = UriTemplate(text)

    def values(self, uri: str) -> dict[str, str] | None:
        """The variables as `uri` has them, unescaped; None where it is of another form."""
        if not self._whole.matches(uri) or not uri.endswith(self._literals[-1]):
            return None
        found: dict[str, str] = {}
        place, end = len(self._literals[0]), len(uri) - len(self._literals[-1])
        for index, name in enumerate(self.names):
            last = index == len(self.names) - 1
            # Each value ends where the text behind it begins for the first time, the last one where the uri leaves it.
            stop = end if last else uri.find(self._literals[index + 1], place + 1, end)
            value = uri[place:stop] if stop > place else ""
            if not value or "/" in value:
                return None
            found[name] = unquote(value)
            place = stop + len(self._literals[index + 1])
        return found

    def _check(self) -> None:
        check_uri("x".join(self._literals))
        if ":" not in self._literals[0]:
            raise Invalid("The scheme of a uri can't be a variable.", f"Give one as in {SCHEME}://notes/{{name}}.")
        if not self.names:
            raise Invalid(f"'{self.text[:100]}' has no variable.", "Write one as in {name}, or give it as a uri.")
        wrong = next((name for name in self.names if not _VARIABLE.fullmatch(name)), None)
        if wrong is not None:
            raise Invalid(f"'{{{wrong[:70]}}}' can't be a variable of a uri.", "Write one as in {name}, and no more.")
        if len(set(self.names)) < len(self.names) or len(self.names) > MOST:
            raise Invalid(f"'{self.text[:100]}' has a variable twice.", "Name each once.")
        if not all(self._literals[1:-1]):
            raise Invalid(f"'{self.text[:100]}' has two variables without a text between.", "Put a / between them.")
