from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from linksvc.database import open_engine, writing
from linksvc.errors import Conflict, InvalidRequest
from linksvc.idempotency import Kept, Repeatable, find_kept, fingerprint, forget, keep
from tests.factories import NOW

REQUEST = Repeatable("shop:1", "key-1", fingerprint("POST", "/v1/redemptions", "{}"))
ANSWER = Kept(201, '{"naïve": "yes"}')


def test_an_answer_is_given_again_to_its_repetition(engine: Engine) -> None:
    with writing(engine) as session:
        assert find_kept(session, REQUEST) is None
        keep(session, REQUEST, ANSWER, NOW)
    with writing(engine) as session:
        assert find_kept(session, REQUEST) == ANSWER


def test_a_key_belongs_to_its_scope(engine: Engine) -> None:
    with writing(engine) as session:
        keep(session, REQUEST, ANSWER, NOW)
        assert find_kept(session, replace(REQUEST, scope="shop:2")) is None


def test_a_key_of_another_request_is_refused(engine: Engine) -> None:
    with writing(engine) as session:
        keep(session, REQUEST, ANSWER, NOW)
    for other in (("PUT", "/v1/redemptions", "{}"), ("POST", "/v1/other", "{}"), ("POST", "/v1/redemptions", "[]")):
        with writing(engine) as session, pytest.raises(InvalidRequest) as error:
            find_kept(session, replace(REQUEST, fingerprint=fingerprint(*other)))
        assert error.value.code == "idempotency_key_reused"


def test_an_answer_is_kept_with_its_work_or_not_at_all(engine: Engine) -> None:
    with pytest.raises(RuntimeError), writing(engine) as session:
        keep(session, REQUEST, ANSWER, NOW)
        raise RuntimeError
    with writing(engine) as session:
        assert find_kept(session, REQUEST) is None


def test_a_repetition_does_not_wait_for_the_first_request(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    with writing(engine) as first:
        assert find_kept(first, REQUEST) is None
        with writing(engine) as second:
            with pytest.raises(Conflict) as error:
                find_kept(second, REQUEST)
            assert find_kept(second, replace(REQUEST, key="key-2")) is None
        keep(first, REQUEST, ANSWER, NOW)
    assert (error.value.code, error.value.retryable) == ("request_in_flight", True)
    with writing(engine) as later:
        assert find_kept(later, REQUEST) == ANSWER
    engine.dispose()


def test_what_is_old_is_forgotten_oldest_first_and_never_more_than_a_batch(engine: Engine) -> None:
    for day in (3, 1, 2, 4):
        with writing(engine) as session:
            keep(session, replace(REQUEST, key=f"key-{day}"), ANSWER, NOW + timedelta(days=day))

    def kept() -> list[int]:
        with writing(engine) as session:
            return [day for day in range(1, 5) if find_kept(session, replace(REQUEST, key=f"key-{day}"))]

    for forgotten, left in ((2, [3, 4]), (0, [3, 4])):
        with writing(engine) as session:
            assert forget(session, NOW + timedelta(days=3), 2) == forgotten
        assert kept() == left
    with writing(engine) as session:
        assert forget(session, NOW + timedelta(days=9), 1) == 1
    assert kept() == [4]
