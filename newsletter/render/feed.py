"""The newest editions of one language as an Atom feed.  Source: RFC 4287.

Ids are the pages' addresses, so they stay as long as the addresses do.  An
entry is *updated* when its page is another; that an action has closed is shown
in it, but makes no reader's program ring.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from newsletter.i18n.locales import language_tag

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
LONGEST = 20  # entries
_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 cannot carry at all; nothing of it gets into an issue, but a feed must not break over it.
_NO_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {0xFFFE: None, 0xFFFF: None}


@dataclass(frozen=True, slots=True)
class Entry:
    """One edition.  ``html`` has whole addresses only; ``others`` are (locale, address) of the same letter."""

    title: str
    summary: str
    html: str
    page: str
    updated: dt.datetime
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """Whose feed it is.  ``feed`` is its own address, ``index`` the list of all editions."""

    title: str
    author: str
    locale: str
    feed: str
    index: str


def atom_feed(channel: Channel, entries: Sequence[Entry], begun: dt.datetime) -> bytes:
    """The feed, the newest entry first.  ``begun`` dates a feed without entries."""
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    root.set(_LANG, language_tag(channel.locale))
    _text(root, "id", channel.feed)
    _text(root, "title", channel.title)
    _text(root, "updated", _time(max((entry.updated for entry in entries), default=begun)))
    _text(etree.SubElement(root, f"{{{_ATOM}}}author"), "name", channel.author)
    _link(root, "self", channel.feed, "application/atom+xml")
    _link(root, "alternate", channel.index, "text/html", channel.locale)
    for entry in entries[:LONGEST]:
        _entry(root, entry, channel.locale)
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return document


def _entry(root: etree._Element, entry: Entry, locale: str) -> None:
    element = etree.SubElement(root, f"{{{_ATOM}}}entry")
    _text(element, "id", entry.page)
    _text(element, "title", entry.title)
    _text(element, "updated", _time(entry.updated))
    _link(element, "alternate", entry.page, "text/html", locale)
    for other, address in entry.others:
        _link(element, "related", address, "text/html", other)  # of several alternates, programs open any
    _text(element, "summary", entry.summary)
    _text(element, "content", entry.html, type="html")


def _text(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes).text = text.translate(_NO_XML)


def _link(parent: etree._Element, rel: str, href: str, media_type: str, locale: str = "") -> None:
    attributes = {"rel": rel, "href": href, "type": media_type}
    if locale:
        attributes["hreflang"] = language_tag(locale)
    etree.SubElement(parent, f"{{{_ATOM}}}link", attributes)


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
