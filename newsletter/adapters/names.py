"""Questions to the DNS: what a name's records are, and what name an address has.

An answer that says "there is none" is told apart from no answer at all: a
machine without a network must not look like a domain without records.
Source: RFC 1035; RFC 2308 (negative answers).
"""

from __future__ import annotations

from typing import Any

import dns.asyncresolver
import dns.exception
import dns.resolver
import dns.reversename

LIFETIME = 8.0  # seconds for one question, with all its repetitions


class NoAnswerError(Exception):
    """The DNS cannot be asked just now, or does not answer; str() says why, in a few words."""


class Names:
    """The DNS, through the servers that this machine asks; or through ``resolver``."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver

    async def txt(self, name: str) -> list[str]:
        """The TXT records, each with its strings joined (RFC 7208 §3.3); [] if there are none."""
        return [b"".join(record.strings).decode("utf-8", "replace") for record in await self._ask(name, "TXT")]

    async def addresses(self, host: str) -> list[str]:
        """Its IPv4 and IPv6 addresses; [] if there are none."""
        return [str(record.address) for kind in ("A", "AAAA") for record in await self._ask(host, kind)]

    async def reverse(self, address: str) -> list[str]:
        """The names that an address has by its PTR records; [] if it has none."""
        records = await self._ask(dns.reversename.from_address(address).to_text(), "PTR")
        return [record.target.to_text().rstrip(".").lower() for record in records]

    async def _require_world(self, name: str) -> None:
        """NoAnswerError unless the top-level domain is known: in a closed network, a server may deny everything."""
        top = name.rstrip(".").rpartition(".")[2]
        if top and name != top and not await self._ask(top, "NS"):
            raise NoAnswerError(f"the DNS server of this machine does not even know '.{top}'")

    async def _ask(self, name: str, kind: str) -> list[Any]:
        try:
            resolver = self._resolver or dns.asyncresolver.Resolver()
            return list(await resolver.resolve(name, kind, lifetime=LIFETIME, search=False))
        except dns.resolver.NoAnswer:
            return []
        except dns.resolver.NXDOMAIN:
            await self._require_world(name)
            return []
        except dns.resolver.NoNameservers:
            raise NoAnswerError("no DNS server has an answer") from None
        except dns.resolver.NoResolverConfiguration:
            raise NoAnswerError("this machine knows no DNS server") from None
        except dns.exception.Timeout:
            raise NoAnswerError("no DNS server answers") from None
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswerError(f"the DNS cannot be asked: {error}") from None
