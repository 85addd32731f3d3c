"""The public pages over a workspace: what ``web/public/`` shows, made from the database and files.

``desk.py`` implements the protocol ``Public``, and holds a desk for each
other one: ``archive`` and ``readers``.  ``mailer`` sends the mails that
forms cause, beside the pages.
"""
