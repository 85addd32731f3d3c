"""Hands a prepared message to aiosmtplib's connection, past its own preparation of it.

``SMTP.data`` normalises line endings and stuffs dots with regular expressions
over the whole body, for every message; ours is prepared already
(``delivery/message.py``).  And it does not tell whether a connection broke
before or after the body went out, which decides between *pending* and *in
doubt*.  This is the only file that touches the library's private parts; a
contract test holds it to ``aiosmtplib>=5.1.3,<6``.
"""

from __future__ import annotations

from aiosmtplib import SMTP, SMTPServerDisconnected
from aiosmtplib.response import SMTPResponse

END_OF_DATA = b".\r\n"  # RFC 5321 §4.1.1.4; the message ends in CRLF


async def send_body(client: SMTP, message: bytes, reply_timeout: float) -> SMTPResponse:
    """Write the message after a 354 and wait for the reply to the final dot.

    Raises SMTPServerDisconnected or SMTPTimeoutError when no reply comes.
    """
    protocol = client.protocol
    if protocol is None or protocol._command_lock is None:
        raise SMTPServerDisconnected("Server not connected")
    async with protocol._command_lock:
        protocol._response_pending = True
        protocol.write(message + END_OF_DATA)
        return await protocol.read_response(timeout=reply_timeout)
