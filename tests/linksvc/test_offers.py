from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.money import Money
from linksvc.new_offers import NewOffer
from linksvc.offers import Terms, create_offer, find_offer
from tests import factories
from tests.factories import NOW

PARIS_DAY = date(2026, 11, 30)


def terms(kind: str, value: int) -> Terms:
    return Terms(1, "offer", kind, value, "EUR", 0, 1, NOW, None)


def discount(kind: str, value: int, amount_minor: int) -> int:
    return terms(kind, value).discount_on(Money(amount_minor, "EUR")).amount_minor


@pytest.mark.parametrize(
    ("kind", "value", "order", "off"),
    [
        ("percentage", 1_000, 4_990, 499),
        ("percentage", 1_000, 4_995, 500),  # half a cent goes up
        ("percentage", 1_000, 4_994, 499),
        ("percentage", 1, 4_999, 0),
        ("percentage", 1, 5_000, 1),
        ("percentage", 10_000, 4_990, 4_990),
        ("amount", 500, 4_990, 500),
        ("amount", 5_000, 4_990, 4_990),  # never more than the order
        ("amount", 500, 0, 0),
    ],
)
def test_a_discount_is_rounded_half_up_once_an_order(kind: str, value: int, order: int, off: int) -> None:
    assert discount(kind, value, order) == off


@given(st.integers(1, 10_000), st.integers(0, 10**12))
def test_a_percentage_is_within_half_a_unit_and_never_above_the_order(basis_points: int, order: int) -> None:
    off = discount("percentage", basis_points, order)
    assert 0 <= off <= order
    assert abs(2 * 10_000 * off - 2 * order * basis_points) <= 10_000


def test_an_offer_reads_back_as_it_was_made(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    new = NewOffer("Ten off", "amount", 1_000, "CHF", 5_000, 3, NOW, NOW + timedelta(days=7))
    with writing(engine) as session:
        made = create_offer(session, workspace_id, new, NOW)
    with reading(engine) as session:
        assert find_offer(session, workspace_id, made.id) == made
        with pytest.raises(NotFound):
            find_offer(session, workspace_id + 1, made.id)
    week = Terms(made.id, "Ten off", "amount", 1_000, "CHF", 5_000, 3, NOW, NOW + timedelta(days=7), timezone="Europe/Paris")
    assert made == week


def test_a_date_alone_is_the_whole_local_day(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        made = create_offer(session, workspace_id, NewOffer("Day", "percentage", 1, None, 0, 1, PARIS_DAY, PARIS_DAY), NOW)
        summer = NewOffer("Summer", "percentage", 1, ends_at=date(2027, 3, 27))
        forward = create_offer(session, workspace_id, summer, NOW)
    assert made.currency == "EUR"
    assert made.starts_at == datetime(2026, 11, 29, 23, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert forward.starts_at == NOW
    assert forward.ends_at == datetime(2027, 3, 27, 23, tzinfo=UTC)


def test_a_moment_of_another_zone_is_kept_in_utc(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    tokyo = datetime(2026, 12, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    with writing(engine) as session:
        made = create_offer(session, workspace_id, NewOffer("Tokyo", "percentage", 1, starts_at=tokyo), NOW)
    assert made.starts_at == datetime(2026, 12, 1, tzinfo=UTC)


WRONG = [
    (NewOffer("o", "percentage", 0), "invalid_request"),
    (NewOffer("o", "percentage", 10_001), "invalid_request"),
    (NewOffer("o", "amount", 0), "invalid_request"),
    (NewOffer("o", "amount", 1, minimum_minor=-1), "invalid_request"),
    (NewOffer("o", "amount", 10**23), "invalid_request"),
    (NewOffer("o", "amount", 1, minimum_minor=10**23), "invalid_request"),
    (NewOffer("o", "amount", 1, budget_minor=10**23), "invalid_request"),
    (NewOffer("o", "percentage", 1_000, cap_minor=10**23), "invalid_request"),
    (NewOffer("o", "amount", 1, uses_per_code=0), "invalid_request"),
    (NewOffer("", "amount", 1), "invalid_request"),
    (NewOffer("o", "amount", 1, currency="FRF"), "currency_unknown"),
    (NewOffer("o", "amount", 1, starts_at=NOW, ends_at=NOW), "window_empty"),
    (NewOffer("o", "amount", 1, ends_at=date(2025, 1, 1)), "window_empty"),
    (NewOffer("o", "amount", 1, ends_at=date.max), "invalid_request"),
    (NewOffer("o", "amount", 1, starts_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))), "invalid_request"),
]


def test_an_offer_that_cannot_work_is_refused(engine: Engine, subtests: pytest.Subtests) -> None:
    workspace_id = factories.workspace(engine)
    for new, code in WRONG:
        with subtests.test(offer=str(new)), writing(engine) as session, pytest.raises(InvalidRequest) as error:
            create_offer(session, workspace_id, new, NOW)
        assert error.value.code == code


def test_an_offer_needs_a_workspace(engine: Engine) -> None:
    with writing(engine) as session, pytest.raises(NotFound):
        create_offer(session, 99, NewOffer("o", "amount", 1), NOW)
