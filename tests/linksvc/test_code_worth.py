"""What a code is worth: when, where, to whom, on which order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.code_worth import Refusal, Worth, find_worth
from linksvc.database import open_engine, reading, writing
from linksvc.models import Message, PromoCode
from linksvc.money import Money
from linksvc.new_offers import NewOffer
from linksvc.offers import create_offer
from linksvc.redemptions import Offline, Redemption, Till, Use, redeem
from tests import factories
from tests.factories import NOW

ORDER = Money(4_990, "EUR")
CODE = "XK42"


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def add_code(
    engine: Engine, workspace_id: int, code: str = CODE, message: tuple[int, int] | None = None, **offer: Any
) -> int:
    values: dict[str, Any] = {"name": "o", "kind": "percentage", "value": 1_000}
    with writing(engine) as session:
        new = NewOffer(**(values | offer))
        terms = create_offer(session, workspace_id, new, NOW)
        campaign_id, n = message or (None, None)
        row = PromoCode(workspace_id=workspace_id, code=code, offer_id=terms.id, campaign_id=campaign_id, n=n)
        row.max_uses = terms.uses_per_code
        session.add(row)
        return terms.id


def worth(engine: Engine, workspace_id: int, at: datetime = NOW, code: str = CODE, **asked: Any) -> Worth | Refusal:
    with reading(engine) as session:
        return find_worth(session, workspace_id, code, asked.pop("order", ORDER), at, **asked)


def reason(outcome: object) -> str:
    return outcome.reason if isinstance(outcome, Refusal) else ""


def use(engine: Engine, workspace_id: int, order_ref: str = "R-1", code: str = CODE, shop_id: int = 1, **more: Any) -> Any:
    at = more.pop("at", NOW)
    with writing(engine) as session:
        return redeem(session, Till(workspace_id, shop_id, 1), Use(code, order_ref, more.pop("order", ORDER), **more), at)


# The end of the last day, as clocks of the zone show it: where they are put back that night, and where there is no midnight.
LAST_DAYS = [
    ("Europe/Paris", date(2026, 11, 30), datetime(2026, 11, 30, 23, tzinfo=UTC)),
    ("Europe/Paris", date(2027, 3, 28), datetime(2027, 3, 28, 22, tzinfo=UTC)),
    ("Europe/Paris", date(2027, 10, 31), datetime(2027, 10, 31, 23, tzinfo=UTC)),
    ("Pacific/Auckland", date(2026, 12, 24), datetime(2026, 12, 24, 11, tzinfo=UTC)),
    ("America/Santiago", date(2027, 9, 4), datetime(2027, 9, 5, 4, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "day", "end"), LAST_DAYS)
def test_a_date_alone_lasts_to_the_end_of_its_day_in_the_offers_zone(
    sqlite_url: str, zone: str, day: date, end: datetime
) -> None:
    engine = open_engine(sqlite_url)
    workspace_id = factories.workspace(engine)
    add_code(engine, workspace_id, ends_at=day, timezone=zone)
    assert isinstance(worth(engine, workspace_id, end - timedelta(microseconds=1)), Worth)
    refusal = worth(engine, workspace_id, end)
    assert reason(refusal) == "code_expired"
    assert isinstance(refusal, Refusal)
    assert zone in refusal.detail
    engine.dispose()


def test_days_after_delivery_end_with_the_local_day_and_begin_with_delivery(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    add_code(engine, workspace_id, message=(campaign_id, 0), days_after_delivery=14, timezone="Europe/Paris")
    end = datetime(2026, 12, 5, 23, tzinfo=UTC)
    assert isinstance(worth(engine, workspace_id, end + timedelta(days=90)), Worth)
    with writing(engine) as session:
        message = session.exec(select(Message)).one()
        # 23:30 UTC is the next day in Paris already.
        message.state, message.receipt_at = "delivered", datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert isinstance(worth(engine, workspace_id, end - timedelta(microseconds=1)), Worth)
    assert reason(worth(engine, workspace_id, end)) == "code_expired"
    add_code(engine, workspace_id, "XX", (campaign_id, 0), days_after_delivery=14, ends_at=NOW + timedelta(days=1))
    assert reason(worth(engine, workspace_id, NOW + timedelta(days=1), "XX")) == "code_expired"


@pytest.mark.parametrize(
    ("offer", "order", "delivery", "off"),
    [
        ({"kind": "percentage", "value": 5_000, "cap_minor": 2_000}, 10_000, 0, 2_000),
        ({"kind": "percentage", "value": 5_000, "cap_minor": 2_000}, 3_000, 0, 1_500),
        ({"kind": "free_delivery"}, 5_490, 500, 500),
        ({"kind": "free_delivery", "cap_minor": 300}, 5_490, 500, 300),
        ({"kind": "gift", "gift": "A bag"}, 5_490, 500, 0),
    ],
)
def test_each_kind_takes_off_what_it_says(
    engine: Engine, workspace_id: int, offer: dict[str, Any], order: int, delivery: int, off: int
) -> None:
    add_code(engine, workspace_id, **({"value": 0} | offer))
    made = use(engine, workspace_id, order=Money(order, "EUR"), delivery_minor=delivery)
    assert (made.discount.amount_minor, made.paid.amount_minor) == (off, order - off)


def test_an_offer_is_good_in_its_shops_alone(engine: Engine, workspace_id: int) -> None:
    lyon, nantes = factories.shop(engine, workspace_id), factories.shop(engine, workspace_id, "Nantes")
    add_code(engine, workspace_id, shop_ids=(lyon,))
    assert reason(worth(engine, workspace_id, shop_id=nantes)) == "shop_not_covered"
    assert use(engine, workspace_id, shop_id=nantes).reason == "shop_not_covered"
    assert isinstance(use(engine, workspace_id, shop_id=lyon), Redemption)


def test_a_personal_code_counts_for_its_contact_and_a_shared_one_for_the_customer(engine: Engine, workspace_id: int) -> None:
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    limits: dict[str, Any] = {"uses_per_contact": 2, "uses_per_code": 9}
    add_code(engine, workspace_id, "PERS", (campaign_id, 0), **limits)
    add_code(engine, workspace_id, "SHARED", **limits)
    asked = [use(engine, workspace_id, f"R-{i}", "PERS", customer_ref=f"K-{i}") for i in range(3)]
    assert [reason(outcome) for outcome in asked] == ["", "", "contact_limit_reached"]
    assert use(engine, workspace_id, "R-4", "SHARED").reason == "customer_ref_missing"
    told = [use(engine, workspace_id, f"S-{i}", "SHARED", customer_ref=ref) for i, ref in enumerate(["K", "K", "K", "L"])]
    assert [reason(outcome) for outcome in told] == ["", "", "contact_limit_reached", ""]


@pytest.mark.parametrize(("first", "second", "taken"), [(True, True, ""), (True, False, "x"), (False, True, "x")])
def test_codes_go_together_on_an_order_only_if_all_of_them_allow_it(
    engine: Engine, workspace_id: int, first: bool, second: bool, taken: str
) -> None:
    add_code(engine, workspace_id, "X2", stackable=first)
    add_code(engine, workspace_id, "X3", stackable=second)
    assert isinstance(use(engine, workspace_id, code="X2"), Redemption)
    assert reason(use(engine, workspace_id, code="X3")) == ("not_stackable" if taken else "")
    # Another shop's order of the same name is another order.
    assert isinstance(use(engine, workspace_id, code="X3", shop_id=2), Redemption) == bool(taken)


def test_what_happened_offline_is_judged_by_its_own_moment_within_its_grace(engine: Engine, workspace_id: int) -> None:
    day, end = timedelta(days=1), NOW + timedelta(hours=1)
    add_code(engine, workspace_id, ends_at=end, uses_per_code=5)

    def upload(order_ref: str, occurred_at: datetime) -> Any:
        return use(engine, workspace_id, order_ref, at=NOW + day, offline=Offline(occurred_at, grace=2 * day))

    made = upload("R-1", NOW)
    assert (made.redeemed_at, made.recorded_at, made.offline) == (NOW, NOW + day, True)
    assert upload("R-2", end).reason == "code_expired"
    assert upload("R-3", NOW + 2 * day).reason == "occurred_in_future"
    assert upload("R-4", NOW - day - timedelta(seconds=1)).reason == "upload_too_late"


def test_a_duplicate_from_offline_is_refused_unless_duplicates_are_accepted(engine: Engine, workspace_id: int) -> None:
    add_code(engine, workspace_id)
    use(engine, workspace_id)
    assert use(engine, workspace_id, "R-2", offline=Offline(NOW, timedelta(days=1))).reason == "code_exhausted"
    accepting = Offline(NOW, timedelta(days=1), accept_duplicate=True)
    made = use(engine, workspace_id, "R-2", offline=accepting)
    assert (made.accepted_duplicate, made.discount) == (True, Money(499, "EUR"))
    # The same order told again is the same redemption, not another duplicate.
    assert use(engine, workspace_id, "R-2", offline=accepting).reason == "order_already_redeemed"
    with reading(engine) as session:
        assert session.exec(select(PromoCode.used)).one() == 1
