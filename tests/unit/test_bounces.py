"""Returned mail, read: who failed, how, and which of our mails it was."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.delivery.bounces import Kind, Origin, Returned, Sort, Verdict, read_returned
from newsletter.delivery.bounces.verdicts import MAX_DIAGNOSTIC, scrub
from tests.unit.returned import (
    BOUNCES,
    DIAGNOSTICS,
    MESSAGE_ID,
    READER_TOKEN,
    RETURNED_HEADERS,
    feedback,
    plain,
    recipient,
    status_report,
)

SAID = [(kind, said) for kind, words in DIAGNOSTICS.items() for said in words]


def read(data: bytes) -> Returned:
    return read_returned(data, BOUNCES)


def kinds(data: bytes) -> list[str]:
    return [verdict.kind.value for verdict in read(data).verdicts]


class TestDeliveryReports:
    @pytest.mark.parametrize(("kind", "said"), SAID)
    def test_words_of_a_server_decide(self, kind: str, said: str) -> None:
        assert kinds(status_report(recipient(said))) == [kind]

    def test_report_tells_address_status_words_and_mail(self) -> None:
        returned = read(status_report(recipient("550 5.1.1 <ana@example.com>: ana is unknown here", status="5.1.1")))
        assert returned.sort is Sort.FAILURE
        assert returned.verdicts == (
            Verdict(Kind.HARD, "ana@example.com", "5.1.1", "550 5.1.1 <…>: … is unknown here"),
        )
        assert returned.origin == Origin(MESSAGE_ID, "", READER_TOKEN)

    @pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "delivered", "Delayed (will be retried)"])
    def test_what_goes_on_is_no_failure(self, action: str) -> None:
        returned = read(status_report(recipient("451 busy", status="4.4.1", action=action)))
        assert (returned.sort, returned.verdicts) == (Sort.NOTICE, ())

    def test_each_failed_recipient_has_a_verdict(self) -> None:
        groups = [
            recipient("550 User unknown", address="ana@example.com"),
            recipient("552 Mailbox full", address="luis@example.com"),
            recipient("250 ok", status="2.0.0", action="relayed", address="rosa@example.com"),
        ]
        found = {verdict.address: verdict.kind for verdict in read(status_report(*groups)).verdicts}
        assert found == {"ana@example.com": Kind.HARD, "luis@example.com": Kind.SOFT}

    def test_original_recipient_is_whom_we_wrote_to(self) -> None:
        group = f"Original-Recipient: rfc822;ana@example.com\n{recipient('550 User unknown', address='x@example.net')}"
        assert read(status_report(group)).verdicts[0].address == "ana@example.com"

    def test_empty_words_leave_it_to_the_code(self) -> None:
        assert kinds(status_report(recipient("", status="5.1.1"))) == ["hard"]
        assert kinds(status_report(recipient("", status="5.2.2"))) == ["soft"]
        assert kinds(status_report(recipient("", status="5.7.1"))) == ["sender"]

    def test_reason_that_only_people_are_told_counts(self) -> None:
        report = status_report(recipient("", status="5.0.0"), prose="Reason: recipient reached disk quota")
        assert kinds(report) == ["soft"]

    def test_failure_that_explains_nothing_is_soft(self) -> None:
        assert kinds(status_report(recipient("550 failed", status="5.0.0"))) == ["soft"]

    def test_report_forwarded_as_an_attachment_is_read(self) -> None:
        inner = status_report(recipient("550 User unknown"))
        head = b'From: a@example.net\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary="=_0"\r\n\r\n--=_0\r\n'
        assert kinds(head + b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--=_0--\r\n") == ["hard"]

    @pytest.mark.parametrize("written", [r"se\x{F1}ora\x{2B}x@example.com", "señora+x@example.com"])
    def test_report_about_an_address_beyond_ascii_is_read(self, written: str) -> None:
        group = f"Original-Recipient: utf-8; {written}\n{recipient('550 5.1.1 User unknown', address='x@example.net')}"
        data = status_report(group)
        for kind in (b"message/delivery-status", b"message/global-delivery-status"):
            (verdict,) = read(data.replace(b"message/delivery-status", kind)).verdicts
            assert (verdict.kind, verdict.address) == (Kind.HARD, "señora+x@example.com")
        returned = read(data.replace(b"text/rfc822-headers", b"message/global-headers"))
        assert returned.origin == Origin(MESSAGE_ID, "", READER_TOKEN)

    def test_words_about_a_host_are_not_about_the_reader(self) -> None:
        said = "host mx.spam.nosuchuser.example.net[192.0.2.1] said: 552 5.2.2 Mailbox full; see https://a.example/unknown-user"
        assert kinds(status_report(recipient(said))) == ["soft"]


class TestWordsForPeople:
    def test_bounce_without_a_report_is_read(self) -> None:
        text = (
            "A message that you sent could not be delivered to one or more of its recipients.\n\n"
            "  ana@example.com\n    550 5.1.1 User unknown\n\n------ This is a copy of the message. ------\n\n"
            + RETURNED_HEADERS.replace("\r\n", "\n")
        )
        returned = read(plain(text))
        assert [(verdict.kind, verdict.address) for verdict in returned.verdicts] == [(Kind.HARD, "ana@example.com")]
        assert returned.origin == Origin(MESSAGE_ID, "", READER_TOKEN)

    def test_spanish_bounce_is_read(self) -> None:
        text = "Su mensaje no pudo ser entregado.\n\n<ana@example.com>:\nEl buzón del destinatario está lleno."
        assert kinds(plain(text, Subject="Mensaje devuelto")) == ["soft"]

    def test_each_of_several_addresses_has_its_own_reason(self) -> None:
        text = (
            "Unable to deliver message to:\n\n<ana@example.com>:\nUser unknown\n\n<luis@example.com>:\nMailbox full\n"
        )
        found = {verdict.address: verdict.kind for verdict in read(plain(text)).verdicts}
        assert found == {"ana@example.com": Kind.HARD, "luis@example.com": Kind.SOFT}

    def test_bounce_that_names_nobody_has_a_verdict_without_address(self) -> None:
        (verdict,) = read(plain("Your mail could not be delivered: the mailbox does not exist.")).verdicts
        assert (verdict.kind, verdict.address) == (Kind.HARD, "")

    def test_warning_of_a_delay_is_no_failure(self) -> None:
        text = "Your message to ana@example.com has not yet been delivered. Delivery attempts will continue."
        assert read(plain(text, Subject="Warning: message delayed 24 hours")).sort is Sort.NOTICE


class TestComplaints:
    @pytest.mark.parametrize("sort", ["abuse", "fraud", "opt-out", "other", "something-new"])
    def test_complaint_is_one(self, sort: str) -> None:
        returned = read(feedback(sort, fields="Original-Rcpt-To: ana@example.com\r\n"))
        assert returned.sort is Sort.COMPLAINT
        assert [(verdict.kind, verdict.address) for verdict in returned.verdicts] == [
            (Kind.COMPLAINT, "ana@example.com")
        ]
        assert returned.origin.reader_token == READER_TOKEN

    def test_not_spam_is_no_complaint(self) -> None:
        assert read(feedback("not-spam")).sort is Sort.NOTICE

    def test_failed_authentication_is_for_staff(self) -> None:
        assert kinds(feedback("auth-failure")) == ["sender"]

    def test_address_may_be_hidden(self) -> None:
        assert read(feedback("abuse")).verdicts[0].address == ""


class TestAnswers:
    @pytest.mark.parametrize(
        ("subject", "fields"),
        [
            ("Automatic reply: News", {}),
            ("Respuesta automática: News", {}),
            ("Out of Office: User unknown", {}),
            ("Fuera de la oficina", {"Auto_Submitted": "auto-replied"}),
            ("Abwesenheitsnotiz", {}),
            ("Re: News", {"Auto_Submitted": "auto-replied (vacation)"}),
            ("Re: News", {"X_Autoreply": "yes"}),
            ("Gracias", {"Precedence": "auto_reply"}),
        ],
    )
    def test_vacation_message_is_no_bounce(self, subject: str, fields: dict[str, str]) -> None:
        text = "I am away. Mail to ana@example.com is not delivered; that mailbox no longer exists."
        data = plain(text, sender="Ana <ana@example.com>", Subject=subject, Return_Path="<>", **fields)
        returned = read(data)
        assert (returned.sort, returned.verdicts) == (Sort.AUTOMATIC, ())

    def test_challenge_is_no_bounce(self) -> None:
        text = "Your mail was not delivered. Please click here to verify that you are a human sender."
        assert read(plain(text, sender="ana@example.com", Subject="Please confirm")).verdicts == ()

    def test_reply_that_quotes_a_bounce_is_left_to_people(self) -> None:
        text = "Is this you?\n\n> Your message could not be delivered.\n> <ana@example.com>: 550 User unknown\n"
        data = plain(text, sender="Ana <ana@example.com>", Subject="Re: Undelivered Mail Returned to Sender")
        assert read(data).sort is Sort.OTHER

    def test_reply_of_a_reader_is_left_to_people(self) -> None:
        text = "Mi dirección ya no existe desde mayo; por favor escríbanme a la otra. ¡Gracias!"
        assert read(plain(text, sender="Luis <luis@example.com>", Subject="Re: Noticias")).sort is Sort.OTHER

    def test_receipt_is_no_bounce(self) -> None:
        data = plain("Your message was displayed.", sender="ana@example.com", Subject="Read: News")
        assert read(data).verdicts == ()


class TestRequests:
    @pytest.mark.parametrize("subject", [f"unsubscribe {READER_TOKEN}", f"Unsubscribe: {READER_TOKEN} "])
    def test_request_to_unsubscribe_carries_the_token(self, subject: str) -> None:
        returned = read(plain("", sender="ana@example.com", Subject=subject))
        assert (returned.sort, returned.origin) == (Sort.UNSUBSCRIBE, Origin(reader_token=READER_TOKEN))

    @pytest.mark.parametrize("subject", ["unsubscribe", "Re: unsubscribe me please", "unsubscribe short"])
    def test_request_without_a_token_is_left_to_people(self, subject: str) -> None:
        assert read(plain("", sender="ana@example.com", Subject=subject)).sort is Sort.OTHER


class TestTokens:
    @pytest.mark.parametrize("name", ["Delivered-To", "X-Original-To", "Envelope-To", "To"])
    def test_token_is_read_from_where_the_mail_was_sent_to(self, name: str) -> None:
        data = f"{name}: Bounces+3-14-ABCDEFGH234567XY@News.Example.org\r\n".encode()
        data += status_report(recipient("550 User unknown"), to="x@example.org")
        assert read(data).origin.delivery_token == "3-14-ABCDEFGH234567XY"

    def test_token_is_read_from_what_the_mail_server_tells(self) -> None:
        address = "bounces+3-14-abcdefgh234567xy@news.example.org"
        data = status_report(recipient("550 User unknown"))
        assert read_returned(data, BOUNCES, address).origin.delivery_token == "3-14-abcdefgh234567xy"

    def test_token_of_another_address_is_none(self) -> None:
        data = status_report(recipient("550 User unknown"), to="bounces+3-14-abcdefgh234567xy@example.net")
        assert read(data).origin.delivery_token == ""

    def test_envelope_id_stands_for_the_message_id(self) -> None:
        data = status_report(recipient("550 User unknown"), returned="Subject: cut\r\n")
        named = data.replace(b"Reporting-MTA:", b"Original-Envelope-Id: dGhpcyBpcyBubyBtYWM\r\nReporting-MTA:")
        assert read(named).origin.message_id == "<dGhpcyBpcyBubyBtYWM@>"


class TestHostileBytes:
    @settings(deadline=None)
    @given(st.binary(max_size=3000))
    def test_any_bytes_are_read(self, data: bytes) -> None:
        assert read(data).sort in Sort

    @settings(max_examples=300, deadline=None)
    @given(st.data())
    def test_a_bounce_that_was_damaged_is_read(self, data: st.DataObject) -> None:
        groups = [recipient("550 5.1.1 User unknown"), recipient("552 full", address="luis@example.com")]
        whole = data.draw(st.sampled_from([status_report(*groups), feedback("abuse"), plain("could not be delivered")]))
        for _ in range(data.draw(st.integers(1, 6))):
            at = data.draw(st.integers(0, len(whole)))
            end = data.draw(st.integers(at, min(len(whole), at + 80)))
            whole = whole[:at] + data.draw(st.binary(max_size=40)) + whole[end:]
        for verdict in read(whole).verdicts:
            assert "@" not in verdict.diagnostic
            assert verdict.diagnostic.isprintable()
            assert verdict.address.isprintable()

    @pytest.mark.parametrize("odd", [b"a\x00b@example.com", b"a\xffb@example.com", b"a" * 400 + b"@example.com"])
    def test_an_address_that_no_database_holds_is_none(self, odd: bytes) -> None:
        data = status_report(recipient("550 5.1.1 User unknown", address="ODD")).replace(b"ODD", odd)
        (verdict,) = read(data).verdicts
        assert verdict.address in ("", "aÿb@example.com")

    @settings(deadline=None)
    @given(st.text(max_size=400), st.emails())
    def test_words_that_are_kept_hold_no_address(self, text: str, address: str) -> None:
        kept = scrub(f"{text} <{address}> {text}", address)
        assert "@" not in kept
        assert len(kept) <= MAX_DIAGNOSTIC
        assert kept.isprintable()

    @pytest.mark.parametrize(
        "data",
        [
            b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(20_000)),
            b"".join(b"Content-Type: message/rfc822\r\n\r\n" for _ in range(50_000)),
            b"Content-Type:\r\n multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\n" * 200_000,
            b"From: mailer-daemon@example.net\r\nSubject: failure notice\r\n\r\n" + b"a" * 3_000_000,
            b"From: mailer-daemon@example.net\r\nSubject: failure notice\r\n\r\n" + b"<a@" * 500_000,
            b"From: mailer-daemon@example.net\r\nSubject: failure notice\r\n\r\n" + b"user " * 500_000,
            b"From: mailer-daemon@example.net\r\nSubject: failure notice\r\n\r\n" + b"\r\n" * 1_000_000,
            b"From: mailer-daemon@example.net\r\nSubject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n\r\nx",
            b"Content-Type: text/html\r\nFrom: postmaster@example.net\r\n\r\n" + b"<p<style" * 200_000,
            b"From: postmaster@example.net\r\nDelivered-To: " + b"(" * 500_000 + b"\r\n\r\nx",
            b"X-Failed-Recipients: " + b"a.b" * 300_000 + b"\r\nFrom: postmaster@example.net\r\n\r\nundelivered",
            status_report(*[recipient("550 no such user", address=f"a{n}@example.com") for n in range(20_000)]),
        ],
        ids=["multiparts", "mails", "parts", "line", "brackets", "words", "lines", "subject", "html", "comments",
             "recipients", "groups"],
    )  # fmt: skip
    def test_huge_or_twisted_mail_takes_no_time(self, data: bytes) -> None:
        began = time.process_time()
        read(data)
        assert time.process_time() - began < 4.0
