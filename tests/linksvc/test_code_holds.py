from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc import code_holds
from linksvc.code_holds import Hold, HoldRequest
from linksvc.code_worth import Refusal, Worth, find_worth
from linksvc.database import reading, writing
from linksvc.errors import NotFound
from linksvc.models import LedgerEntry, OfferBudget, PromoCode
from linksvc.money import Money
from linksvc.new_offers import NewOffer
from linksvc.offers import create_offer
from linksvc.redemptions import Offline, Redemption, Till, Use, redeem
from tests import factories
from tests.factories import NOW

CODE, OTHER = "XK42", "XK43"
ORDER = Money(4_000, "EUR")
LATER = NOW + timedelta(seconds=code_holds.TTL_S)


@pytest.fixture
def till(engine: Engine) -> Till:
    return Till(factories.workspace(engine), 1, 1)


def add_codes(engine: Engine, till: Till, *codes: str, **offer: Any) -> None:
    values: dict[str, Any] = {"name": "o", "kind": "percentage", "value": 1_000}
    with writing(engine) as session:
        terms = create_offer(session, till.workspace_id, NewOffer(**(values | offer)), NOW)
        for code in codes:
            uses = terms.uses_per_code
            session.add(PromoCode(workspace_id=till.workspace_id, code=code, offer_id=terms.id, max_uses=uses))


def hold(engine: Engine, till: Till, key: str = "basket-1", code: str = CODE, at: datetime = NOW, **more: Any) -> Any:
    with writing(engine) as session:
        return code_holds.hold(session, till, HoldRequest(code, key, order=more.pop("order", ORDER), **more), at)


def use(engine: Engine, till: Till, order_ref: str = "R-1", code: str = CODE, at: datetime = NOW, **more: Any) -> Any:
    with writing(engine) as session:
        return redeem(session, till, Use(code, order_ref, more.pop("order", ORDER), **more), at)


def counts(engine: Engine) -> tuple[int, int]:
    with reading(engine) as session:
        return session.exec(select(PromoCode.used, PromoCode.held).where(PromoCode.code == CODE)).one()


def test_a_held_use_is_nobody_elses_until_its_time_is_over(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE)
    held = hold(engine, till)
    assert (held.state, held.discount, held.expires_at) == ("held", Money(400, "EUR"), LATER)
    other = Till(till.workspace_id, 2, 2)
    refusal = use(engine, other, at=LATER - timedelta(microseconds=1))
    assert (refusal.reason, "few minutes" in refusal.detail) == ("code_exhausted", True)
    with reading(engine) as session:
        assert isinstance(find_worth(session, till.workspace_id, CODE, ORDER, LATER), Worth)
        assert find_worth(session, till.workspace_id, CODE, ORDER, NOW) == refusal
    assert isinstance(use(engine, other, at=LATER), Redemption)
    assert counts(engine) == (1, 0)
    assert use(engine, till, hold_id=held.id, at=LATER).reason == "hold_expired"


def test_a_hold_is_redeemed_once_by_its_own_shop(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE, OTHER, uses_per_code=2)
    held = hold(engine, till)
    assert use(engine, Till(till.workspace_id, 2, 2), hold_id=held.id).reason == "hold_not_found"
    assert use(engine, till, code=OTHER, hold_id=held.id).reason == "hold_not_found"
    assert use(engine, till, hold_id="hld_0").reason == "hold_not_found"
    assert counts(engine) == (0, 1)
    made = use(engine, till, hold_id=held.id)
    assert (made.hold_id, counts(engine)) == (held.id, (1, 0))
    assert use(engine, till, "R-2", hold_id=held.id).reason == "hold_expired"
    assert counts(engine) == (1, 0)


def test_a_hold_made_in_time_is_good_after_the_offer_ended(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE, ends_at=NOW + timedelta(minutes=5))
    held, after = hold(engine, till), NOW + timedelta(minutes=6)
    assert use(engine, till, at=after).reason == "code_expired"
    assert isinstance(use(engine, till, hold_id=held.id, at=after), Redemption)


def test_what_a_till_did_offline_with_a_hold_that_ran_out_since_takes_a_use_that_is_left(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE, uses_per_contact=1)
    held = hold(engine, till, customer_ref="K-1")
    told_at = LATER + timedelta(hours=1)

    def upload(order_ref: str, occurred_at: datetime, accept_duplicate: bool = False) -> Any:
        offline = Offline(occurred_at, timedelta(days=7), accept_duplicate)
        return use(engine, till, order_ref, hold_id=held.id, at=told_at, offline=offline)

    assert upload("R-0", LATER).reason == "hold_expired"
    made = upload("R-1", LATER - timedelta(minutes=1))
    assert (made.customer_ref, made.hold_id, made.accepted_duplicate, counts(engine)) == ("K-1", "", False, (1, 0))
    # By then somebody else may have had it.
    assert upload("R-2", NOW).reason == "code_exhausted"
    assert upload("R-3", NOW, accept_duplicate=True).accepted_duplicate is True
    assert counts(engine) == (1, 0)


def test_the_same_key_prolongs_its_hold_and_another_takes_another_use(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE, uses_per_code=2, budget_minor=1_000)
    first = hold(engine, till)
    again = hold(engine, till, at=NOW + timedelta(minutes=10), order=Money(8_000, "EUR"))
    assert (again.id, again.discount, counts(engine)) == (first.id, Money(800, "EUR"), (0, 1))
    assert again.expires_at == LATER + timedelta(minutes=10)
    assert hold(engine, till, "basket-2").reason == "budget_exhausted"
    assert hold(engine, till, "basket-2", order=Money(2_000, "EUR")).id != first.id
    assert counts(engine) == (0, 2)
    assert hold(engine, till, "basket-3", order=Money(0, "EUR")).reason == "code_exhausted"


def test_a_hold_reserves_its_share_of_the_offers_limits_and_gives_it_back(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE, OTHER, uses_in_all=1, budget_minor=1_000, uses_per_contact=1)
    held = hold(engine, till, customer_ref="K-1")
    assert use(engine, till, code=OTHER, customer_ref="K-1").reason == "contact_limit_reached"
    assert use(engine, till, code=OTHER, customer_ref="K-2").reason == "offer_exhausted"
    assert hold(engine, till, customer_ref="K-2").reason == "hold_key_reused"
    with writing(engine) as session:
        assert code_holds.release(session, till, held.id, NOW).state == "released"
        assert code_holds.release(session, till, held.id, NOW).state == "released"
    with reading(engine) as session:
        assert session.exec(select(OfferBudget.uses_left, OfferBudget.minor_left)).all() == [(1, 1_000)]
    assert isinstance(use(engine, till, code=OTHER, customer_ref="K-1"), Redemption)


@pytest.mark.parametrize("limit", [{"uses_per_contact": 1}, {"uses_in_all": 1}, {"budget_minor": 400}])
def test_what_a_hold_reserved_is_free_once_its_time_is_over_swept_or_not(
    engine: Engine, till: Till, limit: dict[str, int]
) -> None:
    add_codes(engine, till, CODE, uses_per_code=3, **limit)
    hold(engine, till, customer_ref="K-1")

    def worth(at: datetime) -> Worth | Refusal:
        with reading(engine) as session:
            return find_worth(session, till.workspace_id, CODE, ORDER, at, customer_ref="K-1")

    before = LATER - timedelta(microseconds=1)
    assert worth(before) == use(engine, till, at=before, customer_ref="K-1")
    assert isinstance(worth(LATER), Worth)
    assert isinstance(use(engine, till, at=LATER, customer_ref="K-1"), Redemption)


def test_the_sweep_ends_what_is_over_and_nothing_else(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE, OTHER, uses_per_code=3)
    over = [hold(engine, till, str(i)) for i in range(3)]
    live = hold(engine, till, code=OTHER, at=NOW + timedelta(minutes=1))
    with writing(engine) as session:
        assert code_holds.is_due(session, LATER)
        assert code_holds.sweep(session, LATER, 10) == 3
        assert not code_holds.is_due(session, LATER)
    with reading(engine) as session:
        states = [code_holds.find_hold(session, till, one.id, LATER).state for one in (*over, live)]
        actions = session.exec(select(LedgerEntry.action, LedgerEntry.held_step)).all()
    assert states == ["expired"] * 3 + ["held"]
    assert sorted(actions) == [("expired", -1)] * 3 + [("held", 1)] * 4
    assert counts(engine) == (0, 0)


def test_a_refused_hold_leaves_its_trace_and_another_shop_sees_no_hold(engine: Engine, till: Till) -> None:
    add_codes(engine, till, CODE)
    assert isinstance(hold(engine, till, code="NOTHING"), Refusal)
    with reading(engine) as session:
        assert session.exec(select(LedgerEntry.action, LedgerEntry.reason)).all() == [("refused", "code_not_found")]
    held = hold(engine, till)
    assert isinstance(held, Hold)
    with writing(engine) as session, pytest.raises(NotFound) as error:
        code_holds.release(session, Till(till.workspace_id, 2, 1), held.id, NOW)
    assert error.value.code == "hold_not_found"
