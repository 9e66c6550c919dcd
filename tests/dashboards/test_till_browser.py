"""The till page in a real Chromium: by keyboard, on a phone, without JavaScript, with a camera, accessible."""

import base64
import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import segno
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.chromium import CHROMIUM, FLAGS
from tests.dashboards.conftest import Served
from tests.dashboards.till_scenes import PIN, Counter, make_code, make_counter, tried, used

PHONE = {"width": 360, "height": 740}
TABLET = {"width": 1024, "height": 768}

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
"""What Chromium says of a page that came with a status of the 400s, as ours do."""

# Chromium on Linux has no BarcodeDetector of its own: the platform's part is played by the library ZXing, in our process.
DETECTOR = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(video) {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    let grey = "";
    for (let at = 0; at < pixels.length; at += 4) grey += String.fromCharCode(pixels[at]);
    const read = await readBarcodes(btoa(grey), canvas.width, canvas.height);
    return read.map((rawValue) => ({ rawValue }));
  }
};
"""


COUNTED = """
window.streams = [];
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await open(wanted);
  streams.push(stream);
  return stream;
};
"""


def read_barcodes(grey: str, width: int, height: int) -> list[str]:
    pixels = memoryview(base64.b64decode(grey)).cast("B", (height, width))
    return [found.text for found in zxingcpp.read_barcodes(pixels)]


@pytest.fixture
def counter(served: Served) -> Counter:
    return make_counter(served.engine, served.workspace_id)


@pytest.fixture
def code(served: Served) -> str:
    return make_code(served.engine, served.workspace_id, "TEN", uses=9)


def enrol(page: Page, counter: Counter) -> None:
    page.goto("/till")
    page.get_by_label("The shop’s API key").fill(counter.key)
    page.get_by_label("Name of this device").fill("Counter 1")
    page.get_by_label("New PIN, six digits").fill(PIN)
    page.get_by_label("The same PIN again").fill(PIN)
    page.get_by_role("button", name="Set up this device").click()
    expect(page.get_by_role("heading", name="Redeem a code")).to_be_visible()


def complaints(served: Served) -> list[str]:
    return [complaint for complaint in served.complaints if not REFUSED.match(complaint)]


@pytest.mark.parametrize("scripted", [True, False])
def test_a_code_is_redeemed_and_undone_by_keyboard_alone(
    served: Served, counter: Counter, code: str, scripted: bool
) -> None:
    page = served.open(signed_in=False, viewport=TABLET, java_script_enabled=scripted)
    enrol(page, counter)
    press = page.keyboard.press
    expect(page.get_by_label("Promo code")).to_be_focused()
    page.keyboard.type("t-e n")
    press("Enter")
    expect(page.get_by_role("status")).to_contain_text("10\u202f% off")
    expect(page.get_by_label("The order before the discount, in EUR")).to_be_focused()
    page.keyboard.type("49,90")
    press("Enter")
    expect(page.get_by_role("button", name="Redeem: take EUR 4.99 off")).to_be_focused()
    assert used(served.engine, code) == 0
    press("Enter")
    expect(page.get_by_role("heading", name="The code is redeemed")).to_be_visible()
    assert used(served.engine, code) == 1
    expect(page.get_by_role("link", name="Next code")).to_be_focused()
    press("Tab")
    press("Enter")
    press("Tab")
    press("Enter")
    expect(page.get_by_role("heading", name="The redemption is undone")).to_be_visible()
    assert used(served.engine, code) == 0
    press("Enter")
    expect(page.get_by_label("Promo code")).to_be_focused()
    assert complaints(served) == []


def test_going_back_and_pressing_again_redeems_nothing_twice(served: Served, counter: Counter, code: str) -> None:
    page = served.open(signed_in=False)
    enrol(page, counter)
    page.get_by_label("Promo code").fill(code)
    page.get_by_label("The order before the discount, in EUR").fill("20")
    page.get_by_role("button", name="Check the code").click()
    form = page.locator("form.till")
    once = {name: form.locator(f"[name={name}]").input_value() for name in ("csrf_token", "code", "amount", "once")}
    page.get_by_role("button", name="Redeem: take").dblclick()
    expect(page.get_by_role("heading", name="The code is redeemed")).to_be_visible()
    address = page.url
    again = page.request.post("/till/redeem", form=once)
    assert again.url == address
    page.reload()
    expect(page.get_by_role("heading", name="The code is redeemed")).to_be_visible()
    assert used(served.engine, code) == 1


@pytest.mark.parametrize("scripted", [True, False])
def test_back_forward_and_reload_show_the_till_and_send_nothing_again(
    served: Served, counter: Counter, code: str, scripted: bool
) -> None:
    page = served.open(signed_in=False, java_script_enabled=scripted)
    enrol(page, counter)
    check(page, "NO-SUCH-CODE", "20")
    expect(page.get_by_role("alert")).to_contain_text("There is no such code")
    check(page, code, "20")
    redeem = page.get_by_role("button", name="Redeem: take EUR 2.00 off")
    expect(redeem).to_be_visible()
    page.reload()
    expect(redeem).to_be_visible()
    page.go_back()
    page.go_forward()
    expect(redeem).to_be_visible()
    redeem.click()
    done = page.get_by_role("heading", name="The code is redeemed")
    expect(done).to_be_visible()
    redemption = page.url
    for step in (page.go_back, page.reload, page.go_forward, page.reload, page.go_back):
        step()
        expect(done).to_be_visible()
        assert page.url == redemption
    assert seen_going_back(page) <= {"/till", urlsplit(redemption).path}
    assert used(served.engine, code) == 1
    assert tried(served.engine) == ["code_not_found"]
    assert complaints(served) == []


def check(page: Page, code: str, amount: str) -> None:
    page.get_by_label("Promo code").fill(code)
    page.get_by_label("The order before the discount, in EUR").fill(amount)
    page.get_by_role("button", name="Check the code").click()


def seen_going_back(page: Page) -> set[str]:
    """The addresses from here back to where the browser began; each of them is a page of the till."""
    seen = set()
    while page.go_back() and page.url != "about:blank":
        expect(page.get_by_role("link", name="Ricochet till")).to_be_visible()
        seen.add(urlsplit(page.url).path)
    return seen


def test_back_from_the_next_customer_finds_what_is_being_checked(served: Served, counter: Counter, code: str) -> None:
    page = served.open(signed_in=False)
    enrol(page, counter)
    check(page, code, "20")
    page.get_by_role("button", name="Redeem: take").click()
    page.get_by_role("link", name="Next code").click()
    check(page, code, "30")
    page.get_by_role("button", name="Change or cancel").click()
    expect(page.get_by_label("The order before the discount, in EUR")).to_have_value("30")
    page.go_back()
    page.go_forward()
    expect(page.get_by_label("The order before the discount, in EUR")).to_have_value("30")
    page.get_by_role("button", name="Check the code").click()
    page.get_by_role("button", name="Redeem: take EUR 3.00 off").click()
    expect(page.get_by_role("heading", name="The code is redeemed")).to_be_visible()
    assert used(served.engine, code) == 2


@pytest.mark.parametrize(("language", "viewport", "scheme"), [("FR", PHONE, "dark"), ("EN", TABLET, "light")])
def test_every_step_of_the_till_is_accessible_and_nothing_scrolls_sideways(
    served: Served, counter: Counter, code: str, language: str, viewport: dict[str, int], scheme: str
) -> None:
    page = served.open(signed_in=False, color_scheme=scheme, viewport=viewport)
    axe = Axe()
    page.goto("/till")
    assert not violations(axe, page)
    enrol(page, counter)
    page.get_by_role("button", name=language, exact=True).click()
    for step in every_step(page, code):
        assert not violations(axe, page), (step, violations(axe, page))
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], step
        assert page.locator("html").get_attribute("lang") == language.lower()


def violations(axe: Axe, page: Page) -> str:
    results = axe.run(page)
    return json.dumps(results.response["violations"], indent=1)[:3000] if results.violations_count else ""


def every_step(page: Page, code: str) -> Iterator[str]:
    """Walks through the open till without a word of its language; stops at each page."""
    submit = page.locator("main .primary")
    yield "code"
    submit.click()
    yield "nothing typed"
    page.locator("#code").fill("NO-SUCH-CODE-THAT-ANYBODY-EVER-SAW-ON-A-SCREEN")
    submit.click()
    yield "refused"
    page.locator("#code").fill(code)
    submit.click()
    yield "worth, no amount yet"
    page.locator("#amount").fill("1234567.89")
    submit.click()
    yield "worth"
    submit.click()
    page.wait_for_url("**/till/redemptions/*")
    page.locator("details summary").click()
    yield "redeemed"
    page.locator("details button").click()
    page.locator("details").wait_for(state="detached")
    yield "undone"
    submit.click()
    yield "latest"
    page.locator('form[action="/till/lock"] button').click()
    yield "locked"
    page.locator("#pin").fill("111222")
    submit.click()
    yield "wrong PIN"


def with_camera(browser: Browser, folder: Path, code: str) -> Browser:
    """A browser whose camera sees the code, as a QR code."""
    (folder / "camera.y4m").write_bytes(film(code))
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    film_of = f"--use-file-for-fake-video-capture={folder / 'camera.y4m'}"
    return browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *camera, film_of])


def film(code: str, width: int = 640, height: int = 480) -> bytes:
    """One picture of a QR code, as uncompressed video."""
    drawn = BytesIO()
    segno.make(code, micro=False).save(drawn, kind="pbm", plain=True, border=4, scale=8)
    rows = [line for line in drawn.getvalue().decode().split() if set(line) <= {"0", "1"} and len(line) > 8]
    left, top = (width - len(rows[0])) // 2, (height - len(rows)) // 2
    blank = b"\xff" * width
    picture = [
        b"\xff" * left + bytes(0 if dark == "1" else 255 for dark in row) + b"\xff" * (width - left - len(row))
        for row in rows
    ]
    grey = b"".join([blank] * top + picture + [blank] * (height - top - len(rows)))
    return b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\nFRAME\n" + grey + b"\x80" * (width * height // 2)


def open_with_detector(served: Served, browser: Browser, **options: Any) -> Page:
    served.browser = browser
    page = served.open(signed_in=False, viewport=PHONE, **options)
    page.expose_function("readBarcodes", read_barcodes)
    page.add_init_script(DETECTOR)
    return page


def test_a_code_is_scanned_with_the_camera(served: Served, counter: Counter, code: str, tmp_path: Path) -> None:
    browser = with_camera(served.browser, tmp_path, code)
    page = open_with_detector(served, browser)
    enrol(page, counter)
    page.get_by_role("button", name="Scan").click()
    expect(page.get_by_role("heading", name="The code is good")).to_be_visible()
    expect(page.get_by_label("The order before the discount, in EUR")).to_be_focused()
    assert complaints(served) == []
    page.context.close()
    browser.close()


def test_scanning_can_be_stopped_and_lets_go_of_the_camera(served: Served, counter: Counter, tmp_path: Path) -> None:
    browser = with_camera(served.browser, tmp_path, "nothing to see")
    page = open_with_detector(served, browser)
    page.add_init_script("window.BarcodeDetector.prototype.detect = async () => [];")
    page.add_init_script(COUNTED)
    enrol(page, counter)
    # Twice, before the camera is there.
    page.get_by_role("button", name="Scan").evaluate("button => { button.click(); button.click(); }")
    video = page.locator("#scanner video")
    expect(video).to_be_visible()
    stop = page.get_by_role("button", name="Stop scanning")
    expect(stop).to_be_focused()
    assert not violations(Axe(), page)
    track = video.evaluate_handle("one => one.srcObject.getTracks()[0]")
    stop.click()
    expect(page.get_by_role("button", name="Scan")).to_be_focused()
    assert track.evaluate("one => one.readyState") == "ended"
    assert page.evaluate("streams.map((one) => one.getTracks()[0].readyState)") == ["ended"]
    expect(video).to_have_count(0)
    page.context.close()
    browser.close()


def test_without_a_camera_the_code_is_typed(served: Served, counter: Counter, code: str) -> None:
    page = open_with_detector(served, served.browser)
    enrol(page, counter)
    page.get_by_role("button", name="Scan").click()
    expect(page.get_by_role("alert")).to_contain_text("Type the code")
    page.get_by_label("Promo code").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The code is good")).to_be_visible()


@pytest.mark.parametrize("known", [False, True])
def test_a_browser_that_reads_no_barcodes_offers_no_scanning(served: Served, counter: Counter, known: bool) -> None:
    page = open_with_detector(served, served.browser) if known else served.open(signed_in=False)
    page.add_init_script("if (window.BarcodeDetector) BarcodeDetector.getSupportedFormats = async () => [];")
    enrol(page, counter)
    expect(page.get_by_role("button", name="Check the code")).to_be_visible()
    page.wait_for_timeout(100)
    assert page.get_by_role("button", name="Scan").count() == 0
