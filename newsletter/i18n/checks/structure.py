"""What both texts must hold alike, whatever they say: placeholders, links, Markdown, edges, length.

All of it blocks, except emphasis: languages stress different words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from babel.messages.plurals import get_plural

from newsletter.content.placeholders import COUNT, COUNTED, PLACEHOLDER
from newsletter.content.problems import Problem
from newsletter.i18n.checks.findings import Check
from newsletter.i18n.checks.text import Pair, Text

_LANGUAGE_SEGMENT = re.compile(r"/(?P<language>[a-z]{2})(?:[-_][a-z]{2})?(?=/|$)", re.IGNORECASE)


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
        split = urlsplit(url)
        found = _LANGUAGE_SEGMENT.match(split.path)
        if found and found["language"].lower() in languages:
            return split._replace(path=split.path[found.end() :] or "/").geturl()
        return url

    def in_language(self, url: str, language: str) -> bool:
        """Whether the page is known to be in that language, and not in another as well."""
        locales = [locale for locale, known in self.by_url.get(url, {}).items() if known == url]
        if locales:
            return all(locale[:2] == language for locale in locales)
        found = _LANGUAGE_SEGMENT.match(urlsplit(url).path)
        return bool(found and found["language"].lower() == language)


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
        message = f"{length} characters, and there is room for {limit}"
        yield Problem(Check.TOO_LONG, message, f"shorten it by {length - limit}; mail programs cut off the rest")


def _fields(text: str) -> set[str]:
    fields = {found["field"] for found in PLACEHOLDER.finditer(text)}
    return fields | {"count"} if COUNTED.search(text) else fields


def _placeholders(source: str, target: str) -> Iterator[Problem]:
    if "{" not in source and "{" not in target:
        return
    wanted, got = _fields(source), _fields(target)
    for name in sorted(wanted - got):
        shown = COUNT if name == "count" else f"{{{name}|…}}"
        yield Problem(Check.PLACEHOLDERS, f"the placeholder {shown} is gone", "put it where the language needs it")
    for name in sorted(got - wanted):
        shown = COUNT if name == "count" else f"{{{name}|…}}"
        yield Problem(Check.PLACEHOLDERS, f"the placeholder {shown} is not in the source", "take it out")


def _plurals(target: Text) -> Iterator[Problem]:
    """As many forms of a counted word as the language has."""
    if "{count|" not in target.raw:
        return
    wanted = get_plural(target.language).num_plurals
    for found in COUNTED.finditer(target.raw):
        got = found["forms"].count("|") + 1 if found["forms"] is not None else wanted
        if got != wanted:
            hint = "one for each form of the language, separated by a bar, # being the number"
            yield Problem(Check.PLURAL_FORMS, f"{found.group()} has {got} forms, the language {wanted}", hint)


def _links(pair: Pair, partners: LinkPartners) -> Iterator[Problem]:
    source, target = pair.source.links, pair.target.links
    if not source and not target:
        return
    languages = pair.source.language, pair.target.language
    wanted = [partners.same_page(url, languages) for url in source]
    got = [partners.same_page(url, languages) for url in target]
    if wanted != got:
        lost, added = Counter(wanted) - Counter(got), Counter(got) - Counter(wanted)
        told = [f"missing is {url}" for url in lost] + [f"not in the source is {url}" for url in added]
        message = "; ".join(told) or "the links stand in another order"
        yield Problem(Check.LINKS, f"the links differ: {message}", "copy each link from the source, in its order")
        return
    for url in target:
        if languages[0] != languages[1] and partners.in_language(url, languages[0]):
            partner = next((u for u in partners.by_url.get(url, {}).values() if u != url), "")
            hint = f"link to {partner}" if partner else "link to the page in the readers' language, if there is one"
            yield Problem(Check.OTHER_LANGUAGE_LINK, f"{url} leads to a page in the other language", hint)


def _markdown(source: Text, target: Text) -> Iterator[Problem]:
    hint = "keep the marks of the source: '# ' headings, '- ' lists, '> ' quotes, **bold**, [links](https://…)"
    if source.blocks != target.blocks:
        message = f"the source has {_told(source.blocks)}, the translation {_told(target.blocks)}"
        yield Problem(Check.MARKDOWN, message, hint)
    if source.strong != target.strong:
        message = f"bold in {source.strong} places of the source, in {target.strong} of the translation"
        yield Problem(Check.MARKDOWN, message, hint)
    if source.emphasis != target.emphasis:
        message = f"emphasis in {source.emphasis} places of the source, in {target.emphasis} of the translation"
        yield Problem(Check.EMPHASIS, message, "leave it so if the language asks for it")


def _told(blocks: tuple[str, ...]) -> str:
    counts = Counter(blocks)
    names = [f"{number} {name}" if number > 1 else name for name, number in counts.items()]
    if len(names) > 1 and len(counts) == len(set(blocks)):
        return ", ".join(names)
    return names[0] if names else "no list, heading or quote"


def _edges(source: str, target: str) -> Iterator[Problem]:
    for side, wanted, got in (
        ("before", len(source) - len(source.lstrip()), len(target) - len(target.lstrip())),
        ("after", len(source) - len(source.rstrip()), len(target) - len(target.rstrip())),
    ):
        if wanted != got:
            more = "spaces or empty lines" if got > wanted else "no space as the source has"
            yield Problem(Check.EDGE_SPACE, f"there are {more} {side} the text", "take away what nobody sees")
