"""Compose a newsletter in several languages, and send each reader theirs."""

__version__ = "0.1.0"
