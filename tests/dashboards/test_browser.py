"""The pages in a real Chromium: the live funnel, its chart, both languages, a phone, no JavaScript, accessibility."""

import json
import re
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlmodel import col, update

from linksvc import counters
from linksvc.database import writing
from linksvc.facts import NewFact
from linksvc.models import Campaign, Route
from linksvc.routes import BOUND, REFUSED, set_state
from tests import factories
from tests.dashboards.conftest import WIDE, Served
from tests.dashboards.scenes import EXPECTED, apply_all, deliver, eventful_campaign, learn, new_campaign
from tests.dashboards.site import EMAIL, PASSWORD, sign_in_path
from tests.factories import NOW

WIDEST_WITH_A_DEFINITION = """
Math.max(0, ...Array.from(document.querySelectorAll(".word button"), (button) => {
  button.focus();
  return document.documentElement.scrollWidth;
}))
"""


PHONE = {"width": 360, "height": 740}

NOTE_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) shifts.push(shift.value);
}).observe({ type: "layout-shift", buffered: true });
"""

HIDE = """
Object.defineProperty(document, "hidden", { get: () => true });
document.dispatchEvent(new Event("visibilitychange"));
"""


def figures_of(page: Page) -> dict[str, set[int]]:
    """Every figure that the page shows, by stage."""
    pairs = page.eval_on_selector_all(
        "[data-stage]", "all => all.map(one => [one.dataset.stage, Number(one.dataset.count)])"
    )
    found: dict[str, set[int]] = {}
    for stage, count in pairs:
        found.setdefault(stage, set()).add(count)
    return found


def look_again(page: Page) -> None:
    """What a browser does when its window comes to the front: the page refreshes at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_marketer_signs_in_by_password_after_a_mistake(served: Served) -> None:
    page = served.open(signed_in=False)
    page.goto("/campaigns/cmp_1/messages?stage=clicked")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    expect(page.get_by_label("E-mail address")).to_have_value(EMAIL)
    expect(page.get_by_label("Password")).to_be_focused()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/campaigns/cmp_1/messages\?stage=clicked$"))


def test_a_link_signs_in_by_its_button_and_the_door_leads_out(served: Served) -> None:
    page = served.open(signed_in=False)
    path = sign_in_path(served.engine, served.user_id)
    page.goto(path)
    page.get_by_role("button", name="Sign in with this link").click()
    expect(page.get_by_role("heading", name="No campaign yet")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("E-mail address")).to_be_visible()
    page.goto(path)
    page.get_by_role("button", name="Sign in with this link").click()
    expect(page.get_by_role("alert")).to_contain_text("used already")


def test_the_funnel_page_shows_every_figure_and_a_number_opens_its_rows(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open()
    page.goto("/campaigns")
    page.get_by_role("link", name="Black Friday VIP").click()
    expect(page.get_by_role("heading", name="Black Friday VIP")).to_be_visible()
    never = {"late_engaged", "late_paid", "late_payment", "reached-seen", "reached-delivered"}
    assert figures_of(page)["reached-delivered"] == {EXPECTED["reached"] - EXPECTED["delivered"]}
    assert {stage: counts for stage, counts in figures_of(page).items() if stage not in never} == {
        stage: {count} for stage, count in EXPECTED.items() if stage not in never
    }
    for stage in ("delivered", "hit_human"):
        page.locator(f"a[data-stage={stage}]").first.click()
        expect(page.locator("tbody tr")).to_have_count(EXPECTED[stage])
        page.get_by_role("link", name="Back to the funnel").click()
    expect(page).to_have_url(re.compile(rf"/campaigns/cmp_{campaign_id}$"))
    assert served.complaints == []


def test_the_chart_is_drawn_under_the_strict_policy_and_has_its_table(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    page.locator("#picture").scroll_into_view_if_needed()
    bars = page.locator("#chart .trace .point path")
    expect(bars).to_have_count(9)
    expect(page.locator("#chart")).to_contain_text("14 · 58.3")
    expect(page.locator("#chart")).to_contain_text("1,400.00")
    boxes = [bars.nth(n).bounding_box() for n in range(8)]
    widths = [box["width"] for box in boxes if box]
    assert widths[1] / widths[0] == pytest.approx(14 / 24, abs=0.02)
    page.get_by_text("The picture as a table").click()
    expect(page.locator("#chart-rows tbody tr")).to_have_count(9)
    assert served.complaints == []


@pytest.mark.parametrize(("locale", "of", "rate"), [("en-GB", "of", "Rate"), ("fr-FR", "sur", "Taux")])
def test_the_table_of_the_picture_says_the_rates_of_the_page_and_no_others(
    served: Served, locale: str, of: str, rate: str
) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open(locale=locale)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    expect(page.locator("#chart-rows thead th").last).to_have_text(rate)
    rows = {
        row.locator("[data-stage]").first.get_attribute("data-stage"): row
        for row in page.locator("#chart-rows tbody tr").all()
    }
    for stage in ("submitted", "delivered", "reached", "clicked", "engaged", "redeemed", "redeemed_unclicked", "paid"):
        share = page.locator(f"#step-{stage} .rate > b").inner_text()
        told = " ".join(rows[stage].locator("td").last.inner_text().split())
        part, whole = (
            page.locator(f"#step-{stage} .rate > b ~ span:not(.interval)").first.locator(".count").all_inner_texts()
        )
        assert told.startswith(" ".join(f"{share} {part} {of} {whole}".split())), stage
    expect(rows["clicked"].locator("td").nth(1)).to_have_text("–")
    expect(rows["clicked"].locator("td").last).to_contain_text(f"3 {of} 8")
    expect(rows["produced"].locator("td").last).to_have_text("–")


def test_the_page_refreshes_while_the_campaign_runs_and_disturbs_nobody(served: Served) -> None:
    campaign_id = new_campaign(served.engine, served.workspace_id, 10)
    page = served.open(viewport=WIDE)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    page.locator("#details summary").click()
    page.locator("#step-produced a").focus()
    expect(page.locator("#step-delivered > [data-count]")).to_have_attribute("data-count", "0")
    learn(served.engine, deliver(campaign_id, *range(4)))
    apply_all(served.engine, campaign_id)
    expect(page.locator("#step-delivered > [data-count]")).to_have_attribute("data-count", "4")
    expect(page.locator("#state")).to_contain_text("sending, 40")
    page.locator("#picture").scroll_into_view_if_needed()
    expect(page.locator("#chart")).to_contain_text("4 · 40.0")
    expect(page.locator("#details dl")).to_be_visible()
    expect(page.locator("#step-produced > a")).to_be_focused()
    assert served.complaints == []


def test_a_draft_turns_into_a_funnel_without_a_reload(served: Served) -> None:
    # Nothing of it is counted yet.
    campaign_id = factories.produced_campaign(served.engine, served.workspace_id, 3)
    learn(served.engine, deliver(campaign_id, 0))
    page = served.open(viewport=WIDE)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    expect(page.get_by_role("heading", name="Nothing was sent yet")).to_be_visible()
    with writing(served.engine) as session:
        counters.rebuild(session, campaign_id)
    apply_all(served.engine, campaign_id)
    expect(page.locator("#step-produced > [data-count]")).to_have_attribute("data-count", "3")
    page.locator("#picture").scroll_into_view_if_needed()
    expect(page.locator("#chart .trace .point path")).to_have_count(4)
    assert served.complaints == []


def test_a_refused_bind_shows_on_the_campaign_until_it_works(served: Served) -> None:
    campaign_id = new_campaign(served.engine, served.workspace_id, 3)
    route_id = factories.route(served.engine)
    moment = datetime.now(UTC)
    with writing(served.engine) as session:
        set_state(session, route_id, REFUSED, "the password is wrong", moment)
    page = served.open()
    page.goto(f"/campaigns/cmp_{campaign_id}")
    notice = page.locator(".notice.error")
    expect(notice).to_contain_text("The route main was refused")
    expect(notice).to_contain_text("the password is wrong")
    expect(notice).to_contain_text("3 messages stay queued")
    with writing(served.engine) as session:
        set_state(session, route_id, BOUND, "", moment)
        assert session.get(Route, route_id)
    look_again(page)
    expect(notice).to_have_count(0)


def test_figures_change_by_the_stream_and_go_on_by_asking_once_it_breaks(served: Served) -> None:
    campaign_id = new_campaign(served.engine, served.workspace_id, 10)
    asked: list[str] = []
    page = served.open()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/campaigns/cmp_{campaign_id}")
    delivered = page.locator("#step-delivered > [data-count]")
    learn(served.engine, deliver(campaign_id, 0))
    apply_all(served.engine, campaign_id)
    expect(delivered).to_have_attribute("data-count", "1")
    questions = [url for url in asked if url.endswith("/figures")]
    learn(served.engine, deliver(campaign_id, 1))
    apply_all(served.engine, campaign_id)
    expect(delivered).to_have_attribute("data-count", "2")
    assert [url for url in asked if url.endswith("/figures")] == questions, "what the stream tells is not asked for"
    # The server ends the stream, and from here on no other comes through: as behind a proxy that was changed.
    page.route("**/live?*", lambda route: route.abort())
    with served.open().context as other:
        elsewhere = other.pages[0]
        elsewhere.goto("/campaigns")
        elsewhere.get_by_role("button", name="Sign out").click()
        expect(elsewhere).to_have_url(re.compile("/sign-in$"))
    with page.expect_response("**/figures"):
        pass
    learn(served.engine, deliver(campaign_id, 2))
    apply_all(served.engine, campaign_id)
    expect(delivered).to_have_attribute("data-count", "3")
    expect(page.locator("#live time")).to_contain_text("Updated")
    expect(page.locator("#live-trouble")).to_be_empty()


def test_a_window_that_nobody_looks_at_listens_to_nothing(served: Served) -> None:
    campaign_id = new_campaign(served.engine, served.workspace_id, 1)
    page = served.open()
    page.goto(f"/campaigns/cmp_{campaign_id}")
    with page.expect_event("requestfailed", lambda request: "/live?" in request.url) as ended:
        page.evaluate(HIDE)
    assert ended.value


def test_the_page_keeps_working_when_the_server_does_not_answer(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open()
    page.route("**/live?*", lambda route: route.abort())
    page.goto(f"/campaigns/cmp_{campaign_id}")
    page.route("**/figures", lambda route: route.abort())
    look_again(page)
    expect(page.locator("#live-trouble")).to_contain_text("No answer from the server")
    assert figures_of(page)["delivered"] == {9}
    expect(page.locator("#live time")).to_contain_text("Updated")
    page.unroute("**/figures")
    look_again(page)
    expect(page.locator("#live-trouble")).to_be_empty()
    page.context.clear_cookies()
    look_again(page)
    expect(page.locator("#live-trouble")).to_contain_text("signed out")


def test_the_pages_speak_french(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open(locale="fr-FR")
    page.goto(f"/campaigns/cmp_{campaign_id}")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("#tile-clicked")).to_contain_text("37,5\u202f%")
    expect(page.locator("#tile-revenue")).to_contain_text("1\u202f400,00\u00a0€")
    assert "Remis à l’opérateur" in json.loads(page.locator("#chart-data").get_attribute("data-chart") or "")["data"][0]["y"]
    page.get_by_role("button", name="EN", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile(rf"/campaigns/cmp_{campaign_id}$"))
    page.reload()
    expect(page.get_by_role("heading", name="Funnel", exact=True)).to_be_visible()


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_nothing_scrolls_sideways_on_a_phone_and_no_chart_is_fetched(served: Served, locale: str) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    fetched: list[str] = []
    page = served.open(locale=locale, viewport=PHONE)
    page.on("request", lambda request: fetched.append(request.url))
    campaign = f"/campaigns/cmp_{campaign_id}"
    for path in ("/campaigns", campaign, f"{campaign}/messages?stage=produced", f"{campaign}/messages?stage=hit_human"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert page.evaluate(WIDEST_WITH_A_DEFINITION) <= 360, path
    page.goto(campaign)
    expect(page.locator("#chart")).to_be_hidden()
    expect(page.locator("#chart-rows")).to_be_visible()
    expect(page.locator("#picture .with-chart")).to_be_hidden()
    assert page.locator("#picture .scroll").evaluate("box => box.scrollWidth <= box.clientWidth"), "rates out of view"
    expect(page.locator("#step-redeemed .bar")).to_be_visible()
    assert not [url for url in fetched if "plotly" in url]


def test_everything_can_be_read_without_javascript(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open(java_script_enabled=False)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    expect(page.locator("#step-delivered > a")).to_have_text("9")
    page.get_by_role("button", name="Reached").hover()
    expect(page.locator("#means-step-reached")).to_be_visible()
    expect(page.locator("#chart-rows")).to_be_visible()
    expect(page.locator("#chart-rows tbody tr")).to_have_count(9)
    expect(page.locator("#chart")).to_be_hidden()
    page.get_by_role("link", name="Refresh the figures").click()
    page.locator("#step-delivered > a").click()
    expect(page.locator("tbody tr")).to_have_count(9)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(served: Served, scheme: str) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    factories.route(served.engine, state=REFUSED, error="the password is wrong")
    page = served.open(signed_in=False, color_scheme=scheme, viewport=WIDE)
    campaign = f"/campaigns/cmp_{campaign_id}"
    axe = Axe()
    for path in ("/sign-in", "/campaigns", campaign, f"{campaign}/messages?stage=delivered", "/nothing"):
        page.goto(path)
        if path == campaign:
            page.locator("#picture").scroll_into_view_if_needed()
            expect(page.locator("#chart .trace .point path")).to_have_count(9)
            page.get_by_role("button", name="Clicked by people").last.focus()
            expect(page.locator("#means-step-clicked")).to_be_visible()
        results = axe.run(page)
        assert results.violations_count == 0, (path, json.dumps(results.response["violations"], indent=1)[:3000])
        if path == "/sign-in":
            served.sign_in(page)


def test_a_definition_shows_under_the_pointer_and_with_the_focus_and_goes_on_escape(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open()
    page.goto(f"/campaigns/cmp_{campaign_id}")
    word, meaning = page.get_by_role("button", name="Delivered").first, page.locator("#means-tile-delivered")
    expect(meaning).to_be_hidden()
    word.hover()
    expect(meaning).to_be_visible()
    meaning.hover()
    expect(meaning).to_be_visible()
    page.mouse.move(0, 0)
    expect(meaning).to_be_hidden()
    word.focus()
    expect(meaning).to_be_visible()
    expect(word).to_have_accessible_description(re.compile("^Submitted messages that the operator reports"))
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    expect(word).to_be_focused()
    page.keyboard.press("Tab")
    word.focus()
    expect(meaning).to_be_visible()


def test_a_finger_opens_a_definition(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    page.get_by_role("button", name="Redeemed").first.tap()
    expect(page.locator("#means-tile-redeemed")).to_be_visible()
    page.get_by_role("heading", name="Funnel", exact=True).tap()
    expect(page.locator("#means-tile-redeemed")).to_be_hidden()


def test_nothing_moves_while_the_page_is_drawn(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE)
    page.add_init_script(NOTE_SHIFTS)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    expect(page.locator("#charts section").first).to_be_visible()
    page.locator("#picture").scroll_into_view_if_needed()
    expect(page.locator("#chart .trace .point path").first).to_be_visible()
    assert page.evaluate("shifts") == []
    # The funnel was there before any script, and plotly.js is fetched only after it.
    drawn = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    fetched = page.evaluate("performance.getEntriesByType('resource').find((one) => one.name.includes('plotly')).startTime")
    assert drawn < fetched


def test_paper_has_the_figures_and_nothing_to_press(served: Served) -> None:
    campaign_id = eventful_campaign(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE)
    page.goto(f"/campaigns/cmp_{campaign_id}")
    page.emulate_media(media="print")
    for part in ("#tile-clicked", "#step-redeemed .bar", "#exit-failed", "#total-produced", "#standing", "#chart-rows"):
        expect(page.locator(part)).to_be_visible()
    for part in ("#chart", ".with-chart", ".top nav", ".control", ".languages", "#details > summary"):
        expect(page.locator(part)).to_be_hidden()
    assert page.locator("#step-delivered .count").first.evaluate("one => getComputedStyle(one).color") == "rgb(0, 0, 0)"


def odd_campaign(served: Served, name: str) -> int:
    """A campaign that was sent, of which something is odd."""
    if name == "empty":
        campaign_id = factories.campaign(served.engine, served.workspace_id)
    else:
        campaign_id = new_campaign(served.engine, served.workspace_id, 1 if name == "one" else 3)
    ns = {"empty": (), "one": (0,)}.get(name, (0, 1, 2))
    facts = [NewFact(campaign_id, "accepted", f"{n}.1.1", n, NOW, parts=1) for n in ns]
    receipt = "UNDELIVERABLE" if name == "failed" else "DELIVERED"
    facts += [NewFact(campaign_id, "receipt", f"{n}.1.1", n, NOW, value=receipt) for n in ns]
    learn(served.engine, facts)
    if name == "suspects":
        factories.learn_hits(served.engine, factories.hit(campaign_id, 0, 1, "suspect", reason="no_user_agent"))
    apply_all(served.engine, campaign_id)
    with writing(served.engine) as session:
        session.exec(update(Campaign).where(col(Campaign.id) == campaign_id).values(state="sent", finished_at=NOW))
    return campaign_id


@pytest.mark.parametrize(
    ("name", "english", "french"),
    [
        ("empty", "Nobody was sent to", "Personne n’a reçu d’envoi"),
        ("one", "A campaign of one message", "Une campagne d’un seul message"),
        ("failed", "No message has arrived", "Aucun message n’est arrivé"),
        ("suspects", "No click by a person was seen", "Aucun clic d’une personne n’a été vu"),
    ],
)
def test_an_odd_campaign_says_so_in_words_and_draws_nothing_empty(
    served: Served, name: str, english: str, french: str
) -> None:
    campaign_id = odd_campaign(served, name)
    for locale, words in (("en-GB", english), ("fr-FR", french)):
        page = served.open(viewport=WIDE, locale=locale)
        page.goto(f"/campaigns/cmp_{campaign_id}")
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        page.wait_for_load_state("networkidle") if name == "empty" else expect(
            page.locator("#charts section").first
        ).to_be_visible()
        text = page.locator("main").inner_text()
        assert not re.search(r"NaN|undefined|Infinity|None", text)
        if chart := page.locator("#chart").count():
            page.locator("#picture").scroll_into_view_if_needed()
            expect(page.locator("#chart .trace .point path").first).to_be_visible()
            values = page.locator("#chart-data").get_attribute("data-chart")
            assert all(value > 0 for trace in json.loads(values or "")["data"] for value in trace["x"])
        assert bool(chart) == (name != "empty")
        page.context.close()
    assert served.complaints == []
