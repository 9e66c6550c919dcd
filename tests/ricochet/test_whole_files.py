"""Files are there whole or not at all, and stay as closed as they were."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from linksvc.errors import InvalidRequest
from ricochet.whole_files import write_whole


def breaking_off() -> Iterator[bytes]:
    yield b"half"
    raise RuntimeError("the database went away")


def test_what_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept.csv", tmp_path / "new.csv"
    kept.write_bytes(b"before")
    for file in (kept, new):
        with pytest.raises(RuntimeError):
            write_whole(file, breaking_off())
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]
    assert kept.read_bytes() == b"before"


def test_a_new_file_is_as_open_as_any_and_an_old_one_as_it_was(tmp_path: Path) -> None:
    new, closed = tmp_path / "new.csv", tmp_path / "closed.csv"
    closed.touch(0o600)
    mask = os.umask(0o027)
    try:
        write_whole(new, [b"a", b"b"])
        write_whole(closed, [b"c"])
    finally:
        os.umask(mask)
    assert (new.read_bytes(), new.stat().st_mode & 0o777) == (b"ab", 0o640)
    assert (closed.read_bytes(), closed.stat().st_mode & 0o777) == (b"c", 0o600)


def test_a_link_still_leads_to_its_file(tmp_path: Path) -> None:
    file, link = tmp_path / "file.csv", tmp_path / "link.csv"
    file.write_bytes(b"before")
    link.symlink_to(file)
    write_whole(link, [b"after"])
    assert link.is_symlink()
    assert file.read_bytes() == b"after"


def test_a_pipe_is_written_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, [b"a", b"b"])
    reader.join()
    assert read == [b"ab"]
    assert pipe.is_fifo()


def test_a_name_as_long_as_a_folder_takes_is_taken(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 255)
    write_whole(file, [b"a"])
    assert file.read_bytes() == b"a"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place, why in (
        (tmp_path, "Is a directory"),
        (tmp_path / "none" / "a", "No such file"),
        (tmp_path / "file" / "a", "Not a"),
    ):
        with pytest.raises(InvalidRequest, match=f"cannot be written: {why}"):
            write_whole(place, [b"a"])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_device_is_told() -> None:
    with pytest.raises(InvalidRequest, match="/dev/full cannot be written: No space left on device"):
        write_whole(Path("/dev/full"), [b"a"])
