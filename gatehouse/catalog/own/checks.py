"""What a prompt or resource must be, before it is stored. Raises `Invalid` with what to do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from gatehouse.catalog.model import Kind
from gatehouse.catalog.naming import check_name
from gatehouse.catalog.own.arguments import check_arguments
from gatehouse.catalog.own.model import (
    LARGEST,
    MOST,
    Argument,
    AudioContent,
    Document,
    Embedded,
    EmbeddedContent,
    ImageContent,
    Message,
    PromptDocument,
    ResourceDocument,
    TemplateDocument,
    TextContent,
)
from gatehouse.catalog.own.templates import Template
from gatehouse.catalog.own.uris import OwnTemplate, check_uri
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid, TooLarge

_MEDIA_LENGTH = 200


def checked(kind: Kind, key: str, document: Document, blob: bytes | None) -> Document:
    """The document as it is to be stored. `key`: the name of a prompt, the uri or uriTemplate of the others."""
    match document:
        case PromptDocument():
            check_name(key)
            document = _prompt(document)
        case ResourceDocument():
            check_uri(key)
            _check_content(document, blob)
        case TemplateDocument():
            _check_template(key, document)
    if len(json.dump(document)) > LARGEST or len(blob or b"") > LARGEST:
        raise TooLarge(f"It is larger than {LARGEST} bytes.", "Put what is so large behind an upstream of its own.")
    return document


def open_base64(what: str, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(f"The {what} is not base64.", "Send the bytes in base64, as RFC 4648 has it.") from None


def _prompt(document: PromptDocument) -> PromptDocument:
    check_arguments(document.arguments)
    if not 1 <= len(document.messages) <= MOST:
        raise Invalid(f"The prompt has {len(document.messages)} messages.", f"It takes 1 to {MOST}.")
    messages = tuple(_message(one) for one in document.messages)
    for one in messages:
        text = _text_of(one)
        if text is not None:
            _check_names(Template(text), document.arguments)
    return replace(document, messages=messages)


def _message(message: Message) -> Message:
    content = message.content
    if isinstance(content, str):
        return replace(message, content=TextContent(text=content))
    if isinstance(content, (ImageContent, AudioContent)):
        open_base64(f"data of the {'image' if isinstance(content, ImageContent) else 'audio'}", content.data)
        _check_media(content.mimeType)
    elif isinstance(content, EmbeddedContent):
        _check_embedded(content.resource)
    return message


def _check_embedded(resource: Embedded) -> None:
    check_uri(resource.uri)
    if (resource.text is None) == (resource.blob is None):
        raise Invalid("A resource in a message has either text or blob.", "Give exactly one of them.")
    if resource.blob is not None:
        open_base64("blob of the resource", resource.blob)
    if resource.mimeType is not None:
        _check_media(resource.mimeType)


def _text_of(message: Message) -> str | None:
    """What of it is a template."""
    match message.content:
        case TextContent(text=text):
            return text
        case EmbeddedContent(resource=resource):
            return resource.text
        case _:
            return None


def _check_content(document: ResourceDocument, blob: bytes | None) -> None:
    _check_facts(document)
    if (document.text is None) == (blob is None):
        raise Invalid("A resource has either text or blob.", "Give exactly one of them.")


def _check_template(key: str, document: TemplateDocument) -> None:
    _check_facts(document)
    check_arguments(document.arguments)
    names = OwnTemplate(key).names
    stranger = next((one.name for one in document.arguments if one.name not in names), None)
    if stranger is not None:
        raise Invalid(f"'{stranger}' is no variable of {key[:100]}.", f"Those are: {', '.join(names)}.")
    _check_names(Template(document.text), declared(names, document.arguments))


def declared(names: Iterable[str], arguments: Sequence[Argument]) -> tuple[Argument, ...]:
    """The variables of a uri as arguments; those of which nothing is said are texts."""
    said = {one.name: one for one in arguments}
    return tuple(said.get(name) or Argument(name=name, required=True) for name in names)


def _check_names(template: Template, arguments: Sequence[Argument]) -> None:
    known = [one.name for one in arguments]
    unknown = sorted(template.names.difference(known))
    if unknown:
        raise Invalid(
            f"The template speaks of '{unknown[0]}', which is no argument.",
            f"Declare it in 'arguments'; there are: {', '.join(known) or 'none'}.",
        )


def _check_facts(document: ResourceDocument | TemplateDocument) -> None:
    if not document.name.strip() or len(document.name) > 255:
        raise Invalid("The resource has no name that can be shown.", "Give one of 1 to 255 characters.")
    if document.mime_type is not None:
        _check_media(document.mime_type)


def _check_media(media: str) -> None:
    kind, slash, rest = media.partition("/")
    if not (kind and slash and rest) or len(media) > _MEDIA_LENGTH or not media.isprintable() or " /" in media:
        raise Invalid(f"'{media[:50]}' is no media type.", "Give one as in text/markdown or image/png.")
