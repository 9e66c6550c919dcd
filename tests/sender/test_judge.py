"""What answers and receipts mean on a route, as SMPP says and as the operator says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from linksvc import route_errors
from linksvc.database import reading, writing
from linksvc.delivery_causes import CAUSES, TEMPORARY_STATUSES, cause_of_state, cause_of_status
from linksvc.errors import InvalidRequest, NotFound
from linksvc.route_errors import ErrorMeaning
from sender.judge import Judge, Verdict, is_of_route
from tests import factories


def test_what_is_temporary_is_tried_again_until_the_route_says_enough() -> None:
    judge = Judge(max_tries=3, max_age_s=100)
    assert judge.of_answer(0, 1, 0) == Verdict("accepted")
    assert judge.of_answer(0x58, 1, 0) == Verdict("retry", "throttled", slows=True)
    assert judge.of_answer(0x58, 3, 0) == Verdict("refused", "given_up", slows=True)
    assert judge.of_answer(0x58, 1, 100) == Verdict("refused", "given_up", slows=True)
    assert judge.of_answer(0x08, 2, 99.0).outcome == "retry"
    assert judge.of_answer(0x0B, 1, 0) == Verdict("refused", "number_unknown")


def test_an_answer_that_says_that_the_session_is_not_bound_ends_it_and_keeps_the_part() -> None:
    assert Judge().of_answer(0x04, 1, 0) == Verdict("retry", "not_bound", ends_session=True)


@given(st.integers(1, 0xFFFF_FFFF), st.integers(1, 200), st.floats(0, 1e6))
def test_every_status_has_a_cause_with_advice_and_only_temporary_ones_are_tried_again(
    status: int, tries: int, age_s: float
) -> None:
    verdict = Judge().of_answer(status, tries, age_s)
    assert CAUSES[verdict.cause].advice
    assert (verdict.outcome == "retry") == (status in TEMPORARY_STATUSES and tries < 10 and age_s < 86_400)


def test_what_an_operator_says_of_its_codes_wins(engine: Engine) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        route_errors.set_meaning(session, route_id, ErrorMeaning("submit", "1375", "throttled", True, 2, 30))
        route_errors.set_meaning(session, route_id, ErrorMeaning("submit", "0x58", "no_credit"))
        route_errors.set_meaning(session, route_id, ErrorMeaning("receipt", "00B", "number_barred"))
    with reading(engine) as session:
        judge = Judge(overrides=route_errors.read_meanings(session)[route_id])
        told = [(one.source, one.code) for one in route_errors.meanings_of(session, route_id)]
    assert told == [("receipt", "00b"), ("submit", "0x55f"), ("submit", "0x58")]
    assert judge.of_answer(1375, 1, 0) == Verdict("retry", "throttled", 30.0, slows=True)
    assert judge.of_answer(1375, 2, 0) == Verdict("refused", "given_up", slows=True)
    assert judge.of_answer(0x58, 1, 0) == Verdict("refused", "no_credit")
    assert judge.of_receipt("00b", "UNDELIVERABLE") == "number_barred"
    assert judge.of_receipt("00B", "DELIVERED") == ""
    assert judge.of_receipt("001", "UNDELIVERABLE") == "undeliverable"


def test_a_code_can_be_told_anew_and_forgotten(engine: Engine) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        route_errors.set_meaning(session, route_id, ErrorMeaning("submit", "0x55f", "throttled", True))
        route_errors.set_meaning(session, route_id, ErrorMeaning("submit", "1375", "no_credit"))
        assert route_errors.meanings_of(session, route_id) == [ErrorMeaning("submit", "0x55f", "no_credit")]
        route_errors.forget_meaning(session, route_id, "submit", "1375")
        assert route_errors.read_meanings(session) == {}
        for source, code in (("submit", "1375"), ("elsewhere", "1")):
            with pytest.raises(NotFound):
                route_errors.forget_meaning(session, route_id, source, code)


@pytest.mark.parametrize(
    "wrong",
    [
        ErrorMeaning("elsewhere", "1", "throttled"),
        ErrorMeaning("submit", "0", "throttled"),
        ErrorMeaning("submit", "0x100000000", "throttled"),
        ErrorMeaning("submit", "busy", "throttled"),
        ErrorMeaning("receipt", " ", "undeliverable"),
        ErrorMeaning("receipt", "x" * 33, "undeliverable"),
        ErrorMeaning("receipt", "1", "undeliverable", temporary=True),
        ErrorMeaning("submit", "1", "bad luck"),
        ErrorMeaning("submit", "1", "throttled", True, 101),
        ErrorMeaning("submit", "1", "throttled", True, 0, -1),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_said_of_a_code_is_refused(engine: Engine, wrong: ErrorMeaning) -> None:
    with pytest.raises(InvalidRequest) as caught, writing(engine) as session:
        route_errors.set_meaning(session, factories.route(engine), wrong)
    assert caught.value.code == "route_error_invalid"


def test_every_final_state_but_delivered_has_a_cause_and_gsm_networks_say_why() -> None:
    finals = {"EXPIRED", "DELETED", "UNDELIVERABLE", "UNKNOWN", "REJECTED", "SKIPPED"}
    for state in finals:
        assert cause_of_state(state) in CAUSES, state
    for state in ("SCHEDULED", "ENROUTE", "ACCEPTED", "DELIVERED"):
        assert cause_of_state(state) == "", state
    assert cause_of_state("UNDELIVERABLE", (3, 1)) == "number_unknown"
    assert cause_of_state("UNDELIVERABLE", (3, 27)) == "not_reached"
    assert cause_of_state("UNDELIVERABLE", (8, 1)) == "undeliverable"
    assert cause_of_state("DELIVERED", (3, 1)) == ""


def test_causes_of_the_route_are_told_from_those_of_recipients_and_texts() -> None:
    assert is_of_route(cause_of_status(0x08)) and is_of_route(cause_of_status(0x14))
    assert not any(is_of_route(cause_of_status(status)) for status in (0x01, 0x0A, 0x0B, 0x58, 0))
