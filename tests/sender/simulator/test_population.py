"""The people: fictional, distinct, the same for the same seed, and readable by our own import of numbers."""

import csv
import io

import pytest

from linksvc.phone_numbers import MobileNumber, parse_mobile
from sender.simulator.addresses import disguised_address, machine_address, person_address
from sender.simulator.agents import DISGUISED, MACHINES
from sender.simulator.behaviour import Habits
from sender.simulator.ledger import network_of
from sender.simulator.numbers import reserved_numbers
from sender.simulator.population import Consents, people, to_csv

CROWD = people(2_000, seed=7)


def test_the_same_seed_makes_the_same_people() -> None:
    assert people(300, seed=7) == CROWD[:300]
    assert people(300, seed=8) != CROWD[:300]
    assert [p.number for p in people(300, seed=8)] == [p.number for p in CROWD[:300]]


def test_numbers_are_distinct_and_reserved_for_fiction() -> None:
    numbers = reserved_numbers()
    assert len({number for number, _ in numbers}) == len(numbers)
    for number, country in numbers[::13]:
        assert parse_mobile(number, "FR") == MobileNumber(number, country), number


def test_the_first_people_skip_the_numbers_of_those_before() -> None:
    earlier, later = people(500, seed=1), people(500, seed=1, first=500)
    assert not {p.number for p in earlier} & {p.number for p in later}
    assert people(1_000, seed=1) == earlier + later


def test_more_people_than_numbers_are_refused_in_words() -> None:
    last = len(reserved_numbers()) - 1
    assert len(people(1, seed=1, first=last)) == 1
    with pytest.raises(ValueError, match=r"2 people after the first \d+ are not to be had"):
        people(2, seed=1, first=last)


def test_most_people_are_french_and_some_are_not() -> None:
    countries = [p.country for p in CROWD]
    assert 0.85 < countries.count("FR") / len(CROWD) < 0.95
    assert {"GB", "CA", "US"} < set(countries)


def test_the_file_names_everybody_so_that_a_marketers_import_reads_it() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(CROWD).decode("cp1252")), delimiter=";"))
    assert len(rows) == len(CROWD)
    for row, person in zip(rows, CROWD, strict=True):
        assert parse_mobile(row["Téléphone mobile"], row["Pays"]) == MobileNumber(person.number, person.country)
        assert (row["Prénom"], row["Nom"], row["Ville"]) == (person.first_name, person.last_name, person.city)
        assert (row["Accord SMS"].lower() in {"oui", "x", "1"}) == person.marketing_consent
    assert len({row["Téléphone mobile"][:4] for row in rows if row["Pays"] == "FR"}) > 4
    assert len({row["Code client"] for row in rows}) == len(rows)


def test_consents_and_habits_are_shares_of_the_people() -> None:
    assert 0.02 < sum(not p.marketing_consent for p in CROWD) / len(CROWD) < 0.05
    assert 0.08 < sum(not p.tracking_consent for p in CROWD) / len(CROWD) < 0.16
    everybody = people(50, 1, habits=Habits(clicking=1, repeating=1, glued=1), consents=Consents(tracking=0))
    assert all(p.behaviour.clicks > 1 and p.behaviour.glued and not p.tracking_consent for p in everybody)


def test_a_crowd_does_everything_there_is_to_do() -> None:
    doing = [p.behaviour for p in CROWD]
    assert {name for b in doing for name in b.machines} == set(MACHINES)
    assert {b.disguised for b in doing} == {*DISGUISED, ""}
    assert any(b.redeems and not b.clicks for b in doing)
    assert any(b.retries for b in doing)
    assert any(b.spends_twice for b in doing)
    assert any(b.private and b.clicks for b in doing)
    assert any(b.stops for b in doing)
    assert any(b.reply and not b.stops for b in doing)
    assert all(b.redeems for b in doing if b.retries or b.spends_twice)


def test_no_machine_in_disguise_shares_a_network_with_anybody_else() -> None:
    own = {network_of(person_address(p.number)) for p in CROWD}
    known = {network_of(machine_address(name, p.number)) for name in MACHINES for p in CROWD[:300]}
    disguised = {network_of(disguised_address(name, p.number)) for name in DISGUISED for p in CROWD[:300]}
    assert not own & known
    assert not own & disguised
    assert not known & disguised


def test_some_people_share_their_carriers_address() -> None:
    addresses = [person_address(p.number) for p in CROWD]
    assert len(set(addresses)) < 0.7 * len(addresses)
