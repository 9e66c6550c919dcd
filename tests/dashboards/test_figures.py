"""Rates, intervals and what the page says of a campaign's state: made from figures given by hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.campaigns import CampaignDetails, LinkFacts
from dashboards.figures import Figures
from dashboards.funnel_page import REFRESH_AT_REST_MS, REFRESH_MS, FunnelPage, make_funnel_page
from dashboards.readings import Reading
from dashboards.speech import Language, Speech
from dashboards.tiles import Tile, Tiles
from linksvc.accounts import SignedIn
from linksvc.comparisons import LastCampaigns
from linksvc.funnel import Funnel
from linksvc.money import Money
from linksvc.proportions import Proportion
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


NONE_BEFORE = LastCampaigns((), dict.fromkeys(EXPECTED, 0), ())


def funnel(state: str = "sending", *, pending_facts: int = 0, **counts: int) -> Funnel:
    values = (EXPECTED | counts) if counts or state != "draft" else dict.fromkeys(EXPECTED, 0)
    finished = NOW if state == "sent" else None
    closes = NOW + timedelta(days=7) if finished else None
    return Funnel(7, "VIP", "marketing", state, values, (), pending_facts, NOW, NOW, finished, window_closes_at=closes)


def only(state: str = "sent", **counts: int) -> Funnel:
    """A campaign of which nothing is counted but this."""
    return funnel(state, **(dict.fromkeys(EXPECTED, 0) | counts))


def route(state: str, error: str = "") -> RouteView:
    return RouteView("main", "127.0.0.1", 2775, "ricochet", id=1, state=state, error=error, state_at=NOW)


def page(
    figures: Funnel, *routes: RouteView, details: CampaignDetails = DETAILS, uncovered: tuple[Uncovered, ...] = ()
) -> FunnelPage:
    return make_funnel_page(Reading(figures, details, NONE_BEFORE, routes, uncovered=uncovered), WHO, ENGLISH, NOW)


def tile(figures: Funnel, name: str, last: LastCampaigns = NONE_BEFORE, speech: Speech = ENGLISH) -> Tile:
    return next(one for one in Tiles(Figures(figures, speech, "EUR"), last).make() if one.name == name)


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


def test_a_page_says_until_when_its_figures_are_provisional_and_why() -> None:
    assert (page(funnel("draft")).standing, page(funnel("draft")).provisional) == ("", ())
    running = page(funnel("sending", pending_facts=1))
    assert running.standing == "Provisional"
    window = "What comes within 7 days of a message counts; what comes later stands apart."
    assert running.provisional == (
        "The campaign is still being sent.",
        "1 receipt is still to come.",
        "1 event was learnt and is not counted yet.",
        window,
    )
    settled = page(funnel("sent", pending=0))
    assert settled.standing == "Provisional until 27 Nov 2026, 14:00"
    assert settled.provisional == (window,)


def test_figures_are_final_once_the_window_has_closed_and_nothing_is_on_its_way() -> None:
    def after(figures: Funnel) -> FunnelPage:
        reading = Reading(figures, DETAILS, NONE_BEFORE)
        return make_funnel_page(reading, WHO, ENGLISH, NOW + timedelta(days=7))

    assert after(funnel("sent", pending=0)).standing == "Final since 27 Nov 2026, 14:00"
    waiting = after(funnel("sent"))
    assert waiting.standing == "Provisional"
    assert "1 receipt is still to come." in waiting.provisional
    assert after(funnel("sent", pending=0)).version != page(funnel("sent", pending=0)).version


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
    revenue = tile(two, "revenue")
    assert [amount.split()[0] for amount in revenue.amounts] == ["EUR", "CHF"]
    assert revenue.lines == ()
    assert tile(funnel(), "revenue").amounts[0].split() == ["EUR", "0.00"]


def test_the_click_rate_is_taken_over_those_who_can_be_seen() -> None:
    clicked = tile(funnel(), "clicked")
    assert clicked.share is not None
    assert clicked.share.whole.stage == "seen"


def test_the_click_rate_has_its_bounds_with_all_suspects_out_and_in() -> None:
    (line,) = tile(only(submitted=1_192, seen=1_192, clicked=219, suspect=31), "clicked").lines
    assert line == "with all 31 suspects left out; with all of them in: 21.0\u202f% (18.8–23.4), 250 of 1,192"
    # Suspects whose messages were not reached: were they people, they would have been.
    (line,) = tile(only(submitted=5, suspect=2), "clicked").lines
    assert line == "with all 2 suspects left out; with all of them in: 100.0\u202f% (34.2–100.0), 2 of 2"
    (line,) = tile(only(seen=10, clicked=1, suspect=1), "clicked", speech=Speech("fr")).lines
    assert line.startswith("sans le 1 cas douteux\u202f; avec lui\u00a0: 20,0\u202f% (5,7–51,0), 2 sur 10")


def test_every_rate_of_what_people_chose_has_its_interval_and_the_operators_has_none() -> None:
    made = page(funnel())
    sampled = {one.name for one in made.tiles if one.share and one.share.interval}
    assert sampled == {"clicked", "engaged", "redeemed", "paid", "replied", "opted_out"}
    steps = {one.name for one in made.steps if one.share and one.share.interval}
    assert steps == {"clicked", "engaged", "redeemed", "redeemed_unclicked", "paid"}
    assert [bool(one.share.interval) for one in made.exits] == [False, False, True]


def test_a_result_is_held_against_the_last_campaigns() -> None:
    last = LastCampaigns((6, 5), EXPECTED | {"seen": 400, "clicked": 60, "submitted": 500}, (Money(65_000, "EUR"),))
    assert tile(funnel(suspect=0), "clicked", last).lines == ("2 campaigns before: 15.0\u202f%, 60 of 400",)
    one = replace(last, campaign_ids=(6,))
    assert tile(funnel(suspect=0), "clicked", one).lines == ("1 campaign before: 15.0\u202f%, 60 of 400",)
    earned = replace(funnel(), revenue=(Money(1_400, "EUR"),))
    assert [" ".join(line.split()) for line in tile(earned, "revenue", last).lines] == [
        "EUR 1.00 a message submitted",
        "2 campaigns before: EUR 1.30",
    ]
    uneven = tile(replace(funnel(submitted=1_000), revenue=(Money(4_500, "EUR"),)), "revenue", last).lines[0]
    assert " ".join(uneven.split()) == "EUR 0.05 a message submitted", "half a cent is a cent, not the even one below"
    other = replace(last, net_revenue=(Money(65_000, "CHF"),))
    assert len(tile(earned, "revenue", other).lines) == 1, "what is in another currency cannot be compared"
    assert tile(funnel(suspect=0), "clicked").lines == (), "the first campaign of all"


def test_a_redemption_without_a_click_is_a_branch_and_the_exits_stand_beside() -> None:
    made = page(funnel())
    branch = next(step for step in made.steps if step.is_branch)
    assert (branch.name, branch.share and branch.share.whole.stage) == ("redeemed_unclicked", "redeemed")
    redeemed = next(step for step in made.steps if step.name == "redeemed")
    assert redeemed.share and redeemed.share.whole.stage == "reached"
    assert [one.share.part.stage for one in made.exits] == ["failed", "expired", "opted_out"]
    assert "redeemed_unclicked" not in {step.name for step in page(funnel(redeemed_unclicked=0)).steps}


def test_what_is_told_of_people_who_can_be_seen_is_no_share_of_all_that_were_produced() -> None:
    shares = {step.name: step.of_produced for step in page(funnel()).steps}
    assert {name for name, share in shares.items() if share is None} == {"clicked", "engaged", "redeemed_unclicked"}
    assert (shares["produced"], shares["redeemed"]) == ("100.0\u202f%", "12.5\u202f%")


def test_the_picture_has_the_branch_in_its_step_and_leaves_empty_steps_out() -> None:
    made = json.loads(page(funnel(engaged=0)).chart)
    way, branch = made["data"]
    assert way["y"] == ["Produced", "Submitted", "Delivered", "Reached", "Clicked by people", "Redeemed", "Paid"]
    assert way["x"] == [24, 14, 9, 10, 3, 2, 1]
    assert (branch["x"], branch["y"]) == ([1], ["Redeemed"])
    assert way["text"][5] == "3 · 12.5\u202f%", "the whole step, not what is left of it beside the branch"
    assert way["text"][4] == "3", "of the people produced many cannot be seen clicking"
    (amount,) = made["layout"]["annotations"]
    assert (amount["y"], amount["text"].split()) == ("Net revenue", ["EUR", "0.00"])
    assert page(only(produced=3)).chart == "", "one bar is no picture"


def test_those_who_cannot_be_seen_stand_apart_with_the_rows_of_their_messages() -> None:
    made = page(funnel())
    assert made.unseen
    assert (made.unseen.messages.value, made.unseen.reached.value, made.unseen.hits.value) == (2, 10, 1)
    assert made.unseen.messages.href == "/campaigns/cmp_7/messages?stage=reached&not=seen"
    assert made.unseen_words[0].startswith("of the 10 messages reached went to people who did not consent")
    assert page(only(produced=3, submitted=3, reached=3, seen=3)).unseen is None
    assert page(replace(funnel(), has_link=False)).unseen is None


def test_what_came_late_stands_apart_and_in_no_rate() -> None:
    made = page(funnel())
    assert {named.count.stage: named.count.value for named in made.late if named.count.value} == {
        stage: count for stage, count in EXPECTED.items() if stage.startswith("late_") and count
    }
    assert page(only(produced=2, submitted=2)).late == ()


@given(st.dictionaries(st.sampled_from(sorted(EXPECTED)), st.integers(0, 10**9)))
def test_any_figures_can_be_shown(counts: dict[str, int]) -> None:
    made = page(funnel("sent", **counts))
    assert all(float(step.width.rstrip("%")) <= 100 for step in made.steps)
    assert 6 <= len(made.tiles) <= 8


def test_a_campaign_without_a_link_has_no_click_rate_and_says_so() -> None:
    shown = page(
        replace(funnel(seen=243, clicked=0, engaged=0, paid=0, hit_human=0), has_link=False),
        details=replace(DETAILS, link=None),
    )
    clicks = next(tile for tile in shown.tiles if tile.name == "clicked")
    assert (clicks.share, clicks.lines) == (None, ("No link in the text: there is no click rate",))
    assert [step.name for step in shown.steps] == ["produced", "submitted", "delivered", "reached", "redeemed"]
    assert not {note.count.stage for step in shown.steps for note in step.notes} & {"seen", "redeemed_unclicked"}
    assert "seen" not in {named.count.stage for named in shown.more}
    french = tile(replace(funnel(), has_link=False), "clicked", speech=Speech("fr", "Europe/Paris"))
    assert french.lines == ("Pas de lien dans le texte\u00a0: pas de taux de clic",)


def test_a_campaign_without_an_offer_tells_nothing_of_redemptions_unless_there_were_some() -> None:
    about = {"redeemed", "redeemed_unclicked", "redemption", "return", "void", "late_redeemed", "late_redemption"}

    def shown(figures: Funnel) -> set[str]:
        made = page(figures)
        named = {one.count.stage for one in (*made.more, *made.late)}
        return about & (named | {one.name for one in (*made.tiles, *made.steps)})

    sold = funnel(late_clicked=1)
    assert shown(replace(sold, has_offer=False)) == shown(sold) == about
    none = replace(sold, has_offer=False, counts=sold.counts | dict.fromkeys((*about, "late_return"), 0))
    assert shown(none) == set()
    assert {"redeemed", "redemption"} <= shown(replace(none, has_offer=True))


def test_engaged_and_paid_are_shown_where_a_page_or_a_payment_can_make_them() -> None:
    def shown(figures: Funnel) -> list[tuple[str, str]]:
        tiles = {tile.name for tile in page(figures).tiles}
        assert tiles & {"engaged", "paid"} == {step.name for step in page(figures).steps} & {"engaged", "paid"}
        return [(step.name, step.share.whole.stage) for step in page(figures).steps if step.share and not step.is_branch][3:]

    plain = funnel(engaged=0, paid=0, payment=0)
    assert shown(plain) == [("clicked", "seen"), ("redeemed", "reached")]
    assert "payment" not in {named.count.stage for named in page(plain).more}
    with_page = [("clicked", "seen"), ("engaged", "clicked"), ("redeemed", "reached")]
    assert shown(replace(plain, has_page=True)) == with_page
    assert shown(replace(plain, has_page=True, has_payments=True)) == [*with_page, ("paid", "reached")]
    assert shown(funnel(engaged=1, paid=1)) == [*with_page, ("paid", "reached")], "what happened stays told"


ODD = {
    "one": (only(produced=1, submitted=1, delivered=1, reached=1, seen=1), ("A campaign of one message",)),
    "all failed": (
        only(produced=40, submitted=40, failed=37, expired=3),
        ("No message has arrived Of 40 submitted: Failed 37, Expired 3.",),
    ),
    "none left": (only(produced=3, stopped=2, refused=1), ("No message has left Of 3 produced: Stopped 2, Refused 1.",)),
    "suspects": (
        only(produced=20, submitted=20, delivered=20, reached=20, seen=20, suspect=3),
        ("No click by a person was seen 3 messages were opened by something that may be", "between 0 and 15.0\u202f%"),
    ),
    "machines": (
        only(produced=20, submitted=20, delivered=20, reached=20, seen=20, machine=1),
        ("No click by a person was seen 1 message was opened by previews, scanners or robots alone.",),
    ),
    "single": (replace(only("sending", produced=2, submitted=2, pending=2), kind="single"), ("Single messages Each has",)),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_odd_campaign_is_told_in_words(name: str, language: Language) -> None:
    figures, words = ODD[name]
    made = make_funnel_page(Reading(figures, DETAILS, NONE_BEFORE), WHO, Speech(language, "Europe/Paris"), NOW)
    assert made.empty is None
    said = [f"{notice.title} {' '.join(notice.lines)}" for notice in made.notices if notice.level == "info"]
    assert len(said) == 1
    if language == "en":
        assert all(part in said[0] for part in words), said


def test_a_usual_campaign_needs_no_such_words() -> None:
    assert page(funnel(), route("bound")).notices == ()


@pytest.mark.parametrize(
    ("state", "title"),
    [("draft", "Nothing was sent yet"), ("sent", "Nobody was sent to"), ("cancelled", "Nothing was sent")],
)
def test_an_empty_campaign_says_why_it_is_empty(state: str, title: str) -> None:
    made = page(only(state), route("bound"))
    assert made.empty and made.empty.title == title
    assert (made.notices, made.standing, made.chart) == ((), "", "")
