"""The log of a worker: one event a line, and nothing that names a person."""

from __future__ import annotations

import ast
import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.cli.logs import LOGGER, LogFormat, note, start
from newsletter.delivery.states import CampaignStatus
from newsletter.errors import MailServerError

PACKAGE = Path(__file__).parents[2] / "newsletter"
SECRET = "550 5.7.1 <ana@example.org> Ana Muñoz is not welcome"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(capture=False)
    LOGGER.setLevel(logging.NOTSET)


def failed() -> MailServerError:
    try:
        try:
            raise ConnectionRefusedError(SECRET)
        except OSError as error:
            raise MailServerError(SECRET, SECRET) from error
    except MailServerError as error:
        return error


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    err = capsys.readouterr().err
    for word in ("@", "example", "Ana", "5.7.1", "welcome"):
        assert word not in err
    return [json.loads(line) for line in err.splitlines()]


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    start(LogFormat.JSON)
    note("delivered", campaign=3, accepted=10, seconds=1.23456)
    note("campaign", campaign=3, status=CampaignStatus.PAUSED)
    first, second = lines(capsys)
    assert str(first.pop("time")).endswith("+00:00")
    assert first == {"level": "info", "event": "delivered", "campaign": 3, "accepted": 10, "seconds": 1.235}
    assert second["status"] == "paused"


def test_of_an_error_only_its_kind_and_place_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    start(LogFormat.JSON)
    note("mail-server-away", logging.WARNING, failed(), campaign=1)
    (line,) = lines(capsys)
    assert line["error"] == "MailServerError < ConnectionRefusedError"
    assert "test_logs.py" in str(line["where"])


def test_of_a_library_only_the_origin_of_its_warning_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    start(LogFormat.JSON)
    logging.getLogger("a.library").warning("no: %s", SECRET)
    logging.getLogger("a.library").error(SECRET, exc_info=failed(), stack_info=True)
    logging.getLogger("a.library").info(SECRET)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(SECRET, stacklevel=1)
    told = lines(capsys)
    assert [line["logger"] for line in told] == ["a.library", "a.library", "py.warnings"]
    assert {line["event"] for line in told} == {"library"}


def test_text_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    start(LogFormat.TEXT)
    note("delivered", campaign=3, accepted=10)
    logging.getLogger("a.library").warning(SECRET)
    err = capsys.readouterr().err
    assert "info  delivered  campaign=3  accepted=10" in err
    assert "Ana" not in err


def test_events_are_words_of_the_program() -> None:
    """mypy sees to it that facts are no texts; an event is one, so it has to stand there."""
    calls = [
        call
        for path in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "note"
    ]
    assert len(calls) > 5
    assert [ast.unparse(call) for call in calls if not isinstance(call.args[0], ast.Constant | ast.Name)] == []
    names = {call.args[0].id for call in calls if isinstance(call.args[0], ast.Name)}
    assert names <= {"event"}, "handed on by Worker._pause_after"
