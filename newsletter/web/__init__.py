"""What is looked at in a browser: HTML and HTTP, and nothing that decides."""
