"""A workspace in which everything has happened to a campaign that can: for pictures, and for tests that look at it.

Whoever is written to here is invented, and the mail server runs on this machine.  Names, reasons and replies
are as long as they get, and the numbers as large as ``people`` says.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import polib

from tests.integration.servers import CUT, Script, scripted_server

ROOT = Path(__file__).parents[2]
MODEL = "2018-11-eli"
LONG_SLUG = "2026-11-emergency-action-stop-the-deportation-of-three-farmworkers-from-franklin-county"
LONG_SEGMENT = "farmworkers-and-families-in-franklin-addison-and-orleans-cty"
LONG_SUBJECT = "Emergency action this Thursday at noon: tell the sheriff to stop the deportation of three farmworkers"
ASUNTO = "Emergencia este jueves: que el alguacil detenga la deportación de tres vecinos"
DOMAINS = ("example.org", "example.com", "example.net", *(f"farm{n}.example.org" for n in range(20)))
LONG_DOMAIN = "students.department-of-agricultural-economics.university-of-northern-vermont.example.org"
REASON = (
    "Ana from the Addison office called: the date of the hearing in the second story is wrong in the Spanish edition "
    "(it says 13 and must say 31 July), and the link to the petition leads to last year's; please do not go on before "
    "she and Ben have looked at both editions together and somebody has written to the lawyers"
)
REFUSED = (
    "554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.example.net; "
    "https://www.example.net/query/ip/192.0.2.25 to request removal from this list see the link and write to us"
)
FINISHED, TROUBLED, PAUSED, STOPPED, SCHEDULED, CANCELLED, MISSED = range(1, 8)  # the campaigns by number


def workspace(root: Path) -> None:
    """The sample issues, and one with the longest names."""
    for name in ("issues", "locales"):
        shutil.copytree(ROOT / name, root / name)
    settings = (ROOT / "newsletter.yaml").read_text(encoding="utf-8")
    settings += f"  {LONG_SEGMENT}: {{tag: farmworker}}\npreview: {{test_addresses: [ana@example.org]}}\n"
    (root / "newsletter.yaml").write_text(settings, encoding="utf-8")
    issue = (root / "issues" / f"{MODEL}.yaml").read_text(encoding="utf-8")
    lines = [f"subject: '{LONG_SUBJECT}'" if line.startswith("subject:") else line for line in issue.splitlines()]
    (root / "issues" / f"{LONG_SLUG}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    catalogs = root / "locales" / "es" / "LC_MESSAGES" / "issues"
    catalog = polib.pofile(str(catalogs / f"{MODEL}.po"), wrapwidth=0)
    subject = next(entry for entry in catalog if entry.msgctxt == "subject")
    subject.msgid, subject.msgstr = LONG_SUBJECT, ASUNTO
    catalog.save(str(catalogs / f"{LONG_SLUG}.po"))


def campaigns(root: Path, people: int = 3000) -> None:
    """A campaign in each state."""

    def newsletter(*words: str) -> None:
        command = [sys.executable, "-m", "newsletter", *words]
        subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)

    def domain(number: int) -> str:
        return LONG_DOMAIN if number % 10 == 7 else DOMAINS[number % len(DOMAINS)]

    rows = [
        f"reader{n}@{domain(n)},Reader {n},{'es' if n % 3 else 'en'},{'farmworker' if n % 2 else 'supporter'}"
        for n in range(people)
    ]
    (root / "list.csv").write_text("\n".join(["email,name,locale,tags", *rows]) + "\n", encoding="utf-8")
    newsletter("subscribers", "import", "list.csv")
    plain = (root / "newsletter.yaml").read_text(encoding="utf-8")

    def send_over(script: Script, *words: str) -> None:
        with scripted_server(script) as inbox:
            server = f"host: localhost, port: {inbox.port}, security: none"
            settings = plain.replace("host: localhost, port: 587, security: starttls", server)
            (root / "newsletter.yaml").write_text(settings, encoding="utf-8")
            newsletter("send", *words, "--yes")

    def troubled(verb: str, to: str) -> str | None:
        number = int(to.partition("@")[0].removeprefix("reader") or 0) if to.startswith("reader") else 0
        if verb == "BODY" and number in (9, 23):
            return CUT
        if verb == "RCPT" and number % 40 == 8:
            return "550 5.1.1 no such mailbox here"
        return "451 4.7.1 come back later" if verb == "RCPT" and number % 31 == 5 else None

    send_over(Script(), "2018-10-milk-with-dignity", "--segment", "everyone")
    send_over(Script(troubled), "2018-11-ice-lawsuit", "--segment", "everyone")
    newsletter("send", LONG_SLUG, "--segment", "farmworkers", "--segment", LONG_SEGMENT, "--queue", "--yes")
    newsletter("campaigns", "pause", str(PAUSED), "--reason", REASON)
    send_over(Script(lambda verb, _to: REFUSED if verb == "RCPT" else None), "2019-05-cows-talk", "-s", "supporters")
    newsletter("send", "2019-06-no-polimigra", "--segment", "everyone", "--at", "2031-06-03 09:00", "--queue", "--yes")
    newsletter("send", MODEL, "--segment", "farmworkers", "--queue", "--yes")
    newsletter("campaigns", "cancel", str(CANCELLED), "--yes")
    newsletter("send", MODEL, "--missed", str(CANCELLED), "--queue", "--yes")
