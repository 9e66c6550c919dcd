import threading
from datetime import timedelta

from sqlalchemy import Engine
from sqlmodel import select

from linksvc import leases
from linksvc.database import reading, writing
from linksvc.models import Lease
from tests.factories import NOW

MINUTE = timedelta(minutes=1)


def take(engine: Engine, holder: str, at: timedelta = timedelta(), name: str = "applier:1") -> bool:
    with writing(engine) as session:
        return leases.take(session, name, holder, NOW + at, MINUTE)


def test_one_holds_a_lease_until_it_runs_out(engine: Engine) -> None:
    assert take(engine, "a")
    assert not take(engine, "b", at=MINUTE - timedelta(seconds=1))
    assert take(engine, "b", at=MINUTE)
    assert not take(engine, "a", at=MINUTE)


def test_the_holder_renews_its_lease(engine: Engine) -> None:
    assert take(engine, "a")
    assert take(engine, "a", at=MINUTE / 2)
    assert not take(engine, "b", at=MINUTE)
    with reading(engine) as session:
        assert session.exec(select(Lease.until)).one() == NOW + MINUTE / 2 + MINUTE


def test_leases_of_other_names_are_others(engine: Engine) -> None:
    assert take(engine, "a")
    assert take(engine, "b", name="applier:2")


def test_a_lease_given_back_is_free_at_once_and_only_its_holder_gives_it_back(engine: Engine) -> None:
    assert take(engine, "a")
    with writing(engine) as session:
        leases.give_back(session, "applier:1", "b")
    assert not take(engine, "b")
    with writing(engine) as session:
        leases.give_back(session, "applier:1", "a")
    assert take(engine, "b")


def test_of_many_at_once_one_gets_it(engine: Engine) -> None:
    taken: list[bool] = []
    start = threading.Barrier(8)

    def compete(holder: str) -> None:
        start.wait()
        taken.append(take(engine, holder))

    threads = [threading.Thread(target=compete, args=(f"holder {i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]
