"""The order in which a message's facts are learnt never matters."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.models import Fact, Message
from linksvc.stamps import SEVERITY, UNSENT_RANK, Stamps, fold, unstamped
from tests.factories import NOW

BLANK = Message(campaign_id=0, n=0, contact_id=0, number="", country="", tracked=True, produced_at=NOW)

causes = st.sampled_from(["", "absent", "blocked"])


def about(kind: str, value: str = "", **more: Any) -> Fact:
    told: dict[str, Any] = {
        "detail": "",
        "cause": "",
        "parts": 2,
        "route_id": 3,
        "currency": "",
        "price_micros": 0,
        "occurred_at": NOW,
    }
    return Fact(kind=kind, value=value, **told | more)


facts = st.one_of(
    st.builds(about, st.just("accepted")),
    st.builds(about, st.just("refused"), st.sampled_from(["0x0b", "0x58"]), cause=causes),
    st.builds(
        about, st.just("receipt"), st.sampled_from(sorted(SEVERITY)), cause=causes, detail=st.sampled_from(["001", "012"])
    ),
    st.builds(about, st.just("unsent"), st.sampled_from(sorted(UNSENT_RANK.keys() - {"", "outcome_unknown"}))),
)


def folded(told: tuple[Fact, ...]) -> Stamps:
    stamps = unstamped(BLANK)
    for fact in told:
        fold(stamps, [fact])
    return stamps


@given(st.lists(facts, max_size=4))
def test_a_message_is_the_same_in_whatever_order_its_facts_come(told: list[Fact]) -> None:
    first, *others = permutations(told)
    assert all(folded(order) == folded(first) for order in others)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_message_has_the_cause_of_its_worst_receipt_even_if_that_tells_none(order: tuple[int, int]) -> None:
    told = (about("accepted"), about("receipt", "DELIVERED", cause="absent"), about("receipt", "REJECTED"))
    stamps = folded((told[0], told[1 + order[0]], told[1 + order[1]]))
    assert (stamps.receipt, stamps.cause) == ("REJECTED", "")
