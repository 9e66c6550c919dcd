"""Landing pages on the short domain: what a recipient's browser is shown and what it sends back.

A GET is the same for everybody (`serving`, `rendering`); what is a recipient's own comes by POST (`actions`, `personal`).
"""
