"""Why a campaign is paused: kept in the database in English, and said again in the language of whoever reads it.

The program's own reasons are known again by their words (``wording.recalled``);
a person's stay as they were written.
"""

from __future__ import annotations

from newsletter.wording import Said, recalled, said

PAUSED_HERE = said("a person paused it in the studio")
# What newsletter.delivery.brake, store.upkeep, cli.commands.campaigns and cli.working write there.
REASONS = (
    PAUSED_HERE,
    said("a person paused it"),
    said("nobody was there to start it at its time"),
    said("newsletter itself failed (%(error)s)"),
    said("stopped: %(number)s in a row %(what)s. The last answer: %(reply)s"),
    said("stopped: %(failed)s of %(number)s were rejected or are in doubt. The last answer: %(reply)s"),
    said("were refused because of us, not of the recipients"),
    said("broke off after the message was handed over, so that they are in doubt"),
    said("were rejected, and none was accepted"),
)


_ASK = said("Show this to whoever looks after your mail server. When it is mended, press “Go on”.")
# What to do about a pause, by the words that are in its reason.
ADVICE = (
    (said("nobody was there to start it at its time"), said("If it may still go out now, press “Go on”.")),
    (said("newsletter itself failed (%(error)s)"), said("Show this to whoever looks after newsletter here.")),
    (said("stopped: %(number)s in a row %(what)s. The last answer: %(reply)s"), _ASK),
    (said("stopped: %(failed)s of %(number)s were rejected or are in doubt. The last answer: %(reply)s"), _ASK),
)


def advice_on(reason: str) -> str:
    """What to do about a reason that ``reason_again`` gave; "" for a person's own."""
    pattern = reason.pattern if isinstance(reason, Said) else ""
    return next((advice for known, advice in ADVICE if known.pattern == pattern), "")


def reason_again(text: str) -> str:
    """The stored reason of a pause, as a sentence that can be translated if it is one of the program's own."""
    return recalled(text, [reason.pattern for reason in REASONS])
