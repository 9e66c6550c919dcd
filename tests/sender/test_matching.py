"""Answers and receipts by id: in any order, on two connections at once, under ids that are written, given and told oddly."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc.database import open_engine, reading, writing
from linksvc.models import Fact, SmscId, StrayReceipt
from linksvc.route_accounts import RouteReading
from sender import outcomes, strays
from sender.long_forms import Part
from sender.matching import ReceivedReceipt, parked
from sender.messages import ACCEPTED, Answer, OpenCampaign, Outgoing, Submission
from sender.metrics import SENDER_METRICS
from sender.pdus import Pdu
from sender.receipts import parse
from tests import factories
from tests.factories import NOW


class Books:
    """A route, a campaign of a few messages, and what was stored of them."""

    def __init__(self, engine: Engine, size: int = 6) -> None:
        self.engine = engine
        self.route_id = factories.route(engine)
        id = factories.produced_campaign(engine, factories.workspace(engine), size)
        self.campaign = OpenCampaign(id, 1, "marketing", "36180", "Bonjour", 100)

    def answer(self, n: int, id: str, part: int = 1, parts: int = 1, attempt: int = 1) -> Answer:
        message = Outgoing(self.campaign, n, 1, f"+3363998{n:04d}", 0, (Part(b"x"),) * parts)
        return Answer(Submission(message, part, attempt), ACCEPTED, 0, id, NOW, price_micros=45_000, currency="EUR")

    def store(self, *events: Answer | ReceivedReceipt, reading: RouteReading | None = None) -> None:
        answers = [one for one in events if isinstance(one, Answer)]
        receipts = [one for one in events if isinstance(one, ReceivedReceipt)]
        with writing(self.engine) as session:
            outcomes.store(session, self.route_id, answers, receipts, NOW, reading or RouteReading())

    def facts(self, kind: str = "receipt") -> list[tuple[str, str]]:
        with reading(self.engine) as session:
            statement = select(Fact.source, Fact.value).where(Fact.kind == kind).order_by(col(Fact.source))
            return [(source, value) for source, value in session.exec(statement)]

    def ids(self) -> dict[str, SmscId]:
        with reading(self.engine) as session:
            rows = {row.id: row for row in session.exec(select(SmscId))}
            session.expunge_all()
            return rows

    def parked(self) -> int:
        with reading(self.engine) as session:
            return parked(session)


@pytest.fixture
def books(engine: Engine) -> Books:
    return Books(engine)


def receipt(id: str, state: str = "DELIVRD", at: datetime = NOW, err: str = "000", **fields: str | int) -> ReceivedReceipt:
    text = f"id:{id} stat:{state} err:{err}".encode()
    pdu = Pdu("deliver_sm", 1, 0, {"esm_class": 4, "short_message": text, "source_addr": "33639980001"} | fields)
    return ReceivedReceipt(parse(pdu, at, fields.pop("reading", RouteReading())), at)  # type: ignore[arg-type]


def test_a_receipt_before_and_after_its_answer_makes_the_same_fact(books: Books) -> None:
    books.store(books.answer(0, "38601FA"))
    books.store(receipt("0059113978"))
    books.store(receipt("59113979"))
    assert books.parked() == 1
    books.store(books.answer(1, "038601fb"))
    books.store(books.answer(2, "7"), receipt("7"))
    assert books.facts() == [("0.1.1", "DELIVERED"), ("1.1.1", "DELIVERED"), ("2.1.1", "DELIVERED")]
    assert books.parked() == 0
    assert [row.raw_id for _, row in sorted(books.ids().items())] == ["38601FA", "038601fb", "7"]


def test_whatever_the_order_the_end_is_the_same(books: Books) -> None:
    ends = set()
    for number, order in enumerate(permutations(("answer", "ENROUTE", "DELIVRD", "EXPIRED"))):
        if order.index("DELIVRD") > order.index("EXPIRED"):
            continue
        id = f"order-{number}"
        for what in order:
            books.store(books.answer(0, id, attempt=number + 1) if what == "answer" else receipt(id, what))
        row = books.ids()[id]
        ends.add((row.state, row.receipts, row.attempt == number + 1, row.states.count(";")))
    assert ends == {("DELIVERED", 3, True, 2)}
    assert Counter(value for _, value in books.facts()) == {"DELIVERED": 12}


def test_each_state_is_kept_with_its_time_and_only_the_furthest_holds(books: Books) -> None:
    later = NOW + timedelta(minutes=3)
    books.store(books.answer(0, "7"), receipt("7", "ACCEPTD"))
    books.store(receipt("7", "ENROUTE", later))
    assert (books.ids()["7"].state, books.facts()) == ("ACCEPTED", [])
    books.store(receipt("7", "UNDELIV", later, err="021"), receipt("7", "DELIVRD", later))
    row = books.ids()["7"]
    assert (row.state, row.error, row.receipts, row.recorded_at) == ("UNDELIVERABLE", "021", 4, later)
    assert row.states == (
        "ACCEPTED 2026-11-20T09:00:00Z;ENROUTE 2026-11-20T09:03:00Z;"
        "UNDELIVERABLE 2026-11-20T09:03:00Z;DELIVERED 2026-11-20T09:03:00Z"
    )
    assert books.facts() == [("0.1.1", "UNDELIVERABLE")]


def test_an_smsc_that_repeats_itself_for_days_makes_no_endless_row(books: Books) -> None:
    books.store(books.answer(0, "7"))
    for _ in range(20):
        books.store(*[receipt("7", "ENROUTE")] * 10)
    row = books.ids()["7"]
    assert row.receipts == 200
    assert len(row.states) < 1_500


def test_a_skipped_message_has_failed(books: Books) -> None:
    books.store(books.answer(0, "7"), receipt("7", "SKIPPED"))
    assert books.facts() == [("0.1.1", "UNDELIVERABLE")]


def test_parts_have_ids_and_receipts_of_their_own(books: Books) -> None:
    books.store(*[books.answer(0, f"p{part}", part, 3) for part in (1, 2, 3)], receipt("p2"), receipt("p3", "EXPIRED"))
    assert books.facts() == [("0.2.1", "DELIVERED"), ("0.3.1", "EXPIRED")]


@pytest.mark.parametrize("answered", ["6aad5", "0000436949", "436949", "6AAD5"])
@pytest.mark.parametrize("receipt_first", [True, False])
def test_a_receipt_with_two_ids_is_found_by_either(books: Books, answered: str, receipt_first: bool) -> None:
    two = receipt("0000436949", receipted_message_id="6aad5")
    books.store(*([two] if receipt_first else [books.answer(0, answered)]))
    books.store(*([books.answer(0, answered)] if receipt_first else [two]))
    assert books.facts() == [("0.1.1", "DELIVERED")]
    assert books.parked() == 0
    assert len(books.ids()) == 1


def test_the_other_id_of_a_receipt_may_be_another_message_s_later(books: Books) -> None:
    two = receipt("0000436949", receipted_message_id="6aad5")
    books.store(two)
    books.store(books.answer(0, "436949"))
    books.store(receipt("6aad5", "UNDELIV"))
    books.store(two, receipt("436949"))
    books.store(books.answer(1, "6aad5"))
    assert books.facts() == [("0.1.1", "DELIVERED"), ("1.1.1", "UNDELIVERABLE")]


def test_the_parameter_s_id_goes_before_the_text_s(books: Books) -> None:
    books.store(books.answer(0, "10"), books.answer(1, "a"))
    books.store(receipt("10", receipted_message_id="a"))
    assert books.facts() == [("1.1.1", "DELIVERED")]


def test_a_route_that_names_its_forms_matches_what_could_be_mistaken(books: Books) -> None:
    forms = RouteReading(answer_id="hex", receipt_id="decimal")
    books.store(books.answer(0, "10"), books.answer(1, "16"), reading=forms)
    sixteen = ReceivedReceipt(
        parse(Pdu("deliver_sm", 1, 0, {"esm_class": 4, "short_message": b"id:016 stat:DELIVRD"}), NOW, forms), NOW
    )
    books.store(sixteen, reading=forms)
    assert books.facts() == [("0.1.1", "DELIVERED")]


def test_an_id_that_is_given_out_again_means_the_later_part(books: Books) -> None:
    books.store(books.answer(0, "7"), receipt("7", "EXPIRED"))
    books.store(books.answer(1, "7"))
    row = books.ids()["7"]
    assert (row.n, row.state, row.states, row.receipts) == (1, "", "", 0)
    books.store(receipt("7"))
    books.store(books.answer(2, "1"), books.answer(3, "1"), receipt("1"))
    assert books.facts() == [("0.1.1", "EXPIRED"), ("1.1.1", "DELIVERED"), ("3.1.1", "DELIVERED")]


def test_a_receipt_for_an_unknown_id_is_stored_and_counted(books: Books) -> None:
    books.store(receipt("1"), receipt("2", "UNDELIV", err="5"), receipt("1"))
    assert books.parked() == 2
    row = books.ids()["2"]
    assert (row.campaign_id, row.state, row.error, row.number, row.receipts) == (
        None,
        "UNDELIVERABLE",
        "5",
        "33639980001",
        1,
    )
    assert books.ids()["1"].receipts == 2


def test_a_receipt_that_names_no_message_is_stored_as_it_came_and_counted_once(books: Books) -> None:
    nameless = receipt("")
    other = receipt("", "UNDELIV", source_addr="33639980002")
    books.store(nameless, nameless, other)
    books.store(nameless)
    with reading(books.engine) as session:
        assert strays.count(session) == 2
        rows = {row.number: row for row in session.exec(select(StrayReceipt))}
    kept = rows["33639980001"]
    assert (kept.state, kept.times, bytes.fromhex(kept.payload)) == ("DELIVERED", 3, b"id: stat:DELIVRD err:000")
    assert rows["33639980002"].times == 1


def test_what_an_answer_costs_and_a_receipt_means_goes_with_the_facts(books: Books) -> None:
    told = receipt("7", "UNDELIV")
    books.store(books.answer(0, "7"))
    books.store(ReceivedReceipt(told.receipt, NOW, "number_unknown"))
    with reading(books.engine) as session:
        facts = {fact.kind: fact for fact in session.exec(select(Fact))}
        assert (facts["accepted"].price_micros, facts["accepted"].currency) == (45_000, "EUR")
        assert facts["receipt"].cause == "number_unknown"


def test_two_connections_that_learn_two_halves_at_once_lose_neither(postgresql_url: str) -> None:
    """Answers come on one bind, receipts on two others, each in an order of its own: no fact is lost, none is doubled."""
    engine = open_engine(postgresql_url)
    books = Books(engine, 40)
    rounds = 6
    start = threading.Barrier(3)

    def run(kind: str) -> None:
        start.wait()
        for number in range(rounds):
            order = list(range(40))[:: 1 if (number % 2) == (kind == "answers") else -1]
            for ns in (order[:20], order[20:]):
                if kind == "answers":
                    books.store(*[books.answer(n, f"{number}-{n}", attempt=number + 1) for n in ns])
                else:
                    state = "DELIVRD" if kind == "receipts" else "ENROUTE"
                    books.store(*[receipt(f"{number}-{n}", state) for n in ns])

    threads = [threading.Thread(target=run, args=(kind,)) for kind in ("answers", "receipts", "more receipts")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(books.facts()) == len(books.facts("accepted")) == rounds * 40
    assert books.parked() == 0
    assert {row.receipts for row in books.ids().values()} == {2}
    engine.dispose()


def test_a_receipt_with_two_ids_and_its_answer_on_two_connections_leave_one_row(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    books = Books(engine, 30)
    start = threading.Barrier(2)

    def answers() -> None:
        start.wait()
        for n in range(30):
            books.store(books.answer(n, f"{1_000 + n}"))

    def receipts() -> None:
        start.wait()
        for n in range(30):
            books.store(receipt(f"{1_000 + n}", receipted_message_id=f"{1_000 + n:x}-"))

    threads = [threading.Thread(target=work) for work in (answers, receipts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(books.facts()) == 30
    assert books.parked() == 0
    assert len(books.ids()) == 30
    engine.dispose()


def test_what_found_no_message_is_a_metric(books: Books) -> None:
    books.store(receipt("1"), receipt("2"), receipt(""), books.answer(0, "2"))
    (metric,) = SENDER_METRICS
    assert metric.read(books.engine) == {"parked": 1, "stray": 1}


def test_a_database_that_is_away_is_no_number() -> None:
    (metric,) = SENDER_METRICS
    assert metric.read(open_engine("postgresql://127.0.0.1:1/none")) is None
