"""Tools of the demo that do more than to look something up: one asks a person first, one answers in sound."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

from ._rpc import BadArgument, Json, Question, Said, Tool

RATE = 8000
"""Samples of sound in a second."""
PITCHES = {"sunny": (523, 659, 784), "rain": (440, 392, 330), "storm": (196, 185, 175)}
"""Hertz: three notes for each kind of weather."""


def refund_order() -> Tool:
    definition = _definition(
        "refund_order",
        "Refund an order",
        "Give a customer their money back. Somebody is asked before anything happens.",
        {"order": {"type": "string", "description": "Its number, as 10042"}},
        ["order"],
        {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": False},
    )
    return Tool(definition, _refund)


def _refund(order: str) -> Question:
    if not order.isdigit():
        raise BadArgument("An order's number has digits alone, as 10042.")
    amount = int(order) % 90 + 10
    schema: Json = {
        "type": "object",
        "properties": {
            "reason": {"type": "string", "title": "Why", "enum": ["damaged", "late", "not wanted"]},
            "amount": {"type": "number", "title": "How much", "minimum": 1, "maximum": amount, "default": amount},
            "tell": {"type": "boolean", "title": "Tell the customer", "default": True},
        },
        "required": ["reason", "amount"],
    }

    def then(filled_in: Json | None) -> Said:
        if filled_in is None:
            return Said([_text(f"Nothing was done about order {order}.")])
        done = {"order": order, "refunded": filled_in.get("amount"), "reason": filled_in.get("reason")}
        return Said([_text(f"Order {order}: {done['refunded']} paid back, {done['reason']}.")], done)

    return Question(f"Order {order} was {amount}.00. Pay it back?", schema, then)


def play_forecast() -> Tool:
    definition = _definition(
        "play_forecast",
        "Play the forecast",
        "Tomorrow's weather as three notes, for those who would rather hear it.",
        {"weather": {"type": "string", "enum": list(PITCHES), "default": "sunny"}},
        [],
        {"readOnlyHint": True, "openWorldHint": False},
    )
    return Tool(definition, _play)


def _play(weather: str = "sunny") -> Said:
    if weather not in PITCHES:
        raise BadArgument(f"The weather is one of {', '.join(PITCHES)}.")
    sound = base64.b64encode(_wave(PITCHES[weather])).decode()
    return Said([_text(f"Tomorrow: {weather}."), {"type": "audio", "mimeType": "audio/wav", "data": sound}])


def _wave(pitches: tuple[int, ...]) -> bytes:
    """A third of a second for each, as WAV with eight bits."""
    length = RATE // 3
    samples = bytes(
        int(128 + 90 * (1 - at / length) * math.sin(2 * math.pi * pitch * at / RATE))
        for pitch in pitches
        for at in range(length)
    )
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE, 1, 8)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _text(words: str) -> Json:
    return {"type": "text", "text": words}


def _definition(name: str, title: str, description: str, properties: Json, required: list[str], hints: Json) -> Json:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    annotations = {"title": title, **hints}
    return {"name": name, "title": title, "description": description, "inputSchema": schema, "annotations": annotations}


SPECIAL = {"desk": refund_order, "weather": play_forecast}
"""By the name of the server that has it."""
