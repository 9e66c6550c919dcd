"""Whose hours the map of clicks tells: the workspace's, from the counters by time, or each recipient's own.

For `dashboards.charts.page`; drawn by `dashboards.charts.hours`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.charts.hours import Week
from dashboards.charts.shape import Choice, Note
from dashboards.charts.teller import Teller
from linksvc.clock import BUCKET
from linksvc.message_filters import MessageFilter
from linksvc.week_hours import clock_changes, count_hours, write_hours

WORKSPACE, RECIPIENTS = "workspace", "recipients"
"""Whose hours the address of the charts may ask for."""

CLICKED = "clicked"
UNKNOWN = "-1"
"""The hour of the week of a click by somebody whose zone is not known."""


def workspace_week(buckets: Sequence[tuple[datetime, int]], zone: ZoneInfo, path: str, teller: Teller) -> Week:
    """`buckets`: messages first clicked by a person, by 15 minutes of UTC. `path`: where the charts are."""

    def rows(hours: tuple[int, ...]) -> MessageFilter:
        return MessageFilter(CLICKED, by="zone_hour", value=write_hours(zone, hours))

    name = zone.key
    return Week(
        counts=count_hours(buckets, zone),
        rows=rows,
        lead=teller.say("charts.hours.workspace", zone=name),
        notes=tuple(_changes(buckets, zone, teller)),
        choices=_choices(name, path, teller, is_workspace=True),
    )


def recipients_week(spread: Mapping[tuple[str, str], int], zone: ZoneInfo, path: str, teller: Teller) -> Week:
    """`spread`: the same messages by hour of the week where the recipient is."""

    def rows(hours: tuple[int, ...]) -> MessageFilter:
        return MessageFilter(CLICKED, by="click_hour", value=_listed(hours))

    counts = {int(value): count for (stage, value), count in spread.items() if stage == CLICKED and value}
    unknown = MessageFilter(CLICKED, by="click_hour", value=UNKNOWN)
    return Week(
        counts=counts,
        rows=rows,
        lead=teller.say("charts.hours.recipients"),
        notes=teller.note("charts.hours.unknown", counts.pop(int(UNKNOWN), 0), unknown),
        choices=_choices(zone.key, path, teller, is_workspace=False),
    )


def _listed(hours: tuple[int, ...]) -> str:
    return ",".join(map(str, hours))


def _choices(zone: str, path: str, teller: Teller, *, is_workspace: bool) -> tuple[Choice, ...]:
    return (
        Choice(teller.say("charts.hours.choice.workspace", zone=zone), None if is_workspace else path),
        Choice(teller.say("charts.hours.choice.recipients"), f"{path}?zone={RECIPIENTS}" if is_workspace else None),
    )


def _changes(buckets: Sequence[tuple[datetime, int]], zone: ZoneInfo, teller: Teller) -> Iterator[Note]:
    """The nights on which the clocks changed while people clicked."""
    moments = [bucket for bucket, count in buckets if count]
    for change in clock_changes(min(moments), max(moments) + BUCKET, zone) if moments else ():
        key = "charts.hours.forward" if change.minutes > 0 else "charts.hours.back"
        yield Note(teller.say(key, day=teller.speech.day(change.day), zone=zone.key))
