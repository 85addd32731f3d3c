"""What a mail client, a screen reader or a spam filter would object to, found before anything is sent.

``look_over(letter, rendered)`` returns ``Remark``s.  Each file here knows one
subject, and judges what the reader gets: texts with their fall-backs, the
edition's own addresses, the HTML that leaves the house.  Nothing here needs a
network; ``adapters/web_links.py`` follows links when asked to.

A rule speaks only where it can say what to do.  Its source stands beside it,
and in docs/checks.md.
"""
