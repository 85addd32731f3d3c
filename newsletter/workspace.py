"""A folder with ``newsletter.yaml``, ``issues/``, ``locales/`` and ``templates/``: where it is, what lies where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from newsletter import builtin
from newsletter.errors import UsageError, did_you_mean
from newsletter.i18n.approvals import approval_path
from newsletter.i18n.catalog import catalog_path
from newsletter.settings import FILE_NAME, Settings, read_settings

_MEANT = re.compile(r"\.ya?ml(\.txt)?$", re.IGNORECASE)  # as some editors name what they save


@dataclass(frozen=True, slots=True)
class Workspace:
    """An opened workspace."""

    root: Path
    settings: Settings

    @property
    def issues(self) -> Path:
        """The folder of the issues and of their pictures."""
        return self.root / "issues"

    @property
    def public(self) -> Path:
        """Below it lies ``media/``, the pictures of all mail that was sent, for ``newsletter serve``."""
        return self.root / "var"

    @property
    def locales(self) -> Path:
        """The folder of the catalogs."""
        return self.root / "locales"

    @property
    def template_folders(self) -> list[Path]:
        """Where templates are looked for, the workspace's own first."""
        return _distinct(self.root / "templates", builtin.TEMPLATES)

    @property
    def catalog_folders(self) -> list[Path]:
        """Where the template words are looked for, the workspace's own first."""
        return _distinct(self.locales, builtin.LOCALES)

    def catalog(self, slug: str, locale: str) -> Path:
        """Where the catalog of one edition lies."""
        return catalog_path(self.locales, locale, slug)

    def approval(self, slug: str, locale: str) -> Path:
        """Where the approval of one edition lies."""
        return approval_path(self.locales, locale, slug)

    def issue_files(self, names: Iterable[str] | None = None) -> list[Path]:
        """The issues that staff mean by these names; without any, every issue, by name.  Raises UsageError."""
        return [self.issue_file(name) for name in names or ()] or sorted(self.issues.glob("*.yaml"))

    def misnamed(self) -> list[Path]:
        """Files meant as issues that are not read, for their name: ``june.yml``, ``june.yaml.txt``."""
        return sorted(
            path for path in self.issues.glob("*") if _MEANT.search(path.name) and not path.name.endswith(".yaml")
        )

    @staticmethod
    def slug(name: str) -> str:
        """The slug in ``x``, ``x.yaml`` or ``issues/x.yaml``."""
        return Path(name).name.removesuffix(".yaml").removesuffix(".yml")

    def issue_file(self, name: str) -> Path:
        """The file that staff mean by ``x``, ``x.yaml`` or ``issues/x.yaml``.  UsageError if there is none."""
        slug = self.slug(name)
        # By the listing, since some file systems take "June" for "june", and the slug names the campaign.
        files = {path.stem: path for path in self.issue_files()}
        if slug not in files:
            hint = did_you_mean(slug, files) or f"'newsletter new {slug}' begins one"
            meant = _MEANT.sub("", Path(name).name)
            for path in self.misnamed():
                if _MEANT.sub("", path.name) == meant:
                    hint = f"rename {self.shown(path)} to {meant}.yaml"
            raise UsageError(f"there is no issue '{name}'", hint)
        return files[slug]

    def shown(self, path: Path) -> str:
        """A path as staff should read it: from the workspace's root, if it lies below."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def find_workspace(start: Path, environment: Mapping[str, str]) -> Workspace:
    """The workspace that ``start`` lies in.  UsageError if there is none, SettingsError if it is misconfigured."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return Workspace(folder, read_settings(folder, environment))
    raise UsageError(
        f"no {FILE_NAME} in {start} or above it",
        "'newsletter init my-news' makes a workspace; or go into the folder of yours",
    )


def _distinct(*folders: Path) -> list[Path]:
    """In a checkout the workspace's own folder and the built-in one may be the same."""
    return list(dict.fromkeys(folder.resolve() for folder in folders))
