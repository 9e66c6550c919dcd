"""The document of a page: its languages, its colours, its blocks. Read from JSON, checked, written as JSON.

Pages are stored so (`linksvc.landing.pages`), rendered from it (`tracker.landing`), edited by the API and the dashboards.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import orjson
from pydantic import Field, ValidationError, model_validator

from linksvc.errors import FieldError, InvalidRequest
from linksvc.landing.blocks import Block, CodeBlock, FlipBlock, ScratchBlock, SurveyBlock, TextBlock
from linksvc.landing.faults import faults_of
from linksvc.landing.parts import Part
from linksvc.landing.themes import Theme
from linksvc.landing.words import LANGUAGES_MOST, UNSAID, Label, Language, Words
from linksvc.templates import Template

BLOCKS_MOST = 40
MOST_BYTES = 65_536
"""Of a document as it is stored."""


class Document(Part):
    """A page. Every text is told by its language, and the first language is the one for who reads none of them."""

    title: Label = UNSAID
    languages: tuple[Language, ...] = Field(min_length=1, max_length=LANGUAGES_MOST)
    theme: Theme = Theme()
    blocks: tuple[Block, ...] = Field(min_length=1, max_length=BLOCKS_MOST)

    @property
    def default_language(self) -> str:
        return self.languages[0]

    def find(self, block_id: str) -> Block | None:
        """The block of that id."""
        return self._by_id.get(block_id)

    @cached_property
    def personal_fields(self) -> frozenset[str]:
        """The recipient's fields that its texts hold: first_name, last_name, city, code."""
        texts = (text for block in self.blocks if isinstance(block, TextBlock) for text in _texts(block))
        return frozenset(field for text in texts if "{{" in text for field in Template.parse(text).fields)

    @cached_property
    def shows_code(self) -> bool:
        """Whether it needs its recipients to have a promo code."""
        return "code" in self.personal_fields or any(isinstance(block, CodeBlock) for block in self.blocks)

    @cached_property
    def has_draws(self) -> bool:
        return any(isinstance(block, ScratchBlock | FlipBlock) for block in self.blocks)

    @cached_property
    def has_surveys(self) -> bool:
        return any(isinstance(block, SurveyBlock) for block in self.blocks)

    def pictures(self) -> frozenset[str]:
        """The digests of its pictures, the logo's too."""
        shown = {block.picture for block in self.blocks if block.type == "picture"}
        return frozenset({self.theme.logo, *shown} - {""})

    def dump(self) -> str:
        """The document as JSON. What is dumped is parsed to an equal document."""
        return self.model_dump_json(exclude_none=True)

    @cached_property
    def _by_id(self) -> dict[str, Block]:
        return {block.id: block for block in self.blocks}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if repeated := _repeated(self.languages):
            raise ValueError(f"languages: {repeated} stands there twice")
        if repeated := _repeated(block.id for block in self.blocks):
            raise ValueError(f"blocks: two have the id “{repeated}”; each block has one of its own")
        for text in texts_of(self):
            if strays := set(text.words).difference(self.languages):
                languages = ", ".join(self.languages)
                raise ValueError(f"{text.path}: it has a text in “{min(strays)}”, and the page's languages are {languages}")
        if (length := len(self.dump().encode())) > MOST_BYTES:
            raise ValueError(f"It has {length:,} bytes of JSON; {MOST_BYTES:,} are the most")
        return self


def parse_document(written: str | bytes, at: str = "") -> Document:
    """Reads a document. Raises InvalidRequest (page_invalid), which names the block and the field; `at` is put before the
    paths of fields."""
    raw = written.encode() if isinstance(written, str) else written
    if len(raw) > MOST_BYTES:
        raise InvalidRequest(f"The page has {len(raw):,} bytes of JSON; {MOST_BYTES:,} are the most.", code="page_invalid")
    try:
        return Document.model_validate_json(raw)
    except ValidationError as error:
        faults = faults_of(error, _loaded(raw), at)
    raise _problem(faults)


def _problem(faults: tuple[FieldError, ...]) -> InvalidRequest:
    first = faults[0].message
    more = f" There are {len(faults)} faults in all; see errors." if len(faults) > 1 else ""
    return InvalidRequest(f"The page cannot be used. {first}{more}", code="page_invalid", errors=faults)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a document: where it stands, blocks.0.label; what it says; and whether a published page needs it."""

    path: str
    words: Words
    is_needed: bool


def texts_of(part: Part, path: str = "") -> Iterator[Text]:
    """Every text of a part and of the parts in it."""
    needless = part.needless()
    for name in type(part).model_fields:
        yield from _texts_in(getattr(part, name), f"{path}.{name}".lstrip("."), name not in needless)


def _texts_in(value: object, path: str, is_needed: bool) -> Iterator[Text]:
    if isinstance(value, Part):
        yield from texts_of(value, path)
    elif isinstance(value, dict):
        yield Text(path, value, is_needed)
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _texts_in(one, f"{path}.{index}", is_needed)


def _texts(block: TextBlock) -> Iterator[str]:
    yield from block.heading.values()
    yield from block.text.values()


def _repeated(names: Iterable[str]) -> str:
    """The first that stands there twice; empty: none."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _loaded(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
