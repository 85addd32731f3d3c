"""People with letters beyond ASCII before the @: on the list, in a campaign, through servers that can and cannot."""

from __future__ import annotations

import email
import email.policy
import unicodedata

from newsletter.adapters.smtp import SmtpServer
from newsletter.delivery.message import Mail, Message
from newsletter.delivery.states import State
from tests.integration.conftest import Space
from tests.integration.servers import Script, real_server, scripted_server

LIST = (
    "ana@example.org,Ana Núñez,es,supporter,",
    "señora@example.org,Señora Ñandú,es,supporter,",
    "用户@例え.example.org,,en,supporter,",
    "zoe@example.org,Zoë,en,supporter,",
)
BEYOND = {"señora@example.org", "用户@xn--r8jz45g.example.org"}
EVERYBODY = BEYOND | {"ana@example.org", "zoe@example.org"}


def import_people(space: Space) -> None:
    space.write_list(*LIST)
    space.run("subscribers", "import", "list.csv")


def test_a_server_that_can_carries_them_and_says_so_for_nobody_else(space: Space) -> None:
    import_people(space)
    with real_server(smtputf8=True) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert set(inbox.recipients()) == EVERYBODY
    for (_sender, recipient, message), said in zip(inbox.messages, inbox.commands, strict=True):
        assert ("SMTPUTF8" in said.split()) is ("BODY=8BITMIME" in said.split()) is (recipient in BEYOND)
        assert message.isascii() is (recipient not in BEYOND)
        parsed = email.message_from_string(message.decode(), policy=email.policy.SMTPUTF8)
        assert not parsed.defects
        assert [address.addr_spec for address in parsed["To"].addresses] == [recipient]
        beyond = [line for line in message.split(b"\r\n") if not line.isascii()]
        assert all(recipient.encode() in line for line in beyond), "nothing but the address is raw"


def test_a_server_that_cannot_costs_only_them_their_copy(space: Space) -> None:
    import_people(space)
    with scripted_server(Script(extensions=("PIPELINING", "8BITMIME"))) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=3)
        shown = space.run("campaigns", "show", "1", "--json").stdout
    assert set(inbox.recipients()) == EVERYBODY - BEYOND
    assert "2 rejected" in done.stderr
    assert "does not offer SMTPUTF8, which 'ñ' in the address needs" in shown
    assert "用户@xn--r8jz45g.example.org" in shown
    assert len([command for command in inbox.commands if command.startswith("MAIL")]) == 2, "no MAIL for the others"
    space.run("campaigns", "resolve", "1", "--rejected", "resend")
    with real_server(smtputf8=True) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "-s", "everybody", "--yes")
    assert set(inbox.recipients()) == BEYOND


def test_any_number_of_them_does_not_brake_the_run(space: Space) -> None:
    space.write_list(*(f"señora{n}@example.org,Ana,es,," for n in range(45)), "zoe@example.org,Zoë,en,,")
    space.run("subscribers", "import", "list.csv")
    with scripted_server(Script()) as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "-s", "everybody", "--yes", code=3)
    assert inbox.recipients() == ["zoe@example.org"]
    assert "45 rejected" in done.stderr


async def test_a_server_that_takes_back_its_offer_does_not_end_the_run() -> None:
    script = Script(extensions=("PIPELINING", "8BITMIME", "SMTPUTF8"))
    with scripted_server(script) as inbox:
        way = SmtpServer("127.0.0.1", inbox.port, "none", "", "", mail_from="bounces@example.org", timeout=5)
        session = await way.connect()
        script.replies = lambda verb, _to: "550 5.6.7 no such addresses here" if verb == "MAIL" else None
        refused = await session.send(
            Mail("señora@example.org", "1", Message.of("To: señora@example.org\r\n\r\nHola\r\n".encode()))
        )
        script.replies = lambda _verb, _to: None
        accepted = await session.send(Mail("ana@example.org", "2", Message.of(b"To: ana@example.org\r\n\r\nHola\r\n")))
        await session.close()
    assert (refused.state, refused.reply) == (State.REJECTED, "550 5.6.7 no such addresses here")
    assert accepted.state is State.ACCEPTED


def test_a_test_send_reaches_them_or_says_why_not(space: Space) -> None:
    with real_server(smtputf8=True) as inbox:
        space.set("smtp", port=inbox.port)
        space.run("send", "june", "--to", "sen\u0303ora@example.org")
    assert inbox.recipients() == ["señora@example.org"] * 2
    with real_server() as inbox:
        space.set("smtp", port=inbox.port)
        done = space.run("send", "june", "--to", "señora@example.org", code=3)
    assert not inbox.messages
    assert "en: rejected: not sent: the mail server does not offer SMTPUTF8" in done.stdout


def test_capitals_and_ways_to_code_an_accent_make_no_second_person(space: Space) -> None:
    import_people(space)
    space.write_list(unicodedata.normalize("NFD", "SEÑORA@example.org") + ",Señora Ñandú,es,board,")
    assert "0 added, 1 changed" in space.run("subscribers", "import", "list.csv").stdout
    space.write_list("señora@example.org,S,es,,", unicodedata.normalize("NFD", "señora@EXAMPLE.org") + ",S,es,,")
    again = space.run("subscribers", "import", "list.csv", code=1)
    assert "line 3 did not go in: the same address as in line 2" in again.stderr


def test_they_are_found_shown_and_let_go_however_they_are_written(space: Space) -> None:
    import_people(space)
    for written in ("señora@example.org", "sen\u0303ora@example.org", "SEÑORA@Example.org"):
        assert "señora@example.org" in space.run("subscribers", "show", written).stdout
    assert "用户@xn--r8jz45g.example.org" in space.run("subscribers", "show", "用户@例え.example.org").stdout
    space.run("subscribers", "unsubscribe", "SEN\u0303ORA@example.org")
    with real_server(smtputf8=True) as inbox:
        space.set("smtp", port=inbox.port)
        listed = space.run("send", "june", "-s", "everybody", "--dry-run").stdout
        space.run("send", "june", "-s", "everybody", "--yes")
    assert set(inbox.recipients()) == EVERYBODY - {"señora@example.org"}
    assert "用户@xn--r8jz45g.example.org" in listed
    assert "señora" not in listed


def test_a_hostile_address_is_named_at_the_import_and_the_others_go_in(space: Space) -> None:
    space.write_list("señ\u202eora@example.org,Eve,en,,", "señora@example.org,Ana,es,,", "seÃ±ora@example.org,Eva,en,,")
    done = space.run("subscribers", "import", "list.csv", code=1)
    assert "1 added" in done.stdout
    assert "line 2 did not go in: The email address contains unsafe characters: RIGHT-TO-LEFT OVERRIDE" in done.stderr
    assert "line 4 did not go in: before the @ stands PLUS-MINUS SIGN" in done.stderr


def test_addresses_in_the_settings_stay_in_ascii(space: Space) -> None:
    space.set("sender", address="señora@example.org")
    assert "before the @-sign are not supported" in space.run("check", code=2).stderr
