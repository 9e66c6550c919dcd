"""Who opened the links: people, suspects, machines, and why each was taken for what it is. For `dashboards.charts.page`."""

from collections.abc import Mapping

from dashboards.catalog import CATALOG
from dashboards.charts.drawing import CALM, DOUBT, MAIN, bars
from dashboards.charts.shape import Chart, Column, Row, Table
from dashboards.charts.teller import Teller
from linksvc.message_filters import MessageFilter
from linksvc.occurrence_list import OccurrenceFilter

_VERDICTS = {
    "human": ("charts.verdicts.human", MAIN, "clicked"),
    "suspect": ("charts.verdicts.suspect", DOUBT, "suspect"),
    "machine": ("charts.verdicts.machine", CALM, "machine"),
}
"""Each verdict's text, its colour, and the stage of the messages of which it is the best there was."""


def verdict_chart(counts: Mapping[str, int], reasons: Mapping[tuple[str, str], int], teller: Teller) -> Chart:
    """`counts` by stage and occurrence; `reasons`: visits by (occurrence, reason)."""
    title = teller.say("charts.verdicts.title")
    visits = {verdict: counts[f"hit_{verdict}"] for verdict in _VERDICTS}
    total = sum(visits.values())
    if not total:
        return Chart("verdicts", title, empty=teller.say("charts.verdicts.empty"))
    figure = bars(
        [teller.say(key) for key, _, _ in _VERDICTS.values()],
        list(visits.values()),
        [teller.brief(count, total) for count in visits.values()],
        [colour for _, colour, _ in _VERDICTS.values()],
    )
    return Chart(
        "verdicts",
        title,
        lead=teller.say("charts.verdicts.lead", count=total),
        figure=figure,
        height="low",
        tables=(_table(counts, teller), *_reasons(visits, reasons, teller)),
        notes=teller.note("charts.verdicts.unnamed", counts["hit_unnamed"], OccurrenceFilter("hit_unnamed")),
    )


def _table(counts: Mapping[str, int], teller: Teller) -> Table:
    columns = (
        Column(teller.say("charts.verdicts.verdict"), is_number=False),
        Column(teller.say("charts.verdicts.visits")),
        Column(teller.say("charts.verdicts.messages")),
    )
    return Table(teller.say("charts.table"), columns, tuple(_row(counts, verdict, teller) for verdict in _VERDICTS))


def _row(counts: Mapping[str, int], verdict: str, teller: Teller) -> Row:
    key, _, stage = _VERDICTS[verdict]
    hits = teller.count(counts[f"hit_{verdict}"], OccurrenceFilter(f"hit_{verdict}"))
    return Row(teller.say(key), (hits, teller.count(counts[stage], MessageFilter(stage))))


def _reasons(visits: Mapping[str, int], reasons: Mapping[tuple[str, str], int], teller: Teller) -> tuple[Table, ...]:
    """Each verdict's reasons, most frequent first. One that no reason was kept for says so."""
    lines = [_reason(f"hit_{verdict}", reason, count, teller) for verdict, reason, count in _sorted(visits, reasons)]
    columns = (
        Column(teller.say("charts.verdicts.reason"), is_number=False),
        Column(teller.say("charts.verdicts.visits")),
    )
    return (
        (Table(teller.say("charts.verdicts.reasons"), columns, tuple(lines), is_folded=False, is_titled=True),)
        if lines
        else ()
    )


def _sorted(visits: Mapping[str, int], reasons: Mapping[tuple[str, str], int]) -> list[tuple[str, str, int]]:
    found = []
    for verdict in visits:
        told = {reason: count for (of, reason), count in reasons.items() if of == f"hit_{verdict}" and count}
        found += [(verdict, reason, told[reason]) for reason in sorted(told, key=lambda one: (-told[one], one))]
    return found


def _reason(occurrence: str, reason: str, count: int, teller: Teller) -> Row:
    key = f"reason.{reason}"
    words = teller.say("charts.verdicts.no_reason")
    if reason:
        words = teller.say(key) if key in CATALOG else reason
    of = teller.say(_VERDICTS[occurrence.removeprefix("hit_")][0])
    return Row(words, (teller.count(count, OccurrenceFilter(occurrence, by="reason", value=reason)),), note=of)
