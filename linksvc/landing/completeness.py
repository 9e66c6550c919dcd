"""What a draft lacks before recipients may see it: texts, pictures, places, colours that can be told apart. All of it is
told at once. For `linksvc.landing.pages` when it publishes, and for the editor while somebody writes.
"""

from collections.abc import Collection, Iterator

from linksvc.errors import FieldError
from linksvc.landing.blocks import (
    Block,
    ButtonBlock,
    CallBlock,
    CodeBlock,
    CountdownBlock,
    FlipBlock,
    MapBlock,
    PictureBlock,
    ScratchBlock,
    SurveyBlock,
)
from linksvc.landing.documents import Document, texts_of
from linksvc.landing.questions import Question
from linksvc.landing.themes import contrast_faults

OPTIONS_LEAST = 2


def missing_from(document: Document, pictures: Collection[str]) -> tuple[FieldError, ...]:
    """Each thing that is missing or unfit, with its path; nothing: it may be published. `pictures` are the digests that the
    workspace has."""
    return tuple(
        FieldError(path, f"{_where(document, path)}: {words}") for path, words in _faults(document, frozenset(pictures))
    )


def _faults(document: Document, pictures: frozenset[str]) -> Iterator[tuple[str, str]]:
    yield from _texts(document)
    for field, words in contrast_faults(document.theme):
        yield f"theme.{field}", words
    if document.theme.logo and document.theme.logo not in pictures:
        yield "theme.logo", "There is no such picture in this workspace; upload it first."
    for index, block in enumerate(document.blocks):
        for field, words in _block(block, pictures):
            yield f"blocks.{index}.{field}", words


def _texts(document: Document) -> Iterator[tuple[str, str]]:
    for text in texts_of(document):
        lacking = [language for language in document.languages if not text.words.get(language)]
        if text.is_needed or len(lacking) < len(document.languages):
            yield from ((f"{text.path}.{language}", _asked(text.path, language)) for language in lacking)


def _asked(path: str, language: str) -> str:
    if path.endswith(".alt"):
        return f"Say in “{language}” what the picture shows, for who does not see it; or call it decorative."
    return f"The text in “{language}” is missing."


def _block(block: Block, pictures: frozenset[str]) -> Iterator[tuple[str, str]]:
    match block:
        case PictureBlock():
            if not block.picture:
                yield "picture", "Choose a picture."
            elif block.picture not in pictures:
                yield "picture", "There is no such picture in this workspace; upload it first."
        case ButtonBlock() if not block.url:
            yield "url", "Say where the button leads to."
        case CallBlock() if not block.number:
            yield "number", "Say which number is called."
        case MapBlock() if not block.query and block.latitude is None:
            yield "query", "Give an address, or latitude and longitude."
        case CountdownBlock() if not block.ends_at:
            yield "ends_at", "Say when it ends: 2026-11-28T18:00."
        case CodeBlock() if not block.forms:
            yield "forms", "Choose at least one form of the code: copy, qr, code128 or ean13."
        case ScratchBlock() | FlipBlock() if not block.prizes:
            yield "prizes", "Add at least one prize."
        case SurveyBlock():
            yield from _survey(block)


def _survey(block: SurveyBlock) -> Iterator[tuple[str, str]]:
    if not block.questions:
        yield "questions", "Add at least one question."
    for index, question in enumerate(block.questions):
        if _lacks_options(question):
            yield f"questions.{index}.options", f"Give at least {OPTIONS_LEAST} to choose from."


def _lacks_options(question: Question) -> bool:
    least = OPTIONS_LEAST if question.kind == "choice" else 1
    return question.has_options and len(question.options) < least


def _where(document: Document, path: str) -> str:
    """What to call the place: by the block's id."""
    parts = path.split(".")
    if parts[0] != "blocks":
        return path
    return f"Block “{document.blocks[int(parts[1])].id}”, {'.'.join(parts[2:])}"
