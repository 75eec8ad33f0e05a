import pytest

from gatehouse.cli.errors import Misused
from gatehouse.cli.pairs import environment, headers


def test_what_can_not_be_read_is_refused_without_its_value() -> None:
    for read, item in ((environment, "secret"), (environment, "=secret"), (headers, "secret"), (headers, ": secret")):
        with pytest.raises(Misused) as caught:
            read([item])
        assert "secret" not in str(caught.value)


def test_a_header_that_would_break_the_request_is_refused() -> None:
    for item in ("A B: c", "A: b\r\nC: d", "Ä: b"):
        with pytest.raises(Misused):
            headers([item])


def test_values_may_hold_the_mark_that_splits() -> None:
    assert environment(["A=b=c", "D="]) == {"A": "b=c", "D": ""}
    assert headers(["Authorization: Bearer a:b"]) == {"Authorization": "Bearer a:b"}
