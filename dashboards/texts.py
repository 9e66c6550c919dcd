"""What a text is: the same words in English and in French. Catalogs are made of these; `dashboards.speech` writes them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """Both languages of one text. A pair is its singular and plural; `{names}` are filled in when it is written."""

    en: str | tuple[str, str]
    fr: str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Definition:
    """The name a figure goes by on the pages, and what is counted."""

    label: Text
    meaning: Text
