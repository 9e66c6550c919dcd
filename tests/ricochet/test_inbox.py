"""What came in, on the command line, and the answers to words."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests import factories
from tests.factories import NOW
from tests.ricochet.conftest import Terminal
from tests.sender.inbound_scenes import ZOE, Scene, deliver, in_parts


@pytest.fixture
def scene(sqlite_engine: Engine) -> Scene:
    """The installation's database, in which its one workspace wrote to Zoé."""
    scene = Scene(sqlite_engine, factories.route(sqlite_engine))
    scene.wrote(factories.workspace(sqlite_engine))
    return scene


def test_what_came_in_is_listed_with_what_it_answers_and_how_its_answer_fares(terminal: Terminal, scene: Scene) -> None:
    scene.say("Merci,\n\tà \x1b[1msamedi")
    scene.say("STOP", at=NOW + timedelta(minutes=1))
    scene.hear(*in_parts(ZOE, (b"STOP je ", b"vous ", b"prie"))[:1], at=NOW + timedelta(minutes=2))
    scene.say("Who is this?", number="+33639989999", at=NOW + timedelta(minutes=3))
    assert terminal.done("inbox", "list").splitlines() == [
        "2026-11-20 09:02:00\t+33639980001\t36180\tstop\tcmp_1/0\t\tSTOP je  (incomplete)",
        "2026-11-20 09:01:00\t+33639980001\t36180\tstop\tcmp_1/0\tqueued\tSTOP",
        "2026-11-20 09:00:00\t+33639980001\t36180\ttext\tcmp_1/0\t\tMerci,  à  [1msamedi",
    ]
    assert len(terminal.done("inbox", "list", "--kind", "stop", "--limit", "1").splitlines()) == 1
    assert terminal.done("inbox", "list", "--number", "+33639989999") == ""
    assert len(terminal.done("inbox", "list", "--number", "0033 6 39 98 00 01", "--kind", "text").splitlines()) == 1
    assert len(terminal.done("inbox", "list", "--number", "06 39 98 00 01", "--kind", "text").splitlines()) == 1
    assert terminal.done("inbox", "list", "--number", "06 39 98 00 02") == ""
    assert terminal.done("inbox", "list", "--number", "36180") == ""
    unmatched = "2026-11-20 09:03:00\t+33639989999\t36180\ttext\t\t\tWho is this?\n"
    assert terminal.done("inbox", "list", "--unmatched", "--number", "+33639989999") == unmatched


def test_answers_are_shown_changed_and_given_back(terminal: Terminal, scene: Scene) -> None:
    shown = terminal.done("inbox", "answers").splitlines()
    assert [line.split("\t")[:2] for line in shown] == [
        [word, language] for word in ("STOP", "START", "HELP") for language in ("fr", "en")
    ]
    terminal.done("inbox", "answer", "help", "Lumen, 01 99 00 00 00. {{ stop }}")
    assert "HELP\town\tLumen, 01 99 00 00 00. {{ stop }}" in terminal.done("inbox", "answers").splitlines()
    scene.hear(deliver(ZOE, b"AIDE"))
    assert [text for _, _, text in scene.answers()] == ["Lumen, 01 99 00 00 00. {{ stop }}"]
    terminal.done("inbox", "answer", "HELP", "--built-in")
    assert terminal.done("inbox", "answers").splitlines() == shown


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("list", "--kind", "spam"), "The kinds are stop, start, help, text."),
        (("list", "--number", "abc"), "write it as +33639980001"),
        (("list", "--number", "+0"), "write it as +33639980001"),
        (("list", "--number", ""), "write it as +33639980001"),
        (("answer", "hello", "text"), "The words are stop, start, help."),
        (("answer", "stop"), "or say --built-in"),
        (("answer", "stop", "text", "--built-in"), "or say --built-in"),
        (("answer", "stop", "See {{ link }}"), "An answer has no link"),
        (("answer", "stop", "See {{ shop }}"), "There is no field shop"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(terminal: Terminal, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in terminal.refused("inbox", *arguments)
