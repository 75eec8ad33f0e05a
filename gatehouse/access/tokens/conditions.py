"""What a token is asked again at each request, between the words of people, the database and the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from zoneinfo import ZoneInfo

import msgspec

from gatehouse.access.model import UNCONDITIONAL, Conditions, Rate, Window
from gatehouse.kit.errors import Invalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"^(\d{1,9})/([smhd])$")
_TIME = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")
_LONGEST = {1: "s", 60: "m", 3600: "h", 86400: "d"}


class WindowText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time of the week, such as Monday to Friday, 08:00 to 18:00."""

    days: list[str] = msgspec.field(default_factory=lambda: list(DAYS))
    start: str = "00:00"
    end: str = "00:00"
    timezone: str = "UTC"


class _Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    allowed_ips: list[str] = []
    windows: list[WindowText] = []
    rate_limit: str | None = None
    daily_quota: int | None = None


def parse_rate(text: str) -> Rate:
    """`5/s`, `60/m`, `1000/h`, `5000/d`; raises `Invalid`."""
    match = _RATE.match(text.strip())
    if not match or int(match[1]) == 0:
        raise Invalid(f"'{text[:50]}' is not a rate.", "Write a number and a unit, as in 5/s, 60/m or 1000/h.")
    return Rate(int(match[1]), _UNITS[match[2]])


def rate_text(rate: Rate) -> str:
    return f"{rate.requests}/{_LONGEST[rate.seconds]}"


def parse_network(text: str) -> IPv4Network | IPv6Network:
    """An address, or a network in CIDR form; raises `Invalid`."""
    try:
        return ip_network(text.strip())
    except ValueError as error:
        hint = "Write an address or a network, as in 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32."
        raise Invalid(f"'{text[:50]}' is not a network: {str(error)[:100]}.", hint) from None


def parse_window(text: WindowText) -> Window:
    """Raises `Invalid`."""
    days = frozenset(_day(day) for day in text.days)
    if not days:
        raise Invalid("A time window has no day.", f"Accepted: {', '.join(DAYS)}.")
    try:
        ZoneInfo(text.timezone)
    except (ValueError, OSError, KeyError):
        raise Invalid(f"'{text.timezone[:50]}' is not a time zone.", "Name one as in Europe/Berlin, or UTC.") from None
    return Window(days, _minutes(text.start), _minutes(text.end), text.timezone)


def window_text(window: Window) -> WindowText:
    days = [DAYS[day] for day in sorted(window.days)]
    return WindowText(days, _clock(window.start), _clock(window.end), window.timezone)


def conditions(
    allowed_ips: Sequence[str] = (),
    windows: Sequence[WindowText] = (),
    rate_limit: str | None = None,
    daily_quota: int | None = None,
) -> Conditions:
    """From what people write; raises `Invalid`."""
    if daily_quota is not None and not 0 < daily_quota <= 10**12:
        raise Invalid(f"daily_quota is {daily_quota}.", "It is a number of calls, at least 1.")
    return Conditions(
        tuple(parse_network(one) for one in allowed_ips),
        tuple(parse_window(one) for one in windows),
        None if rate_limit is None else parse_rate(rate_limit),
        daily_quota,
    )


def dump(value: Conditions) -> bytes | None:
    """For the database; None where there are none."""
    if not value:
        return None
    stored = _Stored(
        [str(network) for network in value.allowed_ips],
        [window_text(window) for window in value.windows],
        None if value.rate is None else rate_text(value.rate),
        value.daily_quota,
    )
    return msgspec.json.encode(stored)


def load(stored: bytes | None) -> Conditions:
    if stored is None:
        return UNCONDITIONAL
    read = msgspec.json.decode(stored, type=_Stored)
    return conditions(read.allowed_ips, read.windows, read.rate_limit, read.daily_quota)


def _day(text: str) -> int:
    if text.lower()[:3] not in DAYS:
        raise Invalid(f"'{text[:20]}' is not a day.", f"Accepted: {', '.join(DAYS)}.")
    return DAYS.index(text.lower()[:3])


def _minutes(text: str) -> int:
    match = _TIME.match(text)
    if not match:
        raise Invalid(f"'{text[:20]}' is not a time of day.", "Write it as in 08:00.")
    return int(match[1]) * 60 + int(match[2])


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
