"""A DNS server that knows one TXT record, for judges of DKIM that ask the DNS.

python -m tests.integration.dns_server PORT NAME VALUE     serves until it is killed
"""

from __future__ import annotations

import sys
import time

from dnslib import QTYPE, RR, TXT, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSServer


class OneRecord(BaseResolver):  # type: ignore[misc]
    """Answers for one name, and says of every other that it does not exist."""

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        # A string of a TXT record holds at most 255 octets; longer values are split (RFC 6376 §3.6.2.2).
        self.value = [value[at : at + 255] for at in range(0, len(value), 255)]

    def resolve(self, request: DNSRecord, _handler: DNSHandler) -> DNSRecord:
        reply = request.reply()
        if str(request.q.qname).rstrip(".").lower() == self.name and QTYPE[request.q.qtype] in ("TXT", "ANY"):
            reply.add_answer(RR(request.q.qname, QTYPE.TXT, rdata=TXT([part.encode() for part in self.value])))
        else:
            reply.header.rcode = 3
        return reply


if __name__ == "__main__":
    port, name, value = sys.argv[1:]
    for tcp in (False, True):
        DNSServer(OneRecord(name, value), address="127.0.0.1", port=int(port), tcp=tcp).start_thread()
    print("ready", flush=True)  # noqa: T201 - tells the script that starts it
    time.sleep(300)
