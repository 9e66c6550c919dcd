"""The page editor in a real Chromium: with and without JavaScript, on a phone and wide, in both languages, by keyboard."""

import json
import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, expect

from dashboards.editor.shapes import BLOCKS
from linksvc.landing.documents import Document
from tests.dashboards.conftest import WIDE, Served
from tests.dashboards.landing_scenes import picture_file, store_page, stored, use_page, whole

PHONE = {"width": 360, "height": 640}

HOSTILE = "</h2><script>alert(1)</script><img src=x onerror=alert(1)>"

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""What Chromium says of an answer with a status of the 400s, as a form with a fault is answered."""

PLAIN = {
    "text": {"heading": "Heading {}", "text": "Text {}"},
    "picture": {"alt": "Picture {}"},
    "button": {"label": "Button {}", "url=": "https://shop.example/sale"},
    "call": {"label": "Call {}", "number=": "+33 6 39 98 00 01"},
    "map": {"label": "Map {}", "query=": "12 rue de la République, Lyon"},
    "countdown": {"label": "Until {}", "ends_at=": "2030-11-28T18:00", "finished": "Over {}"},
    "code": {"label": "Code {}"},
    "scratch": {"title": "Scratch {}", "cover": "Cover {}", "nothing": "Nothing {}"},
    "flip": {"title": "Flip {}", "nothing": "Nothing {}"},
    "survey": {"title": "Survey {}", "submit": "Send {}", "thanks": "Thanks {}"},
    "opt_out": {"label": "Stop {}"},
    "privacy": {"text": "Privacy {}", "url=": "https://shop.example/privacy"},
}
"""What is typed into each type of block, {} being the language; a name with = is the same in all."""


def complaints(served: Served) -> list[str]:
    return [complaint for complaint in served.complaints if not REFUSED.match(complaint)]


def type_into(page: Page, name: str, text: str) -> None:
    page.locator(f'[id="{name}"]').fill(text)


def unfold(page: Page, at: int) -> None:
    """Opens a block, without a script too."""
    summary = page.locator(f'[id="blocks.{at}"]')
    if summary.locator("xpath=..").get_attribute("open") is None:
        summary.click()


def is_scripted(page: Page) -> bool:
    return bool(page.evaluate("typeof send === 'function'"))


def press(page: Page, do: str) -> None:
    """Presses a button and waits until its answer stands in the page."""
    button = page.locator(f'[id="{do}"]')
    if not is_scripted(page):
        with page.expect_navigation():
            button.click()
        return
    with page.expect_response(lambda answer: answer.request.method == "POST" and not answer.url.endswith("/preview")):
        button.click()
    expect(page.locator("#page-form:not([inert])")).to_be_attached()


def fill_block(page: Page, at: int, block_type: str) -> None:
    path = f"blocks.{at}"
    unfold(page, at)
    for name, text in PLAIN[block_type].items():
        if name.endswith("="):
            type_into(page, f"{path}.{name[:-1]}", text)
        else:
            for language in ("fr", "en"):
                type_into(page, f"{path}.{name}.{language}", text.format(language))


def fill_prize(page: Page, at: int) -> None:
    press(page, f"add:blocks.{at}.prizes")
    for language in ("fr", "en"):
        type_into(page, f"blocks.{at}.prizes.0.label.{language}", f"Prize {language}")
        type_into(page, f"blocks.{at}.prizes.0.text.{language}", f"Won {language}")


def fill_question(page: Page, at: int) -> None:
    press(page, f"add:blocks.{at}.questions")
    question = f"blocks.{at}.questions.0"
    for language in ("fr", "en"):
        type_into(page, f"{question}.label.{language}", f"Question {language}")
        for option in (0, 1):
            type_into(page, f"{question}.options.{option}.label.{language}", f"Option {option} {language}")


def upload(page: Page, at: int) -> None:
    chosen = page.locator(f'[id="blocks.{at}.picture.file"]')
    file = {"name": "shop.png", "mimeType": "image/png", "buffer": picture_file()}
    chosen.set_input_files(file)  # type: ignore[arg-type]
    if not is_scripted(page):
        press(page, f"upload:blocks.{at}.picture")
    expect(page.locator(f'[id="blocks.{at}.picture"]')).to_have_value(re.compile("[0-9a-f]{64}"))


def make_page(page: Page, name: str, starter: str = "blank") -> None:
    page.goto("/pages")
    page.locator("#name").fill(name)
    page.locator(f"input[value={starter}]").check()
    page.locator(".new-page button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def write_every_block(page: Page) -> None:
    """From the one text of an empty page to a page with every type of block."""
    page.locator('[id="fold:general"] > summary').click()
    for language in ("fr", "en"):
        type_into(page, f"title.{language}", f"Title {language}")
    for at, block_type in enumerate(BLOCKS):
        if at:
            page.locator("#new_type").select_option(block_type)
            press(page, "add:blocks")
            expect(page.locator(f'[id="blocks.{at}"]')).to_be_focused()
        fill_block(page, at, block_type)
        if block_type == "picture":
            upload(page, at)
        if block_type in ("scratch", "flip"):
            fill_prize(page, at)
        if block_type == "survey":
            fill_question(page, at)


def check_written(document: Document) -> None:
    assert [block.type for block in document.blocks] == list(BLOCKS)
    for block in document.blocks:
        for name, text in PLAIN[block.type].items():
            if not name.endswith("="):
                assert getattr(block, name) == {"fr": text.format("fr"), "en": text.format("en")}


@pytest.mark.parametrize(
    ("locale", "viewport", "scripted"),
    [("fr-FR", PHONE, True), ("en-GB", WIDE, False)],
    ids=["phone-fr-script", "wide-en-plain"],
)
def test_a_page_is_made_of_every_block_published_and_listed(
    served: Served, locale: str, viewport: dict[str, int], scripted: bool
) -> None:
    page = served.open(locale=locale, viewport=viewport, java_script_enabled=scripted)
    make_page(page, "Soldes")
    write_every_block(page)
    page.locator('[id="fold:publish"] > summary').click()
    press(page, "publish")
    words = "La page est publiée." if locale == "fr-FR" else "The page is published."
    expect(page.locator("#told")).to_contain_text(words)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.get_by_role("link", name="Toutes les pages" if locale == "fr-FR" else "All pages").click()
    row = page.locator("tbody tr")
    expect(row).to_contain_text("Soldes")
    expect(row.locator(".state.published")).to_be_visible()
    check_written(stored(served.engine, served.workspace_id, 1).document)
    assert complaints(served) == []


def preview(page: Page) -> Frame | None:
    """The frame that is shown now."""
    handle = page.locator("#phone iframe:not([hidden])").last.element_handle()
    frame = handle.content_frame() if handle else None
    return frame


def await_preview(page: Page, condition: Callable[[Frame], bool]) -> Frame:
    """The preview, once it is as wanted; frames come and go while one types."""
    for _ in range(600):
        try:
            if (frame := preview(page)) and condition(frame):
                return frame
        except Exception as error:
            if "detached" not in str(error) and "closed" not in str(error) and "destroyed" not in str(error):
                raise
        page.wait_for_timeout(50)
    raise AssertionError(page.content())


def shows(text: str) -> Callable[[Frame], bool]:
    return lambda frame: text in frame.locator("body").inner_text()


def test_the_preview_follows_what_is_typed_and_sends_nothing(served: Served) -> None:
    page_id = store_page(served.engine, served.workspace_id)
    asked: list[str] = []
    page = served.open(viewport=WIDE)
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(served.url)}"))
    page.goto(f"/pages/pag_{page_id}")
    history = page.evaluate("history.length")
    frame = await_preview(page, shows("Bonjour Zoé"))
    assert frame.evaluate("[innerWidth, innerHeight]") == [360, 640]
    unfold(page, 0)
    type_into(page, "blocks.0.heading.fr", f"Salut {{{{ first_name }}}} {HOSTILE}")
    frame = await_preview(page, shows(f"Salut Zoé {HOSTILE}"))
    frame.evaluate("document.scrollingElement.scrollTop = 300")
    page.get_by_role("radio", name="English").check()
    frame = await_preview(page, shows("Hello Zoé"))
    assert frame.evaluate("document.scrollingElement.scrollTop") == 300
    page.locator('[id="fold:theme"] > summary').click()
    page.locator('[id="theme.background"]').fill("#303030")
    await_preview(page, lambda one: one.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(48, 48, 48)")
    expect(page.locator('[id="contrast:text"]')).to_contain_text("too faint, 4.5 is needed")
    frame = await_preview(page, shows("Buy"))
    for link in ("Buy", "Call us", "Get no more texts"):
        frame.get_by_text(link).first.click()
    assert frame.url.endswith("/preview")
    assert page.evaluate("history.length") == history
    paths = {one.split("?")[0] for one in asked}
    editor = f"/pages/pag_{page_id}"
    assert {one for one in paths if one.startswith("POST")} == {f"POST {editor}/preview"}
    assert not [one for one in paths if re.search(r"/(me|events|draw|form|stop)\b", one)]
    assert served.complaints == []


def test_blocks_are_moved_copied_removed_and_put_back_by_keyboard_without_a_reload(served: Served) -> None:
    page_id = store_page(served.engine, served.workspace_id)
    loads: list[str] = []
    page = served.open(viewport=WIDE)
    page.on("framenavigated", lambda frame: loads.append(frame.url) if frame == page.main_frame else None)
    page.goto(f"/pages/pag_{page_id}")
    unfold(page, 2)
    type_into(page, "blocks.2.label.fr", "Typed")
    with page.expect_response(re.compile(r"/pag_\d+$")):
        page.keyboard.press("Alt+ArrowUp")
    expect(page.locator('[id="blocks.1"]')).to_be_focused()
    expect(page.locator('[id="blocks.1.label.fr"]')).to_have_value("Typed")
    expect(page.locator('[id="blocks.1.label.fr"]')).to_be_visible()
    press(page, "copy:blocks.1")
    expect(page.locator('[id="blocks.2"]')).to_be_focused()
    expect(page.locator('[id="blocks.2.label.fr"]')).to_have_value("Typed")
    press(page, "remove:blocks.1")
    expect(page.locator("#told")).to_contain_text("Removed: 2. Button.")
    page.locator("#back").focus()
    with page.expect_response(re.compile(r"/pag_\d+$")):
        page.keyboard.press("Enter")
    expect(page.locator(".block")).to_have_count(13)
    page.locator("#name").press("Enter")
    expect(page.locator("#told")).to_contain_text("The draft is saved.")
    assert len(loads) == 1
    document = stored(served.engine, served.workspace_id, page_id).document
    assert [block.id for block in document.blocks][:4] == ["hello", "buy", "buy-1", "shop"]
    assert served.complaints == []


def test_a_wrong_field_is_told_beside_it_and_focused(served: Served) -> None:
    page_id = store_page(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE)
    page.goto(f"/pages/pag_{page_id}")
    for at, name, text in ((2, "url", "shop"), (7, "prizes.0.odds", "150")):
        unfold(page, at)
        type_into(page, f"blocks.{at}.{name}", text)
    expect(page.locator(".sum.bad")).to_have_text("Together 150\u202f%: more than 100 %.")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    press(page, "save")
    address = page.locator('[id="blocks.2.url"]')
    expect(address).to_be_focused()
    expect(address).to_have_value("shop")
    expect(page.locator('[id="blocks.2.url-error"]')).to_contain_text("A public web address is asked for")
    expect(page.locator("#told")).to_contain_text("2 fields need a look")
    address.fill("https://shop.example/")
    type_into(page, "blocks.7.prizes.0.odds", "12,5")
    expect(page.locator('[id="blocks.7.prizes"] .sum')).to_contain_text("Together 12.5\u202f%; 87.5\u202f% win nothing.")
    press(page, "save")
    expect(page.locator("#told")).to_contain_text("The draft is saved.")
    assert complaints(served) == []
    assert [text for text in said if not REFUSED.match(text)] == []


def test_pictures_are_chosen_dropped_and_pasted_while_one_goes_on_typing(served: Served) -> None:
    page_id = store_page(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE)
    page.goto(f"/pages/pag_{page_id}")
    unfold(page, 1)
    before = page.locator('[id="blocks.1.picture"]').input_value()
    chosen = page.locator('[id="blocks.1.picture.file"]')
    svg = {"name": "logo.svg", "mimeType": "image/svg+xml", "buffer": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}
    chosen.set_input_files(svg)  # type: ignore[arg-type]
    expect(page.locator('[id="blocks.1.picture.file-error"]')).to_contain_text("Save an SVG as PNG")
    type_into(page, "blocks.1.alt.en", "Typed meanwhile")
    drop = """([place, kind, bytes]) => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
      const target = document.getElementById(place);
      const told = { bubbles: true, cancelable: true, dataTransfer: files, clipboardData: files };
      target.dispatchEvent(kind === "drop" ? new DragEvent(kind, told) : new ClipboardEvent(kind, told));
    }"""
    seen = {before}
    for kind, colour in (("drop", "#00ff00"), ("paste", "#0000ff")):
        page.evaluate(drop, ["blocks.1.alt.en", kind, list(picture_file(colour=colour))])
        unseen = re.compile(f"^(?!{'|'.join(seen)})[0-9a-f]{{64}}$")
        expect(page.locator('[id="blocks.1.picture"]')).to_have_value(unseen)
        seen.add(page.locator('[id="blocks.1.picture"]').input_value())
        expect(page.locator('[id="blocks.1.alt.en"]')).to_have_value("Typed meanwhile")
    expect(page.locator('[data-upload="blocks.1.picture"] img')).to_be_visible()
    assert complaints(served) == []


def test_a_text_that_is_pasted_with_a_picture_of_it_stays_a_text_and_a_stray_file_opens_nothing(served: Served) -> None:
    page_id = store_page(served.engine, served.workspace_id)
    page = served.open(viewport=WIDE)
    page.goto(f"/pages/pag_{page_id}")
    uploads: list[str] = []
    page.on("request", lambda request: uploads.append(request.url) if "upload:" in (request.post_data or "") else None)
    bring = """([place, kind, text]) => {
      const brought = new DataTransfer();
      if (text) brought.setData("text/plain", text);
      brought.items.add(new File([new Uint8Array(3)], "cells.png", { type: "image/png" }));
      const told = { bubbles: true, cancelable: true, dataTransfer: brought, clipboardData: brought };
      const event = kind === "drop" ? new DragEvent(kind, told) : new ClipboardEvent(kind, told);
      return document.getElementById(place).dispatchEvent(event);
    }"""
    unfold(page, 1)
    assert page.evaluate(bring, ["blocks.1.alt.en", "paste", "The shop"]), "the browser pastes the text"
    assert not page.evaluate(bring, ["blocks.0.heading.en", "drop", ""]), "the browser would open the file"
    page.wait_for_timeout(300)
    assert uploads == [] and served.complaints == []


def test_a_second_editor_is_told_and_a_lost_session_or_server_costs_nothing_typed(served: Served) -> None:
    page_id = store_page(served.engine, served.workspace_id)
    first, second = served.open(viewport=WIDE), served.open(viewport=WIDE)
    for page in (first, second):
        page.goto(f"/pages/pag_{page_id}")
        unfold(page, 0)
    type_into(first, "blocks.0.heading.en", "First")
    press(first, "save")
    type_into(second, "blocks.0.heading.en", "Second")
    press(second, "save")
    expect(second.locator("#clash tbody tr")).to_have_count(1)
    expect(second.locator("#clash")).to_contain_text("First")
    second.context.clear_cookies()
    press(second, "save")
    expect(second.locator("#trouble")).to_contain_text("You were signed out")
    served.sign_in(second)
    second.route(re.compile(r"/pag_\d+$"), lambda route: route.abort())
    second.locator("#save").click()
    expect(second.locator("#trouble")).to_contain_text("No answer from the server")
    second.unroute_all()
    press(second, "save")
    expect(second.locator("#told")).to_contain_text("This form was open for too long")
    press(second, "save")
    expect(second.locator("#told")).to_contain_text("The draft is saved.")
    expect(second.locator('[id="blocks.0.heading.en"]')).to_have_value("Second")


SHIFTS = """
window.shifts = [];
const told = (one) => one.sources.map((source) => String(source.node && source.node.outerHTML).slice(0, 99));
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((one) => [one.value, told(one)])))
  .observe({ type: "layout-shift", buffered: true });
"""


def arrive_slowly(page: Page, bytes_a_second: int = 100_000) -> None:
    """A page is drawn while it still comes."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    speed = {"offline": False, "latency": 20, "downloadThroughput": bytes_a_second, "uploadThroughput": 1_000_000}
    session.send("Network.emulateNetworkConditions", speed)


@pytest.mark.parametrize(("scheme", "locale", "viewport"), [("light", "fr-FR", PHONE), ("dark", "en-GB", WIDE)])
def test_the_list_and_the_editor_are_accessible_and_hold_still(
    served: Served, scheme: str, locale: str, viewport: dict[str, int]
) -> None:
    axe = Axe()
    page = served.open(color_scheme=scheme, locale=locale, viewport=viewport)
    page.add_init_script(SHIFTS)
    arrive_slowly(page)
    page.goto("/pages")
    assert not [one for one in axe.run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    page_id = store_page(served.engine, served.workspace_id, whole(served.engine, served.workspace_id))
    use_page(served.engine, served.workspace_id, page_id)
    for path, bytes_a_second in (("/pages", 6_000), (f"/pages/pag_{page_id}", 100_000)):
        arrive_slowly(page, bytes_a_second)
        page.goto(path)
        assert page.evaluate("shifts") == []
    page.evaluate("document.querySelectorAll('#editor details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    type_into(page, "blocks.2.url", "shop")
    press(page, "save")
    found = axe.run(page).response["violations"]
    assert not found, json.dumps(found, indent=1)[:4000]
