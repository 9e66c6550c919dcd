"""The till page without a browser: what a code gives, redeeming it once, undoing it, and what keeps it from being taken."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from linksvc import api_keys
from linksvc import redemptions as domain
from linksvc.database import reading, writing
from linksvc.models import LedgerEntry
from linksvc.money import Money
from tests import factories
from tests.dashboards.site import Site
from tests.dashboards.till_scenes import STARTED, hidden, make_code, open_till, redemptions, used


def made(site: Site, code: str = "TEN", **offer: Any) -> str:
    return make_code(site.engine, site.workspace_id, code, **offer)


def sums(page: str) -> dict[str, str]:
    """What stands on a page, by label."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    return {label: value.replace("\xa0", " ") for label, value in found}


def test_a_code_is_checked_redeemed_and_undone(site_on_both: Site) -> None:
    site = site_on_both
    till, code = open_till(site), made(site)
    checked = till.check(" t-e n", "49.90", order_ref="R-1001").text
    assert "10\u202f% off" in checked
    assert sums(checked) == {
        "Code": "TEN",
        "Receipt": "R-1001",
        "Order": "EUR 49.90",
        "Discount": "EUR 4.99",
        "To pay": "EUR 44.91",
    }
    assert used(site.engine, code) == 0
    done = till.redeem("ten", "49.90", order_ref="R-1001")
    assert "The code is redeemed" in done.text
    assert sums(done.text)["To pay"] == "EUR 44.91"
    (row,) = redemptions(site.engine)
    assert (row.shop_id, row.order_ref, row.discount_minor, row.paid_minor) == (till.counter.shop_id, "R-1001", 499, 4_491)
    undone = till.post(f"redemptions/{row.id}/undo")
    assert undone.headers["location"] == f"/till/redemptions/{row.id}"
    told = till.get(undone.headers["location"]).text
    assert "The redemption is undone" in told
    assert sums(told)["To pay"] == "EUR 49.90"
    assert used(site.engine, code) == 0
    assert "undone" in till.get().text


def test_a_form_that_is_sent_many_times_at_once_redeems_once(site_on_both: Site) -> None:
    site = site_on_both
    till = open_till(site)
    code = made(site, uses=5)
    form = hidden(till.check(code, "20").text)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: site.client.post("/till/redeem", data=form), range(6)))
    assert [answer.status_code for answer in answers] == [303] * 6
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert used(site.engine, code) == 1


def test_the_same_code_on_the_next_customer_is_another_redemption(site: Site) -> None:
    till, code = open_till(site), made(site, uses=2)
    for _ in range(2):
        assert "The code is redeemed" in till.redeem(code, "20").text
    refused = till.check(code, "20")
    assert refused.status_code == 409
    assert "used already" in refused.text
    first, second = redemptions(site.engine)
    assert first.order_ref != second.order_ref


def test_a_code_that_goes_between_check_and_redeem_is_refused_and_nothing_typed_is_lost(site: Site) -> None:
    till, code = open_till(site), made(site)
    form = hidden(till.check(code, "20", order_ref="R-7").text)
    assert "The code is redeemed" in till.redeem(code, "30").text
    answer = till.follow(site.client.post("/till/redeem", data=form))
    assert answer.status_code == 409
    assert "used already" in answer.text
    assert 'value="20"' in answer.text
    assert 'value="R-7"' in answer.text
    assert used(site.engine, code) == 1


def test_what_a_code_gives_is_seen_without_an_amount_which_is_then_asked_for(site: Site) -> None:
    till = open_till(site)
    ends_at = datetime(2099, 11, 30, 23, tzinfo=UTC)
    made(site, value=1_250, cap_minor=2_000, minimum_minor=3_000, ends_at=ends_at)
    page = till.check("ten").text
    assert "12.5\u202f% off, EUR 20.00 at most, for orders of EUR 30.00 or more, until 30 Nov 2099, 23:59" in page
    assert 'name="amount" type="text"' in page
    assert 'action="/till/check"' in page
    assert "Redeem" not in page.split("<main")[1].split("</main>")[0]


@pytest.mark.parametrize(
    ("offer", "words", "to_pay"),
    [
        ({"kind": "amount", "value": 500}, "EUR 5.00 off", "EUR 15.00"),
        ({"kind": "gift", "value": 0, "gift": "A <candle>"}, "Gift: A &lt;candle&gt;", "EUR 20.00"),
        ({"kind": "percentage", "value": 5_000, "cap_minor": 100}, "50\u202f% off, EUR 1.00 at most", "EUR 19.00"),
    ],
)
def test_every_kind_of_offer_is_said_and_redeemed(site: Site, offer: dict[str, Any], words: str, to_pay: str) -> None:
    till, code = open_till(site), made(site, **offer)
    assert words in till.check(code, "20").text
    assert sums(till.redeem(code, "20").text)["To pay"] == to_pay


def test_free_delivery_asks_what_the_delivery_costs(site: Site) -> None:
    till, code = open_till(site), made(site, kind="free_delivery", value=0)
    asked = till.check(code, "20").text
    assert "Free delivery" in asked
    assert 'name="delivery" type="text"' in asked
    assert "cannot cost more" in till.check(code, "20", delivery="21").text
    assert sums(till.redeem(code, "20", delivery="4,90").text)["To pay"] == "EUR 15.10"
    assert redemptions(site.engine)[0].discount_minor == 490


def test_free_delivery_is_not_redeemed_before_it_is_said_what_delivery_costs(site: Site) -> None:
    till, code = open_till(site), made(site, kind="free_delivery", value=0)
    form = dict(hidden(till.check(code, "20", delivery="4,90").text)) | {"delivery": ""}
    answer = till.follow(site.client.post("/till/redeem", data=form))
    assert answer.status_code == 422
    assert "Say what it costs" in answer.text
    assert 'name="delivery" type="text"' in answer.text
    assert used(site.engine, code) == 0


def test_a_code_is_shown_as_it_was_written(site: Site) -> None:
    till, offer_id = open_till(site), factories.offer(site.engine, site.workspace_id, starts_at=STARTED)
    factories.add_code(site.engine, site.workspace_id, "N0Ë125", offer_id, written="Noël-25")
    assert sums(till.check("noël25", "20").text)["Code"] == "Noël-25"
    assert sums(till.redeem("noël25", "20").text)["Code"] == "Noël-25"
    assert ">Noël-25</a>" in till.get().text


def test_an_offer_limited_per_customer_asks_whose_code_it_is(site: Site) -> None:
    till, code = open_till(site), made(site, uses=9, uses_per_contact=1)
    asked = till.check(code, "20")
    assert asked.status_code == 422
    assert "Say whose code it is" in asked.text
    assert 'value="20"' in asked.text
    assert "The code is redeemed" in till.redeem(code, "20", customer_ref="C-1").text
    assert "as often as one may" in till.check(code, "20", customer_ref="C-1").text
    assert "The code is good" in till.check(code, "20", customer_ref="C-2").text


@pytest.mark.parametrize(
    ("offer", "amount", "words"),
    [
        ({"starts_at": datetime(2099, 1, 1, 8, tzinfo=UTC)}, "", "good from 1 Jan 2099, 09:00 on"),
        ({"ends_at": datetime(2026, 2, 1, 23, tzinfo=UTC)}, "", "good until 1 Feb 2026, 23:59"),
        ({"minimum_minor": 3_000}, "20", "orders of EUR 30.00 or more"),
        ({"currency": "CHF"}, "20", "another currency: CHF."),
        ({"uses_in_all": 1, "value": 1}, "20", "All uses of this offer are taken"),
    ],
)
def test_a_refusal_says_why_in_the_shops_own_time_and_money(
    site: Site, offer: dict[str, Any], amount: str, words: str
) -> None:
    till, code = open_till(site), made(site, **offer)
    answer = till.check(code, amount)
    assert answer.status_code == 409
    assert "The code is not taken" in answer.text
    assert words in answer.text
    assert used(site.engine, code) == 0


def test_a_refusal_is_said_in_french_too(site: Site) -> None:
    till = open_till(site)
    site.client.headers["accept-language"] = "fr"
    made(site, ends_at=datetime(2026, 2, 1, 23, tzinfo=UTC))
    assert "Ce code était valable jusqu’au 1 févr. 2026, 23:59." in till.check("ten").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "", "amount": "20"}, "Type or scan the code."),
        ({"code": "X" * 65, "amount": "20"}, "No code is as long as that"),
        ({"code": "TEN", "amount": "a lot"}, "“a lot” is no amount in EUR. Write it as EUR 49.90."),
        ({"code": "TEN", "amount": "20", "order_ref": "R" * 121}, "120 characters at most"),
        ({"code": "TEN", "amount": "20", "customer_ref": "a\nb"}, "One line"),
    ],
)
@pytest.mark.parametrize("step", ["check", "redeem"])
def test_what_is_wrong_with_the_form_is_told_beside_the_field(
    site: Site, step: str, fields: dict[str, str], words: str
) -> None:
    till = open_till(site)
    answer = till.see(step, **fields, once="0" * 24)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert redemptions(site.engine) == []


def test_a_redemption_without_an_amount_asks_for_it(site: Site) -> None:
    till, code = open_till(site), made(site)
    assert till.see("redeem", code=code, amount="", once="0" * 24).url.path == "/till/check"
    assert till.post("redeem", code=code, amount="20", once="guess").status_code == 400
    assert used(site.engine, code) == 0


def test_change_gives_everything_back_that_was_typed(site: Site) -> None:
    till = open_till(site)
    page = till.see("change", code="TEN", amount="49,90", order_ref="R-1", delivery="3", customer_ref="C-1").text
    for typed in ("TEN", "49,90", "R-1", "3", "C-1"):
        assert f'value="{typed}"' in page


def test_a_till_sees_and_undoes_what_its_own_shop_redeemed_and_nothing_else(site: Site) -> None:
    till, code = open_till(site), made(site, uses=3)
    other_shop = factories.shop(site.engine, site.workspace_id, "Nice")
    with writing(site.engine) as session:
        api_keys.create_key(session, site.workspace_id, "Nice", ("codes:redeem",), other_shop, STARTED)
        place = domain.Till(site.workspace_id, other_shop, 2)
        foreign = domain.redeem(session, place, domain.Use(code, "N-1", Money(2_000, "EUR")), site.clock())
    assert isinstance(foreign, domain.Redemption)
    assert till.get(f"/till/redemptions/{foreign.id}").status_code == 404
    assert till.post(f"redemptions/{foreign.id}/undo").status_code == 404
    assert till.get("/till/redemptions/rdm_1").status_code == 404
    assert "Go to the till" in till.get("/till/redemptions/rdm_1").text
    assert foreign.id not in till.get().text
    assert used(site.engine, code) == 1


def test_undoing_twice_undoes_once_and_the_second_sees_it_done(site: Site) -> None:
    till, code = open_till(site), made(site)
    till.redeem(code, "20")
    (row,) = redemptions(site.engine)
    for _ in range(2):
        assert till.post(f"redemptions/{row.id}/undo").status_code == 303
    assert used(site.engine, code) == 0
    with reading(site.engine) as session:
        voided = select(LedgerEntry.id).where(LedgerEntry.action == "voided")
        assert len(session.exec(voided).all()) == 1


def test_a_till_whose_key_may_not_void_says_so_and_undoes_nothing(site: Site) -> None:
    till, code = open_till(site, ("codes:validate", "codes:redeem")), made(site)
    assert "may not undo" in till.redeem(code, "20").text
    (row,) = redemptions(site.engine)
    assert till.post(f"redemptions/{row.id}/undo").status_code == 403
    assert used(site.engine, code) == 1


def test_the_latest_redemptions_are_those_of_a_day(site: Site) -> None:
    till, code = open_till(site), made(site, uses=3)
    assert "in the last 24 hours" in till.get().text
    till.redeem(code, "20", order_ref="R-1")
    assert "EUR 18.00" in till.get().text
    till.post("lock")
    site.clock.at += timedelta(hours=24, seconds=1)
    till.open()
    assert "EUR 18.00" not in till.get().text


def test_whoever_guesses_at_a_till_is_slowed_down_and_told_when_to_go_on(site: Site) -> None:
    till, code = open_till(site), made(site)
    answers = [till.check(f"WRONG{n}") for n in range(40)]
    assert {answer.status_code for answer in answers} == {409, 429}
    slowed = answers[-1]
    assert slowed.status_code == 429
    assert 1 <= int(slowed.headers["retry-after"]) <= 10
    assert "may be tried now and then" in slowed.text
    # What is over is not looked at, whether it is right or not.
    assert till.check(code, "20").status_code == 429
    with reading(site.engine) as session:
        noted = session.exec(select(LedgerEntry.reason).where(LedgerEntry.shop_id == till.counter.shop_id)).all()
    assert noted == ["code_not_found"] * sum(answer.status_code == 409 for answer in answers)


@pytest.mark.parametrize("step", ["enrol", "open", "lock", "check", "change", "redeem", "redemptions/rdm_1/undo"])
def test_the_address_of_a_form_leads_back_to_the_till(site: Site, step: str) -> None:
    answer = open_till(site).get(f"/till/{step}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/till")
