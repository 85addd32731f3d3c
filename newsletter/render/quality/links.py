"""Links: do their words make sense alone, and would a filter or a watchful reader trust where they lead.

Sources: WCAG 2.2, 2.4.4 and 2.4.9 (screen readers list links without the text
around them); Gmail's "Email sender guidelines" and SpamAssassin's
25_url_shortener on addresses that hide where they lead; ClamAV's heuristics of
phishing on words that name another site.  Parameters that follow readers break
this program's own promise (docs/sending.md).  Microsoft, INTERNET_MAX_URL_LENGTH
and "Maximum URL length is 2,083 characters" on how much of a letter an address holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from newsletter import wording
from newsletter.content.blocks import Action
from newsletter.content.schema import Issue
from newsletter.render.quality.passages import Link
from newsletter.render.quality.remarks import Quality, Remark
from newsletter.render.ways import letter_url

LONG_ADDRESS = 40  # characters of an address that is its own label
MAX_MAILTO = 2_048  # characters that Windows hands to a mail program; "ñ" takes six of them (%C3%B1)

# Words that say nothing by themselves, by language; compared without marks and capitals.
VAGUE: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        {
            "click", "click here", "here", "this", "this link", "link", "more", "read more", "learn more", "see more",
            "more info", "more information", "find out more", "details", "continue", "continue reading", "go",
            "tap here", "read", "read this", "this page", "website", "click this link", "see here", "read it here",
            "find it here",
        }
    ),
    "es": frozenset(
        {
            "clic", "clic aquí", "haz clic aquí", "haga clic aquí", "da clic aquí", "dé clic aquí", "pincha aquí",
            "pulsa aquí", "aquí", "acá", "este enlace", "esta liga", "enlace", "liga", "más", "ver más", "leer más",
            "lee más", "lea más", "sigue leyendo", "siga leyendo", "más información", "más info", "saber más",
            "conoce más", "conozca más", "continuar", "ir", "detalles", "ver", "leer", "esta página", "página web",
            "míralo aquí", "léelo aquí", "véalo aquí",
        }
    ),
}  # fmt: skip

SHORTENERS = frozenset(
    {
        "bit.ly", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rb.gy", "cutt.ly", "t.ly",
        "shorturl.at", "rebrand.ly", "tiny.cc", "lnkd.in", "dlvr.it", "bl.ink", "soo.gd", "v.gd", "hubs.ly",
        "mailchi.mp", "eepurl.com",
    }
)  # fmt: skip
_TRACKERS = re.compile(
    r"utm_\w+|mc_[ce]id|fbclid|gclid|_hsenc|_hsmi|mkt_tok|vero_id|ck_subscriber_id|sr_share", re.IGNORECASE
)
# Words that can only be an address: "example.org/law", not "St.Albans".
_HOST = re.compile(
    r"(?:https?://)?(?P<host>(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|coop|us|mx|es|ca|gt|io|co))(?:[/?#:]\S*)?",
    re.IGNORECASE,
)


def look_at_links(links: Sequence[Link], language: str) -> Iterator[Remark]:
    """Each link that an ear, a filter or a reader's trust would stumble over."""
    vague = VAGUE.get(language, frozenset())
    leads: dict[str, str] = {}
    for link in links:
        said = " ".join(re.findall(r"\w+", link.words.casefold()))
        if said in vague:
            message = wording.said("‘%(words)s’ says nothing to whoever hears the links alone", words=link.words)
            hint = wording.said("say what is there: ‘Read the ruling’")
            yield Remark(Quality.VAGUE_LINK, link.context, message, hint, link.words)
        elif said and leads.setdefault(said, link.url) != link.url:
            values = {"words": link.words[:60], "one": leads[said], "other": link.url}
            message = wording.said("‘%(words)s’ leads to two places: %(one)s and %(other)s", **values)
            yield Remark(Quality.SAME_WORDS, link.context, message, wording.said("give each its own words"), link.words)
        if link.bare and len(link.url) > LONG_ADDRESS:
            message = wording.said("the address is read out letter by letter: %(url)s", url=link.url[:60])
            yield Remark(Quality.BARE_ADDRESS, link.context, message, wording.said("write [words](address)"), link.url)
        yield from _address(link)


def look_at_letters(issue: Issue) -> Iterator[Remark]:
    """A letter to send whose address is too long in this language to open a mail program everywhere."""
    for block in issue.blocks:
        if isinstance(block, Action) and block.letter and (length := len(letter_url(block.letter))) > MAX_MAILTO:
            values = {"length": length, "most": MAX_MAILTO}
            message = wording.said(
                "the letter makes an address of %(length)s characters, and Windows opens none of more than %(most)s",
                **values,
            )
            hint = wording.said("shorten the letter; a space counts as three, and a letter with an accent as six")
            yield Remark(Quality.LETTER_LONG, f"{block.id}.letter.body", message, hint)


def _address(link: Link) -> Iterator[Remark]:
    try:
        split = urlsplit(link.url)
        host = (split.hostname or "").removeprefix("www.")
    except ValueError:
        return
    if split.scheme == "http":
        hint = wording.said("write https:// if the site answers there; browsers warn before they open the other")
        message = wording.said("anybody on the way can read %(url)s", url=link.url[:80])
        yield Remark(Quality.INSECURE_LINK, link.url_context, message, hint, link.url)
    if host in SHORTENERS:
        message = wording.said(
            "%(host)s hides where the link leads, counts who clicks, and is held against you by filters", host=host
        )
        yield Remark(Quality.SHORT_LINK, link.url_context, message, wording.said("give the address itself"), link.url)
    names = [name for name, _value in parse_qsl(split.query, keep_blank_values=True) if _TRACKERS.fullmatch(name)]
    if names:
        told = ", ".join(dict.fromkeys(names))
        message = wording.said(
            "%(names)s in the address tells the site that the reader came from this mail", names=told
        )
        hint = wording.said("take it out: readers are promised no tracking")
        yield Remark(Quality.TRACKED_LINK, link.url_context, message, hint, link.url)
    named = None if link.bare or split.scheme not in {"http", "https"} else _HOST.fullmatch(link.words.strip())
    if named and not _same_site(named["host"].casefold(), host):
        message = wording.said("the words say %(one)s, and the link leads to %(other)s", one=named["host"], other=host)
        hint = wording.said("mail programs take that for a fraud; let words and address agree")
        yield Remark(Quality.MISLEADING_LINK, link.context, message, hint, link.words)


def _same_site(one: str, other: str) -> bool:
    one = one.removeprefix("www.")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
