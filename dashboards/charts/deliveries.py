"""What became of what was submitted, and why: buckets that add up, causes with what to do about them.

For `dashboards.charts.page`; the figures are those of `linksvc.deliveries`.
"""

from dashboards.charts.cause_catalog import ADVICE, MEANINGS
from dashboards.charts.drawing import BAD, CALM, DOUBT, GOOD, MAIN, bars
from dashboards.charts.shape import Cell, Chart, Column, Note, Row, Table
from dashboards.charts.teller import Teller
from linksvc.deliveries import PROVED, Bucket, CauseCount, Deliveries
from linksvc.message_filters import MessageFilter

_BUCKETS = {
    "confirmed": ("charts.deliveries.confirmed", MAIN),
    "arrived": ("charts.deliveries.arrived", GOOD),
    "temporary": ("charts.deliveries.temporary", DOUBT),
    "permanent": ("charts.deliveries.permanent", BAD),
    "expired": ("charts.deliveries.expired", DOUBT),
    "unknown": ("charts.deliveries.unknown", CALM),
    "pending": ("charts.deliveries.pending", CALM),
}
"""Each bucket's text and colour."""

_STAGES = {
    "failed": "charts.causes.failed",
    "expired": "charts.causes.expired",
    "unknown": "charts.causes.unknown",
    "refused": "charts.causes.refused",
}


def delivery_chart(report: Deliveries, teller: Teller) -> Chart:
    """Buckets, then causes: those that pass, those that last, of what nobody knows, and of messages that never left."""
    title = teller.say("charts.deliveries.title")
    refused = _causes("charts.causes.never_left", report.refused, teller)
    if not report.submitted:
        return Chart("deliveries", title, empty=teller.say("charts.deliveries.empty"), tables=refused)
    failures = [cause for cause in report.causes if cause.stage != "unknown"]
    return Chart(
        "deliveries",
        title,
        lead=teller.say("charts.deliveries.lead", count=report.submitted),
        figure=_figure(report, teller),
        tables=(
            _buckets(report, teller),
            *_causes("charts.causes.temporary", [c for c in failures if c.is_temporary], teller),
            *_causes("charts.causes.permanent", [c for c in failures if not c.is_temporary], teller),
            *_causes("charts.causes.untold", [c for c in report.causes if c.stage == "unknown"], teller),
            *refused,
        ),
        notes=(_sum(report, teller), *_arrived(report, teller), *_proved_unknown(report, teller)),
    )


def _name(bucket: Bucket, teller: Teller) -> str:
    return teller.say(_BUCKETS[bucket.name][0])


def _figure(report: Deliveries, teller: Teller) -> str:
    return bars(
        [_name(bucket, teller) for bucket in report.buckets],
        [bucket.count for bucket in report.buckets],
        [teller.brief(bucket.count, report.submitted) for bucket in report.buckets],
        [_BUCKETS[bucket.name][1] for bucket in report.buckets],
    )


def _buckets(report: Deliveries, teller: Teller) -> Table:
    whole = teller.count(report.submitted, MessageFilter("submitted"))
    rows = [_bucket_row(bucket, whole, teller) for bucket in report.buckets]
    total = Row(teller.say("charts.deliveries.submitted"), (whole, teller.share(whole, whole)), is_sum=True)
    columns = (
        Column(teller.say("charts.deliveries.state"), is_number=False),
        Column(teller.say("charts.messages")),
        Column(teller.say("charts.deliveries.of_submitted")),
    )
    return Table(teller.say("charts.table"), columns, (*rows, total))


def _bucket_row(bucket: Bucket, whole: Cell, teller: Teller) -> Row:
    count = teller.count(bucket.count, bucket.rows)
    return Row(_name(bucket, teller), (count, teller.share(count, whole)))


def _sum(report: Deliveries, teller: Teller) -> Note:
    """That the buckets add up; if they do not, by how much they are off."""
    if report.unaccounted:
        return Note(teller.say("charts.deliveries.residue", count=abs(report.unaccounted)))
    return Note(teller.say("charts.deliveries.adds_up", count=report.submitted))


def _arrived(report: Deliveries, teller: Teller) -> tuple[Note, ...]:
    """What "without confirmation" means, where there are any."""
    arrived = any(bucket.name == "arrived" and bucket.count for bucket in report.buckets)
    return (Note(teller.say("charts.deliveries.arrived_means")),) if arrived else ()


def _proved_unknown(report: Deliveries, teller: Teller) -> tuple[Note, ...]:
    """Why the receipts that say unknown are more than the state of that name."""
    said = sum(cause.count for cause in report.causes if cause.stage == "unknown")
    left = next(bucket.count for bucket in report.buckets if bucket.name == "unknown")
    if said == left:
        return ()
    rows = MessageFilter("unknown", by="proof", value=",".join(PROVED))
    return (Note(teller.say("charts.deliveries.proved_unknown", said - left, said=said), teller.count(said - left, rows)),)


def _causes(caption: str, causes: list[CauseCount] | tuple[CauseCount, ...], teller: Teller) -> tuple[Table, ...]:
    if not causes:
        return ()
    columns = (
        Column(teller.say("charts.causes.cause"), is_number=False),
        Column(teller.say("charts.messages")),
        Column(teller.say("charts.causes.advice"), is_number=False),
    )
    rows = tuple(_cause_row(cause, teller) for cause in causes)
    return (Table(teller.say(caption), columns, rows, is_folded=False, is_titled=True),)


def _advice(cause: CauseCount, teller: Teller) -> str:
    if cause.is_given_up:
        return teller.say("charts.causes.given_up")
    return teller.speech.write(ADVICE[cause.cause]) if cause.cause in ADVICE else ""


def _cause_row(cause: CauseCount, teller: Teller) -> Row:
    head = teller.speech.write(MEANINGS[cause.cause]) if cause.cause in MEANINGS else cause.cause
    cells = (teller.count(cause.count, cause.rows), Cell(_advice(cause, teller)))
    return Row(head, cells, note=teller.say(_STAGES[cause.stage]))
