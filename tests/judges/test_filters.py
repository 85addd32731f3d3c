"""Spam filters on every sample edition: SpamAssassin's own rules without network, and a rspamd of our own."""

from __future__ import annotations

import email
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest

from tests.judges.conftest import TIMEOUT, Sample
from tests.tools.node import missing

MOST_POINTS = 1.0  # of SpamAssassin, which calls 5 spam
STARTED = 30.0  # seconds until rspamd answers

# What rspamd holds against the way of a mail: these come from a file, through no server.
DELIVERY = frozenset({"HFILTER_HOSTNAME_UNKNOWN", "RDNS_NONE", "ONCE_RECEIVED"})
# What it holds against the trial alone, which is no letter that anybody would send: it wants the addresses in both
# parts to be even in number, and what offers to pass something on there leads to sites that the text does not name.
TRIAL = frozenset({"URI_COUNT_ODD"})


def test_spamassassin_gives_less_than_a_point(perl: Callable[..., dict[str, Any]]) -> None:
    points = perl("spam.pl", "Mail::SpamAssassin", packages="spamassassin")
    assert {name: told for name, told in points.items() if told["points"] >= MOST_POINTS} == {}
    assert all("HTML_MESSAGE" in told["rules"] for told in points.values()), "it has not looked at them"


@pytest.fixture(scope="module")
def rspamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a rspamd with its stock rules, without network, database or anything learnt."""
    program = shutil.which("rspamd")
    if program is None:
        missing("rspamd is not here (Debian: rspamd)")
    folder = tmp_path_factory.mktemp("rspamd")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "rspamd.conf"
    (folder / "tld").write_text("app\ncom\nme\nnet\norg\n", encoding="utf-8")
    config.write_text(_CONFIG.format(folder=folder, port=port), encoding="utf-8")
    command = [str(program), "--no-fork", "--config", str(config)]
    if os.geteuid() == 0:
        command += ["--insecure", "--user", "root", "--group", "root"]
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/ping", process, folder)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=TIMEOUT)


_CONFIG = """
.include "$CONFDIR/common.conf"
options {{
  pidfile = "{folder}/pid";
  control_socket = "{folder}/socket mode=0600";
  url_tld = "{folder}/tld"; # the whole list takes ten seconds to compile
  filters = "chartable,dkim,regexp";
  disable_hyperscan = true; # the same
  tempdir = "{folder}";
  hs_cache_dir = "{folder}";
  dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.05s; retransmits = 1; }}
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "warning"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
"""


def _wait_for(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + STARTED
    while time.monotonic() < end:
        assert process.poll() is None, (folder / "out").read_text(errors="replace")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("rspamd does not answer")


def _symbols(address: str, sample: Sample) -> dict[str, Any]:
    request = urllib.request.Request(f"{address}/checkv2", data=sample.path.read_bytes())
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        report = json.load(answer)
    assert isinstance(report["symbols"], dict)
    return report["symbols"]


def test_rspamd_objects_to_nothing_that_a_mail_says(rspamd: str, samples: list[Sample]) -> None:
    found = {}
    for sample in samples:
        symbols = _symbols(rspamd, sample)
        assert "MIME_TRACE" in symbols, "it has not looked at the mail"
        allowed = DELIVERY | TRIAL if sample.is_trial else DELIVERY
        told = {name: one["score"] for name, one in symbols.items() if one["score"] > 0 and name not in allowed}
        if told:
            found[sample.name] = told
    assert found == {}


@pytest.mark.parametrize(
    ("symbol", "added"),
    [
        ("ZERO_FONT", '<div style="font-size:0px">hidden words</div>'),
        ("MANY_INVISIBLE_PARTS", '<div style="display:none">hidden words</div>'),
        ("URI_COUNT_ODD", '<img src="https://example.org/once.png" alt="">'),
    ],
)
def test_rspamd_would_object_to_what_filters_dislike(
    rspamd: str, samples: list[Sample], tmp_path: Path, symbol: str, added: str
) -> None:
    message = email.message_from_bytes(samples[0].path.read_bytes(), policy=modern)
    page = message.get_body(("html",))
    assert page is not None
    page.set_content(samples[0].html.replace("</h1>", f"</h1>{added}"), subtype="html")
    bad = tmp_path / "bad.eml"
    bad.write_bytes(message.as_bytes())
    assert _symbols(rspamd, Sample("bad", bad, "", ""))[symbol]["score"] > 0
