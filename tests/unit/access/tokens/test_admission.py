"""Who was let in is remembered, and asked anew as soon as the answer could be another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatehouse.access.model import Conditions, Principal
from gatehouse.access.tokens import admission
from gatehouse.access.tokens.admission import Admissions
from gatehouse.access.tokens.conditions import WindowText, conditions

FRIDAY_EIGHT = 1_800_000_000.0
"""2027-01-15 08:00 UTC."""
HERE, THERE = "10.0.0.7", "192.0.2.7"


def token(limits: Conditions, expires_at: float | None = None) -> Principal:
    return Principal(id="tok_a", kind="token", name="agent", conditions=limits, expires_at=expires_at)


def let_in(admissions: Admissions, principal: Principal, address: str | None, now: float = FRIDAY_EIGHT) -> bool:
    decision = admissions.ask(principal, address, now)
    return decision is None or decision.allowed


def test_who_comes_from_elsewhere_is_refused_after_others_were_let_in() -> None:
    admissions, principal = Admissions(), token(conditions(["10.0.0.0/8"]))
    for _ in range(2):
        assert let_in(admissions, principal, HERE)
        assert not let_in(admissions, principal, THERE)
        assert not let_in(admissions, principal, None)


def test_another_token_is_asked_for_itself() -> None:
    admissions, principal = Admissions(), token(conditions(["10.0.0.0/8"]))
    assert let_in(admissions, principal, HERE)
    assert not let_in(admissions, replace(principal, id="tok_b", conditions=conditions([THERE])), HERE)


def test_a_token_that_was_changed_is_asked_anew() -> None:
    admissions, principal = Admissions(), token(conditions(["10.0.0.0/8"]))
    assert let_in(admissions, principal, HERE)
    assert not let_in(admissions, token(conditions([THERE])), HERE)
    assert not let_in(admissions, replace(principal, disabled="its user is switched off"), HERE)
    assert let_in(admissions, principal, HERE)


def test_a_window_closes_on_the_minute() -> None:
    hours = WindowText(days=["fri"], start="08:00", end="08:01", timezone="UTC")
    admissions, principal = Admissions(), token(conditions(windows=[hours]))
    assert not let_in(admissions, principal, HERE, FRIDAY_EIGHT - 0.01)
    assert let_in(admissions, principal, HERE)
    assert let_in(admissions, principal, HERE, FRIDAY_EIGHT + 59.9)
    assert not let_in(admissions, principal, HERE, FRIDAY_EIGHT + 60)


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "Europe/Berlin"])
def test_every_time_zone_has_its_minutes_where_the_others_have_them(zone: str) -> None:
    admissions = Admissions()
    principals = [
        token(
            conditions(
                windows=[WindowText(start=f"{hour:02}:{minute:02}", end=f"{hour:02}:{minute + 1:02}", timezone=zone)]
            )
        )
        for hour in range(24)
        for minute in (0, 15, 30, 45)
    ]
    for now in (FRIDAY_EIGHT, FRIDAY_EIGHT + 180 * 86400):
        (inside,) = [one for one in principals if let_in(admissions, one, HERE, now)]
        assert let_in(admissions, inside, HERE, now + 59.9)
        assert not let_in(admissions, inside, HERE, now + 60)


def test_who_was_let_in_is_not_let_in_after_the_end() -> None:
    admissions, principal = Admissions(), token(conditions(["10.0.0.0/8"]), expires_at=FRIDAY_EIGHT + 10)
    assert let_in(admissions, principal, HERE)
    assert let_in(admissions, principal, HERE, FRIDAY_EIGHT + 9.9)
    assert not let_in(admissions, principal, HERE, FRIDAY_EIGHT + 10)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "REMEMBERED", 5)
    admissions, principal = Admissions(), token(conditions(["10.0.0.0/8"]))
    for number in range(20):
        assert let_in(admissions, principal, f"10.0.0.{number}")
        assert len(admissions._known) <= 5
    assert admissions.ask(principal, "10.0.0.19", FRIDAY_EIGHT) is None
