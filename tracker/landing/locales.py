"""How a language writes numbers and times, for the views of pages."""

from babel import Locale, UnknownLocaleError


def locale_of(language: str) -> Locale:
    """That of the language; English where none is known of it."""
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")
