"""How the command line reads: commands in the order of work, values by their names, and what many commands take.

The library lists commands in the order of their registration, which follows
the imports of ``main.py``, and calls values by Python's types, which staff
need not know.
"""

from __future__ import annotations

from typing import Annotated, Any

from typer import Argument, BadParameter, Context, Option
from typer.core import TyperGroup, TyperOption

IssueName = Annotated[str, Argument(metavar="ISSUE", help="Its slug or file, e.g. 2019-06-no-polimigra.")]
IssueNames = Annotated[list[str] | None, Argument(metavar="ISSUE", help="Which issues; all, if none.")]
OnlyLocales = Annotated[list[str] | None, Option("--locale", help="Only this language; may be repeated.")]
CampaignNumber = Annotated[int, Argument(metavar="NUMBER", help="The campaign's number in 'campaigns list'.")]
Yes = Annotated[bool, Option("--yes", help="Do not ask; for scripts.")]

PARTS = {
    "Writing": ("init", "new", "check", "schema", "render", "preview"),
    "Translating": ("i18n",),
    "The list": ("subscribers", "audit", "segments"),
    "Sending": ("send", "worker", "campaigns"),
    "Public pages": ("serve", "archive", "flyer", "share"),
    "What comes back": ("bounces",),
    "Looking after it": ("doctor",),
    "Trying out": ("demo",),
}
"""The commands, below the headings of docs/commands.md."""

GROUPS = {
    "i18n": ("sync", "status", "check", "waive", "approve", "export", "import"),
    "subscribers": ("import", "check", "list", "export", "add", "change", "show", "unsubscribe", "erase"),
    "segments": ("list", "count", "show"),
    "campaigns": ("list", "show", "watch", "export", "resolve", "pause", "resume", "cancel"),
    "bounces": ("fetch", "pipe", "read", "report"),
    "archive": ("list", "hide", "show"),
}
"""The commands of each group, in the order of that page."""


class Shaped(TyperGroup):
    """The root of the command line."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        panels = {name: part for part, names in PARTS.items() for name in names}
        _sort(self, tuple(panels))
        for name, command in self.commands.items():
            command.rich_help_panel = panels.get(name)  # type: ignore[attr-defined]
            if isinstance(command, TyperGroup):
                _sort(command, GROUPS[name])
        _name_values(self)

    def invoke(self, ctx: Any) -> Any:
        """Run a command.  What is wrong with a value is told in words for staff, not for programmers."""
        try:
            return super().invoke(ctx)
        except BadParameter as error:
            error.message = _in_words(error.message)
            raise


def _in_words(message: str) -> str:
    """What pydantic says of a value, as staff need to hear it: "Input should be a valid integer, …" """
    if "valid integer" in message:
        return "it is no whole number."
    return message.removeprefix("Value error, ").replace("Input should be", "it should be")


def _sort(group: TyperGroup, names: tuple[str, ...]) -> None:
    places = {name: place for place, name in enumerate(names)}
    group.commands = dict(sorted(group.commands.items(), key=lambda one: places.get(one[0], len(places))))


def _name_values(command: Any) -> None:
    """Call the value of ``--locale`` LOCALE, unless it has a name or choices; a switch has no value."""
    options = [*command.params, command.get_help_option(Context(command))]
    for option in options:
        if not isinstance(option, TyperOption) or option.metavar is not None:
            continue
        if option.is_flag:
            option.metavar = ""
        elif option.type_descriptor.is_choice:
            option.metavar = "|".join(map(str, option.type_descriptor.choices or ()))
        else:
            option.metavar = option.opts[0].lstrip("-").rpartition("-")[2].upper()
    for inner in getattr(command, "commands", {}).values():
        _name_values(inner)
