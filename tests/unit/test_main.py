"""What the program says when the machine refuses something, or when it fails itself: a sentence, never a traceback."""

from __future__ import annotations

import errno
import os
import sys
import tempfile

import pytest

from newsletter.cli import main as program


def _fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int | str | None:
    def app() -> None:
        raise error

    monkeypatch.setattr(program, "app", app)
    with pytest.raises(SystemExit) as ended:
        program.main()
    return ended.value.code


@pytest.mark.parametrize("number", list(program.REFUSALS))
def test_what_the_machine_refuses_is_no_fault_of_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert _fails(monkeypatch, OSError(number, os.strerror(number), "issues/june.yaml")) == 2
    told = capsys.readouterr().err
    assert f"error: issues/june.yaml: {os.strerror(number)}" in told
    assert "then run the same command again" in told


def test_a_fault_of_the_program_is_told_also_when_its_details_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    for error in (OSError(errno.EIO, "Input/output error"), ZeroDivisionError()):
        assert _fails(monkeypatch, error) == program.INTERNAL_ERROR
        told = capsys.readouterr().err
        assert "newsletter itself failed" in told
        assert "the details could not be kept (No such file or directory)" in told
        assert "Traceback" not in told


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("campaigns", "show", "one"), "Invalid value for 'NUMBER': it is no whole number."),
        (("subscribers", "list", "--status", "gone"), "Invalid value for '--status': 'gone' is not one of"),
        (("send", "june", "--workers", "0"), "Invalid value for '--workers': it should be greater than or equal to 1"),
    ],
)
def test_what_is_wrong_with_a_value_is_told_without_the_words_of_programmers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: tuple[str, ...], told: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["newsletter", *command])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        program.main()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
