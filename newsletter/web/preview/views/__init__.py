"""The handlers of the studio, one file a subject; each lists its ``ROUTES``."""
