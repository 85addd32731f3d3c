"""Spam filters on every sample edition: SpamAssassin's own rules without network, and a rspamd of our own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.judges.conftest import HERE, TIMEOUT, Sample
from tests.tools.node import missing

MOST_POINTS = 1.0  # of SpamAssassin, which calls 5 spam
STARTED = 30.0  # seconds until rspamd answers

# What rspamd holds against the way of a mail: these come from a file, through no server.
DELIVERY = frozenset({"HFILTER_HOSTNAME_UNKNOWN", "RDNS_NONE", "ONCE_RECEIVED"})
# What remains, and why.
EXCEPTIONS = {
    "URI_COUNT_ODD": (1.0, "it counts the links of both parts and dislikes odd numbers; half of all mails have one"),
    "R_MIXED_CHARSET": (1.0, "in two languages at once it takes one for the language, and its accents for disguise"),
    "MANY_INVISIBLE_PARTS": (0.05, "one part: the line that lists show beside the subject, as in any newsletter"),
}


@pytest.fixture(scope="module")
def points(samples: list[Sample]) -> dict[str, Any]:
    """What SpamAssassin says, by mail."""
    perl = shutil.which("perl")
    probe = ["-MMail::SpamAssassin", "-e", "1"]
    if perl is None or subprocess.run([perl, *probe], check=False, capture_output=True, timeout=TIMEOUT).returncode:
        missing("SpamAssassin is not here (Debian: spamassassin)")
    command = [str(perl), str(HERE / "spam.pl"), *(str(sample.path) for sample in samples)]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert isinstance(found, dict)
    return found


def test_spamassassin_gives_less_than_a_point(points: dict[str, Any], samples: list[Sample]) -> None:
    assert set(points) == {sample.name for sample in samples}
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
        if sample.is_trial:
            continue  # it has words to read out on the telephone: "my name is …"
        symbols = _symbols(rspamd, sample)
        assert "MIME_TRACE" in symbols, "it has not looked at the mail"
        most = {name: points for name, (points, _why) in EXCEPTIONS.items()}
        if "+" not in sample.locale:
            del most["R_MIXED_CHARSET"]
        told = {
            name: one["score"]
            for name, one in symbols.items()
            if one["score"] > most.get(name, 0.0) and name not in DELIVERY
        }
        if told:
            found[sample.name] = told
    assert found == {}


def test_rspamd_would_object_to_what_filters_dislike(rspamd: str, samples: list[Sample], tmp_path: Path) -> None:
    bad = tmp_path / "bad.eml"
    source = samples[0].path.read_bytes()
    hidden = b'<div style=3D"font-size:0px">hidden words</div>' * 8
    bad.write_bytes(source.replace(b"</body>", hidden + b"</body>"))
    symbols = _symbols(rspamd, Sample("bad", bad, "", ""))
    assert symbols["ZERO_FONT"]["score"] > 0
