"""Several routes and several binds at work, over real sockets: who carries what, who takes over, and what is told of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select, update

from linksvc import route_coverage, route_errors, route_health, route_prices, routes
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.delivery_causes import THROTTLED
from linksvc.keys import Keyring
from linksvc.models import Attempt, Fact, Message, Route, SendBatch
from linksvc.route_accounts import NewRoute
from linksvc.route_coverage import Coverage
from linksvc.route_errors import ErrorMeaning
from linksvc.route_prices import ALWAYS, Price, PriceLine
from linksvc.send_batches import LANES
from linksvc.settings import Settings
from sender.pdus import Pdu, Status
from sender.timing import Timing
from sender.worker import run_sender
from tests import factories
from tests.sender.conftest import FAST, Books
from tests.sender.scripted_smsc import Line, ScriptedSmsc, scripted_smsc
from tests.sender.scripted_smsc import until as until_within

Running = Callable[..., AbstractAsyncContextManager[None]]

until = partial(until_within, within_s=30.0)
"""Many a step here takes several looks at the routes; a busy machine must not make them fail."""

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def running(engine: Engine, route_settings: Settings, keyring: Keyring) -> Running:
    """Runs a sender process for the routes there are, while the block lasts."""
    assert route_settings.route_secrets_dir
    (route_settings.route_secrets_dir / "spare.password").write_text("secret\n")

    @asynccontextmanager
    async def run(timing: Timing = FAST) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(run_sender(route_settings, engine, keyring, stop, timing=timing))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, 60)

    return run


def cover(engine: Engine, route_id: int, *coverage: Coverage) -> None:
    with writing(engine) as session:
        for one in coverage:
            route_coverage.cover(session, route_id, one)


def carriers(engine: Engine) -> dict[int, int]:
    """By n, the route that accepted a message."""
    with reading(engine) as session:
        accepted = select(Attempt.n, Attempt.route_id).where(Attempt.outcome == "accepted")
        return dict(session.exec(accepted).all())


def state_of(engine: Engine, name: str) -> str:
    with reading(engine) as session:
        return routes.find_route(session, name).state


def two_routes(engine: Engine, first: ScriptedSmsc, second: ScriptedSmsc, **fields: Any) -> tuple[int, int]:
    return factories.route(engine, "main", first.port, **fields), factories.route(engine, "spare", second.port, **fields)


def say_bound(engine: Engine, *route_ids: int) -> None:
    """As if they had been bound a moment ago: whichever binds first must not take the other's share for lost."""
    with writing(engine) as session:
        for route_id in route_ids:
            route_health.tell_state(session, route_id, 0, "bound", "", now())


async def test_two_routes_share_messages_by_weight_and_each_message_by_its_lane(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async with scripted_smsc() as first, scripted_smsc() as second:
        main, spare = two_routes(engine, first, second, rate_per_s=400)
        say_bound(engine, main, spare)
        cover(engine, main, Coverage(weight=70))
        cover(engine, spare, Coverage(weight=30))
        campaign_id = factories.produced_campaign(engine, workspace_id, 120, batch_size=1, rate_per_s=400)
        with reading(engine) as session:
            lanes = dict(session.exec(select(SendBatch.first_n, SendBatch.lane)).all())
        async with running():
            await until(lambda: len(books.facts("accepted")) == 120)
    assert carriers(engine) == {n: main if lane < 0.7 * LANES else spare for n, lane in lanes.items()}
    assert len(first.submissions) + len(second.submissions) == 120
    assert books.states(campaign_id) == {"submitted": 120}


@on_one_database
async def test_countries_go_where_they_are_covered_and_wait_where_none_covers_them(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async with scripted_smsc() as first, scripted_smsc() as second:
        main, spare = two_routes(engine, first, second)
        cover(engine, main, Coverage("FR"), Coverage("FR", "20801", weight=0))
        cover(engine, spare, Coverage("GB"), Coverage("FR", "20801"))
        campaign_id = factories.produced_campaign(engine, workspace_id, 40, batch_size=10)
        places = {0: ("FR", ""), 10: ("GB", ""), 20: ("FR", "20801"), 30: ("BE", "")}
        with writing(engine) as session:
            for first_n, (country, network) in places.items():
                ten = col(Message.n).between(first_n, first_n + 9)
                session.exec(update(Message).where(ten).values(country=country, network=network))
                batch = col(SendBatch.first_n) == first_n
                session.exec(update(SendBatch).where(batch).values(country=country, network=network))
        async with running():
            await until(lambda: len(books.facts("accepted")) == 30)
            assert books.states(campaign_id) == {"submitted": 30, "queued": 10}
            cover(engine, main, Coverage("BE"))
            await until(lambda: len(books.facts("accepted")) == 40)
    found = carriers(engine)
    assert {n: found[n] for n in (0, 10, 20, 30)} == {0: main, 10: spare, 20: spare, 30: main}
    assert Counter(found.values()) == {main: 20, spare: 20}


async def test_what_a_lost_route_had_to_carry_goes_by_the_other_and_nothing_goes_twice(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async with scripted_smsc() as second, scripted_smsc() as first:
        two_routes(engine, first, second)
        async with running():
            await until(lambda: state_of(engine, "main") == state_of(engine, "spare") == "bound")
            factories.produced_campaign(engine, workspace_id, 60, batch_size=2)
            await until(lambda: len(first.submissions) >= 5)
            first.line.hang_up()
            first.bind_status = Status.SYSTEM_ERROR
            await until(lambda: state_of(engine, "main") == "refused")
            await until(lambda: len(books.facts("accepted")) + len(books.facts("outcome_unknown")) == 60)
            first.bind_status = Status.OK
            await until(lambda: state_of(engine, "main") == "bound")
    numbers = Counter(pdu.text("destination_addr") for pdu in (*first.submissions, *second.submissions))
    assert set(numbers.values()) == {1}
    assert len(second.submissions) >= 20


@on_one_database
async def test_a_route_that_is_bound_but_takes_nothing_fails_and_a_probe_brings_it_back(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async def fail(line: Line, pdu: Pdu) -> None:
        line.answer(pdu, Status.SYSTEM_ERROR)

    async with scripted_smsc(submitted=fail) as first, scripted_smsc() as second:
        main, spare = two_routes(engine, first, second, max_tries=100)
        campaign_id = factories.produced_campaign(engine, workspace_id, 80, batch_size=5)
        async with running():
            await until(lambda: state_of(engine, "main") == "failing")
            with reading(engine) as session:
                assert "refused by the operator's system" in routes.find_route(session, "main").error
            await until(lambda: len(books.facts("accepted")) == 80)
            assert Counter(carriers(engine).values()) == {spare: 80}
            assert books.facts("refused") == []
            first.submitted = None
            factories.produced_campaign(engine, workspace_id, 300, batch_size=1, rate_per_s=20)
            await until(lambda: state_of(engine, "main") == "bound")
            await until(lambda: list(carriers(engine).values()).count(main) >= 5)
        assert books.states(campaign_id) == {"submitted": 80}


@on_one_database
async def test_a_lone_route_that_fails_goes_on_trying(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    refusals = iter(range(25))

    async def fail_at_first(line: Line, pdu: Pdu) -> None:
        if next(refusals, None) is None:
            smsc.accept(line, pdu)
        else:
            line.answer(pdu, Status.SYSTEM_ERROR)

    async with scripted_smsc(submitted=fail_at_first) as smsc:
        factories.route(engine, port=smsc.port)
        factories.produced_campaign(engine, workspace_id, 10)
        async with running():
            await until(lambda: len(books.facts("accepted")) == 10)


@on_one_database
async def test_a_message_that_has_begun_stays_with_its_route_though_that_fails(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async def take_the_first_part(line: Line, pdu: Pdu) -> None:
        if pdu.payload[5] == 1 or healthy:
            first.accept(line, pdu)
        else:
            line.answer(pdu, Status.SYSTEM_ERROR)

    healthy: list[bool] = []
    async with (
        scripted_smsc(submitted=take_the_first_part) as first,
        scripted_smsc(bind_status=Status.BIND_FAILED) as second,
    ):
        main, _ = two_routes(engine, first, second, max_tries=100)
        factories.produced_campaign(engine, workspace_id, 4, text="x" * 200)
        async with running():
            await until(lambda: len(books.facts("accepted")) == 4)
            second.bind_status = Status.OK
            await until(lambda: state_of(engine, "main") == "failing")
            await until(lambda: state_of(engine, "spare") == "bound")
            await asyncio.sleep(0.5)
            healthy.append(True)
            await until(lambda: len(books.facts("accepted")) == 8)
    assert second.submissions == []
    assert set(carriers(engine).values()) == {main}


@on_one_database
async def test_prices_are_stamped_by_country_and_day_and_currencies_add_up_apart(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async with scripted_smsc() as smsc:
        route_id = factories.route(engine, port=smsc.port)
        with writing(engine) as session:
            for line in (
                PriceLine(Price(30_000, "EUR"), ALWAYS, "FR"),
                PriceLine(Price(38_500, "EUR"), now() - timedelta(1), "FR"),
                PriceLine(Price(99_000, "EUR"), now() + timedelta(1), "FR"),
                PriceLine(Price(45_000, "GBP"), ALWAYS, "GB"),
            ):
                route_prices.set_price(session, route_id, line)
        campaign_id = factories.produced_campaign(engine, workspace_id, 6, batch_size=2, text="x" * 200)
        with writing(engine) as session:
            for first_n, country in ((2, "GB"), (4, "BE")):
                two = col(Message.n).between(first_n, first_n + 1)
                session.exec(update(Message).where(two).values(country=country))
                session.exec(update(SendBatch).where(col(SendBatch.first_n) == first_n).values(country=country))
        async with running():
            await until(lambda: len(books.facts("accepted")) == 12)
    books.states(campaign_id)
    with reading(engine) as session:
        paid = session.exec(select(Message.n, Message.price_micros, Message.price_currency).order_by(col(Message.n))).all()
        facts = session.exec(select(Fact.price_micros, Fact.currency).where(Fact.kind == "accepted")).all()
    assert paid == [(n, *price) for n, price in enumerate([(77_000, "EUR")] * 2 + [(90_000, "GBP")] * 2 + [(0, "")] * 2)]
    assert Counter(facts) == {(38_500, "EUR"): 4, (45_000, "GBP"): 4, (0, ""): 4}


@on_one_database
async def test_what_is_told_of_a_code_is_obeyed_at_once(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    refused: Counter[str] = Counter()

    async def busy(line: Line, pdu: Pdu) -> None:
        refused[pdu.text("destination_addr")] += 1
        line.answer(pdu, 1375)

    async with scripted_smsc(submitted=busy) as smsc:
        route_id = factories.route(engine, port=smsc.port)
        first = factories.produced_campaign(engine, workspace_id, 1)
        async with running():
            await until(lambda: books.facts("refused") == [(0, "0x55f")])
            with writing(engine) as session:
                meaning = ErrorMeaning("submit", "1375", THROTTLED, temporary=True, max_tries=3)
                route_errors.set_meaning(session, route_id, meaning)
            await asyncio.sleep(10 * FAST.poll_s)
            second = factories.produced_campaign(engine, workspace_id, 1)
            await until(lambda: len(books.facts("refused")) == 2)
    assert sorted(refused.values()) == [1, 3]
    books.states(first), books.states(second)
    with reading(engine) as session:
        causes = session.exec(select(Message.cause).order_by(col(Message.campaign_id))).all()
    assert causes == ["undeliverable", "given_up"]


@on_one_database
async def test_a_route_holds_as_many_binds_as_it_is_told(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async with scripted_smsc() as smsc:
        route_id = factories.route(engine, port=smsc.port, binds=3, rate_per_s=150)
        async with running():
            await until(lambda: len(smsc.lines) == 3)
            # A bind claims what it can send within two seconds.
            factories.produced_campaign(engine, workspace_id, 120, batch_size=10, rate_per_s=1_000)
            await until(lambda: len(books.facts("accepted")) == 120)
            with reading(engine) as session:
                assert len(set(session.exec(select(Attempt.bind)).all())) >= 2
                assert [bind.state for bind in route_health.read_binds(session)] == ["bound"] * 3
            with writing(engine) as session:
                session.exec(update(Route).values(binds=1))
            await until(lambda: [pdu.command for pdu in smsc.other].count("unbind") == 3)
            await until(lambda: len(smsc.lines) == 4 and state_of(engine, "main") == "bound")
            await until(lambda: _binds(engine) == [(route_id, 0)])
    for first in smsc.times:
        assert sum(first <= moment < first + 1 for moment in smsc.times) <= 1.05 * 150 + 1
    numbers = Counter(pdu.text("destination_addr") for pdu in smsc.submissions)
    assert set(numbers.values()) == {1}


def _binds(engine: Engine) -> list[tuple[int, int]]:
    with reading(engine) as session:
        return [(bind.route_id, bind.number) for bind in route_health.read_binds(session)]


@on_postgresql
async def test_processes_that_start_together_share_the_binds_and_one_takes_over_what_the_other_leaves(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    # Whoever has a bind waits this long, five times, before it takes another: the other process must be there by then.
    patient = replace(FAST, poll_s=0.3)
    async with scripted_smsc() as smsc:
        factories.route(engine, port=smsc.port, binds=2)
        async with running(patient):
            async with running(patient):
                await until(lambda: len(smsc.lines) == 2)
                factories.produced_campaign(engine, workspace_id, 40, batch_size=2)
                await until(lambda: len(books.facts("accepted")) == 40)
            await until(lambda: len(smsc.lines) == 3)
            factories.produced_campaign(engine, workspace_id, 10)
            await until(lambda: len(books.facts("accepted")) == 50)
        assert len(smsc.lines) == 3
    numbers = Counter(pdu.text("destination_addr") for pdu in smsc.submissions)
    assert set(numbers.values()) == {1}


CHANGES: dict[str, Any] = {
    "system_id": "other",
    "window_size": 3,
    "rate_per_s": 200,
    "system_type": "SMPP",
    "bind_type": "pair",
    "binds": 2,
    "alphabet": "latin1",
    "data_codings": '{"3": "gsm"}',
    "answer_id": "hex",
    "receipt_id": "hex",
    "tlv_id": "hex",
    "receipt_timezone": "Europe/Paris",
    "number_country": "FR",
    "numbering": '{"short": [0, 1]}',
    "long_form": "sar",
    "max_tries": 3,
    "max_age_s": 60,
}


@on_one_database
async def test_each_setting_of_a_route_can_be_changed_while_it_is_at_work(engine: Engine, running: Running) -> None:
    untold = {"name", "host", "port", "tls", "tls_name"}
    async with scripted_smsc() as smsc:
        factories.route(engine, port=smsc.port)
        hasty = replace(FAST, poll_s=0.01)
        async with running(hasty):
            await until(lambda: len(smsc.binds) == 1)
            for field, value in CHANGES.items():
                before = len(smsc.binds)
                with writing(engine) as session:
                    session.exec(update(Route).values(**{field: value}))
                await until(lambda: len(smsc.binds) > before and state_of(engine, "main") == "bound")  # noqa: B023
            assert smsc.binds[-1].text("system_id") == "other"
    assert CHANGES.keys() | untold == NewRoute.__dataclass_fields__.keys()


@on_one_database
async def test_a_disabled_route_unbinds_and_what_it_had_goes_by_the_other(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async with scripted_smsc() as first, scripted_smsc() as second:
        say_bound(engine, *two_routes(engine, first, second, rate_per_s=40))
        factories.produced_campaign(engine, workspace_id, 60, batch_size=2)
        async with running():
            await until(lambda: len(first.submissions) >= 3)
            with writing(engine) as session:
                routes.set_enabled(session, "main", False)
            await until(lambda: "unbind" in [pdu.command for pdu in first.other])
            sent = len(first.submissions)
            await until(lambda: len(books.facts("accepted")) == 60)
            await until(lambda: _remove(engine))
    assert len(first.submissions) == sent < 60
    assert len(second.submissions) == 60 - sent


def _remove(engine: Engine) -> bool:
    with writing(engine) as session:
        routes.remove_route(session, "main", now())
    return True


@on_one_database
async def test_a_route_whose_smsc_is_silent_does_not_keep_others_waiting_when_it_is_disabled(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async def say_nothing(line: Line, pdu: Pdu) -> None:
        pass

    async with scripted_smsc(submitted=say_nothing) as first, scripted_smsc() as second:
        factories.route(engine, "main", first.port)
        factories.produced_campaign(engine, workspace_id, 60, batch_size=2)
        async with running(replace(FAST, drain_s=20.0, timers=replace(FAST.timers, response_s=60.0))):
            await until(lambda: len(first.submissions) >= 1)
            with writing(engine) as session:
                routes.set_enabled(session, "main", False)
            # The first route is waiting for its answers by now.
            await asyncio.sleep(0.5)
            factories.route(engine, "spare", second.port)
            await until_within(lambda: second.submissions, within_s=10.0)
            first.line.hang_up()
            await until(lambda: len(books.facts("accepted")) + len(books.facts("outcome_unknown")) == 60)
            await until(lambda: _remove(engine))


@on_one_database
async def test_the_figures_of_a_bind_are_told_while_it_works(
    engine: Engine, workspace_id: int, books: Books, running: Running
) -> None:
    async def some(line: Line, pdu: Pdu) -> None:
        if pdu.text("destination_addr").endswith("0"):
            line.answer(pdu, Status.INVALID_DESTINATION)
        else:
            smsc.accept(line, pdu)

    async with scripted_smsc(submitted=some) as smsc:
        factories.route(engine, port=smsc.port)
        factories.produced_campaign(engine, workspace_id, 20)
        async with running(replace(FAST, renew_s=0.1)):
            await until(lambda: len(books.facts("accepted")) == 18)
            await until(lambda: _vitals(engine) == (18, 2))


def _vitals(engine: Engine) -> tuple[int, int]:
    with reading(engine) as session:
        (bind,) = route_health.read_binds(session)
    return bind.vitals.accepted, bind.vitals.refused
