"""Forms of many parts, as a browser sends them and as those do who mean harm."""

from __future__ import annotations


def part(name: str, value: bytes, head: bytes = b"") -> bytes:
    return (
        b'--b\r\nContent-Disposition: form-data; name="' + name.encode() + b'"' + head + b"\r\n\r\n" + value + b"\r\n"
    )


# What the parsers for mail of the standard library read for up to half a minute each.
HORRORS = (b";" * 60_000, b'"' * 60_000, b"[ " * 30_000, b"(" * 60_000, b"; name=a" * 7_000, b"x; name=" * 7_000)
UNREADABLE = [
    *(part("undo", b"1", b"; " + evil) for evil in HORRORS),
    part("undo", b"1", b"; x=" + b"a" * 5_000),  # nobody looks for the end of a long head
    part("undo", b"1", b"\r\na: b" * 20),  # nor counts its lines
    part("undo", b"1") * 201,
    part("undo", b"1" * 5_000),
    part("undo", b"1", b'; filename="x"'),
    b'--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b\r\nContent-Disposition: x; name="undo"',
    b"undo=1",
]
MULTIPART = "multipart/form-data; boundary=b"
