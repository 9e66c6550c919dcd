"""Rates, intervals and what the page says of a campaign's state: made from figures given by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.campaigns import CampaignDetails, LinkFacts
from dashboards.figures import Figures
from dashboards.funnel_page import REFRESH_AT_REST_MS, REFRESH_MS, FunnelPage, make_funnel_page
from dashboards.proportions import Proportion
from dashboards.readings import Reading
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.funnel import Funnel
from linksvc.money import Money
from linksvc.route_trouble import Uncovered
from linksvc.routes import RouteView
from tests.dashboards.scenes import EXPECTED

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
ENGLISH = Speech("en", "Europe/Paris")
WHO = SignedIn(1, "ana@example.com", "en", 1, "Boutique Lumen", "Europe/Paris", "EUR")
DETAILS = CampaignDetails(
    text="Bonjour",
    sender="36180",
    link=LinkFacts("https://shop.example/", None, None, "", None),
    kind="marketing",
    rate_per_s=10,
    offer=None,
    audience_file="vip.csv",
    created_at=NOW,
    send_requested_at=NOW,
    first_submit_after=NOW - timedelta(minutes=10),
)


def funnel(state: str = "sending", *, pending_facts: int = 0, **counts: int) -> Funnel:
    values = (EXPECTED | counts) if counts or state != "draft" else dict.fromkeys(EXPECTED, 0)
    return Funnel(7, "VIP", "marketing", state, values, (), pending_facts, NOW, NOW, NOW if state == "sent" else None)


def route(state: str, error: str = "") -> RouteView:
    return RouteView("main", "127.0.0.1", 2775, "ricochet", id=1, state=state, error=error, state_at=NOW)


def page(
    figures: Funnel, *routes: RouteView, details: CampaignDetails = DETAILS, uncovered: tuple[Uncovered, ...] = ()
) -> FunnelPage:
    return make_funnel_page(Reading(figures, details, routes, uncovered=uncovered), WHO, ENGLISH, NOW)


def told(page: FunnelPage) -> str:
    return " ".join(f"[{notice.level}] {notice.title}: {' '.join(notice.lines)}" for notice in page.notices)


@given(st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_stays_within_zero_and_one(pair: tuple[int, int]) -> None:
    proportion = Proportion(*pair)
    assert proportion.share is not None
    assert proportion.interval is not None
    low, high = proportion.interval
    assert 0 <= low <= proportion.share <= high <= 1
    assert low < high


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(219, 1192, 0.1628, 0.2067), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1)]
)
def test_the_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert Proportion(part, whole).interval == pytest.approx((low, high), abs=5e-5)


def test_of_nothing_there_is_no_share() -> None:
    assert Proportion(0, 0).share is None
    assert Proportion(0, 0).interval is None
    assert Proportion(3, 2).interval is None


def test_figures_that_do_not_add_up_are_an_error_on_the_page() -> None:
    broken = page(funnel(queued=3))
    assert not broken.adds_up
    assert "[error] The figures do not add up: 2 messages are in none of the states below" in told(broken)
    assert page(funnel(), route("bound")).notices == ()


def test_a_refused_bind_shows_on_the_campaign_with_its_reason() -> None:
    text = told(page(funnel(), route("refused", "wrong password")))
    assert "[error] The route main was refused: Since 20 Nov 2026, 14:00 the operator’s side answers: wrong password" in text
    assert "5 messages stay queued" in text


@pytest.mark.parametrize("state", ["producing", "sending"])
def test_the_reason_is_told_from_the_first_message_on(state: str) -> None:
    fresh = replace(DETAILS, first_submit_after=None if state == "producing" else NOW)
    text = told(page(funnel(state), route("refused", "wrong password"), route("idle"), details=fresh))
    assert "The route main was refused" in text
    assert "wrong password" in text
    assert "No route is connected" not in text


def test_an_unreachable_route_beside_a_working_one_is_a_warning() -> None:
    text = told(page(funnel(), route("unreachable"), replace(route("bound"), id=2, name="second")))
    assert text.startswith("[warning] The route main cannot be reached")
    assert "it gives no reason The other routes go on sending" in text


def test_no_route_at_all_and_none_connected_are_told() -> None:
    assert "[error] There is no route to send by" in told(page(funnel()))
    assert "[warning] No route is connected" in told(page(funnel(), route("idle")))
    fresh = replace(DETAILS, first_submit_after=NOW)
    assert page(funnel(), route("idle"), details=fresh).notices == ()


def test_a_route_that_takes_nothing_and_recipients_that_no_route_reaches_are_told() -> None:
    uncovered = (Uncovered("GB", "23415", 2_000), Uncovered("", "", 3))
    words = told(page(funnel(), route("failing", "It refuses."), uncovered=uncovered))
    assert "[error] The route main is failing: Since 20 Nov 2026, 14:00 the operator’s side answers: It refuses." in words
    assert "[error] Some recipients are reached by no route: 2,000 to GB 23415 3 to an unknown country They stay" in words


def test_route_trouble_is_no_matter_once_nothing_waits() -> None:
    assert page(funnel("sent", queued=0, produced=19), route("refused", "x")).notices == ()


def test_progress_has_counts_and_an_end_time() -> None:
    # 19 of 24 left the queue in ten minutes: the other five take 2 minutes 38 more.
    state = page(funnel(), route("bound")).state
    assert (state.text, state.done, state.total) == ("sending, 79\u202f%", 19, 24)
    assert state.words == "19 of 24, done about 14:02"
    assert page(funnel(), route("refused")).state.words == "19 of 24"


def test_every_state_has_its_line() -> None:
    assert page(funnel("draft")).state.words == "not sent yet"
    assert page(funnel("producing")).state.words == "24 messages made so far"
    assert page(funnel("sent")).state.words == "finished 20 Nov 2026, 14:00"


def test_a_page_says_why_its_figures_are_provisional() -> None:
    assert page(funnel("draft")).provisional == ()
    assert page(funnel("sending", pending_facts=1)).provisional == (
        "The campaign is still being sent.",
        "1 receipt is still to come.",
        "1 event was learnt and is not counted yet.",
        "Clicks, redemptions and replies may still come.",
    )
    assert page(funnel("sent", pending=0)).provisional == ("Clicks, redemptions and replies may still come.",)


@pytest.mark.parametrize(
    ("figures", "wait"),
    [
        (funnel("sending"), REFRESH_MS),
        (funnel("producing"), REFRESH_MS),
        (funnel("sent"), REFRESH_MS),
        (funnel("sent", pending=0, pending_facts=2), REFRESH_MS),
        (funnel("sent", pending=0), REFRESH_AT_REST_MS),
        (funnel("draft"), REFRESH_AT_REST_MS),
    ],
)
def test_a_page_refreshes_often_only_while_something_is_on_its_way(figures: Funnel, wait: int) -> None:
    assert page(figures).refresh_ms == wait


def test_revenue_is_told_by_currency_the_workspaces_own_first() -> None:
    two = replace(funnel(), taken_back=(), revenue=(Money(500, "CHF"), Money(1_000, "EUR")))
    revenue = next(tile for tile in Figures(two, ENGLISH, "EUR").tiles() if tile.name == "revenue")
    assert [amount.split()[0] for amount in revenue.amounts] == ["EUR", "CHF"]
    assert revenue.lines == ()
    none = next(tile for tile in Figures(funnel(), ENGLISH, "EUR").tiles() if tile.name == "revenue")
    assert none.amounts[0].split() == ["EUR", "0.00"]


def test_the_click_rate_is_taken_over_those_who_can_be_seen() -> None:
    clicked = next(tile for tile in Figures(funnel(), ENGLISH, "EUR").tiles() if tile.name == "clicked")
    assert clicked.share is not None
    assert clicked.share.whole.stage == "seen"


@given(st.dictionaries(st.sampled_from(sorted(EXPECTED)), st.integers(0, 10**9)))
def test_any_figures_can_be_shown(counts: dict[str, int]) -> None:
    made = page(funnel("sent", **counts))
    assert all(float(step.width.rstrip("%")) <= 100 for step in made.steps)
    assert 5 <= len(made.tiles) <= 7


def test_a_campaign_without_a_link_has_no_click_rate_and_says_so() -> None:
    shown = page(
        replace(funnel(seen=243, clicked=0, engaged=0, paid=0, hit_human=0), has_link=False),
        details=replace(DETAILS, link=None),
    )
    tile = next(tile for tile in shown.tiles if tile.name == "clicked")
    assert (tile.share, tile.lines) == (None, ("No link in the text: there is no click rate",))
    assert [step.name for step in shown.steps] == ["produced", "submitted", "delivered", "reached", "redeemed"]
    assert not {note.count.stage for step in shown.steps for note in step.notes} & {"seen", "redeemed_unclicked"}
    assert "seen" not in {named.count.stage for named in shown.more}
    french = Figures(replace(funnel(), has_link=False), Speech("fr", "Europe/Paris"), "EUR").tiles()
    assert french[1].lines == ("Pas de lien dans le texte\u00a0: pas de taux de clic",)


def test_engaged_and_paid_are_shown_where_a_page_or_a_payment_can_make_them() -> None:
    def shown(figures: Funnel) -> list[tuple[str, str]]:
        tiles = {tile.name for tile in page(figures).tiles}
        assert tiles & {"engaged", "paid"} == {step.name for step in page(figures).steps} & {"engaged", "paid"}
        return [(step.name, step.share.whole.stage) for step in page(figures).steps if step.share][2:]

    plain = funnel(engaged=0, paid=0, payment=0)
    assert shown(plain) == [("clicked", "seen"), ("redeemed", "reached")]
    assert "payment" not in {named.count.stage for named in page(plain).more}
    with_page = [("clicked", "seen"), ("engaged", "clicked"), ("redeemed", "reached")]
    assert shown(replace(plain, has_page=True)) == with_page
    assert shown(replace(plain, has_page=True, has_payments=True)) == [*with_page, ("paid", "reached")]
    assert shown(funnel(engaged=1, paid=1)) == [*with_page, ("paid", "reached")], "what happened stays told"
