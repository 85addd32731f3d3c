"""Words for people → verdicts: servers that send no report, or an empty one.

flufl.bounce knows where many of them put the address.  It does not know what
the failure means (nearly all are permanent to it), nor what an answer is.
"""

from __future__ import annotations

import logging
import re
from email import message_from_bytes

from flufl.bounce import all_failures

from newsletter.delivery.bounces.automatic import from_nobody, is_automatic, is_daemon
from newsletter.delivery.bounces.mime import Parts, header
from newsletter.delivery.bounces.verdicts import Kind, Verdict, scrub
from newsletter.delivery.bounces.words import by_words, judge, read_codes

MAX_GUESSED = 64 * 1024  # bytes that flufl.bounce gets: it goes through all lines a hundred times
MAX_LINE = 300  # bytes of a line that it gets: some of its patterns take the square of that
MAX_ADDRESSES = 20
MIN_SAID = 20  # characters behind an address that can be a reason
_LINE = re.compile(rb"[^\n]{%d}(?=[^\n])" % MAX_LINE)
_FAILURE = re.compile(
    r"(?:undeliver|error (?:(?:has )?occurred )?(?:while |when )?(?:trying to |attempting to )?(?:sending|deliver)|"
    r"not (?:be )?deliver|(?:could|can|was|were)(?: ?n[o']t| not)(?: be)? (?:deliver|sent|reach|complet)|"
    r"deliver\w* (?:has |have )?(?:fail|problem|error|abort)|fail\w* (?:mail|deliver|recipient|address)|"
    r"deliver\w*\b.{0,60}\b(?:failed|aborted|unsuccessful|impossible)|failure (?:notice|deliver)|"
    r"(?:permanent|fatal|delivery) (?:error|fail)|unable to deliver|returned (?:mail|to sender)|returning message|"
    r"did not (?:reach|receive)|not delivered|mail (?:failed|failure|error)|non-?delivery|has been returned|"
    r"rejected|invalid (?:final|user|recipient)|bounce|no se (?:ha )?(?:pudo|podido|puede) (?:entregar|enviar)|"
    r"no pudo ser entregad|no entregad|devuelto|error de entrega|non remis|n'a pas pu|nicht zugestellt|unzustellbar|"
    r"non recapitat|impossibile (?:consegnare|recapitare)|nao (?:pode|foi|pôde) (?:ser )?(?:entreg|enviad)|"
    r"não (?:pode|foi|pôde) (?:ser )?(?:entreg|enviad)|kan (?:inte|ikke|niet) (?:leverera|levere|worden)|"
    r"niet (?:worden )?(?:bezorgd|afgeleverd)|не может быть доставлен|не доставлен|недоставлен|"
    r"配信できません|送信できません|エラーメール|无法(?:发送|投递)|退信|exceeded maximum delivery)",
    re.IGNORECASE | re.DOTALL,
)
_DELAY = re.compile(
    r"(?:still being retried|is delayed|only a temporary|will be retried|(?:will|shall) (?:continue|keep) (?:trying|"
    r"to try|to attempt|to be made)|"
    r"attempts? will continue|continue to be made|warning (?:only|message only)|just a warning|has been delayed|"
    r"delayed mail|\(delay\)|not yet been delivered|been postponed|seguira intentando|seguirá intentando|"
    r"no need to resend|you do not need to (?:resend|take)|wird weiterhin versucht|noch nicht zugestellt)",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(r"given up|giving up|permanent(?:ly)?|will not be retried|se ha desistido", re.IGNORECASE)
_REPLY = re.compile(r"^\s*(?:re|aw|sv|rv|antw|fwd?|wg|tr)\s*:", re.IGNORECASE)
_BRACKETED = re.compile(r"<([^\s<>@]{1,64}@[^\s<>@]{1,255})>")
_BARE = re.compile(r"(?<![\w.+-])([\w.+'/=-]{1,64}@[\w.-]{1,255}\w)")
_OFFICES = ("postmaster", "mailer-daemon", "abuse", "hostmaster", "support", "helpdesk", "help", "webmaster")

logging.getLogger("flufl.bounce").disabled = True  # it logs what it fails at, with all that was in the mail


def is_delay(parts: Parts) -> bool:
    """Whether it is a mail system's, and only says that it goes on trying."""
    subject = header(parts.outer, "Subject")
    return is_daemon(parts) and bool(
        _DELAY.search(subject) or (_DELAY.search(parts.prose) and not _GIVEN_UP.search(parts.prose))
    )


def failures(parts: Parts, data: bytes) -> tuple[Verdict, ...] | None:
    """A verdict for each address that a mail system says has failed; None if no mail system says so.

    One verdict without an address where it says that something failed, and not for whom.
    """
    subject = header(parts.outer, "Subject")
    entitled = bool(_FAILURE.search(subject)) and not _REPLY.search(subject)
    if not is_daemon(parts) and (is_automatic(parts) or not (entitled or from_nobody(parts))):
        return None
    said = entitled or bool(_FAILURE.search(parts.prose))
    # A subject may hold the reason, as those of Domino do.
    words = f"{parts.prose}\n{subject}"
    guessed = _named(parts) or _guessed(data)
    if not said and not (guessed and is_daemon(parts)) and by_words(words, read_codes(words)) is not Kind.HARD:
        return None
    addresses = guessed or _found(parts.prose)
    if not addresses:
        return (_verdict("", parts.prose, words),)
    return tuple(_verdict(address, _passage(parts.prose, address, addresses), words) for address in addresses)


def _verdict(address: str, passage: str, words: str) -> Verdict:
    codes = read_codes(passage, words)
    at = passage.find(address)
    said = passage[at:] if at >= 0 and len(passage) - at > len(address) + MIN_SAID else passage or words
    return Verdict(judge(codes, passage, words), address, codes.status, scrub(said, address))


def _named(parts: Parts) -> list[str]:
    """The addresses that Exim and Gmail name in a header field."""
    named = header(parts.outer, "X-Failed-Recipients")
    return list(dict.fromkeys(_BARE.findall(named)))[:MAX_ADDRESSES]


def _guessed(data: bytes) -> list[str]:
    """The addresses that flufl.bounce finds."""
    short = _LINE.sub(lambda line: line[0] + b"\n", data[:MAX_GUESSED])
    try:
        temporary, permanent = all_failures(message_from_bytes(short))
    except Exception:  # it was not written for every possible mail, and says so by raising anything
        return []
    found = sorted(address.decode("ascii", "replace") for address in {*temporary, *permanent})
    return [address for address in found if "@" in address and address.isprintable()][:MAX_ADDRESSES]


def _found(prose: str) -> list[str]:
    """The addresses that stand in the words, those in angle brackets first; not those of postmasters."""
    for pattern in (_BRACKETED, _BARE):
        found = dict.fromkeys(pattern.findall(prose))
        people = [address for address in found if address.partition("@")[0].casefold() not in _OFFICES]
        if people:
            return people[:MAX_ADDRESSES]
    return []


def _passage(prose: str, address: str, addresses: list[str]) -> str:
    """What is said about one of several addresses: from where it stands to where the next one does."""
    if len(addresses) == 1:
        return prose
    lower = prose.casefold()
    places = sorted(place for other in addresses if (place := lower.find(other.casefold())) >= 0)
    begin = lower.find(address.casefold())
    end = next((place for place in places if place > begin), len(prose))
    return prose[begin:end] if begin >= 0 else ""
