"""An A2A agent of the demo, in version 1.0 over JSON-RPC: it says in plain words what it was told. No model is behind it."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any, cast

from ._rpc import INVALID_PARAMS, METHOD_NOT_FOUND, PARSE_ERROR, Answer, Headers, Json

NAME, PATH = "editor", "/agents/editor"
CARD_PATH = f"{PATH}/.well-known/agent-card.json"
PLAIN = {
    "utilize": "use", "leverage": "use", "in order to": "to", "at this point in time": "now", "commence": "begin",
    "terminate": "end", "prior to": "before", "subsequently": "then", "facilitate": "help", "a number of": "some",
}  # fmt: skip


def card(port: int) -> bytes:
    """What it says of itself (A2A 1.0 "AgentCard")."""
    plain = {
        "id": "plain_words",
        "name": "Plain words",
        "description": "Says the same in shorter words.",
        "tags": ["writing"],
        "examples": ["We utilize this in order to commence."],
    }
    count = {
        "id": "count_words",
        "name": "Count words",
        "description": "Says how long a text is, and how long it takes to read.",
        "tags": ["writing"],
    }
    return json.dumps(
        {
            "name": "Editor",
            "description": "Reads texts over before they go out.",
            "version": "1.2.0",
            "supportedInterfaces": [
                {"url": f"http://127.0.0.1:{port}{PATH}", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
            ],
            "capabilities": {"streaming": False, "pushNotifications": False},
            "defaultInputModes": ["text/plain"],
            "defaultOutputModes": ["text/plain"],
            "skills": [plain, count],
        }
    ).encode()


def answer(raw: bytes, headers: Headers) -> Answer:
    """Answer `SendMessage` with a message; there are no tasks here."""
    try:
        request = json.loads(raw)
    except (ValueError, RecursionError):
        return Answer(_error(None, PARSE_ERROR, "The message is not valid JSON."), 200)
    if not isinstance(request, dict):
        return Answer(_error(None, PARSE_ERROR, "A message is a JSON object."), 200)
    asked = cast(Json, request)
    if asked.get("method") != "SendMessage":
        return Answer(_error(asked.get("id"), METHOD_NOT_FOUND, f"No method {asked.get('method')}."), 200)
    text = _text_of(asked.get("params"))
    if not text:
        return Answer(_error(asked.get("id"), INVALID_PARAMS, "The message has no text."), 200)
    said = {"messageId": uuid.uuid4().hex, "role": "ROLE_AGENT", "parts": [{"text": _edited(text)}]}
    return Answer({"jsonrpc": "2.0", "id": asked.get("id"), "result": {"message": said}}, 200)


def _text_of(params: Any) -> str:
    message = cast(Json, params).get("message") if isinstance(params, dict) else None
    parts = cast(Json, message).get("parts") if isinstance(message, dict) else None
    if not isinstance(parts, list):
        return ""
    known = [cast(Json, one) for one in cast(list[Any], parts) if isinstance(one, dict)]
    return "\n".join(str(one["text"]) for one in known if one.get("text"))


def _edited(text: str) -> str:
    plain = text
    for long, short in PLAIN.items():
        plain = re.sub(rf"\b{long}\b", short, plain, flags=re.IGNORECASE)
    words = len(plain.split())
    saved = len(text.split()) - words
    less = f", {saved} fewer than before" if saved > 0 else ""
    return f"{plain}\n\n({words} words{less}; {max(1, round(words / 230))} min. to read)"


def _error(request_id: Any, code: int, message: str) -> Json:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
