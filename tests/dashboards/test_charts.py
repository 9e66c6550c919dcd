"""The charts: from counts to rows and a picture. Of nothing, of one, of a million, in both languages."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboards.charts.cause_catalog import ADVICE, MEANINGS
from dashboards.charts.costs import cost_chart
from dashboards.charts.delays import CLICKS, RECEIPTS, REDEMPTIONS, delay_chart
from dashboards.charts.deliveries import delivery_chart
from dashboards.charts.devices import device_chart
from dashboards.charts.hours import hour_chart
from dashboards.charts.places import NETWORKS, SHOWN, place_chart
from dashboards.charts.proofs import proof_chart
from dashboards.charts.shape import Cell, Chart
from dashboards.charts.teller import Teller
from dashboards.charts.verdicts import verdict_chart
from dashboards.charts.weeks import recipients_week, workspace_week
from dashboards.speech import Language, Speech
from linksvc.breakdowns import BreakdownRow
from linksvc.costs import Costs
from linksvc.delays import EDGES
from linksvc.deliveries import make_deliveries
from linksvc.delivery_causes import CAUSES
from linksvc.stages import OCCURRENCES, STAGES

EN = Teller(1, Speech("en", "Europe/Paris"))
PARIS = ZoneInfo("Europe/Paris")
NIGHT = datetime(2026, 10, 25, tzinfo=UTC)
"""Two o'clock in Paris for the first time, an hour before the clocks go back."""


def counts(**told: int) -> dict[str, int]:
    return dict.fromkeys((*STAGES, *OCCURRENCES), 0) | told


def row(value: str, **told: int) -> BreakdownRow:
    return BreakdownRow(value, counts(**told), (), (), (), 0)


def delivery(size: int, teller: Teller) -> Chart:
    return delivery_chart(make_deliveries(counts(submitted=size, delivered=size), {}, {}, {}), teller)


def proofs(size: int, teller: Teller) -> Chart:
    return proof_chart(size, 0, {("delivered", "clicked"): size} if size else {}, teller)


def clicks(size: int, teller: Teller) -> Chart:
    return delay_chart(CLICKS, size, {("clicked", "60"): size}, teller)


def redemptions(size: int, teller: Teller) -> Chart:
    return delay_chart(REDEMPTIONS, size, {("redeemed", "3600"): size}, teller)


def receipts(size: int, teller: Teller) -> Chart:
    return delay_chart(RECEIPTS, size, {("delivered", "0"): size}, teller)


def hours(size: int, teller: Teller) -> Chart:
    return hour_chart(workspace_week([(NIGHT, size)], PARIS, "/charts", teller), teller)


def recipients(size: int, teller: Teller) -> Chart:
    return hour_chart(recipients_week({("clicked", "146"): size}, PARIS, "/charts", teller), teller)


def devices(size: int, teller: Teller) -> Chart:
    return device_chart(size, [row("phone", clicked=size)], {("clicked", "iOS"): size}, teller)


def networks(size: int, teller: Teller) -> Chart:
    rows = [row("20801", submitted=size, delivered=size, seen=size, clicked=size)]
    return place_chart(NETWORKS, rows, True, teller, str)


def money(size: int, teller: Teller) -> Chart:
    told = {"EUR": size * 1_000_000} if size else {}
    costs = Costs(told, {}, {"EUR": size * 45_200} if size else {}, {"EUR": size} if size else {}, size, size)
    return cost_chart(costs, counts(redemption=size), "EUR", teller)


def verdicts(size: int, teller: Teller) -> Chart:
    told = counts(hit_human=size, clicked=size)
    return verdict_chart(told, {("hit_human", ""): size}, teller)


CHARTS = (delivery, proofs, clicks, redemptions, receipts, hours, recipients, devices, networks, money, verdicts)
Make = Callable[[int, Teller], Chart]


def cells_of(chart: Chart) -> list[Cell]:
    cells = [cell for table in chart.tables for line in table.rows for cell in line.cells]
    return cells + [part for cell in cells for part in cell.parts or ()] + [note.cell for note in chart.notes if note.cell]


@pytest.mark.parametrize("make", CHARTS)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_chart_of_nothing_is_a_sentence_and_no_empty_axes(make: Make, language: Language) -> None:
    chart = make(0, Teller(1, Speech(language, "Europe/Paris")))
    assert chart.title
    assert chart.empty.endswith(".")
    assert (chart.figure, chart.tables) == ("", ())


@pytest.mark.parametrize("make", CHARTS)
@pytest.mark.parametrize("size", [1, 1_000_000])
def test_a_chart_of_one_and_of_a_million_tells_it_to_the_last_one(make: Make, size: int) -> None:
    chart = make(size, EN)
    assert not chart.empty
    assert chart.tables
    told = [cell for cell in cells_of(chart) if cell.value is not None]
    assert {cell.value for cell in told} <= {0, size}
    assert any(cell.value == size for cell in told)
    for cell in told:
        assert cell.text == f"{cell.value:,}"
        assert (cell.href is not None) == (cell.value != 0)


@pytest.mark.parametrize("make", CHARTS)
def test_a_table_has_a_cell_for_each_of_its_columns(make: Make) -> None:
    for table in make(7, EN).tables:
        assert {len(line.cells) + 1 for line in table.rows} == {len(table.columns)}


@pytest.mark.parametrize("make", CHARTS)
def test_a_picture_takes_its_colours_from_the_theme_and_loads_nothing(make: Make) -> None:
    figure = make(7, EN).figure
    if not figure:
        return
    drawn = json.loads(figure)
    assert set(drawn) == {"data", "layout"}
    assert {trace["type"] for trace in drawn["data"]} <= {"bar", "scatter", "sankey"}
    colours = [value for value in _strings(drawn) if value.startswith(("#", "rgb", "var("))]
    assert set(colours) <= {"rgba(0,0,0,0)", *(f"var(--{name})" for name in NAMED)}


NAMED = ("blue", "green", "vermilion", "orange", "grey", "faint", "ink")


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _strings(one)]


def test_every_cause_has_its_meaning_and_advice_in_both_languages() -> None:
    assert set(MEANINGS) == set(ADVICE) == {"", *CAUSES}
    for name, cause in CAUSES.items():
        assert (MEANINGS[name].en, ADVICE[name].en) == (cause.meaning, cause.advice)


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        ("en", ["Clicked 11, 2 against their receipts", "Reply only 1, 1 against its receipt"]),
        ("fr", ["Clic 11, 2 contre leurs accusés", "Réponse seulement 1, 1 contre son accusé"]),
    ],
)
def test_the_picture_counts_contradictions_where_table_and_page_do_and_tells_how_many(
    language: Language, labels: list[str]
) -> None:
    spread = {("delivered", "clicked"): 9, ("failed", "clicked"): 2, ("expired", "replied"): 1, ("failed", "nothing"): 4}
    chart = proof_chart(16, 3, spread, Teller(1, Speech(language, "Europe/Paris")))
    sankey = json.loads(chart.figure)["data"][0]
    assert set(labels) <= set(sankey["node"]["label"])
    red = [value for value, colour in zip(sankey["link"]["value"], sankey["link"]["color"], strict=True) if "verm" in colour]
    assert red == [2, 1]
    assert [cell.value for cell in chart.tables[0].rows[-1].cells][:2] == [11, 1]
    assert [cell.value for cell in cells_of(chart) if cell.note] == [2, 1]
    (note,) = chart.notes
    assert note.cell
    assert note.cell.value == 3
    assert note.cell.href
    assert note.cell.href.endswith("stage=contradicted")


def test_the_flows_of_the_picture_are_the_cells_of_its_table() -> None:
    spread = {("delivered", "clicked"): 9, ("failed", "clicked"): 2, ("pending", "unseen"): 4, ("unknown", "machine"): 1}
    chart = proof_chart(16, 2, spread, EN)
    assert sorted(json.loads(chart.figure)["data"][0]["link"]["value"]) == [1, 2, 4, 9]
    last = chart.tables[0].rows[-1]
    assert last.is_sum
    assert [cell.value for cell in last.cells] == [11, 1, 4, 16]


def test_the_click_curve_ends_at_all_of_them_and_tells_what_is_not_in_it() -> None:
    spread = {("clicked", "-1"): 1, ("clicked", "0"): 4, ("clicked", "180"): 5, ("clicked", ""): 2}
    chart = delay_chart(CLICKS, 12, spread, EN)
    bars, line = json.loads(chart.figure)["data"]
    assert sum(bars["y"]) == 10
    assert (line["y"][0], line["y"][-1]) == (0.1, 1.0)
    heads = [row.head for row in chart.tables[0].rows]
    assert heads == ["before", "0 s – 30 s", "30 s – 1 min", "1 min – 2 min", "2 min – 3 min", "3 min – 5 min"]
    named = json.loads(chart.figure)["layout"]["xaxis"]["ticktext"]
    assert named[:2] == ["before", "< 30 s"], "the picture names the step as the table does"
    assert chart.notes[0].words.startswith("Half of them: 0 s – 30 s (median). Nine in ten: 3 min – 5 min")
    assert [note.cell.value for note in chart.notes if note.cell] == [2]


def test_what_all_took_the_same_step_is_a_sentence_and_no_picture() -> None:
    chart = delay_chart(CLICKS, 7, {("clicked", "30"): 7}, EN)
    assert chart.figure == ""
    assert [note.words for note in chart.notes] == ["All of them in one step: 30 s – 1 min."]
    assert [row.head for row in chart.tables[0].rows] == ["30 s – 1 min"]


def test_receipts_that_say_unknown_of_what_arrived_are_told_where_the_state_is_less() -> None:
    told = counts(submitted=10, unknown=6, delivered=4)
    spread = {("unknown", "clicked"): 2, ("unknown", "nothing"): 4, ("delivered", "nothing"): 4}
    chart = delivery_chart(make_deliveries(told, {("unknown", ""): 6}, spread, {}), EN)
    (note,) = [note for note in chart.notes if note.cell]
    assert note.cell
    assert (note.cell.value, note.words[:38]) == (2, "of the 6 whose receipts say unknown ar")
    assert chart.tables[1].caption == "Receipts that say unknown"


def test_an_address_of_everything_until_then_is_short_enough_to_be_kept() -> None:
    chart = delay_chart(CLICKS, len(EDGES), {("clicked", str(edge)): 1 for edge in EDGES}, EN)
    assert max(len(cell.href or "") for cell in cells_of(chart)) < 300


def test_the_hour_that_came_twice_counts_both_and_the_night_is_named() -> None:
    quarters = [(NIGHT + n * timedelta(minutes=15), 1) for n in range(12)]
    chart = hour_chart(workspace_week(quarters, PARIS, "/charts", EN), EN)
    by_hour = {line.head: line.cells for line in chart.tables[0].rows}
    assert [by_hour[hour][6].value for hour in ("1 h", "2 h", "3 h", "4 h")] == [0, 8, 4, 0]
    assert by_hour["2 h"][7].value == 8
    assert [cell.value for cell in by_hour["Total"]] == [0, 0, 0, 0, 0, 0, 12, 12]
    (note,) = chart.notes
    assert note.words == "On 25 October 2026 the clocks of Europe/Paris went back: the hour that came twice counts both."


def test_the_night_that_has_an_hour_less_is_named_too() -> None:
    night = datetime(2026, 3, 29, tzinfo=UTC)
    quarters = [(night + n * timedelta(minutes=15), 1) for n in range(8)]
    chart = hour_chart(workspace_week(quarters, PARIS, "/charts", EN), EN)
    by_hour = {line.head: line.cells[6].value for line in chart.tables[0].rows}
    assert [by_hour[hour] for hour in ("1 h", "2 h", "3 h")] == [4, 0, 4]
    assert "went forward" in chart.notes[0].words


def test_the_map_has_the_totals_of_days_and_hours_at_its_edges() -> None:
    week = workspace_week([(NIGHT, 41_667), (NIGHT + timedelta(hours=20), 5)], PARIS, "/charts", EN)
    squares, of_days, of_hours = json.loads(hour_chart(week, EN).figure)["data"]
    assert list(zip(squares["x"], squares["y"], strict=True)) == [(2, 6), (21, 6)]
    assert of_days["text"] == ["0"] * 6 + ["42K"]
    assert [text for text in of_hours["text"] if text] == ["42K", "5"]


def test_recipients_of_unknown_zones_are_told_and_in_no_hour() -> None:
    chart = hour_chart(recipients_week({("clicked", "0"): 4, ("clicked", "-1"): 3}, PARIS, "/charts", EN), EN)
    assert chart.tables[0].rows[-1].cells[-1].value == 4
    assert [note.cell.value for note in chart.notes if note.cell] == [3]
    assert [choice.path for choice in chart.choices] == ["/charts", None]


def test_a_device_that_is_not_known_is_the_rest_of_those_who_clicked() -> None:
    chart = device_chart(10, [row("phone", clicked=6), row("", clicked=1)], {("clicked", "iOS"): 6, ("clicked", ""): 4}, EN)
    named = [[(line.head, line.cells[0].value) for line in table.rows] for table in chart.tables]
    assert named == [[("Phone", 6), ("Not known", 4)], [("iOS", 6), ("Not known", 4)]]


def test_further_networks_are_folded_below_the_first() -> None:
    rows = [row(f"208{n:02d}", submitted=100 - n, delivered=50, seen=50, clicked=5) for n in range(SHOWN + 3)]
    chart = place_chart(NETWORKS, rows, True, EN, str)
    first, others = chart.tables
    assert (len(first.rows), len(others.rows), others.caption) == (SHOWN, 3, "3 more")
    assert (first.is_folded, others.is_folded) == (False, True)


def test_a_rate_of_nothing_is_a_dash_that_says_why() -> None:
    chart = place_chart(NETWORKS, [row("20801", submitted=3)], True, EN, str)
    delivered, clicked = chart.tables[0].rows[0].cells[1:]
    assert delivered.text == "0.0\u202f%"
    assert (clicked.text, clicked.note) == ("–", "there is nothing to take a share of yet")


MONEY = Costs({"EUR": 12_000_000}, {"EUR": 2_000_000}, {"EUR": 4_000_000}, {"EUR": 8}, 4, 8)


def words_of(costs: Costs) -> str:
    return " ".join(note.words for note in cost_chart(costs, counts(), "EUR", EN).notes)


def test_the_return_is_told_where_revenue_and_cost_agree_on_a_currency() -> None:
    assert MONEY.investment_return is not None
    assert float(MONEY.investment_return) == 1.5
    assert "150.0\u202f%, that is EUR 6.00 gained on EUR 4.00" in words_of(MONEY)
    lines = {line.head: line.cells[0].text for line in cost_chart(MONEY, counts(), "EUR", EN).tables[0].rows}
    assert lines == {
        "Paid": "EUR 12.00",
        "Returned or voided": "EUR 2.00",
        "Net revenue": "EUR 10.00",
        "Cost of sending": "EUR 4.00",
        "Net revenue a message submitted": "EUR 2.50",
        "Cost a message submitted": "EUR 1.00",
        "Cost a part": "EUR 0.50",
    }


def test_a_campaign_that_lost_money_says_so() -> None:
    assert "-100.0\u202f%, that is -EUR 4.00 gained" in words_of(replace(MONEY, revenue={}, taken_back={}))


def test_amounts_of_two_currencies_stand_side_by_side_and_are_never_added() -> None:
    mixed = replace(MONEY, revenue={"EUR": 12_000_000, "CHF": 7_000_000})
    assert mixed.investment_return is None
    chart = cost_chart(mixed, counts(), "CHF", EN)
    assert [column.label for column in chart.tables[0].columns] == ["Amount", "CHF", "EUR"]
    assert [cell.text for cell in chart.tables[0].rows[2].cells] == ["CHF 7.00", "EUR 10.00"]
    assert "different currencies" in words_of(mixed)


def test_no_return_is_told_of_parts_whose_price_is_not_known() -> None:
    partly = replace(MONEY, fragments=10)
    assert partly.investment_return is None
    assert "prices are not all known" in words_of(partly)
    assert "Parts without a price: 2 of 10." in words_of(partly)


def test_what_was_sent_for_nothing_has_no_return() -> None:
    assert "nothing was spent" in words_of(replace(MONEY, cost={"EUR": 0}))


def test_a_yen_has_no_smaller_coin() -> None:
    yen = Costs({"JPY": 5_000_000}, {}, {"JPY": 1_500_000}, {"JPY": 1}, 1, 1)
    lines = [line.cells[0].text for line in cost_chart(yen, counts(), "JPY", EN).tables[0].rows]
    assert lines[:1] == ["JPY 5"]
    assert lines[-1] == "JPY 1.5"


def test_verdicts_have_their_reasons_most_frequent_first() -> None:
    told = counts(hit_human=5, hit_machine=4, clicked=3, machine=2)
    reasons = {("hit_machine", "preview"): 1, ("hit_machine", "crawler"): 3, ("hit_human", ""): 5, ("hit_machine", "new"): 0}
    why = verdict_chart(told, reasons, EN).tables[1]
    assert [(line.head, line.note, line.cells[0].value) for line in why.rows] == [
        ("nothing speaks against a person", "People", 5),
        ("crawler or robot", "Machines", 3),
        ("preview of a messaging app", "Machines", 1),
    ]
