"""The texts of a page, one a language: bounded, without anything that hides or disguises. For `linksvc.landing.blocks`.

A text is never markup: whatever stands in it is shown as it is. A draft may lack languages; publishing asks for all.
"""

import unicodedata
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from linksvc.errors import InvalidRequest
from linksvc.languages import languages
from linksvc.templates import Template
from linksvc.unseen_characters import REORDERING, seen

PERSONAL_FIELDS = ("first_name", "last_name", "city", "code")
"""What the text of a page may hold in double braces; filled in by the POST, never by the GET."""

_FIELDS_ARE = f" The fields of a page are {', '.join(PERSONAL_FIELDS)}"

LANGUAGES_MOST = 10
LABEL_LONGEST = 120
SENTENCE_LONGEST = 400
PROSE_LONGEST = 4_000
"""In characters, of one language."""


def clean(text: str) -> str:
    """The text as it is kept: composed, without control and invisible characters and outer spaces; line breaks stay.
    Raises ValueError for characters that turn the direction of reading."""
    if found := REORDERING.intersection(text):
        raise ValueError(
            f"A character that turns the direction of reading (U+{ord(min(found)):04X}) is not taken; delete it and write "
            "the text in its own order"
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = (c for c in seen(text) if unicodedata.category(c) != "Cn")
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def clean_line(text: str) -> str:
    """The same of what stands in one line."""
    text = clean(text)
    if "\n" in text:
        raise ValueError("One line is asked for")
    return text


def _known_language(code: str) -> str:
    if code not in languages():
        raise ValueError(f"“{code[:10]}” is no language; write its two letters (ISO 639-1), such as fr or en")
    return code


def _without_fields(text: str) -> str:
    if "{{" in text or "{%" in text:
        raise ValueError("Fields such as {{ first_name }} stand in blocks of the type text only; take the braces out")
    return text


def _with_personal_fields(text: str) -> str:
    try:
        unfit = Template.parse(text).fields.difference(PERSONAL_FIELDS)
    except InvalidRequest as error:
        raise ValueError(error.detail.partition(" The fields are")[0] + _FIELDS_ARE) from None
    if unfit:
        raise ValueError(f"There is no field {min(unfit)} on a page.{_FIELDS_ARE}")
    return text


Language = Annotated[str, AfterValidator(_known_language)]


def _still_fits(most: int) -> AfterValidator:
    """Put together anew a text may have become longer: a few characters stand for several."""

    def check(text: str) -> str:
        if len(text) > most:
            raise ValueError(f"It has {len(text):,} characters; {most:,} are the most")
        return text

    return AfterValidator(check)


def _upto(most: int) -> StringConstraints:
    return StringConstraints(max_length=most)


Line = Annotated[str, _upto(LABEL_LONGEST), AfterValidator(clean_line), _still_fits(LABEL_LONGEST)]
"""One line that is the same in every language."""

_Label = Annotated[Line, AfterValidator(_without_fields)]
_PersonalLabel = Annotated[Line, AfterValidator(_with_personal_fields)]
_AnyProse = Annotated[str, _upto(PROSE_LONGEST), AfterValidator(clean), _still_fits(PROSE_LONGEST)]
_Prose = Annotated[_AnyProse, AfterValidator(_without_fields)]
_PersonalProse = Annotated[_AnyProse, AfterValidator(_with_personal_fields)]
_AnySentence = Annotated[str, _upto(SENTENCE_LONGEST), AfterValidator(clean), _still_fits(SENTENCE_LONGEST)]
_Sentence = Annotated[_AnySentence, AfterValidator(_without_fields)]

Label = Mapping[Language, _Label]
"""What stands on a button: one line."""
Sentence = Mapping[Language, _Sentence]
Prose = Mapping[Language, _Prose]
PersonalLabel = Mapping[Language, _PersonalLabel]
"""One line that may hold PERSONAL_FIELDS."""
PersonalProse = Mapping[Language, _PersonalProse]

Words = Mapping[str, str]
"""Any of these, as it is read: a text by its language."""


UNSAID: Words = {}
"""No text in any language yet."""


def said(words: Words, language: str, default: str) -> str:
    """The text in a language, else in the page's default one, else empty. Of a published page every text is there."""
    return words.get(language) or words.get(default) or ""
