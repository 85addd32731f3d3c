"""Messages out to volunteers and back: a spreadsheet (CSV) or a table for Word (DOCX), one row a message.

``rows`` says what a row is and makes it from a catalog; ``sheet`` and
``document`` write and read the two kinds of file; ``files`` chooses between
them; ``merge`` decides what each row that comes back means for the catalog;
``words`` has the words that a volunteer reads.

Never: an edit of the catalog undone by a file that is older, a translation
deleted, a translation put beside a text that it was not made for.
"""
