"""The program's own words: Babel extracts them, each locale's catalogs take them in.

    python -m tests.tools.messages          update locales/*/LC_MESSAGES/{messages,public,studio}.po
    python -m tests.tools.messages --check  exit with 1 if one is not up to date

What readers see in mail goes into ``messages.po``: what stands in ``_("…")`` in a template, and in
``words("…")`` in ``newsletter/render``. What they see on the public pages goes into ``public.po``. What
staff see in the studio goes into ``studio.po``, and what the checks find, in ``said("…")``; so that a new language
for readers needs the first two alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polib
from babel.messages.extract import extract_from_dir

from newsletter.wording import has_words

ROOT = Path(__file__).parents[2]
STUDIO = "newsletter/web/preview"
PUBLIC = "newsletter/web/public"
# Rooms whose findings the studio says in its own language (newsletter/wording.py).
SAYING = (
    "newsletter/content",
    "newsletter/i18n",
    "newsletter/render",
    "newsletter/settings",
    "newsletter/audience",
    "newsletter/delivery",
    "newsletter/adapters",
    "newsletter/store",
    "newsletter/cli",
)
_JINJA = {"_": None, "ngettext": (1, 2)}
# catalog: for each folder the pattern, Babel's method, the functions that mark a word
CATALOGS: dict[str, dict[str, tuple[str, str, dict[str, tuple[int, int] | None]]]] = {
    "messages.po": {
        "templates": ("**.j2", "jinja2", {"_": None}),
        "newsletter/render": ("**.py", "python", {"words": None}),
    },
    "public.po": {
        f"{PUBLIC}/templates": ("**.j2", "jinja2", _JINJA),
        PUBLIC: ("**.py", "python", {"words": None}),
    },
    "studio.po": {
        f"{STUDIO}/templates": ("**.j2", "jinja2", _JINJA),
        STUDIO: ("**.py", "python", {"words": None, "said": None}),
        "newsletter": ("errors.py", "python", {"said": None}),
        **{folder: ("**.py", "python", {"said": None}) for folder in SAYING},
    },
}


def _extracted(catalog: str) -> dict[tuple[str, str], list[str]]:
    """Every word, one and many, with the files it stands in."""
    found: dict[tuple[str, str], list[str]] = {}
    for folder, (pattern, method, keywords) in CATALOGS[catalog].items():
        words = extract_from_dir(ROOT / folder, [(pattern, method)], keywords=keywords)
        for file, _line, message, _comments, _context in words:
            one, many = message if isinstance(message, tuple) else (message, "")
            if "said" in keywords and not has_words(str(one)):
                continue  # "%(where)s: %(what)s" is the same everywhere
            places = found.setdefault((str(one), str(many)), [])
            place = f"{folder}/{file}"
            if place not in places:
                places.append(place)
    return found


def updated(path: Path) -> polib.POFile:
    """The catalog with exactly the words that there are now; what was translated stays."""
    old = polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile(wrapwidth=0)
    known = {(entry.msgid, entry.msgid_plural): entry for entry in old}
    new = polib.POFile(wrapwidth=0)
    new.header, new.metadata = old.header, old.metadata
    for (one, many), places in sorted(_extracted(path.name).items()):
        before = known.get((one, many)) or polib.POEntry()
        new.append(
            polib.POEntry(
                msgid=one,
                msgid_plural=many,
                msgstr="" if many else before.msgstr,
                msgstr_plural=(before.msgstr_plural or {0: "", 1: ""}) if many else {},
                comment=before.comment,
                tcomment=before.tcomment,
                flags=["python-format"] if "%(" in one + many else [],
                occurrences=[(place, "") for place in sorted(places)],
            )
        )
    return new


def main() -> int:
    """Update or check every locale's catalogs."""
    stale = []
    for path in sorted(path for name in CATALOGS for path in ROOT.glob(f"locales/*/LC_MESSAGES/{name}")):
        text = f"{updated(path)}".rstrip("\n") + "\n"
        if text != path.read_text(encoding="utf-8"):
            stale.append(path)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
        missing = [entry.msgid for entry in polib.pofile(text) if not entry.translated()]
        print(f"{path.relative_to(ROOT)}: {len(missing)} to translate")  # noqa: T201 - a tool that reports
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
