"""The ``newsletter`` command: its groups, and what happens to an error."""

from __future__ import annotations

import errno
import sys
import tempfile
import traceback
from typing import Annotated

import typer

from newsletter import __version__
from newsletter.cli.commands import (
    archive,
    audit,
    bounces,
    campaigns,
    check,
    content,
    demo,
    doctor,
    handout,
    i18n,
    preview,
    segments,
    send,
    send_part,
    serve,
    subscribers,
    worker,
)
from newsletter.cli.output import err, report_error, tell
from newsletter.cli.shape import Shaped
from newsletter.errors import NewsletterError, UsageError

INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
# What a machine refuses any program, at any file, and what staff can do about it.
REFUSALS = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room: you have used up what you may fill of the disk",
    errno.EROFS: "the disk can only be read; let it be written to",
    errno.EACCES: "it belongs to somebody else; let yourself read and write it",
}

app = typer.Typer(
    name="newsletter",
    cls=Shaped,
    help="Compose a newsletter in several languages, and send each reader theirs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newsletter {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Compose a newsletter in several languages, and send each reader theirs."""


content.register(app)
check.register(app)
app.add_typer(i18n.app, name="i18n")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(segments.app, name="segments")
send.register(app)
send_part.register(app)
worker.register(app)
app.add_typer(campaigns.app, name="campaigns")
app.add_typer(bounces.app, name="bounces")
app.add_typer(archive.app, name="archive")
handout.register(app)
demo.register(app)
doctor.register(app)
audit.register(app)
preview.register(app)
serve.register(app)


def main() -> None:
    """Run the command line; the exit code is the error's (``newsletter.errors``)."""
    try:
        app()
    except NewsletterError as error:
        report_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has had enough (``| head``); that is no error.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSALS:
            report_error(_refused(error, REFUSALS[error.errno]))
            sys.exit(UsageError.exit_code)
        _report_fault()
        sys.exit(INTERNAL_ERROR)


def _refused(error: OSError, hint: str) -> UsageError:
    """What the machine would not do, where no command has words of its own for it."""
    return UsageError(f"{error.filename or 'a file'}: {error.strerror}", f"{hint}; then run the same command again")


def _report_fault() -> None:
    """A fault of ours.  Staff get a sentence; the details are kept for whoever mends it."""
    err.print("error: newsletter itself failed, which is not your fault.", style="bold red")
    try:
        with tempfile.NamedTemporaryFile("w", prefix="newsletter-fault-", suffix=".txt", delete=False) as file:
            traceback.print_exc(file=file)
    except OSError as error:
        tell(f"  hint: the details could not be kept ({error.strerror}); mend that, and run the same command again")
    else:
        tell(f"  hint: send the file {file.name} to whoever looks after it")
