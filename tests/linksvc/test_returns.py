from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc import returns
from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.funnel import read_funnel
from linksvc.models import Campaign, LedgerEntry, Message, OfferBudget, PromoCode
from linksvc.money import Money
from linksvc.new_offers import NewOffer
from linksvc.offers import create_offer
from linksvc.redemption_list import Wanted, find_redemption, list_redemptions
from linksvc.redemptions import Redemption, Till, Use, redeem
from tests import factories
from tests.factories import NOW

END = NOW + timedelta(days=1)


@pytest.fixture
def till(engine: Engine) -> Till:
    return Till(factories.workspace(engine), 1, 1)


def add_code(engine: Engine, till: Till, code: str = "XK42", **message: int) -> None:
    new = NewOffer("o", "amount", 1_000, uses_in_all=5, budget_minor=2_500, uses_per_code=2, ends_at=END)
    with writing(engine) as session:
        terms = create_offer(session, till.workspace_id, new, NOW)
        row: dict[str, Any] = {"workspace_id": till.workspace_id, "offer_id": terms.id, "max_uses": 2} | message
        session.add(PromoCode(code=code, **row))


def use(engine: Engine, till: Till, order_ref: str = "R-1", code: str = "XK42", at: datetime = NOW) -> Redemption:
    with writing(engine) as session:
        made = redeem(session, till, Use(code, order_ref, Money(5_000, "EUR")), at)
    assert isinstance(made, Redemption)
    return made


def give_back(engine: Engine, till: Till, made: Redemption, amount: int, currency: str = "EUR") -> Redemption:
    with writing(engine) as session:
        return returns.return_part(session, till, made.id, Money(amount, currency), NOW)


def void(engine: Engine, till: Till, made: Redemption, at: datetime = NOW) -> Redemption:
    with writing(engine) as session:
        return returns.void(session, till, made.id, at)


def left(engine: Engine) -> tuple[int, int, int]:
    """Uses of the code, then what is left of its offer: uses and money."""
    with reading(engine) as session:
        uses, minor = session.exec(select(OfferBudget.uses_left, OfferBudget.minor_left)).one()
        return session.exec(select(PromoCode.used)).one(), uses, minor


def test_parts_are_returned_until_nothing_is_left_and_the_code_stays_used(engine: Engine, till: Till) -> None:
    add_code(engine, till)
    made = use(engine, till)
    part = give_back(engine, till, made, 1_500)
    assert (part.state, part.returned, part.net) == ("partially_returned", Money(1_500, "EUR"), Money(2_500, "EUR"))
    with pytest.raises(Conflict) as error:
        give_back(engine, till, made, 2_501)
    assert error.value.code == "return_exceeds_paid"
    assert give_back(engine, till, made, 2_500).state == "returned"
    assert left(engine) == (1, 4, 1_500)


def test_a_void_gives_back_the_use_once_and_lets_the_order_have_the_code_again(engine: Engine, till: Till) -> None:
    add_code(engine, till)
    made = use(engine, till)
    voided = void(engine, till, made)
    assert (voided.state, voided.voided_at, voided.net) == ("voided", NOW, Money(0, "EUR"))
    assert left(engine) == (0, 5, 2_500)
    with pytest.raises(Conflict) as twice:
        void(engine, till, made)
    with pytest.raises(Conflict) as late:
        give_back(engine, till, made, 1)
    assert twice.value.code == late.value.code == "already_voided"
    assert use(engine, till).id != made.id


def test_a_void_after_the_end_gives_back_the_money_but_no_use(engine: Engine, till: Till) -> None:
    add_code(engine, till)
    void(engine, till, use(engine, till), END)
    assert left(engine) == (1, 5, 2_500)
    with reading(engine) as session:
        steps = session.exec(select(LedgerEntry.action, LedgerEntry.used_step, LedgerEntry.amount_minor)).all()
    assert sorted(steps) == [("redeemed", 1, 0), ("voided", 0, 4_000)]


def test_what_cannot_be_returned_is_refused(engine: Engine, till: Till) -> None:
    add_code(engine, till)
    made = use(engine, till)
    with pytest.raises(InvalidRequest):
        give_back(engine, till, made, 0)
    with pytest.raises(Conflict) as error:
        give_back(engine, till, made, 1, "CHF")
    assert error.value.code == "currency_mismatch"
    for stranger in (Till(till.workspace_id, 2, 1), Till(till.workspace_id + 1, 1, 1)):
        with pytest.raises(NotFound) as missing:
            void(engine, stranger, made)
        assert missing.value.code == "redemption_not_found"
    assert left(engine)[0] == 1


def test_net_revenue_and_the_redeemed_follow_returns_and_voids(engine: Engine, till: Till) -> None:
    campaign_id = factories.produced_campaign(engine, till.workspace_id, 1)
    add_code(engine, till, campaign_id=campaign_id, n=0)
    first, second = use(engine, till), use(engine, till, "R-2", at=NOW + timedelta(minutes=20))

    def funnel() -> tuple[int, int, tuple[Money, ...], datetime | None]:
        while apply_batch(engine, campaign_id, "test", lambda: NOW):
            pass
        with reading(engine) as session:
            figures = read_funnel(session, till.workspace_id, campaign_id)
            redeemed_at = session.exec(select(Message.redeemed_at)).one()
            assert session.exec(select(Campaign.id)).one() == campaign_id
        return figures["redeemed"], figures["redemption"], figures.net_revenue, redeemed_at

    give_back(engine, till, second, 500)
    assert funnel() == (1, 2, (Money(7_500, "EUR"),), NOW)
    void(engine, till, first)
    assert funnel() == (1, 2, (Money(3_500, "EUR"),), NOW + timedelta(minutes=20))
    void(engine, till, second)
    assert funnel() == (0, 2, (Money(0, "EUR"),), None)


def test_redemptions_are_found_by_order_code_and_time_page_by_page(engine: Engine, till: Till) -> None:
    add_code(engine, till)
    add_code(engine, till, "XK43")
    other = Till(till.workspace_id, 2, 1)
    made = [use(engine, till), use(engine, till, "R-2", "XK43", NOW + timedelta(hours=1)), use(engine, other, "R-1")]

    def found(cursor: str = "", limit: int = 100, shop_id: int | None = 1, **wanted: Any) -> tuple[set[str], str | None]:
        with reading(engine) as session:
            page = list_redemptions(session, Wanted(till.workspace_id, shop_id, **wanted), cursor, limit)
        return {one.id for one in page.redemptions}, page.next_cursor

    assert found() == ({made[0].id, made[1].id}, None)
    assert found(shop_id=None, order_ref="R-1")[0] == {made[0].id, made[2].id}
    assert found(code=" xk43 ")[0] == {made[1].id}
    assert found(since=NOW + timedelta(minutes=1))[0] == {made[1].id}
    assert found(until=NOW + timedelta(hours=1))[0] == {made[0].id}
    page, cursor = found(limit=1)
    assert page == {made[1].id}
    assert found(cursor or "", 1) == ({made[0].id}, None)
    with pytest.raises(InvalidRequest):
        found("not a cursor")
    with reading(engine) as session:
        assert find_redemption(session, till.workspace_id, 1, made[0].id) == made[0]
        with pytest.raises(NotFound):
            find_redemption(session, till.workspace_id, 2, made[0].id)
        ids = session.exec(select(LedgerEntry.redemption_id).where(col(LedgerEntry.redemption_id) == made[0].id)).all()
        assert ids == [made[0].id]
