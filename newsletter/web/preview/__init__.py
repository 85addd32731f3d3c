"""The preview studio: the local web page on which staff look at issues.

This room holds HTML and HTTP only.  Everything that it shows comes through the
protocol in ``studio.py``, which ``newsletter/cli/studio/studio.py`` implements; so it
can be tested with an invented studio, and never sees a setting, a database or
a file.

======================  =====================================================
``studio.py``           The protocol, and the frozen dataclasses that it gives.
``app.py``              All routes, put together with the guard.
``guard.py``            Who may ask at all: Host, Origin, password; headers.
``pages.py``            ``respond()``: a template as a page in the right language.
``words.py``            The studio's words, from ``studio.po``.
``events.py``           The hub of ``/events``, by which pages hear of changes.
``frames.py``           A mail's HTML, made fit for a frame of the studio.
``views/``              The handlers, one file a subject, each with its ``ROUTES``.
``templates/``          Jinja; each page extends ``base.html.j2``.
``static/``             CSS and plain JavaScript, served as they are.
======================  =====================================================

To add a page:

1. What it shows: a frozen dataclass and a coroutine in ``studio.py``; the
   implementation in ``newsletter/cli/studio/``: in ``studio.py`` or at a desk.
2. A handler in ``views/``: ``async def page(request) -> Response`` that ends in
   ``return respond(request, "name.html.j2", title=…)``.  List it in the file's
   ``ROUTES``, and the file in ``app.py``.
3. A template that extends ``base.html.j2``.  Words stand in ``_("…")`` or
   ``ngettext("one", "%(count)s of them", n)``; values go in after translation:
   ``_("Sent to %(who)s", who=name)``.  Then ``make messages``, and the Spanish
   into ``locales/es/LC_MESSAGES/studio.po``.
4. What changes while one looks on stands in an element with ``data-live`` and
   an ``id``.  When the hub tells of a change, ``live.js`` fetches the same
   address again and replaces the insides of these elements, nothing else.
5. A form posts to a handler of its own, which answers with ``see_other(…)``.
   The guard has refused a post from another site before it gets there.  Read
   the fields with ``await form(request)``.

Scripts are files in ``static/``: the policy forbids inline scripts and inline
styles.  A word that a script needs stands in the page, hidden or in ``data-…``.
"""
