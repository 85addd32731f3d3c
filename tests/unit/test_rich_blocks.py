"""What rich blocks become in both parts of a mail: bars, amounts, letters, calls, shares, routes, figures, films."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from newsletter.i18n.formats import Formats
from newsletter.i18n.translate import translate
from newsletter.render.rendered import Rendered, render

from .helpers import BODY, Page, catalog_of, composer, findings_in, issue_of, rendered

PICTURE = {"src": "https://example.org/a.png", "alt": "A"}
TARGET = {"url": "https://example.org/act", "label": "Act"}
LETTER = {"to": ["a@example.org"], "subject": "Free Eli", "body": "Dear Director,\n\nlet him go."}
CALL = {"to": [{"name": "The office", "number": "+1 (802) 555-0100"}], "script": "Hello, I am {first_name|…}."}


def action(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "action", "id": "a", "kind": kind, "title": "T", **fields}


def appeal(**fields: Any) -> dict[str, Any]:
    return {"type": "appeal", "id": "d", "title": "T", "url": "https://example.org/give?form=7", **fields}


def spanish(block: dict[str, Any], changes: dict[str, str] | None = None) -> Rendered:
    loaded = issue_of(block)
    return render(translate(loaded, "es", catalog_of(loaded, changes), Formats("es_ES")), composer())


def hrefs(letter: Rendered) -> list[str]:
    return [value for tag, name, value in Page(letter.html).values if (tag, name) == ("a", "href")]


def widths(letter: Rendered) -> list[str]:
    page = letter.html
    bar = page[page.index('class="bar"') :]
    return re.findall(r'width="(\d+%)"', bar[bar.index("<tr>") : bar.index("</table>")])


def test_progress_is_said_in_words_and_shown_by_two_cells() -> None:
    block = action("petition", targets=[TARGET], count=1300, goal=2000)
    assert "1,300 of 2,000" in rendered(issue_of(block)).text
    letter = spanish(block)
    assert "1.300 de 2.000" in letter.text
    assert "1.300 de 2.000" in Page(letter.html).text
    assert widths(letter) == ["65%", "35%"]
    assert "<img" not in letter.html


def test_words_of_the_progress_are_translated_with_both_numbers() -> None:
    block = action("petition", targets=[TARGET], count=13000, goal=20000, progress="Nearly {count} of {goal}")
    letter = spanish(block, {"Nearly {count} of {goal}": "Casi {count} de {goal}"})
    assert "Casi 13.000 de 20.000" in letter.text
    assert "Casi 13.000 de 20.000" in Page(letter.html).text


@pytest.mark.parametrize(
    ("count", "goal", "expected"),
    [(0, 10, ["100%"]), (1, 1000, ["1%", "99%"]), (10, 10, ["100%"]), (3000, 10, ["100%"]), (999, 1000, ["99%", "1%"])],
)
def test_bar_is_full_only_at_the_goal_and_empty_only_at_nothing(count: int, goal: int, expected: list[str]) -> None:
    assert widths(rendered(issue_of(action("petition", targets=[TARGET], count=count, goal=goal)))) == expected


def test_amounts_lead_to_the_page_with_amount_and_language() -> None:
    letter = spanish(appeal(amounts=[10, 1500], currency="USD"))
    urls = [f"https://example.org/give?form=7&amount={amount}&locale=es" for amount in (10, 1500)]
    own = "https://example.org/give?form=7&locale=es"
    assert [url for url in hrefs(letter) if "give" in url] == [*urls, own]
    assert all(f"  {url}\n" in letter.text for url in (*urls, own))
    assert "1.500" in letter.text


def test_monthly_gifts_stand_beside_single_ones() -> None:
    letter = rendered(issue_of(appeal(amounts=[10, 25], monthly=True, label="Give what you can")))
    assert "Give once:\n  $10  https://example.org/give?form=7&amount=10&locale=en\n" in letter.text
    assert "Give every month:\n  $10  https://example.org/give?form=7&amount=10&locale=en&monthly=1\n" in letter.text
    assert sum("monthly=1" in url for url in hrefs(letter)) == 2
    assert "→ Give what you can:" in letter.text


def test_letter_opens_in_the_readers_language_and_can_be_copied_from_the_text() -> None:
    words = {"Free Eli": "Libertad para Eli", "Dear Director,": "Estimado director:", "let him go.": "déjelo ir."}
    letter = spanish(action("letter", letter=LETTER), words)
    (url,) = [url for url in hrefs(letter) if url.startswith("mailto:a@")]
    assert unquote(url) == "mailto:a@example.org?subject=Libertad para Eli&body=Estimado director:\r\n\r\ndéjelo ir."
    assert "%C3%A9" in url
    assert "    Para:   a@example.org\n    Asunto: Libertad para Eli\n\n    Estimado director:\n" in letter.text
    assert "mailto:a@" not in letter.text


def test_call_dials_the_number_and_shows_what_to_say() -> None:
    letter = rendered(issue_of(action("call", call=CALL)))
    assert "tel:+18025550100" in hrefs(letter)
    assert "  The office: +1 (802) 555-0100\n" in letter.text
    assert "What to say:\n\n    Hello, I am" in letter.text
    assert "Hello, I am" in Page(letter.html).text


def test_sharing_offers_this_letters_own_page_if_the_issue_names_none() -> None:
    letter = rendered(issue_of(action("share", share={"text": "Read this", "ways": ["sms", "whatsapp"]})))
    page = "https://news.example.org/x.en.html"
    assert [unquote(url) for url in hrefs(letter)][:2] == [
        f"sms:?&body=Read this {page}",
        f"https://wa.me/?text=Read this {page}",
    ]
    assert f"    Read this\n    {page}\n" in letter.text


def test_event_has_a_map_a_calendar_and_the_way_of_the_march() -> None:
    event = {
        "starts": "2018-11-14T12:00",
        "place": "The office",
        "map": "44.4743, -73.2107",
        "stops": [{"at": "12:00", "place": "The office"}, {"at": "13:30", "place": "City Hall"}, {"place": "The end"}],
    }
    letter = spanish(action("march", event=event))
    calendar = "https://news.example.org/calendar/x.a.es.ics"
    place = "https://www.openstreetmap.org/?mlat=44.4743&mlon=-73.2107#map=17/44.4743/-73.2107"
    assert {calendar, place} <= set(hrefs(letter))
    assert f"Mapa:        {place}\n" in letter.text
    way = ["Recorrido:   12:00 – « The office »", "13:30 – « City Hall »", "« The end »"]
    assert f"\n{' ' * 13}".join(way) in letter.text
    assert f"Calendario:  {calendar}" in letter.text


def test_figures_are_written_by_the_language_and_stand_in_a_column() -> None:
    rows = [{"number": 70, "about": "over", "what": "farms"}, {"number": 130000, "what": "letters"}]
    letter = spanish({"type": "figures", "id": "f", "figures": rows}, {"over": "más de", "farms": "granjas"})
    assert "más de 70  granjas\n  130.000  « letters »" in letter.text
    assert {"70", "130.000", "granjas"} <= {piece.strip() for piece in Page(letter.html).texts}


@pytest.mark.parametrize(
    ("numbers", "pixels"), [([70, 2, 1], 52), ([1300, 2, 1], 47), ([1300], 52), ([70, 12500, 3, 4], 27)]
)
def test_numbers_are_as_large_as_the_longest_has_room_for(numbers: list[int], pixels: int) -> None:
    rows = [{"number": number, "what": "farms"} for number in numbers]
    html = rendered(issue_of({"type": "figures", "id": "f", "figures": rows})).html
    assert {int(size) for size in re.findall(r'class="number" style="[^"]*font-size:(\d+)px', html)} == {pixels}


def test_film_is_led_to_by_its_picture_and_its_button() -> None:
    url = "https://example.org/film"
    film = {"type": "video", "id": "v", "title": "T", "poster": PICTURE, "url": url, "minutes": 14}
    letter = rendered(issue_of(film))
    assert hrefs(letter).count("https://example.org/film") == 2
    assert "→ Watch the video (14 minutes):\n  https://example.org/film" in letter.text.replace("\u00a0", " ")
    assert "Ver el video (14 minutos)" in spanish(film).text.replace("\u00a0", " ")


def test_credit_stands_behind_the_caption_and_alone() -> None:
    picture = {**PICTURE, "caption": "Montpelier.", "credit": "Photo: Rosa"}
    letter = rendered(issue_of({"type": "image", "id": "i", "image": picture}))
    assert "[Picture: A]\n  https://example.org/a.png\nMontpelier. Photo: Rosa" in letter.text
    assert "Photo: Rosa" in Page(letter.html).text
    alone = rendered(issue_of({"type": "image", "id": "i", "image": {**PICTURE, "credit": "Photo: Rosa"}}))
    assert "Photo: Rosa" in Page(alone.html).text


@pytest.mark.parametrize("kind", ["letter", "call", "share"])
def test_an_action_may_lead_to_a_page_instead(kind: str) -> None:
    assert "https://example.org/act" in hrefs(rendered(issue_of(action(kind, targets=[TARGET]))))


@pytest.mark.parametrize(
    ("block", "code", "says"),
    [
        (action("letter"), "missing-key", "'kind: letter' needs 'letter:' with to, subject and body, or 'targets:'"),
        (action("call"), "missing-key", "'kind: call' needs 'call:'"),
        (action("share"), "missing-key", "'kind: share' needs 'share:'"),
        (action("petition", targets=[TARGET], goal=5), "missing-key", "a goal needs 'count:'"),
        (action("petition", targets=[TARGET], progress="x"), "missing-key", "there is no goal"),
        (action("petition", targets=[TARGET], count=1, body="{goal}"), "unknown-placeholder", "there is no goal"),
        (action("letter", letter={**LETTER, "to": ["nobody"]}), "bad-address", "'nobody' is no address"),
        (action("letter", letter={**LETTER, "body": "I, {name|x}"}), "bad-placeholder", "holds no name"),
        (action("letter", letter={**LETTER, "body": "x" * 1201}), "too-long", "at most 1200"),
        (action("call", call={"to": [{"name": "x", "number": "call me"}]}), "bad-phone", "'call me'"),
        (action("share", share={"text": "x", "ways": ["myspace"]}), "unknown-value", "myspace"),
        (action("event", event={"starts": "2019-06-10T18:00", "place": "x", "map": "here"}), "bad-map", "'here'"),
        (action("event", event={"starts": "2019-06-10T18:00", "place": "x", "map": "91, 0"}), "bad-map", "'91, 0'"),
        (action("event", event={"starts": "2019-06-10T18:00", "place": "x", "stops": [{"at": "6 pm", "place": "y"}]}),
         "bad-time", "'6 pm'"),
        (action("event", event={"starts": "2019-06-10T18:00", "place": "x", "stops": [{"at": "17:59", "place": "y"}]}),
         "stops-out-of-order", "17:59 comes after 18:00"),
        (appeal(query={"amount": "a&b"}), "bad-value", "'a&b'"),
        (appeal(query={"monthly": "a=b&c"}), "bad-value", "'a=b&c'"),
        ({"type": "figures", "id": "f", "figures": []}, "too-short", "'figures' is empty"),
        ({"type": "figures", "id": "f", "figures": [{"number": "70+", "what": "x"}]}, "wrong-type", "a whole number"),
    ],
)  # fmt: skip
def test_mistake_in_a_rich_block_is_told(block: dict[str, Any], code: str, says: str) -> None:
    text = BODY + "".join(f"  {line}\n" for line in yaml.safe_dump([block], allow_unicode=True).splitlines())
    (finding,) = findings_in(text)
    assert finding.code == code
    assert says in finding.message
    assert finding.where.line > 5
