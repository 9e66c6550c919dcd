from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from linksvc.database import reading
from tests.factories import produced_campaign, workspace
from tracker.blocks import Block, Blocks, read_blocks


def block(first_serial: int, size: int, *, tracked: bool = True, campaign_id: int = 1, first_n: int = 0) -> Block:
    return Block(first_serial, size, campaign_id, first_n, 1, tracked)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=20), st.data())
def test_a_serial_is_found_in_the_one_block_that_holds_it(shape: list[tuple[int, int]], data: st.DataObject) -> None:
    made, end = [], 0
    for gap, size in shape:
        made.append(block(end + gap, size, first_n=end))
        end += gap + size
    blocks = Blocks(made)
    assert blocks.end == end
    serial = data.draw(st.integers(0, end + 3))
    holding = [b for b in made if b.first_serial <= serial < b.end]
    assert blocks.find(serial) == (holding[0] if holding else None)


def test_a_serial_names_its_n_only_where_tracking_was_consented_to() -> None:
    assert block(100, 10, first_n=50).n_of(103) == 53
    assert block(100, 10, first_n=50, tracked=False).n_of(103) is None


def test_a_block_that_overlaps_another_is_refused() -> None:
    blocks = Blocks([block(100, 10), block(109, 5), block(110, 5)])
    assert [b.first_serial for b in blocks.all()] == [100, 110]


def test_blocks_are_read_from_a_serial_on_in_ascending_order(engine: Engine) -> None:
    workspace_id = workspace(engine)
    one = produced_campaign(engine, workspace_id, 5, tracked=3)
    other = produced_campaign(engine, workspace_id, 2)
    with reading(engine) as session:
        everything = read_blocks(session, 0)
        newest = read_blocks(session, everything[1].end)
    assert [(b.campaign_id, b.first_n, b.size, b.tracked) for b in everything] == [
        (one, 0, 3, True),
        (one, 3, 2, False),
        (other, 0, 2, True),
    ]
    assert newest == everything[2:]
