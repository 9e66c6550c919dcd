from datetime import timedelta
from itertools import count, permutations
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from linksvc.database import open_engine, writing
from linksvc.fragments import split
from linksvc.models import Inbound, InboundPart
from sender import inbound
from sender.inbound_parts import WAIT
from sender.pdus import Pdu
from tests import factories
from tests.factories import NOW
from tests.sender.inbound_scenes import ZOE, Scene, deliver, in_parts

PARTS = (b"Je vous ", b"remercie ", b"beaucoup")
WHOLE = "Je vous remercie beaucoup"
NUMBERS = count()
LATER = NOW + WAIT + timedelta(seconds=1)


on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the database has no part in."""


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine, factories.route(engine))


def lapse(scene: Scene) -> bool:
    return inbound.store_lapsed(scene.engine, lambda: LATER)


def the_only(scene: Scene) -> Inbound:
    (row,) = scene.rows(Inbound)
    return row


@on_one_database
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parts_are_joined_in_whatever_order_they_come(scene: Scene, order: tuple[int, ...]) -> None:
    pdus = in_parts(ZOE, PARTS)
    scene.hear(*(pdus[place] for place in order))
    row = the_only(scene)
    assert (row.text, row.parts, row.complete, row.number, row.sender) == (WHOLE, 3, True, ZOE, "36180")


@on_one_database
@pytest.mark.parametrize("wide", [False, True])
def test_references_may_have_eight_bits_or_sixteen(scene: Scene, wide: bool) -> None:
    scene.hear(*in_parts(ZOE, PARTS, reference=200, wide=wide))
    assert scene.texts() == [WHOLE]


@on_one_database
def test_parts_may_be_told_by_parameters_instead_of_a_header(scene: Scene) -> None:
    scene.hear(
        *(
            deliver(ZOE, part, sar_msg_ref_num=900, sar_total_segments=3, sar_segment_seqnum=place)
            for place, part in reversed(list(enumerate(PARTS, 1)))
        )
    )
    assert scene.texts() == [WHOLE]


def test_parts_in_one_transaction_are_joined_too(scene: Scene) -> None:
    with writing(scene.engine) as session:
        received = [inbound.read(pdu, NOW) for pdu in reversed(in_parts(ZOE, PARTS))]
        inbound.store(session, scene.route_id, received, NOW)
    assert scene.texts() == [WHOLE]


def test_a_part_that_comes_again_changes_nothing_before_or_after_its_message_is_whole(scene: Scene) -> None:
    first, second, third = in_parts(ZOE, PARTS)
    scene.hear(first, first, second, second, third, third, first, second)
    assert scene.texts() == [WHOLE]
    lapse(scene)
    assert scene.texts() == [WHOLE]
    assert scene.rows(InboundPart) == []


def test_two_people_two_addresses_and_two_routes_may_use_one_reference(scene: Scene) -> None:
    other = Scene(scene.engine, factories.route(scene.engine, "other"))
    mine, yours = in_parts(ZOE, (b"my ", b"words")), in_parts("+33639980002", (b"your ", b"words"))
    elsewhere, there = in_parts(ZOE, (b"his ", b"words"), to="38000"), in_parts(ZOE, (b"her ", b"words"))
    for one, two, three, four in zip(mine, yours, elsewhere, there, strict=True):
        scene.hear(one, two, three)
        other.hear(four)
    assert scene.texts() == ["her words", "his words", "my words", "your words"]


def test_a_reference_that_is_used_again_begins_another_message(scene: Scene) -> None:
    scene.hear(*in_parts(ZOE, (b"first ", b"one")), *in_parts(ZOE, (b"second ", b"two")))
    scene.hear(in_parts(ZOE, (b"lost ", b"tail"))[0], *in_parts(ZOE, (b"third ", b"three")))
    assert scene.texts() == ["first one", "lost …", "second two", "third three"]
    assert [row.text for row in scene.rows(Inbound) if not row.complete] == ["lost …"]


@on_one_database
def test_a_character_that_is_cut_in_two_is_whole_again(scene: Scene) -> None:
    octets = "Merci 😀 !".encode("utf-16-be")
    cut = octets.index("😀".encode("utf-16-be")) + 2
    scene.hear(*reversed(in_parts(ZOE, (octets[:cut], octets[cut:]), data_coding=8)))
    assert scene.texts() == ["Merci 😀 !"]


@on_one_database
def test_an_escape_that_is_cut_off_its_letter_finds_it_again(scene: Scene) -> None:
    (octets,) = split("5 €").parts
    scene.hear(*in_parts(ZOE, (octets[:-1], octets[-1:]), data_coding=0))
    assert scene.texts() == ["5 €"]


@on_one_database
def test_parts_of_two_codings_are_each_read_in_theirs(scene: Scene) -> None:
    first, _ = in_parts(ZOE, ("été ".encode("latin-1"), b""))
    _, second = in_parts(ZOE, (b"", "✋".encode("utf-16-be")), data_coding=8)
    scene.hear(first, second)
    assert scene.texts() == ["été ✋"]


@on_one_database
@pytest.mark.parametrize(
    ("present", "text"),
    [((0,), "Je vous …"), ((1,), "…remercie …"), ((0, 2), "Je vous …beaucoup"), ((1, 2), "…remercie beaucoup")],
)
def test_what_waits_too_long_is_stored_as_it_is(scene: Scene, present: tuple[int, ...], text: str) -> None:
    pdus = in_parts(ZOE, PARTS)
    scene.hear(*(pdus[place] for place in present))
    assert not inbound.store_lapsed(scene.engine, lambda: NOW + WAIT - timedelta(seconds=1))
    assert scene.rows(Inbound) == []
    lapse(scene)
    row = the_only(scene)
    assert (row.text, row.parts, row.complete) == (text, 3, False)
    assert scene.rows(InboundPart) == []


def test_a_part_that_came_lately_lets_the_others_wait_on(scene: Scene) -> None:
    first, second, third = in_parts(ZOE, PARTS)
    scene.hear(first)
    scene.hear(second, at=NOW + timedelta(minutes=9))
    lapse(scene)
    assert scene.rows(Inbound) == []
    scene.hear(third, at=NOW + timedelta(minutes=18))
    assert scene.texts() == [WHOLE]


def test_a_stop_acts_with_the_first_part_and_is_one_message_with_the_rest(scene: Scene) -> None:
    workspace_id = factories.workspace(scene.engine)
    scene.wrote(workspace_id)
    first, second = in_parts(ZOE, (b"STOP tout, ", b"je vous prie"))
    scene.hear(first)
    assert scene.suppressed() == {workspace_id}
    assert not the_only(scene).complete
    scene.hear(first, second, second)
    row = the_only(scene)
    assert (row.text, row.kind, row.parts, row.complete) == ("STOP tout, je vous prie", "stop", 2, True)
    assert [word for word, _, _ in scene.answers()] == ["STOP"]


def test_a_stop_whose_rest_never_comes_is_stored_once(scene: Scene) -> None:
    scene.wrote(factories.workspace(scene.engine))
    scene.hear(in_parts(ZOE, (b"STOP tout, ", b"je vous prie"))[0])
    lapse(scene)
    assert [row.complete for row in scene.rows(Inbound)] == [False]
    assert len(scene.answers()) == 1


@on_one_database
@pytest.mark.parametrize(("parts", "part"), [(2, 3), (2, 0), (0, 0), (1, 1)])
def test_a_header_that_makes_no_sense_hides_no_message(scene: Scene, parts: int, part: int) -> None:
    scene.hear(deliver(ZOE, bytes((5, 0, 3, 9, parts, part)) + b"STOP", esm_class=0x40))
    assert scene.texts() == ["STOP"]


@on_one_database
def test_a_header_of_ports_is_no_header_of_parts(scene: Scene) -> None:
    scene.hear(deliver(ZOE, b"\x06\x05\x04\x0b\x84\x23\xf0Bonjour", esm_class=0x40))
    assert scene.texts() == ["Bonjour"]


def test_time_takes_many_messages_batch_by_batch(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound, "LAPSED_AT_ONCE", 2)
    for last in range(3):
        scene.hear(in_parts(f"+3363998000{last}", PARTS)[0])
    assert lapse(scene)
    assert not lapse(scene)
    assert not lapse(scene)
    assert len(scene.rows(Inbound)) == 3


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=300), data=st.data())
def test_any_text_comes_back_whole_from_parts_in_any_order_each_any_number_of_times(
    sqlite_scene: Scene, text: str, data: st.DataObject
) -> None:
    pieces = split(text)
    number = f"+33639{next(NUMBERS):06d}"
    pdus: list[Pdu] = in_parts(number, pieces.parts, data_coding=pieces.data_coding)
    order = data.draw(st.permutations([*pdus, *data.draw(st.lists(st.sampled_from(pdus), max_size=3))]))
    sqlite_scene.hear(*order)
    found = [row for row in sqlite_scene.rows(Inbound) if row.number == number]
    whole = text.replace("\0", "")
    assert [row.text for row in found] == [whole]


@pytest.fixture
def sqlite_scene(sqlite_engine: Engine) -> Scene:
    return Scene(sqlite_engine, factories.route(sqlite_engine))


def test_parts_that_come_over_two_binds_at_once_are_joined(postgresql_url: str) -> None:
    engine = open_engine(postgresql_url)
    scene = Scene(engine, factories.route(engine))
    for last in range(8):
        ready = Barrier(3)

        def hear(pdu: Pdu, ready: Barrier = ready) -> None:
            ready.wait()
            scene.hear(pdu)

        threads = [Thread(target=hear, args=(pdu,)) for pdu in in_parts(f"+3363998000{last}", PARTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert scene.texts() == [WHOLE] * 8
    engine.dispose()
