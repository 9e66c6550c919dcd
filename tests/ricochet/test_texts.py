"""`ricochet text analyse`: whatever the text, what it costs, or in a line why it cannot be sent."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.ricochet.conftest import Terminal

ANALYSE = [sys.executable, "-m", "ricochet", "text", "analyse"]


def run(*arguments: str, said: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([*ANALYSE, *arguments], input=said, capture_output=True, check=False)


def answer(encoding: str, length: int, fragments: int, *forced_by: str) -> dict[str, Any]:
    return {"encoding": encoding, "length": length, "fragments": fragments, "forced_by": list(forced_by)}


TEXTS = {
    "": answer("GSM-7", 0, 1),
    "Bonjour": answer("GSM-7", 7, 1),
    "a" * 160: answer("GSM-7", 160, 1),
    "a" * 161: answer("GSM-7", 161, 2),
    "a" * 10_000: answer("GSM-7", 10_000, 66),
    "😀" * 5_000: answer("UCS-2", 10_000, 152, "😀"),
    "a" * 152 + "€" * 2: answer("GSM-7", 156, 1),
    "a" * 152 + "€" + "a" * 200: answer("GSM-7", 354, 3),
    "€" * 80: answer("GSM-7", 160, 1),
    "€" * 81: answer("GSM-7", 162, 2),
    "ç" * 70: answer("UCS-2", 70, 1, "ç"),
    "ç" * 66 + "😀" * 2 + "ç" * 66: answer("UCS-2", 136, 3, "ç", "😀"),
    "Façade, Ça va ?": answer("UCS-2", 15, 1, "ç"),
    "👩🏽‍💻👩🏽‍💻": answer("UCS-2", 14, 1, "👩", "🏽", "\u200d", "💻"),
    "e\u0301te\u0301": answer("UCS-2", 5, 1, "\u0301"),
    "🇫🇷": answer("UCS-2", 4, 1, "🇫", "🇷"),
    "a\r\nb\n": answer("GSM-7", 5, 1),
    "\ttab": answer("UCS-2", 4, 1, "\t"),
    "\fform\f": answer("GSM-7", 8, 1),
    "NUL\0": answer("UCS-2", 4, 1, "\0"),
    "\u2028\x85\u00a0": answer("UCS-2", 3, 1, "\u2028", "\x85", "\u00a0"),
    "half \ud83d": answer("UCS-2", 6, 1, "\ud83d"),
    "\ufeffBOM": answer("UCS-2", 4, 1, "\ufeff"),
    '"quoted" \\ {{ link }}': answer("GSM-7", 26, 1),
    "ΔΦΓΛΩΠΨΣΘΞ": answer("GSM-7", 10, 1),
    "α": answer("UCS-2", 1, 1, "α"),
    "`": answer("UCS-2", 1, 1, "`"),
}


@pytest.mark.parametrize("ascii", [True, False])
def test_any_text_of_a_line_of_json_has_its_line_of_answer(terminal: Terminal, tmp_path: Path, ascii: bool) -> None:
    asked = [json.dumps({"text": text}, ensure_ascii=ascii or not text.isprintable()) for text in TEXTS]
    (tmp_path / "texts.jsonl").write_bytes("\n".join(asked).encode())
    answers = terminal.done("text", "analyse", "--jsonl", str(tmp_path / "texts.jsonl"))
    assert [json.loads(line) for line in answers.splitlines()] == list(TEXTS.values())


def test_an_answer_looks_exactly_so_wherever_the_text_comes_from() -> None:
    expected = '{"encoding": "UCS-2", "length": 7, "fragments": 1, "forced_by": ["ç"]}\n'
    assert run("garçon!").stdout.decode() == expected
    assert run(said="garçon!\r\n".encode()).stdout.decode() == expected
    done = run("--jsonl", said='{"text": "garçon!", "id": 5}\nno json\n'.encode())
    assert (done.returncode, done.stdout.decode().splitlines(keepends=True)[0]) == (2, expected)
    assert json.loads(run("-", said=b"a\n\n").stdout) == answer("GSM-7", 2, 1)
    done = run("-", said=b"\xff\xfe")
    assert (done.returncode, done.stderr) == (2, b"ricochet: The text is not UTF-8 (byte 1).\n")


def test_a_text_may_be_empty_and_begin_with_a_dash(terminal: Terminal) -> None:
    assert json.loads(terminal.done("text", "analyse", "")) == answer("GSM-7", 0, 1)
    assert json.loads(terminal.done("text", "analyse", "--", "-5 %")) == answer("GSM-7", 4, 1)


def test_a_line_that_is_no_text_is_answered_by_what_is_wrong(terminal: Terminal, tmp_path: Path) -> None:
    asked = [b'{"text": "a"}', b"", b"no json", b'"text"', b"{}", b'{"text": null}', b'{"text": 5}', b'{"text": "\xff"}']
    asked += [b"[" * 100_000, b'{"n": ' + b"9" * 5_000 + b"}", b'{"text": "' + b"a" * 40_000 + b'"}', b'{"text": "b"}']
    (tmp_path / "texts.jsonl").write_bytes(b"\r\n".join(asked))
    done = terminal.run("text", "analyse", "--jsonl", str(tmp_path / "texts.jsonl"))
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [said.get("error", "").partition(":")[0] for said in answers] == ["", *(f"line {n}" for n in range(3, 12)), ""]
    assert "255" in answers[-2]["error"]
    message = "ricochet: 9 lines could not be read; what is wrong stands in the place of the analysis.\n"
    assert (done.status, done.err) == (2, message)


def test_a_text_that_cannot_be_is_told_in_a_line(terminal: Terminal) -> None:
    assert "255" in terminal.refused("text", "analyse", "a" * 39_016)
    assert "udh8, udh16, sar, payload" in terminal.refused("text", "analyse", "--long-form", "udh7", "a")
    assert "gsm, latin1, ascii, utf8" in terminal.refused("text", "analyse", "--alphabet", "latin2", "a")
    assert "nothing.jsonl" in terminal.refused("text", "analyse", "--jsonl", "nothing.jsonl")


def test_a_route_s_form_and_alphabet_change_what_a_text_costs(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"text": "' + b"a" * 306 + b'"}\n{"text": "\\u20ac"}\n')
    out = terminal.done("text", "analyse", "--jsonl", str(file), "--long-form", "udh16", "--alphabet", "latin1")
    assert [json.loads(line) for line in out.splitlines()] == [answer("GSM-7", 306, 3), answer("UCS-2", 1, 1, "€")]
