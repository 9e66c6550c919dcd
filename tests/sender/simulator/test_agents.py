"""Machines that say so are found and odd phones are no machines: the simulation asks nothing impossible."""

from datetime import UTC, datetime

import pytest

from sender.simulator.agents import DISGUISED, MACHINES, PHONES, Visitor
from tracker.hits import SpooledHit
from tracker.verdicts import Verdict, judge


def verdict_on(visitor: Visitor) -> Verdict:
    headers = {name.lower(): value for name, value in visitor.headers}
    hit = SpooledHit(
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        campaign_id=1,
        link_id=1,
        n=0,
        method=visitor.method,
        network="127.1.2.0/24",
        user_agent=visitor.user_agent,
        referrer=headers.pop("referer", ""),
        headers=headers,
    )
    return judge(hit).verdict


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_that_says_so_is_recognised(name: str) -> None:
    assert verdict_on(MACHINES[name]) == Verdict.MACHINE


@pytest.mark.parametrize("name", DISGUISED)
def test_a_machine_in_disguise_is_not(name: str) -> None:
    assert verdict_on(DISGUISED[name]) != Verdict.MACHINE


@pytest.mark.parametrize("agent", PHONES)
def test_a_phone_is_a_persons(agent: str) -> None:
    assert verdict_on(Visitor(agent)) == Verdict.HUMAN
