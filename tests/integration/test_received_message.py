"""What a real SMTP server received, parsed by the standard library and compared part by part."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.integration.conftest import Space
from tests.integration.received import by_recipient, parse, parts, send
from tests.integration.servers import real_server

HOSTILE = {
    "markup": '"><script>alert(1)</script>',
    "line breaks": "Eve\r\nBcc: all\r\n\r\n<h1>owned</h1>",
    "override": "\u202egnp.exe\u202c",
    "long": "A" * 300,
    "emoji": "👩🏽‍🌾 Ana",
    "encoded word": "=?utf-8?q?=0ABcc:_all=40example.org?=",
    "quotes": 'Ann "The \\ Hammer" O\'Brien, Esq.',
    "dot": ".dot",
    "mark": "\ue000unsubscribe_url|x\ue001",
    "template": "{{7*7}} {first_name|x} zq1zq",
    "percent": "100% %s %(name)s",
    "combining": "Zoe\u0308 N\u0303u\u0301n\u0303ez",
}


class Skeleton(HTMLParser):
    """The tags and attributes' names of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _value in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_each_reader_gets_their_language_name_and_links(space: Space) -> None:
    inbox = send(
        space,
        "ana@example.org,Ana María Ñandú,es,supporter,",
        "zoe@example.com,Zoë O'Brien,en,,",
        "nobody@example.net,,es-MX,,",
    )
    received = by_recipient(inbox)
    assert set(received) == {"ana@example.org", "zoe@example.com", "nobody@example.net"}
    assert {sender for sender, _to, _message in inbox.messages} == {"bounces@example.org"}

    ana = parse(received["ana@example.org"])
    text, html = parts(ana)
    assert ana["Subject"] == "Noticias para Ana: 50% más ranchos, ¡y qué ranchos!"
    assert str(ana["To"].addresses[0]) == "Ana María Ñandú <ana@example.org>"
    assert ana["From"].addresses[0].display_name == "Justicia Migrante — Comité"
    assert ana["From"].addresses[0].addr_spec == "news@example.org"
    assert ana["Reply-To"] == "hello@example.org"
    assert ana["Content-Language"] == "es"
    assert "Hola, Ana:" in text
    assert "Hola, Ana:" in html
    assert 'lang="es"' in html
    assert "La polimigra debe acabar." in text
    assert "<em>polimigra</em>" in html
    assert "https://example.org/es/ranchos" in text
    assert 'href="https://example.org/es/ranchos"' in html
    assert "Da lo que puedas" in text
    assert "Dear" not in text + html
    assert "law was signed" not in text + html

    zoe = parse(received["zoe@example.com"])
    text, html = parts(zoe)
    assert zoe["Subject"] == "News for Zoë: 50% more farms"
    assert str(zoe["To"].addresses[0]) == "Zoë O'Brien <zoe@example.com>"
    assert zoe["Content-Language"] == "en"
    assert "Dear Zoë," in text
    assert "the law was signed. Polimigra must end." in " ".join(text.split())
    assert 'href="https://example.org/farms"' in html
    assert "Give what you can" not in text + html, "the appeal is for supporters only"

    nobody = parse(received["nobody@example.net"])
    text, html = parts(nobody)
    assert nobody["To"] == "nobody@example.net"
    assert nobody["Subject"] == "Noticias para ti: 50% más ranchos, ¡y qué ranchos!"
    assert "Hola, amigas y vecinos:" in text


def test_a_fallback_is_escaped_for_html_and_not_for_text(space: Space) -> None:
    inbox = send(space, "a@example.org,,en,,")
    text, html = parts(parse(inbox.messages[0][2]))
    assert "Dear friends & neighbours," in text
    assert "Dear friends &amp; neighbours," in html


def test_list_headers_are_literal_and_fit_the_footer(space: Space) -> None:
    inbox = send(space, "ana@example.org,Ana,es,,", "zoe@example.org,Zoë,en,,")
    links = set()
    for _sender, _recipient, raw in inbox.messages:
        header = raw.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n", "\n")
        unfolded = header.replace("\n ", " ")
        found = re.search(
            r"^List-Unsubscribe: <(https://news\.example\.org/u/[\w.-]+)>, <(mailto:[^>]+)>$", unfolded, re.MULTILINE
        )
        assert found, header
        assert re.search(r"^List-Unsubscribe-Post: List-Unsubscribe=One-Click$", unfolded, re.MULTILINE)
        assert re.search(r"^List-Id: .*<news\.example\.org>$", unfolded, re.MULTILINE)
        text, html = parts(parse(raw))
        assert found[1] in text
        assert f'href="{found[1]}?of=news"' in html
        links.add(found[1])
    assert len(links) == 2, "each reader has their own link"


def test_message_ids_are_unique_and_say_nothing_of_the_person(space: Space) -> None:
    inbox = send(space, *(f"r{n}@example.org,R{n},en,," for n in range(5)))
    ids = [parse(raw)["Message-ID"] for _sender, _recipient, raw in inbox.messages]
    assert len(set(ids)) == 5
    assert all(re.fullmatch(r"<[\w-]{22}@example\.org>", message_id) for message_id in ids)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_harms_nothing(space: Space, kind: str) -> None:
    name = HOSTILE[kind]
    quoted = '"' + name.replace('"', '""') + '"'
    inbox = send(space, f"eve@example.org,{quoted},en,,", "plain@example.org,Plain,en,,")
    received = by_recipient(inbox)
    assert set(received) == {"eve@example.org", "plain@example.org"}
    hostile, plain = parse(received["eve@example.org"]), parse(received["plain@example.org"])

    assert sorted(hostile.keys()) == sorted(plain.keys()), "a header was added or lost"
    assert [address.addr_spec for address in hostile["To"].addresses] == ["eve@example.org"]
    assert "\n" not in hostile["Subject"]
    hostile_text, hostile_html = parts(hostile)
    _plain_text, plain_html = parts(plain)
    assert Skeleton(hostile_html).tags == Skeleton(plain_html).tags, "the name changed the page's structure"
    for char in "\u202e\u202c\ue000\ue001":
        assert char not in hostile_text + hostile_html + str(hostile["Subject"]) + str(hostile["To"])
    assert max(len(line) for line in hostile_text.splitlines()) < 200


def test_a_name_with_markup_arrives_as_text(space: Space) -> None:
    inbox = send(space, 'eve@example.org,"""><script>alert(1)</script>",en,,')
    text, html = parts(parse(inbox.messages[0][2]))
    assert 'Dear "><script>alert(1)</script>,' in text
    assert "Dear &quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;," in html


def test_wire_bytes_keep_to_the_standard(space: Space) -> None:
    space.write_issue(
        """\
source_locale: en
date: 2019-06-03
subject: .Dots and ¡signs!
preheader: p
blocks:
  - type: text
    id: a
    body: |
      .begins with a dot

      ..and two, then {first_name|.}. And spaces at the end:

      From here on. """
        + " ".join(["long"] * 400)
        + """
  - {type: quote, id: q, text: ".", by: "From nobody"}
""",
        slug="dots",
    )
    catalog = {
        ".Dots and ¡signs!": ".Puntos",
        "p": "p",
        ".begins with a dot": ".empieza",
        "..and two, then {first_name|.}. And spaces at the end:": "..y dos, luego {first_name|.}. Y espacios al final:",
        "From here on. " + " ".join(["long"] * 400): " ".join(["From", *["largo"] * 400]),
        ".": ".",
        "From nobody": "From nadie",
    }
    space.translate("dots", catalog)
    rows = ["dot@example.org,.dot,en,,", "x@example.org,.,es,,", f"long@example.org,{'Ñ' * 300},en,,"]
    space.write_list(*rows)
    space.run("subscribers", "import", "list.csv")
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "dots", "--segment", "everybody", "--yes")
    assert len(inbox.messages) == 3
    for _sender, _recipient, raw in inbox.messages:
        assert b"\r\n" in raw
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw), "a bare CR or LF"
        lines = raw.split(b"\r\n")
        assert not [line for line in lines if line.startswith(b".")]
        assert max(map(len, lines)) <= 998
        header, _, body = raw.partition(b"\r\n\r\n")
        assert max(len(line) for line in body.split(b"\r\n")) <= 76
        assert all(byte < 128 for byte in raw)
        assert not [
            line for line in header.split(b"\r\n") if len(line) > 78 and b"/u/" not in line and b"mailto:" not in line
        ]
        text, html = parts(parse(raw))
        assert "\n.begins with a dot\n" in text or "\n.empieza\n" in text
        assert ".." in html
