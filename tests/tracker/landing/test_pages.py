"""Landing pages in a real Chromium, small and wide: every block, what is personal, what is asked for, who can use them."""

import io
import re
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, Response, expect
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.models import Fact, Suppression
from tests.factories import workspace
from tests.linksvc.landing.documents_by_example import WHOLE, with_block, words, written
from tests.tracker.landing.conftest import SMALL, WIDE, Phone, Time
from tests.tracker.landing_scenes import CODE, PageCampaign, draw_picture, page_campaign

SIZES = pytest.mark.parametrize("viewport", [SMALL, WIDE], ids=["360x640", "desktop"])

WEIGHT_MOST = 50_000
"""Bytes of HTML, CSS and JavaScript, as they are read, not as they are sent."""


def whole(engine: Engine, **theme: Any) -> PageCampaign:
    """A campaign whose page has every type of block."""
    owner = workspace(engine, f"Boutique Lumen {theme}" if theme else "Boutique Lumen")
    document = written()
    document["theme"] = document["theme"] | theme
    if theme:
        document["theme"]["logo"] = draw_picture(engine, owner, (300, 80))
    next(block for block in document["blocks"] if block["type"] == "picture")["picture"] = draw_picture(engine, owner)
    return page_campaign(engine, document, workspace_id=owner)


def block(page: Page, name: str) -> Any:
    return page.locator(f"#b-{name}")


@SIZES
def test_every_block_is_shown_and_nothing_is_wrong_in_the_console(phone: Phone, engine: Engine, viewport: Any) -> None:
    window = phone.open(whole(engine), viewport=viewport)
    page = window.page
    expect(page.get_by_role("heading", name="Your offer")).to_be_visible()
    expect(page.get_by_role("heading", name="Hello Zoé")).to_be_visible()
    expect(block(page, "hello").locator("strong")).to_have_text("Thank you")
    expect(page.get_by_alt_text("The shop")).to_have_js_property("naturalWidth", 800)
    expect(page.get_by_role("link", name="Buy", exact=True)).to_have_attribute("href", "https://shop.example/sale")
    expect(page.get_by_role("link", name="Call us")).to_have_attribute("href", "tel:+33639980001")
    expect(page.get_by_role("link", name="Find us")).to_have_attribute("href", re.compile("query=12%20rue%20de%20la"))
    expect(block(page, "until").get_by_role("timer")).to_be_visible()
    expect(block(page, "code").locator(".digits code")).to_have_text("2F4K-9QTX-07BM")
    for name in ("scratch", "flip", "survey", "stop", "data"):
        expect(block(page, name)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert window.complaints == []


@SIZES
def test_axe_finds_nothing_serious_in_light_and_in_dark_colours(phone: Phone, engine: Engine, viewport: Any) -> None:
    for theme in ({}, {"accent": "#e2b34b", "background": "#1b1a22", "text": "#f3efe6", "font": "serif"}):
        page = phone.open(whole(engine, **theme), viewport=viewport).page
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert not serious, [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious]


def test_a_page_is_light_and_asks_nobody_else_for_anything(phone: Phone, engine: Engine) -> None:
    window = phone.window()
    answers: list[Response] = []
    window.page.on("response", lambda answer: answers.append(answer))
    window.page.goto(phone.link(whole(engine)))
    expect(window.page.locator("html")).to_have_class("js asked")
    window.page.wait_for_load_state("networkidle")
    asked = [(one.method, one.url.removeprefix(phone.url)) for one in window.requests]
    assert all(url.startswith("/") for _, url in asked), "a third party"
    kinds = [re.sub(r"/[0-9A-Za-z]{11}", "/CODE", url).rpartition(".")[2] for _, url in asked]
    # The page, then its style, its script, its picture and what is personal; and what happened on it, some time later.
    assert kinds[0] == "/CODE"
    assert sorted(kind for kind in kinds[1:] if kind != "/CODE/events") == ["/CODE/me", "css", "js", "webp"]
    page = sum(len(answer.body()) for answer in answers if not answer.url.endswith((".webp", "/me", "/events")))
    assert page < WEIGHT_MOST, page


def test_nothing_jumps_when_what_is_personal_comes(phone: Phone, engine: Engine) -> None:
    owner = workspace(engine)
    code = {"id": "code", "type": "code", "label": words("Code", "Code"), "forms": ["copy", "qr", "code128"]}
    picture = {"id": "shop", "type": "picture", "decorative": True, "picture": draw_picture(engine, owner)}
    text = {"id": "hello", "type": "text", "text": words("Bonjour", "Hello {{ first_name }}")}
    window = phone.window(viewport={"width": 360, "height": 1200})
    window.page.add_init_script(
        "window.shifts = [];"
        "new PerformanceObserver(list => list.getEntries().forEach(one => window.shifts.push(one.value)))"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    window.page.goto(phone.link(page_campaign(engine, written(blocks=[code, picture, text]), workspace_id=owner)))
    expect(window.page.get_by_text("Hello Zoé")).to_be_visible()
    window.page.wait_for_load_state("networkidle")
    # Of a tenth of the screen's height and more people take notice (web.dev, Cumulative Layout Shift).
    assert window.page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)") < 0.02


def test_the_policy_forbids_everything_inline(phone: Phone, engine: Engine) -> None:
    window = phone.window()
    answer = window.page.goto(phone.link(whole(engine)))
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    source = answer.text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", source), "something inline"
    window.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p id=odd style=\"color: red\">x</p>')")
    expect(window.page.locator("#odd")).not_to_have_css("color", "rgb(255, 0, 0)")
    assert any("style-src" in one for one in window.complaints)


def test_a_scanner_reads_the_code_from_the_screen(phone: Phone, engine: Engine) -> None:
    owner = workspace(engine)
    forms = ["qr", "code128", "ean13"]
    document = with_block(id="code", type="code", label=words("Code", "Code"), forms=forms)
    for code, drawn in {CODE: ["QRCode", "Code128"], "4006381333931": ["QRCode", "Code128", "EAN13"]}.items():
        page = phone.open(page_campaign(engine, document, workspace_id=owner, code=code), device_scale_factor=2).page
        for place, form in enumerate(drawn):
            picture = Image.open(io.BytesIO(page.locator(".symbol").nth(place).screenshot()))
            (found,) = zxingcpp.read_barcodes(picture)
            assert (found.text, re.sub(r"\W", "", str(found.format))) == (code, form)
        expect(page.locator(".symbol")).to_have_count(len(drawn))


def test_a_code_that_is_no_ean_is_text_alone_and_the_page_is_whole(phone: Phone, engine: Engine) -> None:
    document = with_block(id="code", type="code", label=words("Code", "Code"), forms=["copy", "ean13", "code128", "qr"])
    window = phone.open(page_campaign(engine, document, code="ÉTÉ 4006381333932"))
    expect(window.page.locator(".digits code")).to_have_text("ÉTÉ 4006381333932")
    expect(window.page.locator(".symbol")).to_have_count(1)
    assert window.complaints == []


def test_the_code_is_copied_and_says_so(phone: Phone, engine: Engine) -> None:
    document = with_block(id="code", type="code", label=words("Code", "Code"), forms=["copy"])
    window = phone.open(page_campaign(engine, document))
    window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.page.get_by_role("button", name="Copy the code").click()
    expect(window.page.get_by_role("button", name="Copied")).to_be_visible()
    assert window.page.evaluate("navigator.clipboard.readText()") == "2F4K-9QTX-07BM"


def shown_left(page: Page) -> list[str]:
    return [page.locator(f"[data-unit={unit}]").inner_text() for unit in ("days", "hours", "minutes")]


@pytest.mark.parametrize(
    ("zone", "left"),
    [
        # Clocks in Paris are put back on the 25th: a day of 25 hours lies between.
        ("Europe/Paris", ["01", "22", "59"]),
        ("America/New_York", ["02", "03", "59"]),
    ],
)
def test_a_countdown_ends_in_the_recipients_zone_across_a_change_of_clocks(
    phone: Phone, engine: Engine, time: Time, zone: str, left: list[str]
) -> None:
    time.now = datetime(2026, 10, 24, 12, 0, 30, tzinfo=UTC)
    document = with_block(
        id="until",
        type="countdown",
        label=words("Fin", "Ends"),
        ends_at="2026-10-26T12:00",
        timezone="recipient",
        finished=words("Fini", "Over"),
    )
    campaign = page_campaign(engine, document, contact={"timezone": zone})
    window = phone.window(timezone_id="Asia/Tokyo")
    # The phone's clock is years ahead; the server's counts.
    window.page.clock.set_fixed_time(datetime(2031, 1, 1, tzinfo=UTC))
    window.page.goto(phone.link(campaign))
    expect(window.page.get_by_role("timer")).to_be_visible()
    minutes = int(left[2])
    days, hours, shown = shown_left(window.page)
    assert [days, hours] == left[:2]
    assert minutes - 1 <= int(shown) <= minutes
    expect(window.page.locator("time")).to_contain_text("October 26, 2026")


def test_a_countdown_that_is_over_says_so_with_and_without_a_script(phone: Phone, engine: Engine, time: Time) -> None:
    time.now = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)
    campaign = whole(engine)
    for scripted in (True, False):
        page = phone.open(campaign, java_script_enabled=scripted).page
        expect(block(page, "until").locator(".finished")).to_have_text("It is over.")


def test_a_countdown_ends_while_somebody_looks(phone: Phone, engine: Engine, time: Time) -> None:
    time.now = datetime(2026, 11, 28, 16, 59, 59, tzinfo=UTC)
    page = phone.open(whole(engine)).page
    expect(block(page, "until").locator(".finished")).to_have_text("It is over.")


def test_a_countdown_is_right_again_after_the_phone_has_slept(phone: Phone, engine: Engine, time: Time) -> None:
    time.now = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
    page = phone.open(whole(engine)).page
    expect(page.locator("[data-unit=hours]")).to_have_text("02")
    # Two hours later; as on phones that sleep, the browser's even clock stood still.
    time.now = datetime(2026, 11, 28, 16, 30, tzinfo=UTC)
    page.evaluate("window.__wall = Date.now; Date.now = () => window.__wall() + 7_200_000")
    expect(page.locator("[data-unit=hours]")).to_have_text("00")
    expect(page.locator("[data-unit=minutes]")).to_have_text(re.compile("29|30"))


def test_without_a_script_a_button_brings_what_is_personal(phone: Phone, engine: Engine) -> None:
    page = phone.open(whole(engine), java_script_enabled=False).page
    expect(page.get_by_text("Zoé")).to_have_count(0)
    page.get_by_role("button", name="Show my offer").click()
    expect(page.get_by_role("heading", name="Hello Zoé")).to_be_visible()
    expect(block(page, "code").locator(".digits code")).to_have_text("2F4K-9QTX-07BM")
    expect(page.get_by_role("button", name="Show my offer")).to_have_count(0)
    expect(block(page, "until").locator("time")).to_contain_text("November 28, 2026")


def test_what_is_personal_waits_until_somebody_looks(phone: Phone, engine: Engine) -> None:
    window = phone.window()
    # As in a tab that was opened behind the present one.
    window.page.add_init_script(
        "window.seen = false;"
        "Object.defineProperty(document, 'visibilityState', {get: () => window.seen ? 'visible' : 'hidden'});"
    )
    window.page.goto(phone.link(whole(engine)))
    expect(window.page.locator("html")).to_have_class("js")
    assert not [one for one in window.requests if one.method == "POST"]
    window.page.evaluate("window.seen = true; document.dispatchEvent(new Event('visibilitychange'))")
    expect(window.page.get_by_role("heading", name="Hello Zoé")).to_be_visible()


def test_a_recipients_own_language_wins_over_the_browsers(phone: Phone, engine: Engine) -> None:
    owner = workspace(engine)
    document = written(blocks=[one for one in deepcopy(WHOLE["blocks"]) if one["type"] != "picture"])
    campaign = page_campaign(engine, document, workspace_id=owner, contact={"language": "fr"})
    window = phone.open(campaign, locale="en-GB")
    expect(window.page.locator("html")).to_have_attribute("lang", "fr")
    expect(window.page.get_by_role("heading", name="Votre offre")).to_be_visible()
    expect(window.page.get_by_role("heading", name="Bonjour Zoé")).to_be_visible()
    expect(window.page.get_by_role("link", name="Acheter")).to_be_visible()
    expect(window.page).to_have_title("Votre offre")
    window.page.get_by_role("button", name="Ne plus recevoir de SMS").click()
    expect(window.page.get_by_role("status")).to_contain_text("Vous ne recevrez plus de SMS de Boutique Lumen.")
    other = phone.open(campaign, 1, locale="fr-CA")
    expect(other.page.get_by_role("heading", name="Bonjour Zoé")).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False], ids=["script", "no script"])
def test_somebody_opts_out_and_is_told_how_to_come_back(phone: Phone, engine: Engine, scripted: bool) -> None:
    campaign = whole(engine)
    window = phone.open(campaign, java_script_enabled=scripted)
    window.page.get_by_role("button", name="Get no more texts").click()
    said = window.page.get_by_role("status")
    expect(said).to_contain_text("You will get no more texts from Boutique Lumen.")
    expect(said).to_contain_text("text START to 36180")
    if scripted:
        expect(said).to_be_focused()
        expect(window.page.get_by_role("heading", name="Your offer")).to_be_visible()
    with reading(engine) as session:
        assert [one.reason for one in session.exec(select(Suppression))] == ["stop"]
        assert [(one.n, one.detail) for one in session.exec(select(Fact).where(Fact.kind == "opted_out"))] == [
            (0, f"page {campaign.page_id}, version 1")
        ]


def take_away(engine: Engine, table: str, name: str) -> None:
    with writing(engine) as session:
        session.connection().exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


def test_with_the_database_in_trouble_the_page_shows_and_a_button_tries_again(phone: Phone, engine: Engine) -> None:
    campaign = whole(engine)
    phone.open(campaign)
    take_away(engine, "contact", "contact_away")
    window = phone.open(campaign)
    page = window.page
    expect(page.get_by_role("link", name="Buy", exact=True)).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="cannot be shown right now")).to_be_visible()
    plain = phone.open(campaign, java_script_enabled=False).page
    plain.get_by_role("button", name="Show my offer").click()
    expect(plain.get_by_role("alert")).to_contain_text("cannot be shown right now")
    take_away(engine, "contact_away", "contact")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Hello Zoé")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="cannot be shown right now")).to_have_count(0)
    plain.get_by_role("button", name="Try again").click()
    expect(plain.get_by_role("heading", name="Hello Zoé")).to_be_visible()


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>{{ 1 }}**"


def hostile(value: Any) -> Any:
    """A document with a script in every text."""
    if isinstance(value, list):
        return [hostile(one) for one in value]
    if isinstance(value, dict) and set(value) == {"fr", "en"}:
        return {language: HOSTILE.replace("{{ 1 }}", "") for language in value}
    return {name: hostile(one) for name, one in value.items()} if isinstance(value, dict) else value


def test_a_script_in_every_field_stays_text(phone: Phone, engine: Engine) -> None:
    owner = workspace(engine, name=HOSTILE)
    document = hostile(deepcopy(WHOLE))
    blocks = {one["type"]: one for one in document["blocks"]}
    blocks["picture"]["picture"] = draw_picture(engine, owner)
    blocks["map"]["query"] = HOSTILE.replace("{{ 1 }}", "")
    blocks["text"]["text"]["en"] += " {{ first_name }} {{ last_name }} {{ city }} {{ code }}"
    contact = {"first_name": HOSTILE, "last_name": HOSTILE, "city": HOSTILE}
    campaign = page_campaign(engine, document, workspace_id=owner, code="<B>'\"&", contact=contact)
    for scripted in (True, False):
        window = phone.open(campaign, java_script_enabled=scripted)
        if not scripted:
            window.page.get_by_role("button", name="Show my offer").click()
        expect(block(window.page, "hello")).to_contain_text(HOSTILE)
        expect(block(window.page, "code").locator(".digits code")).to_have_text("<B>'\"&")
        assert window.page.locator("main script, main img[onerror], main b:not([data-unit])").count() == 0
        assert window.complaints == []
