"""`ricochet clicks judge` as a real process, in a folder where there is no installation."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ricochet.hit_lines import MAX_LINE_BYTES, BadLine, read_hits
from tests.tracker.http import IPHONE
from tracker.hits import SpooledHit
from tracker.requests import USER_AGENT_CHARACTERS
from tracker.verdicts import RULES_VERSION

JUDGE = [sys.executable, "-m", "ricochet", "clicks", "judge"]


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """How to start a process that finds no data directory, and whose database cannot be reached."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RICOCHET_")}
    environment |= {"RICOCHET_DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    yield {"cwd": tmp_path, "env": environment}
    assert not list(tmp_path.iterdir())


def lines(*hits: object) -> bytes:
    return b"".join(hit if isinstance(hit, bytes) else json.dumps(hit).encode() + b"\n" for hit in hits)


def answer(verdict: str, reason: str) -> dict[str, object]:
    return {"verdict": verdict, "reason": reason, "rules": RULES_VERSION}


def test_every_line_has_its_answer_in_order_whatever_stands_between_them(nowhere: dict[str, Any]) -> None:
    asked = lines(
        {"user_agent": IPHONE},
        {"user_agent": "curl/8.9", "method": "GET", "headers": {}},
        b"\n  \r\n",
        b"no json\n",
        {"user_agent": IPHONE, "method": "HEAD"},
        ["user_agent", IPHONE],
        {"user_agent": 5},
        b'{"user_agent": "\xff\xfe"}\n',
        b'{"user_agent": "a\x00b"}\n',
        b'{"user_agent": "' + b"x" * MAX_LINE_BYTES + b'"}\n',
        {"headers": {"user-AGENT": IPHONE, "SEC-Purpose": "prefetch;prerender"}},
        {"user_agent": IPHONE, "referrer": "https://eur01.safelinks.protection.outlook.com/?url=x"},
        b'{"user_agent": "unfinished"',
    )
    done = subprocess.run(JUDGE, input=asked, capture_output=True, check=False, **nowhere)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    errors = [said["error"].partition(": ")[0] for said in answers if "error" in said]
    assert errors == ["line 5", "line 7", "line 8", "line 9", "line 10", "line 11", "line 14"]
    assert [said for said in answers if "error" not in said] == [
        answer("human", ""),
        answer("machine", "bare_client"),
        answer("machine", "head"),
        answer("machine", "prefetch"),
        answer("suspect", "link_scanner"),
    ]
    assert ["error" in said for said in answers] == [False, False, True, False, *[True] * 5, False, False, True]
    assert (done.returncode, done.stderr.decode()) == (
        2,
        "ricochet: 7 lines could not be read; what is wrong stands in the place of the verdict.\n",
    )


def test_a_hit_is_answered_before_the_next_is_asked(nowhere: dict[str, Any]) -> None:
    with subprocess.Popen(JUDGE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **nowhere) as process:
        assert process.stdin and process.stdout
        for agent, expected in (("curl/8.9", answer("machine", "bare_client")), (IPHONE, answer("human", ""))):
            process.stdin.write(lines({"user_agent": agent}))
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == expected
        process.stdin.close()
        assert (process.stdout.read(), process.wait(timeout=120)) == (b"", 0)


def test_whoever_has_seen_enough_may_go(nowhere: dict[str, Any]) -> None:
    with subprocess.Popen(
        JUDGE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **nowhere
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(lines({"user_agent": "curl/8.9"}))
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == answer("machine", "bare_client")
        process.stdout.close()
        process.stdin.write(lines({"user_agent": IPHONE}) * 10)
        process.stdin.close()
        assert (process.stderr.read(), process.wait(timeout=120)) == (b"", 0)


def test_a_file_is_read_and_nothing_is_answered_to_nothing(nowhere: dict[str, Any], tmp_path_factory: Any) -> None:
    file = tmp_path_factory.mktemp("hits") / "hits.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + lines({"user_agent": "curl/8.9"}))
    from_file = subprocess.run([*JUDGE, str(file)], capture_output=True, check=True, **nowhere)
    assert json.loads(from_file.stdout) == answer("machine", "bare_client")
    empty = subprocess.run(JUDGE, input=b"", capture_output=True, check=True, **nowhere)
    assert (empty.stdout, empty.stderr) == (b"", b"")


def test_what_cannot_be_read_is_said_in_a_line(nowhere: dict[str, Any]) -> None:
    missing = subprocess.run([*JUDGE, "missing.jsonl"], capture_output=True, check=False, **nowhere)
    assert (missing.returncode, missing.stderr) == (2, b"ricochet: There is no file missing.jsonl.\n")
    folder = subprocess.run([*JUDGE, "."], capture_output=True, check=False, **nowhere)
    assert (folder.returncode, folder.stderr) == (2, b"ricochet: . cannot be read: Is a directory.\n")


def read(*hits: object) -> list[SpooledHit | BadLine]:
    return list(read_hits(io.BytesIO(lines(*hits))))


def only(hit: object) -> SpooledHit:
    (found,) = read(hit)
    assert isinstance(found, SpooledHit)
    return found


@pytest.mark.parametrize(
    ("hit", "said"),
    [
        (b"{", "line 1: This is not JSON ("),
        (b'{"user_agent": "\\ud800"}', "line 1: This is not JSON ("),
        (b"[" * 5000, "line 1: This is not JSON ("),
        (b"{}{}", "line 1: This is not JSON ("),
        (b"NaN", "line 1: This is not JSON ("),
        ([{}], "line 1: This is a list, and a hit is an object. Right would be: {"),
        ("curl", "line 1: This is a string, and"),
        (None, "line 1: This is null, and"),
        (True, "line 1: This is true or false, and"),
        ({"user_agent": 1.5}, "line 1: user_agent is a number, and should be a string."),
        ({"method": {}}, "line 1: method is an object, and should be a string."),
        ({"referrer": []}, "line 1: referrer is a list, and should be a string."),
        ({"headers": "Purpose: prefetch"}, "line 1: headers is a string, and should be an object of names and values."),
        ({"headers": {"Purpose": ["prefetch"]}}, "line 1: headers.Purpose is a list, and should be a string."),
        (b" " * MAX_LINE_BYTES + b"{}", "line 1: The line has more than 1,048,576 bytes."),
    ],
)
def test_a_line_that_is_no_hit_says_what_is_wrong_with_it(hit: object, said: str) -> None:
    (found,) = read(hit)
    assert isinstance(found, BadLine)
    assert str(found).startswith(said)


def test_what_is_missing_is_taken_from_the_headers() -> None:
    headers = {"User-Agent": "curl/8.9", "REFERER": "https://shop.example/"}
    found = only({"headers": headers})
    assert (found.user_agent, found.referrer, found.method) == ("curl/8.9", "https://shop.example/", "GET")
    told = only({"user_agent": "", "referrer": "", "method": None, "headers": headers})
    assert (told.user_agent, told.referrer, told.method) == ("", "", "GET")


def test_a_header_is_found_by_any_spelling_and_a_repeated_one_is_joined() -> None:
    assert only({"headers": {"X-MOZ": "Prefetch"}}).headers == {"x-moz": "Prefetch"}
    assert only({"headers": {"Purpose": "x", "purpose": "preview", "X-Moz": None}}).headers == {"purpose": "x,preview"}


def test_a_line_is_cut_as_the_tracker_cuts_a_request_and_other_fields_are_left_alone() -> None:
    found = only(
        {"user_agent": " a\x00\x1bé" + "x" * 500, "method": "head", "headers": {"Cookie": "c", "agent-class": "person"}}
    )
    assert found.user_agent == "aé" + "x" * (USER_AGENT_CHARACTERS - 5)
    assert (found.method, found.headers) == ("HEAD", {})
    assert only({"user_agent": "curl", "id": 7, "occurred_at": None}).user_agent == "curl"
