"""The ledger: what was answered counts, once, and a file of it says the same."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sender.simulator.agents import DISGUISED_MACHINE, MACHINE, PERSON
from sender.simulator.entries import (
    Anomaly,
    CodeRedeemed,
    Entry,
    HitAnswered,
    PartAccepted,
    PartRefused,
    ReceiptTaken,
    ReplyTaken,
    from_line,
    to_line,
)
from sender.simulator.ledger import HitKey, Ledger
from sender.simulator.population import Consents, people

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ZOE, YANN = people(2, seed=1, consents=Consents(marketing=1, tracking=1))
UNTRACKED = people(1, seed=1, first=2, consents=Consents(marketing=1, tracking=0))[0]
NOBODYS = people(1, seed=1, first=3, consents=Consents(marketing=0))[0]
EVERYBODY = (ZOE, YANN, UNTRACKED, NOBODYS)


def accepted(number: str, part: int = 1, parts: int = 1, message: int = 0) -> PartAccepted:
    return PartAccepted(number, message, part, parts, "18F0A", AT)


def receipt(number: str, state: str, part: int = 1) -> ReceiptTaken:
    return ReceiptTaken(number, 0, part, state, AT)


def hit(number: str, kind: str = PERSON, **changes: Any) -> HitAnswered:
    values: dict[str, Any] = {
        "address": "127.1.2.3",
        "method": "GET",
        "user_agent": "phone",
        "purpose": "",
        "private": False,
        "status": 302,
    }
    return HitAnswered(number=number, message=0, kind=kind, at=AT, **(values | changes))


def ledger_of(*entries: Entry) -> Ledger:
    ledger = Ledger()
    for entry in entries:
        ledger.append(entry)
    return ledger


def test_an_empty_ledger_knows_who_may_be_sent_to() -> None:
    truth = Ledger().truth(EVERYBODY)
    assert truth.pop("produced") == 3
    assert set(truth.values()) == {0}
    assert list(truth) == [
        *("submitted", "delivered", "failed", "unknown"),
        *("clicked", "engaged", "machine_hits", "redeemed", "revenue_minor", "opted_out"),
    ]


def test_a_message_is_submitted_with_its_last_part() -> None:
    ledger = ledger_of(accepted(ZOE.number, 1, 2))
    assert ledger.truth(EVERYBODY)["submitted"] == 0
    ledger.append(accepted(ZOE.number, 2, 2))
    assert ledger.truth(EVERYBODY)["submitted"] == 1


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ((), "PENDING"),
        (("DELIVERED",), "PENDING"),
        (("DELIVERED", "DELIVERED"), "DELIVERED"),
        (("DELIVERED", "UNKNOWN"), "UNKNOWN"),
        (("UNKNOWN", "EXPIRED"), "EXPIRED"),
        (("EXPIRED", "REJECTED"), "REJECTED"),
        (("UNDELIVERABLE",), "UNDELIVERABLE"),
    ],
)
def test_a_message_is_as_bad_as_the_worst_of_its_parts(states: tuple[str, ...], state: str) -> None:
    ledger = ledger_of(accepted(ZOE.number, 1, 2), accepted(ZOE.number, 2, 2))
    for part, one in enumerate(states, 1):
        ledger.append(receipt(ZOE.number, one, part))
    assert ledger.messages(ZOE.number)[0].state == state


def test_failed_means_failed_for_good_or_expired() -> None:
    entries = [accepted(person.number) for person in EVERYBODY]
    states = ("UNDELIVERABLE", "EXPIRED", "UNKNOWN", "DELIVERED")
    entries += [receipt(person.number, state) for person, state in zip(EVERYBODY, states, strict=True)]  # type: ignore[misc]
    truth = ledger_of(*entries).truth(EVERYBODY)
    assert (truth["failed"], truth["unknown"], truth["delivered"]) == (2, 1, 1)


def test_clicks_are_of_people_who_agreed_to_be_followed_and_were_answered() -> None:
    ledger = ledger_of(
        *(accepted(person.number) for person in (ZOE, YANN, UNTRACKED)),
        *(hit(ZOE.number), hit(ZOE.number), hit(ZOE.number, MACHINE)),
        *(hit(YANN.number, status=404), hit(YANN.number, MACHINE, status=500), hit(YANN.number, DISGUISED_MACHINE)),
        *(hit(UNTRACKED.number), hit(UNTRACKED.number, MACHINE)),
    )
    truth = ledger.truth(EVERYBODY)
    assert truth["clicked"] == 1
    assert truth["machine_hits"] == 2


def test_what_only_a_machine_in_disguise_opened_is_named() -> None:
    ledger = ledger_of(
        *(accepted(person.number) for person in (ZOE, YANN, UNTRACKED)),
        *(hit(person.number, DISGUISED_MACHINE) for person in (ZOE, YANN, UNTRACKED)),
        hit(ZOE.number),
    )
    disguise = ledger.disguised(EVERYBODY)
    assert disguise.numbers == {YANN.number}
    assert disguise.hits == 3


def test_hits_are_told_apart_by_what_they_show() -> None:
    ledger = ledger_of(
        accepted(ZOE.number),
        hit(ZOE.number),
        hit(ZOE.number, MACHINE, purpose="prefetch"),
        hit(ZOE.number, MACHINE, method="HEAD"),
        hit(ZOE.number, DISGUISED_MACHINE, address="127.180.0.7"),
        hit(ZOE.number, private=True, address="127.9.9.9"),
    )
    judged = [
        (HitKey("127.1.2.0/24", "phone", "GET", ""), "human"),
        (HitKey("127.1.2.0/24", "phone", "GET", ""), "human"),
        (HitKey("127.1.2.0/24", "phone", "GET", "prefetch"), "machine"),
        (HitKey("127.1.2.0/24", "phone", "HEAD", ""), "machine"),
        (HitKey("127.180.0.0/24", "phone", "GET", ""), "human"),
        (HitKey("127.9.9.0/24", "", "GET", ""), "human"),
        (HitKey("10.0.0.0/24", "phone", "GET", ""), "human"),
    ]
    assert ledger.confusion(judged) == {
        "disguised_machine": {"human": 1},
        "machine": {"machine": 2},
        "person": {"human": 3},
        "stranger": {"human": 1},
    }


def test_money_and_stops_are_counted_by_message() -> None:
    ledger = ledger_of(
        *(accepted(ZOE.number), accepted(YANN.number)),
        *(CodeRedeemed(ZOE.number, 0, "CMD-1", 4_491, "EUR", AT), CodeRedeemed(ZOE.number, 0, "CMD-2", 900, "EUR", AT)),
        *(ReplyTaken(YANN.number, 0, True, AT), ReplyTaken(YANN.number, 0, False, AT), ReplyTaken(ZOE.number, 0, False, AT)),
    )
    truth = ledger.truth(EVERYBODY)
    assert (truth["redeemed"], truth["revenue_minor"], truth["opted_out"]) == (1, 5_391, 1)


def test_a_part_taken_twice_shows() -> None:
    ledger = ledger_of(accepted(ZOE.number), accepted(ZOE.number))
    assert ledger.messages(ZOE.number)[0].accepted == {1: 2}
    assert ledger.truth(EVERYBODY)["submitted"] == 1


def test_each_message_to_a_number_is_its_own() -> None:
    ledger = ledger_of(accepted(ZOE.number), accepted(ZOE.number, message=1), receipt(ZOE.number, "DELIVERED"))
    truth = ledger.truth([ZOE])
    assert (truth["submitted"], truth["delivered"]) == (2, 1)


def test_a_file_of_the_ledger_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    written = Ledger(path)
    entries: tuple[Entry, ...] = (
        *(accepted(ZOE.number), receipt(ZOE.number, "DELIVERED"), hit(ZOE.number), hit(ZOE.number, MACHINE)),
        *(CodeRedeemed(ZOE.number, 0, "CMD-é", 4_491, "EUR", AT), ReplyTaken(ZOE.number, 0, True, AT)),
        *(PartRefused(YANN.number, 1, 1, 0x58, AT), Anomaly(YANN.number, "a link led nowhere", "404", AT)),
    )
    for entry in entries:
        written.append(entry)
        assert from_line(to_line(entry)) == entry
    again = Ledger.read(path)
    written.close()
    assert again.truth(EVERYBODY) == written.truth(EVERYBODY)
    assert (again.refusals, again.anomalies) == (written.refusals, written.anomalies)
    assert len(path.read_text().splitlines()) == len(entries)
