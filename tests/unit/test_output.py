"""What staff read in a terminal can command it nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.cli.output import printable, report_error, say, table, tell
from newsletter.errors import MailServerError

EVIL = "550 no\x1b]0;PWNED\x07\x1b[2J\x1b[31m user\u202egnp\x9b31m\r"


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_printed(text: str) -> None:
    assert not [char for char in printable(text) if char not in "\n\t" and (char < " " or "\x7f" <= char <= "\x9f")]


def test_a_row_for_another_program_stands_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table(("reply",), [("word " * 60,)])
    assert len(capsys.readouterr().out.splitlines()) == 2
    table(("reply",), [], none="nobody")
    assert capsys.readouterr().out == "nobody\n"


def test_every_way_of_speaking_is_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    say(EVIL)
    tell(EVIL)
    table(("reply",), [(EVIL,)])
    report_error(MailServerError(EVIL, EVIL))
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert "user" in text
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(text)
