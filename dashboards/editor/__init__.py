"""The editor of landing pages: what is typed, what is changed by its buttons, and the document that comes of it."""
