"""Sentences that can be said again in another language; and that the checks' are."""

from __future__ import annotations

import copy
import pickle
import re
from collections import deque
from pathlib import Path

import polib
import pytest

from newsletter.cli.studio.reasons import reason_again
from newsletter.content.fields import TextKind, check_text
from newsletter.delivery.brake import ENOUGH, Brake
from newsletter.delivery.states import Outcome, State
from newsletter.errors import SendingStoppedError
from newsletter.i18n.checks.edition import compare
from newsletter.i18n.checks.structure import Limits
from newsletter.i18n.checks.text import Pair, Text
from newsletter.i18n.glossary import Terms
from newsletter.web.preview.words import words_for
from newsletter.web.words import Words
from newsletter.wording import Said, headline, joined, quoted, recalled, said, with_lines
from tests.tools.messages import ROOT
from tests.tools.unsaid import unsaid

from .helpers import findings_in
from .test_issue_mistakes import MISTAKES, Mistake

SPANISH = words_for("es", [ROOT / "locales"])
# The library that reads addresses of mail tells in English what it misses.
SAID_BY_OTHERS = {"An email address must have an @-sign."}
GERMAN = Words("de", {"it says %(what)s": ("es sagt %(what)s",), "a dog": ("ein Hund",)})


def test_sentence_is_plain_english_for_whoever_knows_nothing_of_it() -> None:
    told = said("it says %(what)s", what="%(what)s %(other)s")
    assert told == "it says %(what)s %(other)s"
    assert {told} == {"it says %(what)s %(other)s"}
    for same in (copy.deepcopy(told), pickle.loads(pickle.dumps(told))):
        assert same == told
        assert same.values == told.values


def test_sentence_is_translated_with_the_sentences_in_it_and_nothing_else() -> None:
    nested = said("%(first)s: %(second)s", first="a dog", second=said("it says %(what)s", what=said("a dog")))
    assert nested == "a dog: it says a dog"
    assert GERMAN.say(nested) == "a dog: es sagt ein Hund"
    assert GERMAN.spoken(nested) == "de"


def test_unknown_sentence_stays_english_and_is_marked_as_such() -> None:
    for text in ("a dog", said("a cat"), joined([said("a dog"), said("a cat")])):
        assert GERMAN.spoken(text) == "en"
    assert GERMAN.say(joined([said("a dog"), said("a cat")])) == "ein Hund, a cat"


def test_stored_sentence_is_known_again_with_the_sentences_in_it() -> None:
    patterns = ["it says %(what)s", "a dog", "%(first)s and %(second)s"]
    for stored in ("it says a dog", "it says it says (.+)", "a dog"):
        again = recalled(stored, patterns)
        assert again == stored
        assert isinstance(again, Said)
    assert GERMAN.say(recalled("it says a dog", patterns)) == "es sagt ein Hund"
    for other in ("", "a dog!", "it says ", "A dog"):
        assert not isinstance(recalled(other, patterns), Said)


STATES = [(State.REJECTED, True), (State.REJECTED, False), (State.IN_DOUBT, False)]


@pytest.mark.parametrize(("state", "ours"), STATES)
@pytest.mark.parametrize("failures", [1.0, 0.1])
def test_reasons_for_which_the_program_pauses_are_said_in_spanish(state: State, ours: bool, failures: float) -> None:
    outcomes = [Outcome(state if number % 4 else State.ACCEPTED, "550 no: 1, 2", ours=ours) for number in range(ENOUGH)]
    outcomes += [Outcome(state, "550 no: 1, 2", ours=ours)] * 100
    brake = Brake(2, failures)
    with pytest.raises(SendingStoppedError) as stopped:
        deque(map(brake.check, outcomes if failures < 1 else outcomes[ENOUGH:]))
    again = reason_again(str(stopped.value.message))
    assert again == stopped.value.message
    assert SPANISH.spoken(again) == "es"
    assert SPANISH.say(again).startswith("se detuvo")
    assert SPANISH.say(again).endswith("550 no: 1, 2")


def test_reasons_that_are_stored_elsewhere_are_the_ones_known_here() -> None:
    rooms = ("cli/commands/campaigns.py", "cli/working.py", "store/upkeep.py")
    code = "".join((ROOT / "newsletter" / room).read_text(encoding="utf-8") for room in rooms)
    for stored in ("a person paused it", "nobody was there to start it at its time", "newsletter itself failed ("):
        assert stored in code
        assert SPANISH.spoken(reason_again(f"{stored}OSError)" if stored.endswith("(") else stored)) == "es"
    assert reason_again("a wrong link") == "a wrong link"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\U0001f468\u200d\U0001f469", "'\U0001f468\u200d\U0001f469'"),
        ("می\u200cشود", "'می\u200cشود'"),
        ("it's\u200b\xa0so", '"it\'s\\u200b\\xa0so"'),
        (r"\u200d", r"'\\u200d'"),
        ("\\\u200d", "'\\\\\u200d'"),
    ],
)
def test_quoted_text_shows_what_nobody_can_see_and_joins_what_belongs_together(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_headline_leaves_the_lines_out() -> None:
    whole = with_lines(said("it says %(what)s", what="so"), ["and", "so on"])
    assert whole == "it says so\n  and\n  so on"
    assert GERMAN.say(headline(whole)) == "es sagt so"
    assert headline("one\ntwo") == "one"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Read **this** on June 3.", "Read **this** on June 3."),
        ("We won $25 for 3 farms, friends!", "Ganamos 25 euros para las 4 granjas, amigues"),
        ("Are you coming, {first_name|friend}?", "¿Vienes?  Ven"),
        ("# Title\n\n- one\n- two", "uno <b>dos</b> {nombre} [tres](htp://x) {count|uno}"),
        ("See [us](https://example.org/en/page).", "Vea [aquí](https://example.org/en/page)"),
        ("We met on May 3 and June 4.", " Nos vimos el 4 de mayo y el 3 de junio, y dona hoy."),
    ],
)
def test_whatever_the_checks_find_is_said_in_spanish(source: str, target: str) -> None:
    pair = Pair("preheader", Text(source, TextKind.MARKDOWN, "en"), Text(target, TextKind.MARKDOWN, "es"))
    found = [*check_text(TextKind.MARKDOWN, target), *compare(pair, Limits(preheader=10), Terms(()))]
    assert found
    for problem in found:
        for text in filter(None, (problem.message, problem.hint)):
            assert isinstance(text, Said), text
            assert SPANISH.spoken(text) == "es", text
            assert SPANISH.say(text) != text


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_whatever_is_wrong_with_an_issue_is_said_in_spanish(mistake: Mistake) -> None:
    (finding,) = findings_in(mistake.text)
    for text in filter(None, (finding.message, finding.hint)):
        if text not in SAID_BY_OTHERS:
            assert SPANISH.spoken(text) == "es", text
            assert SPANISH.say(text) != text


# Rooms whose findings the studio shows, and files in them that only commands use.
ROOMS = ("content", "i18n", "render", "settings", "audience", "delivery", "adapters", "store")
COMMANDS_ONLY = {"i18n/exchange/rows.py", "adapters/mailbox.py", "adapters/jobs.py"}


@pytest.mark.parametrize("room", ROOMS)
def test_no_finding_is_written_so_that_only_english_can_say_it(room: str) -> None:
    folder = ROOT / "newsletter"
    files = sorted((folder / room).rglob("*.py"))
    assert files
    plain = [one for file in files if file.relative_to(folder).as_posix() not in COMMANDS_ONLY for one in unsaid(file)]
    assert plain == []


def test_words_that_only_english_can_say_are_seen(tmp_path: Path) -> None:
    source = """
def f(x):
    hint = "one word more" if x else ""
    return Problem("code", said("so"), hint, "a needle"), Finding(x, "code", f"no {x}"), ContentError(told())
"""
    file = tmp_path / "x.py"
    file.write_text(source)
    assert list(unsaid(file)) == ["x.py:4: hint", "x.py:4: f'no {x}'"]


def test_translations_fill_in_what_the_english_does() -> None:
    for entry in polib.pofile(str(ROOT / "locales" / "es" / "LC_MESSAGES" / "studio.po")):
        wanted = set(re.findall(r"%\(\w+\)s", entry.msgid + entry.msgid_plural))
        for form in (entry.msgstr, *entry.msgstr_plural.values()):
            assert not form or set(re.findall(r"%\(\w+\)s", form)) <= wanted, entry.msgid
        assert set(re.findall(r"%\(\w+\)s", entry.msgstr)) == wanted or entry.msgid_plural, entry.msgid
