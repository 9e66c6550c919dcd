"""An SMSC that garbles everything writes a line a minute in the log, whatever it sends."""

from structlog.testing import capture_logs

from sender.pdus import Status, UnreadablePdu, decode
from sender.unreadable_pdus import UnreadablePdus


def garbled() -> UnreadablePdu:
    try:
        decode(b"\0\0\0\x10\0\0\xff\xff\0\0\0\0\0\0\0\x01")
    except UnreadablePdu as error:
        return error
    raise AssertionError


def test_the_first_is_told_and_then_a_count_once_a_minute() -> None:
    now = [100.0]
    pdus, error = UnreadablePdus(lambda: now[0]), garbled()
    with capture_logs() as told:
        for _ in range(1_000):
            pdus.note(error)
        pdus.tell_rest()
        now[0] += 60
        pdus.note(error)
        for _ in range(7):
            pdus.note(error)
        now[0] += 59
        pdus.tell_rest()
        now[0] += 1
        pdus.tell_rest()
        now[0] += 600
        pdus.tell_rest()
    assert [line["count"] for line in told] == [1, 1_000, 7]
    assert [line.get("status") for line in told] == [Status.INVALID_COMMAND_ID, Status.INVALID_COMMAND_ID, None]
