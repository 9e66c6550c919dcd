"""What a page is made of, one class a type of block. Nothing here knows how a block looks: `tracker.landing` does.

A draft may be unfinished: texts and pictures may be missing. `linksvc.landing.completeness` says what is.
"""

from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from linksvc.errors import InvalidRequest
from linksvc.landing.parts import OptionalDigest, Part, PhoneNumber, Slug, WebAddress
from linksvc.landing.prizes import Prizes
from linksvc.landing.questions import Question
from linksvc.landing.words import UNSAID, Label, Line, PersonalLabel, PersonalProse, Prose, Sentence
from linksvc.schedules import RECIPIENT, instant, read_schedule

CELLS = range(2, 10)
QUESTIONS_MOST = 20


class TextBlock(Part):
    """Paragraphs, parted by blank lines; **bold** is all there is. Both texts may hold the recipient's fields."""

    id: Slug
    type: Literal["text"]
    heading: PersonalLabel = UNSAID
    text: PersonalProse = UNSAID

    def needless(self) -> frozenset[str]:
        return frozenset({"heading"})


class PictureBlock(Part):
    id: Slug
    type: Literal["picture"]
    picture: OptionalDigest = ""
    alt: Sentence = UNSAID
    """What it shows, for who does not see it."""
    decorative: bool = False
    """It tells nothing that the text does not, and needs no words."""
    url: WebAddress = ""

    def needless(self) -> frozenset[str]:
        return frozenset({"alt"} if self.decorative else ())


class ButtonBlock(Part):
    id: Slug
    type: Literal["button"]
    label: Label = UNSAID
    url: WebAddress = ""


class CallBlock(Part):
    id: Slug
    type: Literal["call"]
    label: Label = UNSAID
    number: PhoneNumber = ""


class MapBlock(Part):
    """A place by its address, or by where it lies."""

    id: Slug
    type: Literal["map"]
    label: Label = UNSAID
    query: Line = ""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude are given together")
        if self.query and self.latitude is not None:
            raise ValueError("Either query or latitude and longitude, not both")
        return self


def _hour(written: str) -> str:
    if written:
        _check_schedule(written, RECIPIENT)
    return written


def _zone(written: str) -> str:
    _check_schedule("2000-01-01T00:00", written)
    return written


def _check_schedule(hour: str, zone: str) -> None:
    try:
        read_schedule(hour, zone)
    except InvalidRequest as error:
        raise ValueError(error.detail) from None


class CountdownBlock(Part):
    """Until clocks of a time zone, or of each recipient's own, show a date and hour."""

    id: Slug
    type: Literal["countdown"]
    label: Label = UNSAID
    ends_at: Annotated[str, StringConstraints(max_length=40), AfterValidator(_hour)] = ""
    timezone: Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)] = RECIPIENT
    finished: Sentence = UNSAID

    def moment(self, recipients: ZoneInfo) -> datetime | None:
        """When it ends, in UTC, for somebody in the zone `recipients`; None in a draft without an end."""
        if not self.ends_at:
            return None
        zone = recipients if self.timezone == RECIPIENT else ZoneInfo(self.timezone)
        return instant(datetime.fromisoformat(self.ends_at), zone)


CodeForm = Literal["copy", "qr", "code128", "ean13"]


class CodeBlock(Part):
    """The recipient's promo code, and how a till may take it."""

    id: Slug
    type: Literal["code"]
    label: Label = UNSAID
    forms: tuple[CodeForm, ...] = Field(default=("copy", "qr"), max_length=4)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.forms)) < len(self.forms):
            raise ValueError("forms: each form stands there once")
        return self

    def needless(self) -> frozenset[str]:
        return frozenset({"label"})


class ScratchBlock(Prizes):
    id: Slug
    type: Literal["scratch"]
    title: Label = UNSAID
    cover: Label = UNSAID
    """What stands on what is scratched away."""


class FlipBlock(Prizes):
    """As many cells as are told, of which a recipient turns one. The same is behind each: what is drawn decides."""

    id: Slug
    type: Literal["flip"]
    title: Label = UNSAID
    cells: int = Field(default=3, ge=CELLS[0], le=CELLS[-1])


class SurveyBlock(Part):
    id: Slug
    type: Literal["survey"]
    title: Label = UNSAID
    questions: tuple[Question, ...] = Field(default=(), max_length=QUESTIONS_MOST)
    submit: Label = UNSAID
    thanks: Prose = UNSAID
    thank_you_sms: Sentence | None = None

    def needless(self) -> frozenset[str]:
        return frozenset({"title", "thank_you_sms"})

    @model_validator(mode="after")
    def _ids_differ(self) -> Self:
        ids = [question.id for question in self.questions]
        if repeated := [one for one in ids if ids.count(one) > 1]:
            raise ValueError(f"questions: two have the id “{repeated[0]}”; each question has one of its own")
        return self


class OptOutBlock(Part):
    id: Slug
    type: Literal["opt_out"]
    label: Label = UNSAID


class PrivacyBlock(Part):
    id: Slug
    type: Literal["privacy"]
    text: Prose = UNSAID
    url: WebAddress = ""


Block = Annotated[
    TextBlock
    | PictureBlock
    | ButtonBlock
    | CallBlock
    | MapBlock
    | CountdownBlock
    | CodeBlock
    | ScratchBlock
    | FlipBlock
    | SurveyBlock
    | OptOutBlock
    | PrivacyBlock,
    Field(discriminator="type"),
]
DrawBlock = ScratchBlock | FlipBlock
