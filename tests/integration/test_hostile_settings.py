"""Settings that would break mail, leak a file or carry markup are told before anything goes out."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Space
from tests.integration.received import parse
from tests.integration.servers import real_server


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://boletín.example.org", "https://xn--boletn-7va.example.org/u/"),
        ("https://example.org/año/", "https://example.org/a%C3%B1o/u/"),
    ],
)
def test_a_public_address_with_letters_beyond_ascii_is_written_as_mail_needs_it(
    space: Space, url: str, written: str
) -> None:
    space.replace("public_url", url)
    space.write_list("ana@example.org,Ana,es,,")
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert written in parse(inbox.messages[0][2])["List-Unsubscribe"]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/?x=1",
        "https://example.org/#a",
        "https://e.org/" + "x" * 300,
        "https://example.org//evil.example",
        "https://example.org/a//b",
        "https://example.org/a/../b",
        "https://example.org/%2e/a",
        "https://example.org/a%2Fb",
        "https://example.org/a%5Cb",
        "https://example.org/a%0Ab",
    ],
)
def test_a_public_address_below_which_no_page_can_lie_is_refused(space: Space, url: str) -> None:
    space.replace("public_url", url)
    assert "[bad-url]" in space.run("check", code=2).stderr


@pytest.mark.parametrize(
    "logo", ['https://e.org/a.png" /><mj-raw><script>', "../var/secret.key", "media/logo.svg", "media/none.png"]
)
def test_a_logo_that_is_no_picture_is_refused(space: Space, logo: str) -> None:
    space.run("segments", "count")
    space.replace("theme", {"logo": logo})
    for command in (("check",), ("render", "june", "--out", "out")):
        with pytest.raises(AssertionError, match=r"exit [12]"):
            space.run(*command)
    assert not list(space.root.glob("out/media/*"))


def test_locales_can_carry_nothing_but_a_tag(space: Space) -> None:
    space.replace("locales", ["en", "es", "en.\nBcc: evil@example.org", "es.x/../../tmp/evil"])
    assert space.run("check", code=2).stderr.count("[unknown-locale]") >= 2


def test_a_password_is_never_read_as_yaml(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSLETTER_SMTP__PASSWORD", "{abc")
    space.run("check")


def test_an_output_folder_that_is_a_file_is_told(space: Space) -> None:
    (space.root / "out").write_text("a file", encoding="utf-8")
    assert "cannot be written to" in space.run("render", "june", "--out", "out", code=2).stderr


def test_an_issue_whose_name_cannot_stand_in_links_is_told(space: Space) -> None:
    (space.root / "issues" / "june.yaml").rename(space.root / "issues" / "Año nuevo.yaml")
    assert "[bad-slug]" in space.run("check", code=1).stdout


@pytest.mark.parametrize("name", ["july.yml", "july.YAML", "july.yaml.txt"])
def test_an_issue_that_is_not_read_for_its_ending_is_told(space: Space, name: str) -> None:
    (space.root / "issues" / name).write_text("date: 2026-07-01\n", encoding="utf-8")
    assert f"warning: issues/{name}: not read as an issue" in space.run("check").stdout
    for asked in ("july", f"issues/{name}"):
        assert f"rename issues/{name} to july.yaml" in space.run("check", asked, code=2).stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"short\n"])
def test_a_broken_key_file_is_told(space: Space, content: bytes) -> None:
    (space.root / "var").mkdir(exist_ok=True)
    (space.root / "var" / "secret.key").write_bytes(content)
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        assert "cannot be used" in space.run("send", "june", "-s", "everybody", "--yes", code=2).stderr


def test_a_template_may_keep_markup_in_a_variable(space: Space) -> None:
    folder = space.root / "templates" / "blocks"
    folder.mkdir()
    (folder / "text.mjml.j2").write_text(
        "{% set inner %}<p>{{ block.body }}</p>{% endset %}"
        "<mj-section><mj-column><mj-text>{{ inner }}</mj-text></mj-column></mj-section>",
        encoding="utf-8",
    )
    space.run("render", "june", "--out", "out", "--locale", "en")
    page = (space.root / "out" / "june.en.html").read_text(encoding="utf-8")
    assert "the law was signed" in page
    assert "zq" not in page
