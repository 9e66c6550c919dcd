"""What ingest sets aside, from several threads."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tracker.segments import HitId
from tracker.set_aside import Fault, SetAside

THREADS, ROUNDS = 4, 500


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless")
def test_what_several_threads_set_aside_at_once_is_all_counted(tmp_path: Path) -> None:
    disk = tmp_path / "full"
    disk.touch()  # A folder cannot be made there: what is set aside is counted all the same.
    for _ in range(ROUNDS):
        counts = set_aside_at_once(SetAside(disk))
        assert counts == dict.fromkeys(Fault, THREADS)


def set_aside_at_once(folder: SetAside) -> dict[Fault, int]:
    together = threading.Barrier(THREADS)

    def put() -> None:
        together.wait()
        for fault in Fault:
            folder.put(HitId(UUID(int=1), 0), fault, b"")

    threads = [threading.Thread(target=put) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return dict(folder.counts)
