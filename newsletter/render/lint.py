"""MJML in templates: tags that exist, attributes that their components know, values of the right form.

The engine passes over what it does not know in silence.  What it knows, it is
asked: every component tells its ``allowed_attrs`` with a type for each.  Only
what stands in a template is judged; a value that Jinja puts in is not known.

Source: the engine's components; documentation of MJML 4, "Components".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, reduce
from pathlib import Path

from newsletter.errors import Finding, SourceSpan, did_you_mean
from newsletter.wording import said

FATAL = ("unknown-tag", "unclosed-tag")
_EVERYWHERE = ("css-class", "mj-class")
# What the engine reads without saying so.
_UNTOLD: Mapping[str, tuple[str, ...]] = {
    "mjml": ("lang", "dir", "owa"),
    "mj-all": (),  # knows what any component knows
    "mj-class": ("name",),
    "mj-style": ("inline",),
    "mj-raw": ("position",),
    "mj-column": ("direction",),
    "mj-body": ("id",),
}
_ANYTHING = ("mj-all", "mj-class")
_COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_VISIBLE = re.compile(r"[^\n]")
_PUT_IN = "\ue003"  # stands for what Jinja puts in; no template holds it
_TAG = re.compile(r"<(?P<tag>mj-[\w-]*|mjml)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*)(?P<end>/?>|)")
_ATTRIBUTE = re.compile(r"(?P<name>[\w:-]+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")
_COLOUR = re.compile(r"#(?:[0-9a-f]{3}){1,2}|(?:rgb|hsl)a?\([\d\s.,%/]+\)|[a-z]+", re.IGNORECASE)
_TYPE = re.compile(r"(?P<kind>\w+)(?:\((?P<of>[^)]*)\))?(?P<several>\{1,4\})?")


def lint_templates(folder: Path, shown: str) -> list[Finding]:
    """What is wrong with the MJML of every template below a folder; ``shown`` is what staff call the folder."""
    return [
        finding
        for file in sorted(folder.rglob("*.mjml.j2"))
        for finding in lint(_read(file), f"{shown}/{file.relative_to(folder).as_posix()}")
    ]


def _read(file: Path) -> str:
    # A template that is no text is told when it is rendered.
    return file.read_text(encoding="utf-8", errors="replace")


def lint(template: str, shown: str) -> Iterator[Finding]:
    """What is wrong with the MJML of one template."""
    # Everything keeps its length, so that places stay true.
    template = _COMMENT.sub(lambda found: _VISIBLE.sub(" ", found.group()), template)
    template = _JINJA.sub(lambda found: _VISIBLE.sub(_PUT_IN, found.group()), template)
    for tag in _TAG.finditer(template):
        where = _span(template, tag.start(), shown)
        name = tag["tag"]
        if tag["rest"].startswith(_PUT_IN):
            continue  # the name itself is put in
        if name not in _known():
            hint = did_you_mean(name, _known())
            yield Finding(where, "unknown-tag", said("there is no <%(tag)s>", tag=name), hint)
            continue
        if not tag["end"]:
            hint = said("add '/>' or '>', or a quotation mark before it")
            yield Finding(where, "unclosed-tag", said("<%(tag)s> has no end", tag=name), hint)
            continue
        for given in _ATTRIBUTE.finditer(tag["rest"]):
            place = _span(template, tag.start("rest") + given.start(), shown)
            yield from _attribute(name, given["name"], (given["value"] or "").strip("\"'"), place)


def _attribute(tag: str, name: str, value: str, where: SourceSpan) -> Iterator[Finding]:
    if _PUT_IN in name:
        return
    known = _known()[tag]
    if name not in known and name not in _EVERYWHERE:
        message = said("<%(tag)s> has no attribute '%(name)s', so it does nothing", tag=tag, name=name)
        yield Finding(where, "unknown-attribute", message, did_you_mean(name, known))
    elif value and _PUT_IN not in value and not _fits(value, known.get(name, "")):
        hint = said("write '0px'") if value == "0" else said("it wants %(what)s", what=_in_words(known[name]))
        message = said("'%(value)s' is no %(name)s of <%(tag)s>", value=value, name=name, tag=tag)
        yield Finding(where, "bad-value", message, hint)


def _fits(value: str, wanted: str) -> bool:
    parts = _TYPE.fullmatch(wanted)
    kind, of = (parts["kind"], parts["of"] or "") if parts else ("string", "")
    match kind:
        case "color":
            return bool(_COLOUR.fullmatch(value))
        case "boolean":
            return value in ("true", "false")
        case "integer":
            return value.isdecimal()
        case "enum":
            return value in of.split(",")
        case "unit" | "unitWithNegative":
            units = "|".join(re.escape(unit) for unit in of.split(","))
            sign = "-?" if kind == "unitWithNegative" else ""
            values = value.split()
            most = 4 if parts and parts["several"] else 1
            one = re.compile(rf"{sign}\d+(?:\.\d+)?(?:{units})" + ("|auto" if "auto" in of else ""))
            return 1 <= len(values) <= most and all(one.fullmatch(part) for part in values)
        case _:
            return True


def _in_words(wanted: str) -> str:
    parts = _TYPE.fullmatch(wanted)
    of = [entry or said("no unit") for entry in ((parts["of"] or "") if parts else "").split(",")]
    match parts["kind"] if parts else "":
        case "enum":
            return said("one of %(values)s", values=", ".join(of))
        case "unit" | "unitWithNegative":
            units = reduce(lambda one, other: said("%(one)s or %(other)s", one=one, other=other), of)
            if parts and parts["several"]:
                return said("one to four numbers with %(units)s", units=units)
            return said("a number with %(units)s", units=units)
        case "color":
            return said("a colour, such as #1d5440")
        case _:
            return said("a value of the kind '%(kind)s'", kind=wanted)


@cache
def _known() -> Mapping[str, Mapping[str, str]]:
    """The attributes of every tag, and the type of each."""
    from mjml.core.registry import components, register_core_components  # noqa: PLC0415 - as in mjml.py

    if not components:
        register_core_components()
    told = {
        name: {attribute: kind or "string" for attribute, kind in component.allowed_attrs().items()}
        for name, component in components.items()
    }
    anything = {attribute: "string" for attributes in told.values() for attribute in attributes}
    untold = {name: dict.fromkeys(attributes, "string") for name, attributes in _UNTOLD.items()}
    known = {name: {**told.get(name, {}), **untold.get(name, {})} for name in {*told, *untold}}
    return {**known, **{name: {**anything, **known[name]} for name in _ANYTHING}}


def _span(text: str, at: int, shown: str) -> SourceSpan:
    start = text.rfind("\n", 0, at) + 1
    return SourceSpan(shown, text.count("\n", 0, at) + 1, at - start + 1)
