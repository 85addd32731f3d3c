"""What the list of an inbox shows: the subject, the line after it, and whether they shout.

Sources: Apple Mail on an iPhone shows some 40 characters of a subject, Gmail's
list on a computer some 70; what is left of the line is filled with the
preheader, or where that is short with whatever the mail says next.  SpamAssassin
counts SUBJ_ALL_CAPS and PLING_QUERY, and phrases of 20_phrases.cf; rspamd has INTRODUCTION.  WCAG 2.2, 3.1.5 on
plain words; screen readers spell out what they take for an abbreviation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter import wording
from newsletter.content.fields import TextKind
from newsletter.content.schema import Issue
from newsletter.render.quality.passages import Passages, shown
from newsletter.render.quality.remarks import Quality, Remark

PHONE = 40  # characters of a subject in a phone's list
LINE = 70  # characters of a subject in a list on a computer
FIRST_WORDS = 40  # characters below which other text follows the preheader in the list
PREVIEW = 140  # characters that the longest lists show of a preheader

_WORD = re.compile(r"[^\W\d_]+")
# Of SpamAssassin's 20_phrases.cf and rspamd's INTRODUCTION, what somebody might write in good faith.
_SUSPECT = re.compile(
    r"^\s*Dear (?:friend|sirs?|madam)\b|\bjoin (?:millions|thousands)\b|\b(?-i:A(?:ct|CT) N(?:ow|OW))\b"
    r"|\bto be removed,? please|\burgent.{0,16}(?:assistance|business|notice|proposal|reply|request|response)"
    r"|\bmy name is\b|\b100% guaranteed|\bunclaimed\s(?:funds?|money|prizes?|rewards?)\b",
    re.IGNORECASE | re.MULTILINE,
)
_LOUD = re.compile(r"!{2,}|\?{2,}|[!?]*(?:!\?|\?!)[!?]*|¡{2,}")
_ACRONYM = 5  # letters up to which capitals are taken for an abbreviation: ICE, USDA
_SHOUTED = 3  # words in capitals in a row that are no abbreviations side by side


def look_at_inbox(issue: Issue) -> Iterator[Remark]:
    """The subject and the preheader."""
    subject, preheader = shown(issue.subject), shown(issue.preheader)
    if len(subject) > LINE:
        message = wording.said(
            "the subject has %(number)s characters; lists show %(line)s on a computer, and on a phone only ‘%(text)s…’",
            number=len(subject),
            line=LINE,
            text=subject[:PHONE].rstrip(),
        )
        hint = wording.said("say what matters in the first words, and cut the rest")
        yield Remark(Quality.SUBJECT_LONG, "subject", message, hint)
    if len(preheader) > PREVIEW:
        values = {"number": len(preheader), "most": PREVIEW}
        message = wording.said(
            "the preheader has %(number)s characters, and no list shows more than %(most)s", **values
        )
        yield Remark(Quality.PREHEADER_LONG, "preheader", message, wording.said("shorten it"))
    if len(preheader) < FIRST_WORDS:
        message = wording.said(
            "the preheader has %(number)s characters; lists fill the line with what the mail says next",
            number=len(preheader),
        )
        hint = wording.said("use %(number)s or more: they are the second reason to open the mail", number=FIRST_WORDS)
        yield Remark(Quality.PREHEADER_SHORT, "preheader", message, hint)
    if (said := _bare(preheader)) and (_bare(subject).startswith(said) or said.startswith(_bare(subject))):
        hint = wording.said("lists show both side by side; say something more")
        message = wording.said("the preheader says what the subject says")
        yield Remark(Quality.PREHEADER_REPEATS, "preheader", message, hint)


def listen(passages: Passages) -> Iterator[Remark]:
    """Every text that shouts: words in capitals, marks that are repeated."""
    for passage in passages.texts:
        if found := _shouted(passage.text, line=passage.kind is TextKind.LINE):
            hint = wording.said("write it in small letters; **bold** makes it strong")
            message = wording.said("words in capitals shout: ‘%(text)s’", text=found[:60])
            yield Remark(Quality.SHOUTING, passage.context, message, hint, found)
        loud = _LOUD.search(passage.text)
        if loud or (passage.context == "subject" and passage.text.count("!") > 1):
            mark = loud.group() if loud else "!"
            message = wording.said("two exclamations in a subject")
            if loud:
                message = wording.said("more than one exclamation or question mark: ‘%(mark)s’", mark=mark)
            hint = wording.said("one is enough, for readers and filters")
            yield Remark(Quality.EXCLAMATIONS, passage.context, message, hint, mark)
        if suspect := _SUSPECT.search(passage.text):
            words = suspect.group().strip()
            message = wording.said("spam filters count ‘%(words)s’ against you", words=words)
            yield Remark(Quality.FILTER_WORDS, passage.context, message, wording.said("say it in another way"), words)


def _shouted(text: str, *, line: bool) -> str:
    """The words in capitals, if they are too many to be abbreviations."""
    words = list(_WORD.finditer(text))
    run: list[re.Match[str]] = []
    for word in [*words, None]:
        if word and len(word.group()) > 1 and word.group().isupper():
            run.append(word)
            continue
        if word and len(word.group()) == 1 and run and word.group().isupper():
            continue  # "A" and "Y" between them
        loud = sum(len(one.group()) > _ACRONYM for one in run)
        whole = line and run and len(run) == len(words) and loud
        if (len(run) >= _SHOUTED and loud) or loud > 1 or whole:
            return text[run[0].start() : run[-1].end()]
        run = []
    return ""


def _bare(text: str) -> str:
    return " ".join(word.group().casefold() for word in re.finditer(r"\w+", text))
