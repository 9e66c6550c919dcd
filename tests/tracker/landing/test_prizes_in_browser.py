"""Scratch cards, cells and forms in a real Chromium: by mouse, finger and keyboard, with a script and without."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlmodel import select

from linksvc.database import reading
from linksvc.models import PrizeDraw, SurveyAnswer
from tests.tracker.landing.conftest import SMALL, WIDE, Phone, Window
from tests.tracker.landing_scenes import PageCampaign, page_campaign
from tests.tracker.prize_scenes import DOCUMENT

WON = "A red <b>bag</b>"


@pytest.fixture
def campaign(phone: Phone) -> PageCampaign:
    return page_campaign(phone.engine, DOCUMENT)


def drawn(phone: Phone) -> list[PrizeDraw]:
    with reading(phone.engine) as session:
        return list(session.exec(select(PrizeDraw)).all())


def answered(phone: Phone) -> int:
    with reading(phone.engine) as session:
        return len(session.exec(select(SurveyAnswer)).all())


def strokes(page: Page) -> list[tuple[float, float]]:
    """Where a finger goes that scratches the whole card."""
    box = page.locator("#b-card canvas").bounding_box()
    assert box
    ways = [(x, y) for y in (0.2, 0.45, 0.7, 0.9) for x in (0.05, 0.5, 0.95)]
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in ways]


def scratch(page: Page) -> None:
    page.locator("#b-card canvas").scroll_into_view_if_needed()
    (first, *others) = strokes(page)
    page.mouse.move(*first)
    page.mouse.down()
    for place in others:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def check_accessible(window: Window) -> None:
    found = [one for one in Axe().run(window.page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert not found, found


@pytest.mark.parametrize("viewport", [SMALL, WIDE], ids=["phone", "desktop"])
def test_a_card_that_is_scratched_shows_what_was_drawn_and_the_same_after_a_reload(
    phone: Phone, campaign: PageCampaign, viewport: Any
) -> None:
    window = phone.open(campaign, viewport=viewport)
    page = window.page
    assert "In the shop" not in page.content() and drawn(phone) == []
    check_accessible(window)
    scratch(page)
    prize = page.locator("#b-card .prize")
    expect(prize).to_contain_text(WON)
    expect(prize).to_be_focused()
    assert [row.prize for row in drawn(phone)] == ["bag"]
    page.reload()
    expect(page.locator("#b-card .prize")).to_contain_text(WON)
    expect(page.locator("#b-card canvas")).to_have_count(0)
    assert len(drawn(phone)) == 1
    check_accessible(window)
    assert window.complaints == []


def test_a_card_is_scratched_by_finger_and_a_tap_draws_nothing(phone: Phone, campaign: PageCampaign) -> None:
    window = phone.open(campaign, has_touch=True)
    page = window.page
    page.locator("#b-card canvas").scroll_into_view_if_needed()
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in places]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    (first, *others) = strokes(page)
    touch("touchStart", first)
    touch("touchEnd")
    assert drawn(phone) == []
    touch("touchStart", first)
    for place in others:
        touch("touchMove", place)
    touch("touchEnd")
    expect(page.locator("#b-card .prize")).to_contain_text(WON)
    assert len(drawn(phone)) == 1 and window.complaints == []


def test_cards_and_cells_are_within_reach_of_the_keyboard(phone: Phone, campaign: PageCampaign) -> None:
    window = phone.open(campaign)
    page = window.page
    page.get_by_role("button", name="See what is under it").press("Enter")
    expect(page.locator("#b-card .prize")).to_be_focused()
    page.get_by_role("button", name="Cell 2").press("Space")
    expect(page.locator("#b-cells .prize")).to_be_focused()
    first = page.locator("#b-cells .prize").inner_text()
    page.reload()
    expect(page.locator("#b-cells .prize")).to_have_text(first, use_inner_text=True)
    assert {row.block for row in drawn(phone)} == {"card", "cells"} and window.complaints == []


def test_what_people_do_with_cards_and_forms_is_told_as_events(phone: Phone, campaign: PageCampaign) -> None:
    window = phone.window()
    page = window.page
    page.add_init_script(
        "window.told = []; navigator.sendBeacon = (address, body) => window.told.push(...JSON.parse(body).events)"
    )
    page.goto(phone.link(campaign))
    page.get_by_role("button", name="See what is under it").click()
    page.get_by_role("button", name="Cell 4").click()
    page.get_by_text("Every week").click()
    page.get_by_label("A wish?").fill("Sundays")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#b-opinion .thanks")).to_be_visible()
    expect(page.locator("#b-cells .prize")).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    told = [(one["name"], one["block"]) for one in page.evaluate("window.told") if one.get("block")]
    assert sorted(told) == [
        ("form_sent", "opinion"),
        ("form_started", "opinion"),
        ("scratched", "card"),
        ("scratched", "cells"),
    ]


def test_who_wants_no_motion_gets_the_button_alone(phone: Phone, campaign: PageCampaign) -> None:
    page = phone.open(campaign, reduced_motion="reduce").page
    expect(page.locator("#b-card canvas")).to_have_count(0)
    page.get_by_role("button", name="See what is under it").click()
    expect(page.locator("#b-card .prize")).to_contain_text(WON)


def test_a_draw_that_does_not_arrive_says_so_and_can_be_tried_again(phone: Phone, campaign: PageCampaign) -> None:
    page = phone.open(campaign).page
    page.route("**/draw/*", lambda route: route.abort())
    scratch(page)
    expect(page.locator("#b-card .problem")).to_be_visible()
    page.get_by_role("button", name="Cell 1").click()
    expect(page.locator("#b-cells .problem")).to_be_visible()
    page.unroute("**/draw/*")
    assert drawn(phone) == []
    scratch(page)
    expect(page.locator("#b-card .prize")).to_contain_text(WON)
    page.get_by_role("button", name="Cell 1").click()
    expect(page.locator("#b-cells .prize")).to_be_focused()


def test_a_form_tells_what_is_wrong_beside_each_question_and_then_thanks(phone: Phone, campaign: PageCampaign) -> None:
    window = phone.open(campaign)
    page = window.page
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.get_by_label("A wish?").fill("Open on <i>Sundays</i>")
    page.get_by_text("The prices").click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Please answer this question.")).to_be_visible()
    expect(page.get_by_label("Every week")).to_be_focused()
    expect(page.get_by_label("A wish?")).to_have_value("Open on <i>Sundays</i>")
    expect(page.get_by_label("The prices")).to_be_checked()
    check_accessible(window)
    page.get_by_label("Every week").press("Space")
    page.get_by_label("10", exact=True).press("Space")
    page.get_by_role("button", name="Send").press("Enter")
    expect(page.locator("#b-opinion .thanks")).to_be_focused()
    page.reload()
    expect(page.locator("#b-opinion .thanks")).to_have_text("Thank you!")
    assert answered(phone) == 1
    assert said == [] and window.complaints == []


def must_answer_all(question: dict[str, Any]) -> dict[str, Any]:
    return question | {"required": True}


def test_missing_answers_are_told_by_the_script_as_by_the_server(phone: Phone) -> None:
    form = DOCUMENT["blocks"][2]
    blocks = [form | {"questions": [must_answer_all(one) for one in form["questions"]]}]
    campaign = page_campaign(phone.engine, DOCUMENT | {"blocks": blocks})
    window = phone.open(campaign)
    plain = phone.open(campaign, java_script_enabled=False).page
    for page in (window.page, plain):
        page.get_by_label("A wish?").fill("   ")
        page.get_by_label("8", exact=True).check(force=True)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".faults")).to_be_visible()
    asked = [one for one in window.requests if "/form/" in one.url]
    assert asked == [], "nothing is posted for it"

    def told(page: Page) -> list[Any]:
        return [
            page.locator(".faults").inner_text(),
            page.locator(".fault:visible").all_inner_texts(),
            [one.get_attribute("name") for one in page.locator("[aria-invalid]").all()],
            [one.get_attribute("aria-describedby") for one in page.locator(".of-survey [aria-describedby]").all()],
            page.locator(":focus").get_attribute("name"),
        ]

    assert told(window.page) == told(plain)
    assert told(plain)[1] == ["Please answer this question."] * 3 + ["Please tick this box to go on."]
    assert told(plain)[4] == "q.visit"
    check_accessible(window)
    window.page.get_by_label("Every week").check()
    window.page.get_by_role("button", name="Send").click()
    expect(window.page.locator(".fault:visible")).to_have_count(3)
    expect(window.page.get_by_label("The staff")).to_be_focused()
    window.page.get_by_label("The staff").check()
    window.page.get_by_label("A wish?").fill("Sundays")
    window.page.get_by_label("I agree").check()
    window.page.get_by_role("button", name="Send").click()
    expect(window.page.locator("#b-opinion .thanks")).to_be_focused()
    assert answered(phone) == 1 and window.complaints == []


def test_a_form_that_the_server_refuses_takes_the_focus_to_the_fault_by_itself(phone: Phone, campaign: PageCampaign) -> None:
    page = phone.open(campaign).page
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.locator("[name='q.visit']").first.evaluate("(one) => { one.value = 'gone'; }")
    page.get_by_label("Every week").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("This answer is not among those to choose from.")).to_be_visible()
    expect(page.get_by_label("Every week")).to_be_focused()
    # Only that the browser itself notes that an answer had the status 422.
    assert [text for text in said if "status of 422" not in text] == []


def test_what_is_typed_while_the_page_asks_for_what_is_personal_is_not_lost(phone: Phone, campaign: PageCampaign) -> None:
    window = phone.window()
    page = window.page
    held: list[Any] = []
    page.route("**/me", lambda route: held.append(route))
    page.goto(phone.link(campaign))
    page.get_by_text("Rarely").click()
    page.get_by_label("A wish?").fill("Slow network")
    held.pop().continue_()
    expect(page.locator("html")).to_have_class("js asked")
    expect(page.get_by_label("A wish?")).to_have_value("Slow network")
    expect(page.get_by_label("A wish?")).to_be_focused()
    expect(page.get_by_label("Rarely")).to_be_checked()


def test_without_a_script_all_of_it_works_by_buttons(phone: Phone, campaign: PageCampaign) -> None:
    page = phone.open(campaign, java_script_enabled=False).page
    page.get_by_role("button", name="See what is under it").click()
    expect(page.locator("#b-card .prize")).to_contain_text(WON)
    page.get_by_role("button", name="Cell 3").click()
    expect(page.locator("#b-cells .prize")).to_be_visible()
    page.get_by_label("A wish?").fill("Sundays")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("A wish?")).to_have_value("Sundays")
    expect(page.get_by_label("Every week")).to_be_focused()
    page.get_by_label("Every week").check()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#b-opinion .thanks")).to_have_text("Thank you!")
    expect(page.locator("#b-card .prize")).to_contain_text(WON)
    assert (len(drawn(phone)), answered(phone)) == (2, 1)
