"""What the campaign brought and cost: net revenue, cost, per message, per fragment, and the return on investment.

Amounts of different currencies stand beside one another and are never added or divided. For `dashboards.charts.page`.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial

from dashboards.charts.shape import Cell, Chart, Column, Note, Row, Table
from dashboards.charts.teller import DASH, Teller
from linksvc.costs import Costs
from linksvc.money import half_up
from linksvc.occurrence_list import OccurrenceFilter

_BROUGHT = (
    ("redemption", "charts.costs.redemptions"),
    ("payment", "charts.costs.payments"),
    ("return", "charts.costs.returns"),
    ("void", "charts.costs.voids"),
)

_WHY = {
    "unpriced": "charts.costs.unpriced",
    "free": "charts.costs.free",
    "currencies": "charts.costs.currencies",
}


def cost_chart(costs: Costs, counts: Mapping[str, int], own: str, teller: Teller) -> Chart:
    """A column for each currency, the workspace's `own` first. `counts`: the campaign's, by stage and occurrence."""
    title = teller.say("charts.costs.title")
    occurred = tuple(note for name, key in _BROUGHT for note in teller.note(key, counts[name], OccurrenceFilter(name)))
    if not costs.submitted and not costs.currencies:
        return Chart("costs", title, empty=teller.say("charts.costs.empty"))
    currencies = sorted(costs.currencies or (own,), key=lambda currency: (currency != own, currency))
    columns = (Column(teller.say("charts.costs.amount"), is_number=False), *(Column(currency) for currency in currencies))
    table = Table(title, columns, tuple(_rows(costs, currencies, teller)), is_folded=False)
    notes = (_investment(costs, teller), *_partial(costs, teller), *occurred)
    return Chart("costs", title, lead=_lead(costs, teller), tables=(table,), notes=notes)


def _lead(costs: Costs, teller: Teller) -> str:
    return teller.say("charts.costs.lead", submitted=costs.submitted, fragments=costs.fragments)


def _rows(costs: Costs, currencies: list[str], teller: Teller) -> list[Row]:
    nets = [costs.net(currency) for currency in currencies]
    priced = [costs.priced.get(currency, 0) for currency in currencies]
    # Where no part has a price nothing is known, which is not nothing.
    spent = [costs.cost.get(currency, 0) if parts else None for currency, parts in zip(currencies, priced, strict=True)]
    wholes: tuple[tuple[str, Sequence[int | None]], ...] = (
        ("charts.costs.revenue", [costs.revenue.get(currency, 0) for currency in currencies]),
        ("charts.costs.taken_back", [costs.taken_back.get(currency, 0) for currency in currencies]),
        ("charts.costs.net", nets),
        ("charts.costs.cost", spent),
    )
    each = (
        ("charts.costs.net_each", [_each(net, costs.submitted) for net in nets]),
        ("charts.costs.cost_each", [_each(one, costs.submitted) for one in spent]),
        ("charts.costs.cost_fragment", list(map(_each, spent, priced))),
    )
    whole = [Row(teller.say(key), tuple(map(partial(_sum, teller), amounts, currencies))) for key, amounts in wholes]
    return whole + [Row(teller.say(key), tuple(map(partial(_share, teller), amounts, currencies))) for key, amounts in each]


def _each(amount: int | None, among: int) -> int | None:
    return None if amount is None or not among else half_up(Fraction(amount, among))


def _sum(teller: Teller, amount: int | None, currency: str) -> Cell:
    return Cell(DASH, teller.say("charts.costs.no_price")) if amount is None else Cell(_money(teller, amount, currency))


def _share(teller: Teller, amount: int | None, currency: str) -> Cell:
    """What falls to one message or part: fractions of the smallest coin count."""
    return Cell(DASH, teller.say("charts.no_share")) if amount is None else Cell(teller.speech.exact_money(amount, currency))


def _money(teller: Teller, amount: int, currency: str) -> str:
    """A sum, to the smallest coin."""
    return teller.speech.money_of_micros(amount, currency)


def _investment(costs: Costs, teller: Teller) -> Note:
    back = costs.investment_return
    if back is None:
        return Note(teller.say(_WHY[costs.why_no_return]))
    (currency,) = costs.currencies
    result = costs.net(currency) - costs.cost[currency]
    return Note(
        teller.say(
            "charts.costs.return",
            share=teller.speech.per_cent(float(back)),
            result=_money(teller, result, currency),
            cost=_money(teller, costs.cost[currency], currency),
        )
    )


def _partial(costs: Costs, teller: Teller) -> tuple[Note, ...]:
    if not costs.unpriced:
        return ()
    return (Note(teller.say("charts.costs.partial", unpriced=costs.unpriced, fragments=costs.fragments)),)
