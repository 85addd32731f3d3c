"""The studio over a workspace: what ``web/preview/`` shows, made from files and, where there is one, the database.

``studio.py`` implements the protocol ``Studio``, and holds a desk for each
other one: ``approvals``, ``campaigns``, ``people``, ``translation``,
``trials``.  All that is read from files is made at the ``workbench``, in one
thread; ``watching`` tells when somebody saved one.
"""
