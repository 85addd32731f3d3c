"""Themes by name: a file with keys of ``theme:``, laid under what the settings say themselves.

``templates/themes/NAME.yaml`` of the workspace goes before the built-in one.
"""

from pathlib import Path

from newsletter import builtin
from newsletter.content.places import Source
from newsletter.content.source import read_source
from newsletter.errors import Finding, did_you_mean
from newsletter.render.theme import DEFAULT_THEME, Theme
from newsletter.wording import said

FOLDER = Path("templates", "themes")


def theme_files(root: Path) -> dict[str, Path]:
    """The file of each theme by name; the default one needs none."""
    folders = (builtin.TEMPLATES / FOLDER.name, root / FOLDER)
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.yaml"))}


def lay_theme(source: Source, root: Path) -> None:
    """Put the theme that is named under the keys that stand there.  Raises ContentError if its file cannot be read."""
    own = source.data.get("theme")
    name = own.get("name") if isinstance(own, dict) else None
    if not isinstance(own, dict) or not isinstance(name, str):
        return
    files = theme_files(root)
    if name not in files:
        if name != DEFAULT_THEME:
            hint = did_you_mean(name, [DEFAULT_THEME, *files])
            where = source.find(source.root, name, last=False)
            source.findings.append(
                Finding(where, "unknown-theme", said("there is no theme '%(name)s'", name=name), hint)
            )
            own["name"] = DEFAULT_THEME
        return
    file = files[name]
    shown = str(file.relative_to(root)) if file.is_relative_to(root) else file.name
    theme = read_source(file, shown)
    source.findings += theme.findings
    if not isinstance(theme.data, dict):
        where = theme.span(theme.root)
        source.findings.append(Finding(where, "wrong-type", said("a theme is a mapping of keys to values")))
        return
    allowed = set(Theme.model_fields) - {"name"}
    for key, value in theme.data.items():
        where = theme.find(theme.root, f"{key}:", last=False)
        if key not in allowed:
            hint = did_you_mean(str(key), allowed)
            source.findings.append(
                Finding(where, "unknown-key", said("unknown key '%(key)s' in a theme", key=key), hint)
            )
        elif key not in own:
            own[key] = value
            source.origins["theme", key] = where
