"""What languages are called in the reader's language: French, or français. For the editor's labels and messages."""

from functools import cache

from babel.core import Locale, UnknownLocaleError

from linksvc.languages import languages


@cache
def language_names(spoken: str) -> dict[str, str]:
    """The names of all languages that a page may be written in, by their codes, in alphabetical order."""
    names = {code: name for code, name in Locale.parse(spoken).languages.items() if code in languages()}
    return dict(sorted(names.items(), key=lambda item: item[1].casefold()))


@cache
def name_of(code: str, spoken: str) -> str:
    """A language's name as a label begins; the code where it has none."""
    try:
        name = str(Locale.parse(spoken).languages.get(code, code))
    except UnknownLocaleError:
        return code
    return name[:1].upper() + name[1:]
