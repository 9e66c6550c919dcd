"""Segments and their people, written for tables. For `dashboards.pages.segments`."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from dashboards.figures import label_of
from dashboards.rows import Cell, format_number
from dashboards.speech import Speech
from linksvc.errors import InvalidRequest
from linksvc.message_filters import MessageFilter
from linksvc.public_ids import format_id
from linksvc.segments import KeptSegment, Member

HOME = "/segments"


@dataclass(frozen=True, slots=True)
class ListedSegment:
    name: str
    path: str
    people: str
    campaign: str
    campaign_path: str
    kept: str


@dataclass(frozen=True, slots=True)
class SegmentTexts:
    """What a segment's page says above its people. `messages` is empty where each got one."""

    name: str
    path: str
    people: str
    messages: str
    kept_on: str
    chosen: str
    rows_path: str


def segment_path(segment_id: int) -> str:
    return f"{HOME}/{format_id('segment', segment_id)}"


def segment_rows(segments: tuple[KeptSegment, ...], speech: Speech) -> tuple[ListedSegment, ...]:
    return tuple(
        ListedSegment(
            name=one.name,
            path=segment_path(one.id),
            people=speech.number(one.contacts),
            campaign=one.campaign_name,
            campaign_path=_campaign_path(one),
            kept=speech.day_and_time(one.created_at),
        )
        for one in segments
    )


def segment_texts(segment: KeptSegment, speech: Speech) -> SegmentTexts:
    several = segment.messages > segment.contacts
    return SegmentTexts(
        name=segment.name,
        path=segment_path(segment.id),
        people=speech.say("segment.people", count=segment.contacts),
        messages=speech.say("segment.messages", count=segment.messages) if several else "",
        kept_on=speech.say("segment.kept_on", time=speech.day_and_time(segment.created_at), name=segment.campaign_name),
        chosen=", ".join(_chosen(segment, speech)),
        rows_path=f"{_campaign_path(segment)}/messages?{segment.filter}",
    )


def member_cells(member: Member, speech: Speech) -> tuple[Cell, ...]:
    """In the order of `MEMBER_COLUMNS`."""
    return (
        Cell(speech.number(member.n + 1)),
        Cell(format_number(member.number)) if member.number else Cell(None, speech.say("segment.gone")),
        Cell(member.first_name),
        Cell(member.last_name),
        Cell(member.country),
    )


MEMBER_COLUMNS = ("rows.n", "rows.number", "segment.first_name", "segment.last_name", "segment.country")


def _chosen(segment: KeptSegment, speech: Speech) -> Iterator[str]:
    """The filter in words: the stage, those it leaves out, and what else it is limited by."""
    try:
        chosen = MessageFilter.parse(dict(parse_qsl(segment.filter)))
    except InvalidRequest:
        # A word that meant something when it was kept.
        yield segment.filter
        return
    yield label_of(speech, chosen.stage)
    for stage in chosen.without:
        yield speech.say("segment.not", stage=label_of(speech, stage))
    if chosen.by:
        yield f"{chosen.by} {chosen.value}"
    for name in ("from", "to", "at_from", "at_to"):
        if name in (told := chosen.parameters()):
            yield f"{name} {told[name]}"


def _campaign_path(segment: KeptSegment) -> str:
    return f"/campaigns/{format_id('campaign', segment.campaign_id)}"
