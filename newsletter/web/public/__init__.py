"""The public pages: what readers open from a mail or from the organisation's website.

This room holds HTML and HTTP only.  Everything that it shows comes through
protocols, which ``newsletter/cli/public/`` implements; so it can be tested
with invented readers, and never sees a setting, a database or a file.

======================  =====================================================
``site.py``             Whose pages these are: names, languages, colours, addresses.
``app.py``              All routes, put together with the guard.
``guard.py``            Path prefix, limits of a request, headers of every answer.
``server.py``           The HTTP server, and its patience with slow clients.
``proxies.py``          Whom a proxy speaks for.
``buckets.py``          How many forms one client may fill in.
``pages.py``            ``respond()``: a template as a page in the reader's language.
``forms.py``            What a form or a mail client posted, whatever it posted.
``fresh.py``            Answers that browsers and caches keep.
``readers.py``          Leaving and choosing: the protocol, and what the pages show; likewise
                        ``joining.py`` and ``archive.py``.
``views/``              The handlers, one file a subject, each with its ``ROUTES``.
``templates/``          Jinja; each page extends ``base.html.j2``.
``static/``             CSS and pictures, served as they are; the colours come from the theme.
======================  =====================================================

To add a page:

1. What it shows: a frozen dataclass and a protocol in a file of its own, as
   ``readers.py``; the implementation in ``newsletter/cli/public/``.  Name
   the protocol in ``app.Public``, and fill it in ``newsletter/cli/public/desk.py``.
2. A handler in ``views/``: ``async def page(request) -> Response`` that ends in
   ``return respond(request, "name.html.j2", …)``.  List it in the file's
   ``ROUTES``, and the file in ``app.ROUTES``.  What belongs to one person is
   answered with ``personal=True``, for search engines.  No page is kept by a
   cache; what is the same for everybody may be, by ``fresh.answer()``.
3. A template that extends ``base.html.j2``.  Words stand in ``_("…")`` or
   ``ngettext("one", "%(count)s of them", n)``; values go in after translation:
   ``_("Hello, %(name)s", name=name)``.  Addresses of our own go through
   ``url("/subscribe")``, which knows the path prefix and the language that was
   chosen.  Then ``make messages``, and the Spanish into
   ``locales/es/LC_MESSAGES/public.po``, written for readers.
4. A GET changes nothing, ever: mail scanners and browsers fetch every link.
   What changes something is a form with ``method="post"``, which is answered
   with a page (200) and never with a redirect to another host.

There are no scripts, no cookies, no inline styles and nothing from elsewhere:
the policy in ``guard.py`` forbids all of them.  No address, name or token is
ever logged, and none stands in the title of a page.
"""
