"""To whom a campaign is sent, as it travels over the API: what is sent with a new campaign, and what is answered."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from linksvc import campaigns
from linksvc.api.payloads import Answer, Payload
from linksvc.audiences import SEGMENTS_MOST, Audience, AudienceCount
from linksvc.public_ids import format_id, parse_id


class ImportAudience(Payload):
    import_id: str = Field(description="A finished import.", examples=["imp_3"])


class SegmentsAudience(Payload):
    # What a validator has looked at first is no JSON any more, whose arrays are tuples too.
    segments: tuple[str, ...] = Field(
        strict=False,
        min_length=1,
        max_length=SEGMENTS_MOST,
        description="Whoever is in several gets one message, and belongs to the first of them.",
        examples=[["seg_4", "seg_7"]],
    )


SentAudience = Literal["all"] | ImportAudience | SegmentsAudience | None


def _read_audience(sent: object, read: ValidatorFunctionWrapHandler) -> SentAudience:
    """One sentence for all ways to write it; else each is told of by a field that nobody sent."""
    try:
        audience: SentAudience = read(sent)
    except ValidationError:
        raise ValueError(
            'Write "all", {"import_id": "imp_1"} or {"segments": ["seg_1", ...]}, which names 1 to '
            f"{SEGMENTS_MOST} segments"
        ) from None
    return audience


AudienceField = Annotated[SentAudience, WrapValidator(_read_audience)]


def audience_of(sent: SentAudience) -> campaigns.Audience | None:
    """Raises NotFound for an id that is none."""
    if isinstance(sent, ImportAudience):
        return "import", parse_id("import", sent.import_id)
    if isinstance(sent, SegmentsAudience):
        return "segments", tuple(parse_id("segment", segment_id) for segment_id in sent.segments)
    return sent


class ImportAudienceAnswer(Answer):
    import_id: str


class SegmentsAudienceAnswer(Answer):
    segments: tuple[str, ...] = Field(description="In their order: whoever is in several belongs to the first.")


AudienceAnswer = Literal["all"] | ImportAudienceAnswer | SegmentsAudienceAnswer


def answer_of(audience: Audience) -> AudienceAnswer:
    """The audience as it was sent."""
    if audience.segments:
        return SegmentsAudienceAnswer(segments=tuple(format_id("segment", one.id) for one in audience.segments))
    if audience.import_id is not None:
        return ImportAudienceAnswer(import_id=format_id("import", audience.import_id))
    return "all"


class CountedSegment(Answer):
    id: str
    name: str
    contacts: int


class AudienceCountAnswer(Answer):
    audience: AudienceAnswer
    segments: tuple[CountedSegment, ...] = Field(description="Empty for another audience.")
    listed: int = Field(description="The segments' people added up: who is in two is counted twice.")
    people: int = Field(description="The same people, each once.")
    sendable: int = Field(
        description="Of them, those who may be sent to now: they have a number, said no STOP and, for marketing, consented. "
        "Several who share a number get one message. A follow-up leaves out more at the moment of sending."
    )
    left_out: dict[str, int] = Field(
        description="The others by the first reason: no_number, no_consent, stopped, or same_number: another contact with "
        "that number is sent to.",
        examples=[{"no_number": 0, "no_consent": 12, "stopped": 3, "same_number": 1}],
    )

    @classmethod
    def of(cls, count: AudienceCount) -> Self:
        return cls(
            audience=answer_of(count.audience),
            segments=tuple(
                CountedSegment(id=format_id("segment", one.id), name=one.name, contacts=one.contacts)
                for one in count.audience.segments
            ),
            listed=count.listed,
            people=count.people,
            sendable=count.sendable,
            left_out=dict(count.left_out),
        )
