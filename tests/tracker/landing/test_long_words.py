"""Words that are wider than a phone, wherever a text can stand: the page stays as wide as the screen, in both directions."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.factories import workspace
from tests.linksvc.landing.documents_by_example import written
from tests.tracker.landing.conftest import SMALL, Phone
from tests.tracker.landing_scenes import PageCampaign, draw_picture, page_campaign

GERMAN = "Rechtsschutzversicherungsgesellschaftsangestelltenversammlung"
ARABIC = "فأسقيناكموها" * 5

OUTSIDE = """() => [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility()).filter((one) => {
  const { left, right } = one.getBoundingClientRect();
  const cut = getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth;
  return cut || left < -1 || right > innerWidth + 1;
}).map((one) => one.outerHTML.slice(0, 120))"""
"""What reaches out of the screen, or is cut off."""


LINES = """(selector) => {
  const text = document.createRange();
  text.selectNodeContents(document.querySelector(selector));
  return text.getClientRects().length;
}"""


def long_words(value: Any) -> Any:
    """A document with a long word in every text."""
    if isinstance(value, list):
        return [long_words(one) for one in value]
    if isinstance(value, dict) and set(value) == {"fr", "en"}:
        return {"de": GERMAN, "ar": ARABIC}
    return {name: long_words(one) for name, one in value.items()} if isinstance(value, dict) else value


@pytest.fixture
def campaign(phone: Phone) -> PageCampaign:
    owner = workspace(phone.engine, GERMAN)
    document = long_words(written()) | {"languages": ["de", "ar"]}
    blocks = {one["type"]: one for one in document["blocks"]}
    blocks["picture"]["picture"] = draw_picture(phone.engine, owner)
    blocks["map"]["query"] = GERMAN
    blocks["text"]["text"] = dict.fromkeys(("de", "ar"), "{{ first_name }} {{ code }}")
    scale = next(one for one in blocks["survey"]["questions"] if one["kind"] == "scale")
    scale |= {"low_label": {"de": "Nie", "ar": "لا"}, "high_label": {"de": GERMAN, "ar": ARABIC}}
    for one in blocks["survey"]["questions"]:
        one["required"] = one["kind"] in ("choice", "consent")
    return page_campaign(phone.engine, document, workspace_id=owner, contact={"first_name": GERMAN})


def check_width(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") == SMALL["width"]
    assert page.evaluate("innerWidth") == SMALL["width"]
    assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize(("locale", "word"), [("de-DE", GERMAN), ("ar", ARABIC)], ids=["german", "arabic"])
def test_a_long_word_makes_no_part_of_a_page_wider_than_a_phone(
    phone: Phone, campaign: PageCampaign, locale: str, word: str
) -> None:
    window = phone.open(campaign, locale=locale, is_mobile=True, has_touch=True)
    page = window.page
    assert page.locator("html").get_attribute("dir") == ("rtl" if locale == "ar" else "ltr")
    expect(page.get_by_role("heading", level=1)).to_have_text(word)
    expect(page.get_by_role("heading", level=1)).to_be_in_viewport(ratio=1)
    check_width(page)
    assert page.evaluate(LINES, ".ends span") == 1, "a short word beside a long one stays whole"
    page.locator("#b-survey form .button").click()
    expect(page.locator("#b-survey .fault:visible")).to_have_count(2)
    check_width(page)
    page.locator("#b-scratch form button").click()
    expect(page.locator("#b-scratch .prize")).to_be_visible()
    page.locator("#b-flip .cell").first.click()
    expect(page.locator("#b-flip .prize")).to_be_visible()
    for odds in page.locator(".odds summary").all():
        odds.click()
    page.locator("#b-survey .choice").first.click()
    page.locator("#b-survey .choice").last.click()
    page.locator("#b-survey form .button").click()
    expect(page.locator("#b-survey .thanks")).to_contain_text(word)
    page.locator("#b-stop button").click()
    expect(page.locator("#b-stop .confirmed")).to_be_visible()
    check_width(page)
    assert window.complaints == []


def test_a_long_word_on_a_scratch_card_is_broken_and_not_cut_off(phone: Phone, campaign: PageCampaign) -> None:
    window = phone.window(locale="de-DE")
    window.page.add_init_script(
        "window.drawn = []; const real = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {"
        "  window.drawn.push([text, this.measureText(text).width]); return real.call(this, text, x, y); }"
    )
    window.page.goto(phone.link(campaign))
    expect(window.page.locator("#b-scratch canvas.painted")).to_be_attached()
    drawn = window.page.evaluate("window.drawn")
    assert GERMAN in "".join(text.strip() for text, _ in drawn)
    assert max(width for _, width in drawn) <= SMALL["width"]
