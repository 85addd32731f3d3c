"""What both texts must hold alike, whatever they say: placeholders, links, Markdown, edges, length.

All of it blocks, except emphasis and the order of links: languages stress
different words, and put them elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

from babel.messages.plurals import get_plural

from newsletter.content.placeholders import COUNTED, NUMBERS, PLACEHOLDER
from newsletter.content.problems import Problem
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.text import Pair, Text
from newsletter.wording import joined, said


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the short texts may be, in characters; beyond it phones cut them off."""

    subject: int = 78
    preheader: int = 140
    button: int = 30

    def of(self, context: str) -> int | None:
        """The limit of a message; None if it has none."""
        if context in ("subject", "preheader"):
            return self.subject if context == "subject" else self.preheader
        return self.button if context.endswith(".label") else None


@dataclass(frozen=True, slots=True)
class LinkPartners:
    """Pages of the issue that differ by locale: for each URL, its locales and the URL in every locale."""

    by_url: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def same_page(self, url: str, languages: tuple[str, str]) -> str:
        """What stands for a page in whichever of the two languages it is linked."""
        if url in self.by_url:
            return min(self.by_url[url].values())
        return _without_language(url, languages)

    def in_language(self, url: str, language: str) -> bool:
        """Whether the page is known to be in that language, and not in another as well."""
        locales = [locale for locale, known in self.by_url.get(url, {}).items() if known == url]
        if locales:
            return all(locale[:2] == language for locale in locales)
        return _without_language(url, (language,)) != url


def _without_language(url: str, languages: tuple[str, ...]) -> str:
    """An address without what tells its language: es.example.org, example.org/es/…, report-es.pdf, ?lang=es."""
    named, *patterns = _marks(languages)
    if "@" in url or not named.search(url):
        return url
    split = urlsplit(url)
    parts = (split.netloc, split.path, split.query)
    host, path, query = (pattern.sub("", part) for pattern, part in zip(patterns, parts, strict=True))
    changed = split._replace(netloc=host, path=path or (split.path and "/"), query=query)
    return url if changed == split else changed.geturl()


@lru_cache
def _marks(languages: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """What any address with a mark has, which is soon looked for; then the marks in host, path and query."""
    code = f"(?:{'|'.join(languages)})"
    written = (
        rf"(?<![a-z]){code}(?![a-z])",
        rf"^{code}\.(?=[^.]+\.)",
        rf"/{code}(?:[-_][a-z]{{2}})?(?=/|$)|[-_.]{code}(?=\.\w+$|$)",
        rf"(?:^|&)(?:lang|language|locale|hl|idioma)={code}(?:[-_]\w+)?(?=&|$)",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in written)


def check_structure(pair: Pair, partners: LinkPartners, limits: Limits) -> Iterator[Problem]:
    """Everything in which the two texts are built differently."""
    yield from _placeholders(pair.source.raw, pair.target.raw)
    yield from _links(pair, partners)
    yield from _plurals(pair.target)
    yield from _markdown(pair.source, pair.target)
    yield from _edges(pair.source.raw, pair.target.raw)
    limit = limits.of(pair.context)
    length = len(pair.target.shown)
    if limit is not None and length > limit:
        message = said("%(length)s characters, and there is room for %(limit)s", length=length, limit=limit)
        hint = said("shorten it by %(number)s; mail programs cut off the rest", number=length - limit)
        yield Problem(Check.TOO_LONG, message, hint)


def _fields(text: str) -> set[str]:
    fields = {found["field"] for found in PLACEHOLDER.finditer(text)}
    return fields | {found["number"] for found in COUNTED.finditer(text)}


def _placeholders(source: str, target: str) -> Iterator[Problem]:
    if "{" not in source and "{" not in target:
        return
    wanted, got = _fields(source), _fields(target)
    for name in sorted(wanted - got):
        shown = f"{{{name}}}" if name in NUMBERS else f"{{{name}|…}}"
        message = said("the placeholder %(shown)s is gone", shown=shown)
        yield Problem(Check.PLACEHOLDERS, message, said("put it where the language needs it"))
    for name in sorted(got - wanted):
        shown = f"{{{name}}}" if name in NUMBERS else f"{{{name}|…}}"
        message = said("the placeholder %(shown)s is not in the source", shown=shown)
        yield Problem(Check.PLACEHOLDERS, message, said("take it out"))


def _plurals(target: Text) -> Iterator[Problem]:
    """As many forms of a counted word as the language has."""
    if "{" not in target.raw:
        return
    wanted = get_plural(target.language).num_plurals
    for found in COUNTED.finditer(target.raw):
        got = found["forms"].count("|") + 1 if found["forms"] is not None else wanted
        if got != wanted:
            hint = said("one for each form of the language, separated by a bar, # being the number")
            values = {"shown": found.group(), "got": got, "wanted": wanted}
            yield Problem(
                Check.PLURAL_FORMS, said("%(shown)s has %(got)s forms, the language %(wanted)s", **values), hint
            )


def _links(pair: Pair, partners: LinkPartners) -> Iterator[Problem]:
    source, target = pair.source.links, pair.target.links
    if not source and not target:
        return
    languages = pair.source.language, pair.target.language
    wanted = [partners.same_page(url, languages) for url in source]
    got = [partners.same_page(url, languages) for url in target]
    lost = added = Counter[str]()
    if wanted != got:
        lost, added = Counter(wanted) - Counter(got), Counter(got) - Counter(wanted)
    if lost or added:
        told = [
            *(said("missing is %(url)s", url=url) for url in lost),
            *(said("not in the source is %(url)s", url=url) for url in added),
        ]
        message = said("the links differ: %(how)s", how=joined(told))
        yield Problem(Check.LINKS, message, said("copy each link from the source"))
        return
    if wanted != got:
        hint = said("see that each stands on the right words; if so, waive it with a reason")
        yield Problem(Check.LINK_ORDER, said("the links stand in another order"), hint)
    for url in target:
        if languages[0] != languages[1] and partners.in_language(url, languages[0]):
            partner = next((u for u in partners.by_url.get(url, {}).values() if u != url), "")
            hint = said("link to the page in the readers' language, if there is one")
            if partner:
                hint = said("link to %(url)s", url=partner)
            message = said("%(url)s leads to a page in the other language", url=url)
            yield Problem(Check.OTHER_LANGUAGE_LINK, message, hint)


def _markdown(source: Text, target: Text) -> Iterator[Problem]:
    hint = said("keep the marks of the source: '# ' headings, '- ' lists, '> ' quotes, **bold**, [links](https://…)")
    if source.blocks != target.blocks:
        here, there = _told(source.blocks), _told(target.blocks)
        message = said("the source has %(here)s, the translation %(there)s", here=here, there=there)
        yield Problem(Check.MARKDOWN, message, hint)
    if source.strong != target.strong:
        values = {"here": source.strong, "there": target.strong}
        message = said("bold in %(here)s places of the source, in %(there)s of the translation", **values)
        yield Problem(Check.MARKDOWN, message, hint)
    if source.emphasis != target.emphasis:
        values = {"here": source.emphasis, "there": target.emphasis}
        message = said("emphasis in %(here)s places of the source, in %(there)s of the translation", **values)
        yield Problem(Check.EMPHASIS, message, said("leave it so if the language asks for it"))


def _told(blocks: tuple[str, ...]) -> str:
    counts = Counter(blocks)
    names = {"list": said("list"), "numbered list": said("numbered list"), "item": said("item"), "quote": said("quote")}
    told = []
    for name, number in counts.items():
        kind = names.get(name) or said("heading %(level)s", level=name.rpartition(" ")[2])
        told.append(said("%(number)s × %(kind)s", number=number, kind=kind) if number > 1 else kind)
    return joined(told) or said("no list, heading or quote")


def _edges(source: str, target: str) -> Iterator[Problem]:
    hint = said("let it begin and end with the same spaces and empty lines as the source")
    if len(source) - len(source.lstrip()) != len(target) - len(target.lstrip()):
        message = said("the spaces or empty lines before the text are others than in the source")
        yield Problem(Check.EDGE_SPACE, message, hint)
    if len(source) - len(source.rstrip()) != len(target) - len(target.rstrip()):
        message = said("the spaces or empty lines after the text are others than in the source")
        yield Problem(Check.EDGE_SPACE, message, hint)
