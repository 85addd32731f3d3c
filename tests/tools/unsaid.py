"""Findings and errors whose words are plain text, so that the studio could say them in English only.

A reading of the source: it follows the words of a Problem, a Finding or an error to where the function that makes it
wrote them down.  Words that come from another function are that function's matter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# Which of their arguments are the message and the hint.
FINDINGS = {"Problem": slice(1, 3), "Finding": slice(2, 4), "Remark": slice(2, 4), "CheckFinding": slice(5, 7)}
ERRORS = (
    "ContentError",
    "SettingsError",
    "TranslationError",
    "TemplateError",
    "MailServerError",
    "SendingStoppedError",
)


def unsaid(path: Path) -> Iterator[str]:
    """Each such piece of words, with its line."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, functions):
            continue
        written = _assigned(function)
        for call in ast.walk(function):
            name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
            if isinstance(call, ast.Call) and (name in FINDINGS or name in ERRORS):
                words = call.args[FINDINGS.get(name, slice(0, 2))]
                words += [one.value for one in call.keywords if one.arg in ("message", "hint")]
                for one in words:
                    if _is_plain(one, written, set()):
                        yield f"{path.name}:{call.lineno}: {ast.unparse(one)}"


def _assigned(function: ast.AST) -> dict[str, list[ast.expr]]:
    """What every name of a function stands for."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Name) and node.value is not None:  # type: ignore[attr-defined]
                found.setdefault(target.id, []).append(node.value)  # type: ignore[attr-defined]
    return found


def _is_plain(words: ast.expr, written: dict[str, list[ast.expr]], seen: set[str]) -> bool:
    match words:
        case ast.JoinedStr():
            return True
        case ast.Constant(value=str(text)):
            return " " in text  # a code, a key or the name of a file has none
        case ast.IfExp(body=one, orelse=other):
            return _is_plain(one, written, seen) or _is_plain(other, written, seen)
        case ast.BoolOp(values=parts):
            return any(_is_plain(part, written, seen) for part in parts)
        case ast.Name(id=name) if name not in seen:
            seen.add(name)
            return any(_is_plain(value, written, seen) for value in written.get(name, ()))
    return False
