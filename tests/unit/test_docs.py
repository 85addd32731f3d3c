"""What the documents owe to the program: every command, option, setting, key, error and finding.

The program is asked, not a list kept here: the command tree, the pydantic
models, and the syntax trees of the modules.  Each direction is checked, so
that nothing undocumented is added and nothing documented is forgotten.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shlex
import textwrap
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from newsletter import errors
from newsletter.cli.main import INTERNAL_ERROR, app
from newsletter.cli.shape import GROUPS, PARTS
from newsletter.content import event, parts
from newsletter.content.blocks import ActionKind
from newsletter.content.fields import Vocabulary
from newsletter.content.model import Model
from newsletter.content.schema import Issue
from newsletter.content.source import parse, validate
from newsletter.settings import PREFIX, Settings, read_settings
from tests.unit.pages import (
    DOCS,
    PAGES,
    PICTURE,
    ROOT,
    examples,
    named_rows,
    page,
    rows,
    sections,
    titles_below,
    without_code,
)

PACKAGE = ROOT / "newsletter"
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


# Commands


def commands() -> dict[str, Any]:
    """Every command that does something, by its words: "i18n sync"."""

    def walk(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from walk(command, (*words, name))
            elif not command.hidden:
                yield " ".join((*words, name)), command

    return dict(walk(typer.main.get_command(app), ()))


def options(command: Any) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts) if name[0] == "-"}


def command_sections() -> dict[str, str]:
    found = sections(page("commands.md"))
    return {
        title.strip("`").removeprefix("newsletter "): text
        for title, text in found.items()
        if title.startswith("`newsletter ")
    }


def test_help_lists_commands_in_the_parts_and_the_order_of_the_page() -> None:
    text = page("commands.md")
    for part, names in PARTS.items():
        titles = [title.removeprefix("`newsletter ").removesuffix("`") for title in titles_below(part, text)]
        assert list(dict.fromkeys(title.split()[0] for title in titles)) == list(names)
        for group in GROUPS.keys() & set(names):
            assert [title.split()[1] for title in titles if title.startswith(f"{group} ")] == list(GROUPS[group])
    assert {words.split()[0] for words in commands()} == {name for names in PARTS.values() for name in names}


def test_help_calls_no_value_by_a_type_of_python() -> None:
    for command in commands().values():
        for option in command.params:
            if option.param_type_name == "option":
                assert option.metavar is not None
                assert "<" not in option.metavar


def test_every_command_has_a_section_and_an_example() -> None:
    documented = command_sections()
    assert set(documented) == set(commands())
    for name, text in documented.items():
        assert f"newsletter {name}" in "".join(examples(text, "console", "sh")), f"'{name}' has no example"


@pytest.mark.parametrize("name", list(commands()))
def test_every_option_and_argument_is_documented(name: str) -> None:
    text = command_sections()[name]
    rows_of = " ".join(first for first, *_others in rows(text))
    assert set(_OPTION.findall(rows_of)) == options(commands()[name])
    arguments = [param for param in commands()[name].params if param.param_type_name == "argument"]
    for argument in arguments:
        shown = (argument.metavar or argument.name).strip("[].").upper()
        assert shown in rows_of.upper(), f"the argument {shown} of '{name}' is not documented"


def test_every_exit_code_is_documented() -> None:
    shown = {cells[0] for cells in rows(sections(page("commands.md"))["Exit codes"])}
    wanted = {0, INTERNAL_ERROR, *(error.exit_code for error in error_classes())}
    assert {str(code) for code in wanted} <= shown


def shown_commands() -> Iterator[tuple[str, str]]:
    """Every call of the program in an example of any page, as (page, line)."""
    for path in PAGES:
        for text in examples(path.read_text(encoding="utf-8"), "sh", "console", ""):
            for line in text.splitlines():
                call = re.match(r"(?:\$ )?(?:\.venv/bin/)?(newsletter [a-z].*)", line)
                if call:
                    yield path.relative_to(ROOT).as_posix(), call[1]


@pytest.mark.parametrize(("path", "line"), list(shown_commands()))
def test_commands_in_examples_exist(path: str, line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])[1:]
    known = commands()
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in known), None)
    assert name, f"{path}: there is no command '{line}'"
    used = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert used <= {*options(known[name]), "--help"}


# Settings


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from models_in(inner)


def settings_keys() -> dict[str, FieldInfo]:
    """Every key that holds a value, with its section."""
    keys: dict[str, FieldInfo] = {}
    for name, field in Settings.model_fields.items():
        inner = list(models_in(field.annotation))
        keys |= {f"{name}.{key}": info for model in inner for key, info in model.model_fields.items()}
        if not inner:
            keys[name] = field
    return keys


def test_every_setting_is_documented() -> None:
    assert set(named_rows(page("settings.md"), "Key")) == set(settings_keys())


@pytest.mark.parametrize("key", list(settings_keys()))
def test_setting_is_documented_with_variable_and_default(key: str) -> None:
    field = settings_keys()[key]
    row = named_rows(page("settings.md"), "Key")[key]
    if typing.get_origin(field.annotation) is tuple:
        assert "Only in the file" in row
    else:
        assert f"`{PREFIX}{key.replace('.', '__').upper()}" in row
    default = field.default.value if isinstance(field.default, Enum) else field.default
    default = str(default).lower() if isinstance(default, bool) else default
    if field.is_required():
        assert "| required |" in row
    elif isinstance(default, str | int | float) and default != "":
        assert f"| `{default}` |" in row
    elif default == "":
        assert "| empty |" in row


# Issues


def issue_models() -> dict[str, type[Model]]:
    """The models of an issue by the heading under which each is documented."""
    headings: dict[str, type[Model]] = {
        "The keys of an issue": Issue,
        "Links": parts.Link,
        "Pictures": parts.Image,
        "Consent": parts.Consent,
        "Events": event.Event,
        "Stops": event.Stop,
        "Letters": parts.LetterDraft,
        "Calls": parts.CallScript,
        "Numbers to call": parts.Phone,
        "Sharing": parts.Sharing,
        "Figures": parts.Figure,
        "Donation pages": parts.DonationQuery,
        "Only for some readers": parts.Only,
    }
    block_types = [model for model in models_in(Issue.model_fields["blocks"].annotation) if issubclass(model, Model)]
    headings |= {f"`{typing.get_args(model.model_fields['type'].annotation)[0]}`": model for model in block_types}
    return headings


def test_every_block_type_is_documented() -> None:
    documented = set(titles_below("Block types", page("issues.md")))
    assert documented == {title for title in issue_models() if title.startswith("`")}


@pytest.mark.parametrize("heading", list(issue_models()))
def test_every_key_of_an_issue_is_documented(heading: str) -> None:
    found = sections(page("issues.md"))
    of_every_block = set(named_rows(found["What every block has"], "Key"))
    keys = set(issue_models()[heading].model_fields)
    assert set(named_rows(found[heading], "Key")) == keys - of_every_block


def test_every_nested_model_of_an_issue_has_its_table() -> None:
    def walk(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
        yield model
        for field in model.model_fields.values():
            for inner in models_in(field.annotation):
                yield from walk(inner)

    assert set(walk(Issue)) == set(issue_models().values())


def test_every_kind_of_action_is_documented() -> None:
    kinds = " ".join(cells[0] for cells in rows(sections(page("issues.md"))["`action`"]))
    assert {kind.value for kind in ActionKind} <= set(re.findall(r"`([a-z]+)`", kinds))


# Errors and findings


def error_classes() -> list[type[errors.NewsletterError]]:
    """The classes that are raised; those between them only group."""
    return [
        found
        for _name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.NewsletterError) and "code" in vars(found) and found is not errors.NewsletterError
    ]


def modules() -> dict[str, ast.Module]:
    """The syntax tree of each module of the program, by its import name."""
    trees = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if "migrations" not in parts and parts[-1] != "__main__":
            trees[name] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def takes_a_code(trees: Mapping[str, ast.Module]) -> dict[str, int]:
    """Functions and dataclasses with a text called ``code``, and at which place they take it."""
    places: dict[str, int] = {}
    for node in (node for tree in trees.values() for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [(arg.arg, arg.annotation) for arg in node.args.args if arg.arg not in ("self", "cls")]
        elif isinstance(node, ast.ClassDef):
            fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
            names = [(item.target.id, item.annotation) for item in fields if isinstance(item.target, ast.Name)]
        else:
            continue
        for place, (name, annotation) in enumerate(names):
            if name == "code" and isinstance(annotation, ast.Name) and annotation.id == "str":
                places[node.name] = place
    return places


def finding_codes() -> tuple[set[str], list[str]]:
    """Every code of a finding, and the calls whose code cannot be read off."""
    trees = modules()
    places = takes_a_code(trees)
    codes: set[str] = set()
    unclear: list[str] = []
    for name, tree in trees.items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            place = places.get(called)
            if place is None:
                continue
            given = [keyword.value for keyword in call.keywords if keyword.arg == "code"] or call.args[place:][:1]
            for argument in given:
                for value in (argument.body, argument.orelse) if isinstance(argument, ast.IfExp) else (argument,):
                    code = literal(value, name)
                    if code:
                        codes.add(code)
                    elif not passed_on(value):
                        unclear.append(f"{name}:{call.lineno}: {ast.unparse(call)}")
    return codes, unclear


def literal(value: ast.expr, module: str) -> str:
    """A text that stands there, or is a constant of this module or of one that it imports."""
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) else ""
    found: object = importlib.import_module(module)
    for name in ast.unparse(value).split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, str) else ""


def passed_on(value: ast.expr) -> bool:
    """Somebody else's code, handed on: ``problem.code``, or a parameter of that name."""
    return (isinstance(value, ast.Attribute) and value.attr == "code") or (
        isinstance(value, ast.Name) and value.id == "code"
    )


def test_every_finding_is_documented() -> None:
    codes, unclear = finding_codes()
    assert not unclear, "write the code as a constant, so that it can be looked up"
    assert len(codes) > 30, "the search for codes has gone blind"
    assert set(named_rows(sections(page("errors.md"))["Findings"], "Name")) == codes


def test_every_kind_of_error_is_documented_with_its_exit_code() -> None:
    documented = named_rows(sections(page("errors.md"))["Kinds of errors"], "Name")
    classes = error_classes()
    assert set(documented) == {found.code for found in classes}
    for found in classes:
        assert documented[found.code].startswith(f"`{found.code}` | {found.exit_code} |")


# Libraries


def test_every_dependency_has_its_reason() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    names = {re.split(r"[^A-Za-z0-9-]", requirement)[0].lower() for requirement in project["dependencies"]}
    explained = {cells[0].lower() for cells in rows(page("decisions/0002-libraries.md"))}
    assert names <= explained


# Examples


def issue_examples() -> list[str]:
    return examples(page("issues.md"), "yaml")


@pytest.mark.parametrize("text", issue_examples())
def test_example_of_an_issue_loads(text: str) -> None:
    words = Vocabulary(("en", "es"), frozenset({"supporters"}), "America/New_York")
    if text.startswith("- "):
        head = "source_locale: en\ndate: 2019-06-03\nsubject: x\npreheader: x\nblocks:\n"
        text = head + textwrap.indent(text, "  ")
    validate(parse(text, "example.yaml"), Issue, words)


def test_examples_of_issues_show_every_block_type() -> None:
    shown = {block["type"] for text in issue_examples() if text.startswith("- ") for block in yaml.safe_load(text)}
    assert {f"`{name}`" for name in shown} == {title for title in issue_models() if title.startswith("`")}


SETTINGS = {
    "organisation": "{name: x, postal_address: 1 Main Street, timezone: UTC}",
    "locales": "[en, es]",
    "sender": "{address: news@example.org}",
    "public_url": "https://news.example.org",
}


@pytest.mark.parametrize(
    "text",
    [text for name in ("settings.md", "going-live.md") for text in examples(page(name), "yaml")],
)
def test_example_of_settings_loads(text: str, tmp_path: Path) -> None:
    given = yaml.safe_load(text)
    others = [f"{key}: {value}\n" for key, value in SETTINGS.items() if key not in given]
    (tmp_path / "newsletter.yaml").write_text(text + "".join(others), encoding="utf-8")
    password = tmp_path / str(given.get("smtp", {}).get("password_file", "unused"))
    password.parent.mkdir(exist_ok=True)
    password.write_text("secret\n", encoding="utf-8")
    read_settings(tmp_path, {})


# Gallery


def test_gallery_shows_every_block_and_every_kind_of_action() -> None:
    text = page("gallery.md")
    headings = " ".join(titles_below("Gallery: what every block looks like", text)) + without_code(text)
    shown = set(re.findall(r"`([a-z]+)`", headings))
    assert {title.strip("`") for title in issue_models() if title.startswith("`")} | set(ActionKind) <= shown
    pictures = {Path(target).name for target in PICTURE.findall(text)}
    issue = yaml.safe_load((ROOT / "tests" / "data" / "gallery.yaml").read_text(encoding="utf-8"))
    assert pictures == {f"{block['id']}.png" for block in issue["blocks"] if "id" in block}
    weight = sum(file.stat().st_size for file in (DOCS / "images" / "gallery").iterdir())
    assert weight < 800_000, "whoever clones this repository loads them all"
