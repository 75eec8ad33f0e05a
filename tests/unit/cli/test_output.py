import pytest

from gatehouse.cli.errors import clean
from gatehouse.cli.output import counted, facts, short, table


def test_what_could_drive_a_terminal_is_taken_out() -> None:
    assert clean("a\x1b[31mb\x07\x9b\u202ec\td\n") == "a[31mbc\td\n"


def test_a_table_that_is_piped_has_one_whole_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    table(("NAME", "TEXT"), [("a", "x" * 100), ("bbbbb", "two\nlines")])
    assert capsys.readouterr().out == f"NAME   TEXT\na      {'x' * 100}\nbbbbb  two lines\n"


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    table(("NAME",), [], "Nothing here.")
    assert capsys.readouterr().out == "Nothing here.\n"


def test_facts_leave_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    facts([("Name", "a"), ("Error", None), ("Instructions", "b")])
    assert capsys.readouterr().out == "Name          a\nInstructions  b\n"


def test_a_short_text_is_its_first_line_cut() -> None:
    assert short("one\ntwo") == "one"
    assert short("abcdef", 4) == "abc…"
    assert short(None) == ""
    assert (counted(1, "tool"), counted(0, "tool")) == ("1 tool", "0 tools")
