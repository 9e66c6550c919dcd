from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import select

from linksvc import offer_budgets
from linksvc.code_worth import Refusal, Worth, find_worth
from linksvc.database import open_engine, reading, writing
from linksvc.models import Fact, LedgerEntry, PromoCode
from linksvc.money import Money
from linksvc.new_offers import NewOffer
from linksvc.offers import create_offer
from linksvc.redemptions import Redemption, Till, Use, redeem
from tests import factories
from tests.factories import NOW

CODE = "2F4K9QTX07BM"
ORDER = Money(4_990, "EUR")


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def add_code(engine: Engine, workspace_id: int, *, code: str = CODE, max_uses: int = 1, **offer: Any) -> None:
    fields = {name: offer.pop(name) for name in ("campaign_id", "n", "disabled") if name in offer}
    offer_id = factories.offer(engine, workspace_id, **offer)
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code=code, offer_id=offer_id, max_uses=max_uses, **fields))


def use(engine: Engine, workspace_id: int, order_ref: str = "R-1", *, code: str = CODE, order: Money = ORDER) -> Any:
    with writing(engine) as session:
        return redeem(session, Till(workspace_id, 1, 1), Use(code, order_ref, order), NOW)


def ledger(engine: Engine) -> list[LedgerEntry]:
    with reading(engine) as session:
        entries = list(session.exec(select(LedgerEntry)))
        session.expunge_all()
        return entries


def test_a_code_is_used_once(engine: Engine, workspace_id: int) -> None:
    add_code(engine, workspace_id)
    first = use(engine, workspace_id)
    assert (first.code, first.order_ref, first.order) == ("2F4K-9QTX-07BM", "R-1", ORDER)
    assert (first.discount, first.paid, first.redeemed_at) == (Money(499, "EUR"), Money(4_491, "EUR"), NOW)
    assert (first.state, first.net) == ("redeemed", Money(4_491, "EUR"))
    assert use(engine, workspace_id, "R-2") == Refusal(
        "code_exhausted", "This code was used already, as often as it may be."
    )
    entries = {entry.order_ref: entry for entry in ledger(engine)}
    assert (entries["R-1"].action, entries["R-1"].discount_minor, entries["R-1"].redemption_id) == (
        "redeemed",
        499,
        first.id,
    )
    assert (entries["R-2"].action, entries["R-2"].reason) == ("refused", "code_exhausted")


def test_a_code_is_read_as_people_type_it(engine: Engine, workspace_id: int) -> None:
    typed = ["2f4k-9qtx-07bm", " 2F4K 9QTX O7BM ", "２Ｆ４Ｋ—９ＱＴＸ—０７ＢＭ", "2F4K\u200b9QTX\u00a007BM\0"]
    add_code(engine, workspace_id, max_uses=len(typed))
    for i, code in enumerate(typed):
        assert isinstance(use(engine, workspace_id, f"R-{i}", code=code), Redemption)


REFUSALS: list[tuple[dict[str, Any], Money, str]] = [
    ({"starts_at": NOW + timedelta(microseconds=1)}, ORDER, "code_not_active_yet"),
    ({"ends_at": NOW}, ORDER, "code_expired"),
    ({"disabled": True}, ORDER, "code_disabled"),
    ({"max_uses": 0}, ORDER, "code_exhausted"),
    ({"minimum_minor": 4_991}, ORDER, "minimum_not_met"),
    ({}, Money(4_990, "CHF"), "currency_mismatch"),
    ({"code": "SOMETHING"}, ORDER, "code_not_found"),
]


def test_a_refusal_has_its_reason_leaves_its_trace_and_uses_nothing(
    engine: Engine, workspace_id: int, subtests: pytest.Subtests
) -> None:
    for i, (fields, order, reason) in enumerate(REFUSALS):
        with subtests.test(reason=reason):
            add_code(engine, workspace_id, **({"code": f"BATCH{i}"} | fields))
            refusal = use(engine, workspace_id, code=f"batch-{i}", order=order)
            assert isinstance(refusal, Refusal)
            assert refusal.reason == reason
            with reading(engine) as session:
                assert find_worth(session, workspace_id, f"BATCH{i}", order, NOW) == refusal
    traces = {(entry.code, entry.action, entry.reason) for entry in ledger(engine)}
    assert traces == {(f"BATCH{i}", "refused", reason) for i, (_, _, reason) in enumerate(REFUSALS)}
    with reading(engine) as session:
        assert set(session.exec(select(PromoCode.used))) == {0}


def test_the_edges_of_a_window_and_a_minimum_are_inside(engine: Engine, workspace_id: int) -> None:
    add_code(engine, workspace_id, ends_at=NOW + timedelta(microseconds=1), minimum_minor=4_990)
    assert isinstance(use(engine, workspace_id), Redemption)


def test_asking_uses_nothing(engine: Engine, workspace_id: int) -> None:
    add_code(engine, workspace_id)
    with reading(engine) as session:
        worth = find_worth(session, workspace_id, CODE, None, NOW)
    assert isinstance(worth, Worth)
    assert ledger(engine) == []
    assert isinstance(use(engine, workspace_id), Redemption)


def test_another_workspace_sees_nothing_of_a_code(engine: Engine, workspace_id: int) -> None:
    add_code(engine, workspace_id)
    assert use(engine, factories.workspace(engine, "Other")).reason == "code_not_found"


def test_a_long_code_of_characters_that_become_many_is_a_wrong_code(engine: Engine, workspace_id: int) -> None:
    assert use(engine, workspace_id, code="\ufdfa" * 64).reason == "code_not_found"
    assert len(ledger(engine)[0].code) == 64


def test_a_code_of_several_uses_serves_each_order_once(engine: Engine, workspace_id: int) -> None:
    add_code(engine, workspace_id, max_uses=3)
    assert isinstance(use(engine, workspace_id, "R-1"), Redemption)
    assert use(engine, workspace_id, "R-1").reason == "order_already_redeemed"
    assert [isinstance(use(engine, workspace_id, ref), Redemption) for ref in ("R-2", "R-3", "R-4")] == [True, True, False]


def test_a_redemption_is_a_fact_of_its_message(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 3)
    add_code(engine, workspace_id, campaign_id=campaign_id, n=2)
    redemption = use(engine, workspace_id)
    assert use(engine, workspace_id, "R-2").reason == "code_exhausted"
    with reading(engine) as session:
        fact = session.exec(select(Fact)).one()
        assert (fact.campaign_id, fact.n, fact.kind, fact.source) == (campaign_id, 2, "redeemed", redemption.id)
        assert (fact.amount_minor, fact.currency, fact.occurred_at) == (4_491, "EUR", NOW)


@pytest.mark.parametrize("uses", [1, 7])
def test_of_many_tills_at_once_no_more_get_a_code_than_it_has_uses(engine: Engine, workspace_id: int, uses: int) -> None:
    add_code(engine, workspace_id, max_uses=uses)
    with ThreadPoolExecutor(12) as tills:
        outcomes = list(tills.map(lambda i: use(engine, workspace_id, f"R-{i}"), range(24)))
    assert sum(isinstance(outcome, Redemption) for outcome in outcomes) == uses
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, Refusal)} == {"code_exhausted"}
    assert len(ledger(engine)) == 24


def test_of_many_tills_with_one_order_one_gets_a_use(engine: Engine, workspace_id: int) -> None:
    add_code(engine, workspace_id, max_uses=30)
    with ThreadPoolExecutor(12) as tills:
        outcomes = list(tills.map(lambda _: use(engine, workspace_id), range(24)))
    assert sum(isinstance(outcome, Redemption) for outcome in outcomes) == 1
    with reading(engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 1


def test_a_refusal_names_the_limit_that_was_reached_though_a_use_comes_back_meanwhile(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        terms = create_offer(session, workspace_id, NewOffer(name="o", kind="amount", value=500, uses_in_all=1), NOW)
    for code in ("XA", "XC"):
        factories.add_code(engine, workspace_id, code, terms.id)
    assert isinstance(use(engine, workspace_id, code="XA"), Redemption)

    def give_back(_: object, _cursor: object, statement: str, *_more: object) -> None:
        """A use comes back right behind whoever looks at what is left."""
        if statement.startswith("SELECT") and "FROM offer_budget" in statement:
            with writing(engine) as session:
                offer_budgets.give_back(session, workspace_id, terms.id, 1, 1, 0)

    event.listen(engine, "after_cursor_execute", give_back)
    assert use(engine, workspace_id, "R-2", code="XC").reason == "offer_exhausted"
    assert isinstance(use(engine, workspace_id, "R-3", code="XC"), Redemption)
    engine.dispose()
