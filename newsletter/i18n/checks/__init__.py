"""What must agree between a source text and its translation; ``edition.py`` runs all of it."""
