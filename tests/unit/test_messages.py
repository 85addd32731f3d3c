"""What of an issue is a message, for whom, and which old text a new one was made from."""

from __future__ import annotations

import random

import pytest

from newsletter.i18n.messages import messages, messages_for
from newsletter.i18n.nearest import FINALISTS, Nearest

from .helpers import issue_of

PICTURE = {"src": "https://example.org/x.png", "alt": "A barn", "caption": {"en": "Dawn", "es": "Alba"}}
STORY = {"type": "story", "id": "news", "title": {"en": "News", "es": "Noticias"}, "body": "One", "image": PICTURE}
SLOGAN = {"type": "quote", "id": "slogan", "text": "¡Ya basta!", "translate": False}


def test_untranslated_block_has_no_messages() -> None:
    assert [message.context for message in messages(issue_of(SLOGAN).issue)] == ["subject", "preheader"]


def test_block_that_a_locale_never_sees_has_no_messages_for_it() -> None:
    loaded = issue_of({**STORY, "only": {"locales": ["en"]}})
    assert "news.body" in {message.context for message in messages(loaded.issue)}
    assert "news.body" in {message.context for message in messages(loaded.issue, "en")}
    assert [message.context for message in messages_for(loaded, "es")] == ["subject", "preheader"]


def test_block_for_one_segment_is_translated_into_every_locale() -> None:
    loaded = issue_of({**STORY, "only": {"segments": ["board"]}})
    assert "news.body" in {message.context for message in messages_for(loaded, "es")}


def test_texts_by_locale_are_plain_in_the_issue_and_known_to_its_messages() -> None:
    loaded = issue_of(STORY)
    assert {type(message.text) for message in messages(loaded.issue)} == {str}
    assert all(not message.others for message in messages(loaded.issue))
    others = {message.context: message.others for message in messages_for(loaded, "es")}
    assert others["news.title"] == {"es": "Noticias"}
    assert others["news.image.caption"] == {"es": "Alba"}
    assert others["news.body"] == {}
    assert issue_of(SLOGAN).written is None


def texts(number: int) -> list[str]:
    """Texts that share their common words only."""
    rng = random.Random(0)
    rare = [f"{a}{b}{c}" for a in "bcdfg" for b in "aeiou" for c in "lmnrst"]
    return [f"We want {' '.join(rng.sample(rare, 6))} and the {' '.join(rng.sample(rare, 6))}" for _ in range(number)]


@pytest.mark.parametrize("number", [1, FINALISTS, FINALISTS + 1, 200])
def test_each_edited_text_finds_the_one_it_was_made_from(number: int) -> None:
    old = texts(number)
    nearest = Nearest(old)
    for text in reversed(old):
        assert nearest.take(f"So {text.replace(' and ', ' or ')}!") == text
    assert not nearest
    assert nearest.take(old[0]) is None


def test_other_text_is_not_near() -> None:
    assert Nearest(["The Governor signs the law."]).take("Tomorrow, cheese!") is None
    assert Nearest(texts(50)).take("Tomorrow, cheese!") is None
