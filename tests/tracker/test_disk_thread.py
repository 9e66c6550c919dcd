"""The thread that waits for the disk, so that the event loop does not."""

import asyncio
import threading
from functools import partial

import pytest

from tracker.disk_thread import DiskThread, Done


def _where(i: int) -> tuple[int, int]:
    return i, threading.get_ident()


async def test_work_is_done_in_its_order_in_one_other_thread() -> None:
    thread, told = DiskThread("disk"), list[tuple[int, int]]()
    loop, all_told = asyncio.get_running_loop(), asyncio.Event()

    def tell(done: Done[tuple[int, int]]) -> None:
        assert threading.get_ident() == here
        told.append(done.result())
        if len(told) == 100:
            all_told.set()

    here = threading.get_ident()
    for i in range(100):
        thread.submit(loop, partial(_where, i), tell)
    await all_told.wait()
    thread.close()

    assert [i for i, _ in told] == list(range(100))
    (where,) = {thread_id for _, thread_id in told}
    assert where != here


async def test_a_defect_is_told_and_the_next_piece_is_done() -> None:
    thread = DiskThread("disk")

    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 / 0)

    assert await thread.run(lambda: 7) == 7
    thread.close()


async def test_whoever_stops_waiting_stops_nobody_else() -> None:
    thread, free = DiskThread("disk"), threading.Event()
    waiting = asyncio.create_task(thread.run(free.wait))
    behind = asyncio.create_task(thread.run(lambda: "done"))
    await asyncio.sleep(0)

    waiting.cancel()
    free.set()

    assert await behind == "done"
    assert waiting.cancelled()
    thread.close()


async def test_closing_waits_for_what_was_submitted() -> None:
    thread, done = DiskThread("disk"), list[int]()
    for i in range(10):
        thread.submit(asyncio.get_running_loop(), partial(done.append, i), lambda _: None)

    thread.close()

    assert done == list(range(10))


def test_one_that_never_worked_closes_at_once() -> None:
    DiskThread("disk").close()


async def test_a_closed_one_takes_no_work_that_nobody_would_do() -> None:
    thread = DiskThread("disk")
    thread.close()

    with pytest.raises(RuntimeError, match="closed"):
        await thread.run(lambda: 7)
