import pytest

from ricochet.comparison import Comparison
from ricochet.progress import SendingBar

CONFUSION = {"messages_only_a_disguised_machine_opened": 2}


def printed(capsys: pytest.CaptureFixture[str], comparison: Comparison) -> str:
    SendingBar().print_comparison(comparison)
    return " ".join(capsys.readouterr().out.split())


def test_messages_of_unknown_outcome_are_told_with_the_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, Comparison({"submitted": 10}, {"submitted": 7}, CONFUSION, outcome_unknown=3))
    assert "differs" in told
    assert "Messages with an unknown outcome: 3. A sender ended before the operator's answer came" in told


def test_without_them_nothing_is_said_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, Comparison({"submitted": 10}, {"submitted": 10}, CONFUSION))
    assert "unknown outcome" not in told
    assert "Left out: 2 messages" in told


def test_automatic_answers_among_the_figures_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, Comparison({"submitted": 10}, {"submitted": 10}, CONFUSION, answers=8))
    assert "Automatic answers to STOP, in the figures from submitted to unknown: 8." in told
