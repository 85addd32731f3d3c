"""What staff write: YAML, Markdown, placeholders, links; read strictly, with every mistake placed."""
