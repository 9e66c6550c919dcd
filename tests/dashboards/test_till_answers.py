"""What the till's browser keeps between a form and its page: for how long, how much, and that nobody reads a code there."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from dashboards.till_answers import KEPT
from tests.dashboards.site import Site
from tests.dashboards.till_scenes import PIN, hidden, make_code, open_till, redemptions, tried, used

ANSWERED = "/till/check"


def checked(site: Site, amount: str = "20") -> Any:
    till, code = open_till(site), make_code(site.engine, site.workspace_id, "TEN", uses=9)
    assert "The code is good" in till.check(code, amount).text
    return till


def test_a_code_stands_in_no_address_and_no_cookie_that_can_be_read(site: Site) -> None:
    till = open_till(site)
    make_code(site.engine, site.workspace_id, "TEN")
    answer = till.post("check", code="TEN", amount="20")
    assert answer.headers["location"] == ANSWERED
    (cookie,) = (line for line in answer.headers.get_list("set-cookie") if line.startswith("ricochet-till-answer="))
    for said in ("HttpOnly", "SameSite=lax", "Path=/till", f"Max-Age={KEPT.seconds}"):
        assert said in cookie
    assert till.get(ANSWERED).headers["cache-control"] == "no-store"


def test_a_code_that_was_redeemed_is_shown_as_redeemed_though_the_answer_was_lost(site: Site) -> None:
    till = checked(site)
    form = hidden(till.get(ANSWERED).text)
    assert hidden(till.get(ANSWERED).text)["once"] == form["once"]
    site.client.post("/till/redeem", data=form)
    (row,) = redemptions(site.engine)
    again = till.get(ANSWERED)
    assert (again.status_code, again.headers["location"]) == (303, f"/till/redemptions/{row.id}")
    assert used(site.engine, "TEN") == 1


def test_seeing_a_refusal_again_tries_nothing_again(site: Site) -> None:
    till = open_till(site)
    pages = [till.check("WRONG-CODE"), *(till.get(ANSWERED) for _ in range(20))]
    assert {page.status_code for page in pages} == {409}
    assert tried(site.engine) == ["code_not_found"]


def test_the_wait_of_whoever_guessed_is_over_when_it_is_over(site: Site) -> None:
    till = open_till(site)
    slowed = next(answer for answer in (till.check(f"WRONG{n}") for n in range(60)) if answer.status_code == 429)
    site.clock.at += timedelta(seconds=int(slowed.headers["retry-after"]))
    page = till.get(ANSWERED)
    assert (page.status_code, "may be tried now and then" in page.text) == (200, False)


def test_what_was_checked_is_forgotten_after_a_while(site: Site) -> None:
    till = checked(site)
    for _ in range(2):
        site.clock.at += KEPT / 2 + timedelta(seconds=1)
        till.get()
    assert till.get(ANSWERED).headers["location"] == "/till"


def test_whoever_opens_a_locked_till_finds_nothing_that_was_checked_before(site: Site) -> None:
    till = checked(site)
    till.post("lock")
    assert 'action="/till/open"' in till.get(ANSWERED).text
    till.open(PIN)
    assert till.get(ANSWERED).headers["location"] == "/till"


@pytest.mark.parametrize("forged", ["x", "gAAAAA" * 20])
def test_a_cookie_that_is_not_ours_is_no_answer(site: Site, forged: str) -> None:
    till = checked(site)
    site.client.cookies.set("ricochet-till-answer", forged, domain="testserver.local", path="/till")
    assert till.get(ANSWERED).headers["location"] == "/till"


@pytest.mark.parametrize(("first", "spread"), [(0xE9, 1), (0x01, 0), (0x01, 1), (0x20000, 40_000)])
def test_however_much_is_typed_the_browser_keeps_the_answer(site: Site, first: int, spread: int) -> None:
    """The characters that take the most room, as different as can be."""
    till = open_till(site)
    drawn = Random(7)
    names = ("code", "amount", "delivery", "customer_ref", "order_ref")
    fields = {name: "".join(chr(first + drawn.randint(0, spread)) for _ in range(200)) for name in names}
    answer = till.post("check", **fields)
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("ricochet-till-answer="))
    assert len(cookie) < 4_096
    page = till.follow(answer)
    assert page.status_code == 422
    assert "No code is as long as that" in page.text
