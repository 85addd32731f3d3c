"""A DNS server for the tests: it knows some records, and says of every other name that it does not exist.

python -m tests.integration.dns_server PORT NAME VALUE     serves one TXT record until it is killed
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from dnslib import AAAA, NS, PTR, QTYPE, RR, TXT, A, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

Records = Mapping[tuple[str, str], Sequence[str]]
"""Values by (name, type)."""


class Known(BaseResolver):  # type: ignore[misc]
    """Answers for these names only."""

    def __init__(self, records: Records, *, world: bool = True) -> None:
        self.records = records
        self.world = world  # whether top-level domains exist

    def resolve(self, request: DNSRecord, _handler: DNSHandler) -> DNSRecord:
        reply = request.reply()
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        kinds = {known for known_name, known in self.records if known_name == name}
        if self.world and "." not in name and kind == "NS":
            reply.add_answer(RR(request.q.qname, QTYPE.NS, rdata=NS("ns.example.org")))
        elif not kinds:
            reply.header.rcode = 3
        for wanted in kinds if kind == "ANY" else {kind} & kinds:
            for value in self.records[name, wanted]:
                reply.add_answer(RR(request.q.qname, getattr(QTYPE, wanted), rdata=_data(wanted, value)))
        return reply


def _data(kind: str, value: str) -> object:
    if kind != "TXT":
        return {"A": A, "AAAA": AAAA, "PTR": PTR}[kind](value)
    # A string of a TXT record holds at most 255 octets; longer values are split (RFC 6376 §3.6.2.2).
    return TXT([value[at : at + 255].encode() for at in range(0, len(value), 255)])


def _on_one_port(known: Known) -> tuple[DNSServer, DNSServer]:
    """A server for UDP and one for TCP, on the same free port; another is tried if TCP's is taken."""
    silent = DNSLogger(logf=lambda _line: None)
    for attempt in range(20):
        udp = DNSServer(known, address="127.0.0.1", port=0, logger=silent)
        port = udp.server.server_address[1]
        try:
            return udp, DNSServer(known, address="127.0.0.1", port=port, tcp=True, logger=silent)
        except OSError:
            udp.server.server_close()
            if attempt == 19:
                raise
    raise AssertionError("unreachable")


@contextlib.contextmanager
def dns_server(records: Records, *, world: bool = True) -> Iterator[int]:
    """Serve on a free loopback port, over UDP and TCP; yields the port."""
    udp, tcp = _on_one_port(Known(records, world=world))
    port = udp.server.server_address[1]
    servers = (udp.server, tcp.server)
    for server in servers:  # dnslib's own way to start them needs half a second for each to stop
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield port
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


if __name__ == "__main__":
    port, name, value = sys.argv[1:]
    for tcp in (False, True):
        DNSServer(Known({(name, "TXT"): [value]}), address="127.0.0.1", port=int(port), tcp=tcp).start_thread()
    print("ready", flush=True)  # noqa: T201 - tells the script that starts it
    time.sleep(300)
