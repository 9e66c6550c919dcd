"""What a simulated phone makes of a landing page. That the tracker takes it: tests/ricochet/test_demo.py."""

from sender.simulator.pages import Page, read_page

URL = "https://go.example/q7Rkz0aXWmP."

SHOWN = """
<body data-path="/q7Rkz0aXWmP" data-token="abc.d-e" data-ask>
<section class="block of-text" id="b-hello" data-block="hello" data-type="text"></section>
<section class="block of-code" id="b-code" data-block="code" data-type="code"></section>
<section class="block of-button" id="b-shop" data-block="shop" data-type="button"></section>
"""


def test_a_phone_finds_where_to_tell_and_what_can_be_pressed() -> None:
    page = read_page(URL, SHOWN)

    assert page == Page("https://go.example/q7Rkz0aXWmP", "abc.d-e", (("copied", "code"), ("button", "shop")))


def test_a_page_of_another_kind_is_none_of_ours() -> None:
    assert read_page(URL, "<body><h1>This link has expired</h1>") is None


def test_a_page_that_follows_nobody_has_no_token() -> None:
    page = read_page(URL, SHOWN.replace("abc.d-e", ""))

    assert page is not None
    assert page.token == ""
