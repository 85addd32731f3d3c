"""How an issue becomes another language: messages, catalogs, editions, and how a locale writes things."""
