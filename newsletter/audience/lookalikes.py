"""Addresses that are probably mistyped, or probably the same person's.  Reported to staff, never changed.

A domain is suspicious when a well-known one comes out of it by adding,
leaving out or changing one letter, or by putting one in another place:
``gmial.com``, ``hotnail.com``, ``gmail.con``.  Nothing is looked up.

Two addresses are near when they differ only in what comes after a ``+``
(RFC 5233 §1.1), or, at Gmail, in dots: "Dots don't matter in Gmail addresses".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from newsletter.audience.subscribers import address_key

# Domains of many mailboxes, by their owners' own pages; also those that look like another's misspelling and are none.
WELL_KNOWN = (
    "aim.com", "aol.com", "att.net", "bellsouth.net", "charter.net", "comcast.net", "cox.net", "earthlink.net",
    "email.com", "fastmail.com", "gmail.com", "gmx.com", "gmx.net", "googlemail.com", "hotmail.com", "hotmail.es",
    "hotmail.com.mx", "icloud.com", "juno.com", "live.com", "live.com.mx", "mac.com", "mail.com", "me.com",
    "msn.com", "outlook.com", "outlook.es", "pm.me", "prodigy.net.mx", "proton.me", "protonmail.com", "riseup.net",
    "rocketmail.com", "sbcglobal.net", "verizon.net", "yahoo.com", "yahoo.com.mx", "yahoo.es", "ymail.com",
)  # fmt: skip
GMAIL = ("gmail.com", "googlemail.com")
SHORTEST = 7  # characters of a domain that is compared: below, one letter makes it another's too easily


def near_key(email: str) -> str:
    """What near addresses have in common."""
    local, _at, domain = address_key(email).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in GMAIL:
        return f"{local.replace('.', '')}@{GMAIL[0]}"
    return f"{local}@{domain}"


@cache
def likely_domain(domain: str) -> str:
    """The well-known domain that was probably meant; "" if this one is well known, or like none."""
    if domain in WELL_KNOWN or len(domain) < SHORTEST:
        return ""
    found = {known for short in (domain, *_shorter(domain)) for known in _by_shorter().get(short, ())}
    return min(found, key=WELL_KNOWN.index, default="")


@cache
def _by_shorter() -> dict[str, list[str]]:
    """The well-known domains by what is left of each when a letter is taken away, and by themselves.

    Two words that have such a rest in common are one letter apart.
    """
    found: dict[str, list[str]] = {}
    for known in WELL_KNOWN:
        for short in {known, *_shorter(known)} if len(known) >= SHORTEST else ():
            found.setdefault(short, []).append(known)
    return found


def _shorter(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))
