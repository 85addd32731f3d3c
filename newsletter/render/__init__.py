"""How an edition becomes mail: MJML from templates, HTML from MJML, and plain text written as such."""
