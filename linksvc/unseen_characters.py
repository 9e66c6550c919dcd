"""Characters that cannot be seen, or that turn the direction of reading: no name and no text of ours holds them.

Used for the texts of pages (`linksvc.landing.words`), for what contact files say of people, and where a name that was stored
before is shown or sent.
"""

import unicodedata

REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They let a text read otherwise than it is written (Unicode TR 36). Arabic and Hebrew need none of them."""

INVISIBLE = frozenset("\u200b\u2060\ufeff\u2028\u2029")
"""Those of no script. The joiners of Persian, of Indian scripts and of emoji (U+200C, U+200D) are not among them."""

_HIDDEN = REORDERING | INVISIBLE


def _is_hidden(character: str) -> bool:
    return character in _HIDDEN or unicodedata.category(character) in ("Cc", "Cs")


def seen(text: str) -> str:
    """The text without them; line breaks stay. Of nearly all texts one look tells that there are none."""
    if text.isprintable():
        return text
    return "".join(character for character in text if character == "\n" or not _is_hidden(character))


def seen_line(text: str) -> str:
    """One line without them, with single spaces."""
    # White space first: of a tab between two words a space is left.
    return " ".join(seen(" ".join(text.split())).split())
