"""`ricochet receipts`: whatever a line says it is answered, and what found no message is listed."""

import json
import subprocess
import sys
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from linksvc.database import writing
from linksvc.models import SmscId, StrayReceipt
from ricochet.json_lines import read_lines
from ricochet.receipt_lines import read_receipts, told
from tests import factories
from tests.conftest import DATA
from tests.factories import NOW
from tests.ricochet.conftest import Terminal

RICOCHET = [sys.executable, "-m", "ricochet", "receipts"]


def run(*arguments: str, said: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([*RICOCHET, *arguments], input=said, capture_output=True, check=False)


def read(*records: object) -> list[Any]:
    """The answers to some lines, without a process for each."""
    from io import BytesIO

    lines = b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in records)
    found = read_receipts(BytesIO(lines), NOW)
    return [str(one) if isinstance(one, ValueError) else told(one) for one in found]


def test_the_receipts_of_the_field_are_read_as_their_file_wants_it(terminal: Terminal) -> None:
    records = [json.loads(line) for line in (DATA / "receipts.jsonl").read_text().splitlines()]
    done = run("parse", said=(DATA / "receipts.jsonl").read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [record["want"] for record in records]
    first = '{"ids": ["38601fa", "59113978"], "state": "DELIVERED", "done": "2010-02-10T17:31", "err": "000"}'
    assert done.stdout.decode().splitlines()[0] == first
    assert terminal.done("receipts", "parse", str(DATA / "receipts.jsonl")) == done.stdout.decode()


TEXT = "id:7 done date:261120093015 stat:UNDELIV err:021"
WANT = {"ids": ["7"], "state": "UNDELIVERABLE", "done": "2026-11-20T09:30:15", "err": "021"}


def test_the_bytes_of_a_receipt_may_be_written_in_several_ways() -> None:
    octets = TEXT.encode()
    wide = TEXT.encode("utf-16-be")
    assert (
        read(
            {"short_message_latin1": TEXT, "data_coding": 0, "tlv": {}},
            {"short_message_hex": octets.hex()},
            {"short_message_base64": b64encode(octets).decode(), "tlv": None},
            {"message_payload_latin1": TEXT},
            {"message_payload_hex": wide.hex(), "data_coding": 8},
            {"short_message_latin1": wide.decode("latin-1"), "data_coding": 8, "esm_class": 4},
            {"short_message_latin1": "", "tlv": {"message_payload": octets.hex()}},
            {"short_message": TEXT, "name": "x", "source": None, "want": {}},
            {"short_message_latin1": TEXT, "data_coding": "8"},
        )
        == [WANT] * 9
    )


def test_parameters_alone_are_a_receipt_and_nothing_told_is_null() -> None:
    nothing = {"ids": [], "state": None, "done": None, "err": None}
    assert read(
        {"tlv": {"receipted_message_id": "7", "message_state": 2, "network_error_code": "030021"}},
        {"tlv": {"receipted_message_id": 7, "message_state": "8"}, "short_message_latin1": None},
        {"short_message_latin1": "Your message has arrived"},
        {"short_message_latin1": ""},
        {"short_message_latin1": "ID: 7  STAT: gone  DONE DATE: 0000000000", "tlv": {"unknown": [1], "message_state": None}},
        {"short_message_latin1": "id:7 stat:DELIVRD", "esm_class": 0x20},
    ) == [
        {"ids": ["7"], "state": "DELIVERED", "done": None, "err": "33"},
        {"ids": ["7"], "state": "REJECTED", "done": None, "err": None},
        nothing,
        nothing,
        {"ids": ["7"], "state": "UNKNOWN", "done": None, "err": None},
        {"ids": ["7"], "state": "ENROUTE", "done": None, "err": None},
    ]


def test_dates_have_minutes_or_seconds_as_they_were_told() -> None:
    dates = ("2611200930", "261120093015", "202611200930", "20261120093015", "2611200930+0100", "26112009", "٢٦١١٢٠٠٩٣٠")
    answers = read(
        *({"short_message_hex": f"id:7 done date:{date}".encode("utf-16-be").hex(), "data_coding": 8} for date in dates)
    )
    minutes, seconds = "2026-11-20T09:30", "2026-11-20T09:30:15"
    assert [one["done"] for one in answers] == [minutes, seconds, minutes, seconds, "2026-11-20T08:30", None, None]


def test_a_line_that_is_no_receipt_is_answered_by_what_is_wrong(terminal: Terminal) -> None:
    bad: list[object] = [
        b"no json\n",
        b'{"short_message_latin1": "\xff"}\n',
        b"[" * 50_000 + b"\n",
        [TEXT],
        {},
        {"tlv": {}},
        {"short_message_latin1": 5},
        {"short_message_latin1": "id:7 €"},
        {"short_message_hex": "0g"},
        {"short_message_base64": "?"},
        {"short_message_latin1": TEXT, "tlv": [1]},
        {"short_message_latin1": TEXT, "tlv": {"message_state": "DELIVERED"}},
        {"short_message_latin1": TEXT, "tlv": {"receipted_message_id": [1]}},
        {"short_message_latin1": TEXT, "tlv": {"network_error_code": "xyz"}},
        {"short_message_latin1": TEXT, "data_coding": True},
        {"short_message_latin1": "Bonjour", "esm_class": 0},
    ]
    done = run(
        "parse", "-", said=b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in bad)
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [said["error"].partition(":")[0] for said in answers] == [f"line {n}" for n in range(1, len(bad) + 1)]
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)
    assert "nowhere.jsonl" in terminal.refused("receipts", "parse", "nowhere.jsonl")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda one: st.lists(one, max_size=3),
    max_leaves=4,
)
names = st.sampled_from(
    [
        "short_message_latin1",
        "short_message_hex",
        "short_message_base64",
        "message_payload_latin1",
        "data_coding",
        "esm_class",
    ]
)
parameters = st.sampled_from(["receipted_message_id", "message_state", "network_error_code", "message_payload", "x"])
labels = st.lists(
    st.sampled_from(
        ["id:", "ID :", "stat:", "err:", "done date:", "text:", " ", "7", "DELIVRD", "0000000000", "\0", "é", "²"]
    )
).map("".join)
records = st.dictionaries(names, json_values | labels, max_size=4) | st.fixed_dictionaries(
    {"short_message_latin1": labels, "tlv": st.dictionaries(parameters, json_values | labels, max_size=4)}
)


@given(records | json_values)
def test_whatever_a_line_says_it_is_answered(record: object) -> None:
    (answer,) = read(record) if json.dumps(record).strip() else [{}]
    assert isinstance(answer, str) or list(answer) == ["ids", "state", "done", "err"]


@given(st.binary(max_size=80))
def test_whatever_bytes_a_line_holds_it_is_answered(line: bytes) -> None:
    assert len(read(line)) <= line.count(b"\n") + 1


def test_receipts_without_a_message_are_listed(
    engine: Engine, database_url: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    route_id = factories.route(engine)
    with writing(engine) as session:
        session.add(
            SmscId(
                route_id=route_id,
                id="7",
                raw_id="0007",
                number="33639980001",
                state="DELIVERED",
                receipts=2,
                recorded_at=NOW,
            )
        )
        session.add(
            StrayReceipt(
                route_id=route_id,
                fingerprint="x",
                number="33639980002",
                state="",
                payload=b"Delivered\x01".hex(),
                recorded_at=NOW,
            )
        )
    monkeypatch.setenv("RICOCHET_DATABASE_URL", database_url)
    assert terminal.done("receipts", "unmatched", "--route", "main").splitlines() == [
        "2026-11-20 09:00:00\tmain\t0007\t33639980001\tDELIVERED\t\t2",
        "2026-11-20 09:00:00\tmain\t(Delivered.)\t33639980002\t\t\t1",
    ]
    assert terminal.run("receipts", "unmatched", "--limit", "1").err == "There are 1 more; --limit takes up to 10,000.\n"
    assert "other" in terminal.refused("receipts", "unmatched", "--route", "other")


def test_lines_are_numbered_as_an_editor_does() -> None:
    from io import BytesIO

    def refuse(line: bytes) -> bytes:
        raise ValueError(line.decode())

    found = read_lines(BytesIO(b"\xef\xbb\xbfa\n\n  \nb"), refuse)
    assert [str(one) for one in found] == ["line 1: a\n", "line 4: b"]
