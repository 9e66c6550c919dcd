"""What people opened their link with: kinds of device and operating systems, as bars in their table.

Of the first click by a person; machines and suspects are not in it.
"""

from collections.abc import Mapping, Sequence

from dashboards.charts.shape import Chart, Column, Row, Table
from dashboards.charts.teller import Teller
from linksvc.breakdowns import BreakdownRow
from linksvc.message_filters import MessageFilter

_DEVICES = {
    "phone": "charts.device.phone",
    "tablet": "charts.device.tablet",
    "computer": "charts.device.desktop",
}


def device_chart(
    clicked: int, rows: Sequence[BreakdownRow], systems: Mapping[tuple[str, str], int], teller: Teller
) -> Chart:
    """`rows` of the breakdown by device, `systems` of the spread by operating system."""
    title = teller.say("charts.devices.title")
    if not clicked:
        return Chart("devices", title, empty=teller.say("charts.devices.empty"))
    devices = {row.value: row.counts["clicked"] for row in rows if row.value}
    by_system = {value: count for (stage, value), count in systems.items() if stage == "clicked"}
    return Chart(
        "devices",
        title,
        lead=teller.say("charts.devices.lead", count=clicked),
        tables=(
            _table("device", teller.say("charts.devices.device"), devices, clicked, teller),
            _table("os", teller.say("charts.devices.system"), by_system, clicked, teller),
        ),
    )


def _table(by: str, head: str, counts: Mapping[str, int], clicked: int, teller: Teller) -> Table:
    rest = clicked - sum(count for value, count in counts.items() if value)
    told = {value: count for value, count in counts.items() if value and count} | ({"": rest} if rest else {})
    order = sorted(told, key=lambda value: (value == "", -told[value], value))
    columns = (
        Column(head, is_number=False),
        Column(teller.say("charts.messages")),
        Column(teller.say("charts.devices.share")),
    )
    return Table(head, columns, tuple(_row(by, value, told[value], clicked, teller) for value in order), is_folded=False)


def _row(by: str, value: str, counted: int, clicked: int, teller: Teller) -> Row:
    count = teller.count(counted, MessageFilter("clicked", by=by, value=value))
    whole = teller.count(clicked, MessageFilter("clicked"))
    name = teller.named(_DEVICES, value) if value else teller.say("charts.devices.unknown")
    return Row(name, (count, teller.share(count, whole, with_bar=True)))
