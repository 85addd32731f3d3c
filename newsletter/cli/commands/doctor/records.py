"""The DNS records by which receivers know that mail is ours: SPF, DKIM, DMARC, and the name of the sending address.

Sources: RFC 7208 (SPF), RFC 6376 §3.6 (DKIM), RFC 7489 §3.1, §6.6.3 (DMARC
alignment and discovery), RFC 8601 §2.7.3 (reverse names).  The organisational
domain is looked for by walking up the names, since no list of public suffixes
is at hand.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator, Mapping, Sequence

from newsletter.cli.commands.doctor import network
from newsletter.cli.commands.doctor.findings import Look, problem, unknown, well
from newsletter.cli.wiring import House
from newsletter.errors import NewsletterError

MOST_LOOKUPS = 10  # of one SPF record with all that it includes; RFC 7208 §4.6.4
_ASKING = ("include", "a", "mx", "ptr", "exists", "redirect")


async def spf(house: House) -> list[Look]:
    """Whether the domain of the envelope sender has one sound SPF record."""
    settings = house.settings.sender
    domain = _domain(settings.bounces or settings.address)
    found = [text for text in await network.names().txt(domain) if text.lower().split(" ")[0] == "v=spf1"]
    if not found:
        do = "add one TXT record; your provider says which, as: v=spf1 include:spf.provider.example -all"
        return [problem("SPF", f"{domain} has no record", do)]
    if len(found) > 1:
        return [problem("SPF", f"{domain} has {len(found)} records, so that none counts", "make one of them")]
    lookups = await _lookups(domain, found[0], set())
    told = f"{domain}: {found[0]}"
    if lookups > MOST_LOOKUPS:
        do = f"receivers stop after {MOST_LOOKUPS} look-ups (RFC 7208) and take none of it: shorten it"
        return [problem("SPF", f"{told} ({lookups} look-ups)", do)]
    if {"+all", "all"} & set(found[0].lower().split()):
        return [problem("SPF", told, "it lets everybody send in your name: end it with -all or ~all")]
    return [well("SPF", told, "whether it names the server that sends for you, a test mail shows")]


async def _lookups(domain: str, record: str, seen: set[str]) -> int:
    """How many questions a receiver has to ask because of a record."""
    seen.add(domain)
    number = 0
    for term in record.lower().split()[1:]:
        word = term.lstrip("+-~?")
        kind, _mark, value = word.replace("=", ":", 1).partition(":")
        if kind.partition("/")[0] not in _ASKING:
            continue
        number += 1
        if kind in ("include", "redirect") and value not in seen and "%" not in value and number <= MOST_LOOKUPS:
            inner = [text for text in await network.names().txt(value) if text.lower().startswith("v=spf1")]
            number += await _lookups(value, inner[0], seen) if inner else 0
    return number


async def dkim(house: House) -> list[Look]:
    """Whether the DNS holds the public half of our key, and only that."""
    from newsletter.adapters.names import NoAnswerError

    try:
        signer = house.dkim_signer()
    except NewsletterError as error:
        return [problem("DKIM", error.message, "docs/going-live.md tells how to make a key")]
    if signer is None:
        return [unknown("DKIM", "no key is set", "fine if your mail server signs; else set 'dkim:'")]
    name, value = signer.dns_record()
    do = f"the DNS must hold the TXT record\n  {name}\n  {value}"
    try:
        found = [tags(text) for text in await network.names().txt(name)]
    except NoAnswerError as error:
        return [unknown("DKIM", f"signs for {signer.domain}; the record could not be checked: {error}", do)]
    ours = tags(value)
    if not found:
        return [problem("DKIM", f"{name} has no record, so that nobody can verify what is signed", do)]
    if len(found) > 1:
        return [problem("DKIM", f"{name} has {len(found)} records, so that none is sure to count", do)]
    if (found[0].get("k", "rsa"), found[0].get("p")) != (ours["k"], ours["p"]):
        told = "is of another key" if found[0].get("p") else "says that the key is withdrawn"
        return [problem("DKIM", f"the record {name} {told}", do)]
    return [well("DKIM", f"{name} holds our key")]


async def dmarc(house: House) -> list[Look]:
    """Whether the sender's domain has a policy, and our signature or envelope is of that domain."""
    settings = house.settings
    sender = _domain(settings.sender.address)
    looks = []
    policy: Mapping[str, str] = {}
    for domain in _upwards(sender):
        found = [tags(text) for text in await network.names().txt(f"_dmarc.{domain}")]
        if some := [one for one in found if one.get("v") == "DMARC1"]:
            policy = some[0]
            looks.append(_policy(domain, some))
            break
    else:
        do = f"add the TXT record _dmarc.{sender}, to begin with: v=DMARC1; p=none; rua=mailto:…"
        looks.append(problem("DMARC", f"{sender} has no policy; large providers want one from bulk senders", do))
    envelope = _domain(settings.sender.bounces or settings.sender.address)
    by_envelope = _aligned(envelope, sender, strict=policy.get("aspf") == "s")
    if settings.dkim:
        if _aligned(settings.dkim.domain, sender, strict=policy.get("adkim") == "s"):
            looks.append(well("DKIM alignment", f"signs for {settings.dkim.domain}, mail comes from {sender}"))
        else:
            told = f"the key signs for {settings.dkim.domain}, but mail comes from {sender}"
            looks.append(problem("DKIM alignment", told, "use a key of the sender's own domain (DMARC)"))
    if by_envelope:
        looks.append(well("SPF alignment", f"the envelope is of {envelope}, mail comes from {sender}"))
    else:
        told = f"bounces go to {envelope}, but mail comes from {sender}, so that SPF says nothing for DMARC"
        do = "use an address of the sender's domain as sender.bounces; else all rests on the DKIM signature"
        looks.append(unknown("SPF alignment", told, do))
    return looks


def _policy(domain: str, found: Sequence[Mapping[str, str]]) -> Look:
    if len(found) > 1:
        return problem("DMARC", f"{domain} has {len(found)} policies, so that none counts", "make one of them")
    policy = found[0].get("p", "")
    if policy not in ("none", "quarantine", "reject"):
        return problem("DMARC", f"the policy of {domain} says p={policy}", "write p=none, quarantine or reject")
    do = "when the reports show that all your mail passes: p=quarantine, then p=reject" if policy == "none" else ""
    return well("DMARC", f"{domain}: p={policy}", do)


async def reverse(house: House) -> list[Look]:
    """Whether the address that mail leaves from has a name that leads back to it, where that can be known."""
    if house.settings.smtp is None:
        return [unknown("reverse name", "no mail server is named")]
    host = house.settings.smtp.host
    try:
        found = sorted({str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)})
    except OSError as error:
        return [unknown("reverse name", f"could not be checked: {host} cannot be looked up: {error.strerror}")]
    if any(network.is_own(address) for address in found):
        own = network.outgoing()
        if not own or not ipaddress.ip_address(own).is_global:
            told = "this machine sends by itself, and the address that others see is not known here"
            do = "have the owner of that address give it a PTR record that names a host of yours"
            return [unknown("reverse name", told, do)]
        look = await _reverse(own)
        return [look]
    looks = [await _reverse(address) for address in found[:2]]
    if bad := [look for look in looks if look.do]:
        do = "its owner may send from other addresses than this: ask, or look at a test mail"
        return [unknown("reverse name", f"{host}: {bad[0].found}", do)]
    return [well("reverse name", f"{host}: {looks[0].found}")]


async def _reverse(address: str) -> Look:
    found = await network.names().reverse(address)
    for name in found:
        if address in await network.names().addresses(name):
            return well("reverse name", f"{address} is {name}")
    told = f"{address} is called {found[0]}, which has another address" if found else f"{address} has no PTR record"
    return problem("reverse name", told, "have the owner of the address set it; large providers refuse mail otherwise")


def tags(record: str) -> dict[str, str]:
    """``v=DKIM1; k=rsa; p=…`` as a mapping, without spaces in values.  Source: RFC 6376 §3.2."""
    pairs = (part.partition("=") for part in record.split(";") if "=" in part)
    return {name.strip(): "".join(value.split()) for name, _equals, value in pairs}


def _upwards(domain: str) -> Iterator[str]:
    """The domain, and those above it down to two labels."""
    labels = domain.split(".")
    return (".".join(labels[at:]) for at in range(max(1, len(labels) - 1)))


def _aligned(one: str, other: str, *, strict: bool) -> bool:
    if strict:
        return one == other
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
