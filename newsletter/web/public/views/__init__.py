"""The handlers of the public pages, one file a subject."""
