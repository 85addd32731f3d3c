"""The outside world behind the protocols of the inner rooms: today the SMTP server."""
