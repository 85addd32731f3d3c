"""One mail for the studio: rendered once, written as it would be sent, and read back from its bytes.

Nothing that is shown comes from anywhere but the message itself, so that the
page, the plain text, the headers and the source cannot disagree.  The one
exception is the page in the frame: the same, with anchors before the blocks
and with the pictures at the studio's address.
"""

from __future__ import annotations

import email
import hashlib
import html as html_escapes
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default as modern

from newsletter.audience.subscribers import MAX_NAME
from newsletter.cli.newsroom import Newsroom
from newsletter.content.blocks import Divider
from newsletter.content.load import LoadedIssue
from newsletter.content.placeholders import fill_marks, to_marks
from newsletter.delivery.message import MAX_FILLED, MessageTemplate, Reader
from newsletter.delivery.writer import Signer, write_message
from newsletter.i18n.locales import direction, own_names
from newsletter.render.anchors import block_sizes, without_anchors
from newsletter.render.bilingual import Letter, editions_of
from newsletter.render.links import PREFERENCES_FIELD, UNSUBSCRIBE_FIELD
from newsletter.render.pictures import place_media
from newsletter.render.rendered import Rendered
from newsletter.web.preview.studio import LONGEST, NOBODY, Block, Mail

TOKEN = "preview"  # noqa: S105 - of nobody: a click on "unsubscribe" in the studio must not unsubscribe anybody
_NOBODY = Reader("reader@example.org", "", "", TOKEN)
_LONGEST = (
    "Maximiliana Encarnación Villavicencio-Echeverría de la Santísima Trinidad y Álvarez del Castillo Wiedergutmachung"
)


def invented(person: str) -> Reader | None:
    """The reader of this name whom we made up; None if it is a subscriber's."""
    if person == LONGEST:
        name = _LONGEST[:MAX_NAME].strip()[:MAX_FILLED]
        return Reader(f"{'long' * 15}@{'very-' * 10}long.example.org", name, name.partition(" ")[0], TOKEN)
    return _NOBODY if person == NOBODY else None


def rendered_letter(house: Newsroom, loaded: LoadedIssue, locale: str, segments: frozenset[str] | None) -> Letter:
    """A draft, so that there is something to see; it differs from what is sent by its marked holes only."""
    return house.letter(loaded, locale, segments, draft=True)


def make_mail(house: Newsroom, letter: Letter, reader: Reader, signer: Signer | None) -> tuple[Mail, Rendered]:
    """The mail for one reader, and what it was made from, with its anchors.  Raises TemplateError."""
    anchored = house.render(letter, anchored=True)
    rendered = replace(anchored, html=without_anchors(anchored.html), mjml=without_anchors(anchored.mjml))
    sender = house.sender(letter.locale)
    template = MessageTemplate(house.freeze(rendered))
    written = write_message(template, reader, f"<{TOKEN}@{sender.domain}>", house.clock.now(), signer)
    source = bytes(written.message)
    message = email.message_from_bytes(source, policy=modern)
    framed = fill_marks(place_media(anchored.html, "/"), _values(reader, sender.public_url))
    html = _body(message, "html")
    first = editions_of(letter)[0]
    mail = Mail(
        locale=letter.locale,
        language=own_names(letter.locale),
        direction=direction(first.locale),
        sender_name=sender.name,
        sender_address=sender.address,
        subject=str(message["Subject"]),
        preheader=_preheader(first.issue.preheader, reader),
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=_body(message, "plain"),
        html=html,
        framed=framed,
        source=source,
        size=len(html.encode()),
        blocks=_blocks(letter, anchored.html),
        version=hashlib.sha256(framed.encode()).hexdigest()[:16],
    )
    return mail, anchored


def _values(reader: Reader, public_url: str) -> Callable[[str, str], str]:
    values = {
        "name": reader.name,
        "first_name": reader.first_name,
        UNSUBSCRIBE_FIELD: f"{public_url}/u/{reader.token}",
        PREFERENCES_FIELD: f"{public_url}/p/{reader.token}",
    }
    return lambda field, fallback: html_escapes.escape(values[field]) or fallback


def _preheader(text: str, reader: Reader) -> str:
    values = {"name": reader.name, "first_name": reader.first_name}
    return fill_marks(to_marks(text), lambda field, fallback: values[field] or fallback)


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def _blocks(letter: Letter, anchored: str) -> tuple[Block, ...]:
    sizes: dict[str, int] = {}
    for name, size in block_sizes(anchored):
        sizes[name] = sizes.get(name, 0) + size
    return tuple(
        Block(
            block.id, block.type, str(getattr(block, "title", "") or getattr(block, "text", "")), sizes.get(block.id, 0)
        )
        for block in editions_of(letter)[0].issue.blocks
        if not isinstance(block, Divider)
    )
