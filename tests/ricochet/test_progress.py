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
    assert "Left out of clicked: 2 messages" in told


def test_automatic_answers_among_the_figures_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, Comparison({"submitted": 10}, {"submitted": 10}, CONFUSION, answers=8))
    assert "Automatic answers to STOP, in the figures from submitted to unknown: 8." in told


def test_each_figure_names_what_it_counts(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"produced": 10, "submitted": 12, "machine_hits": 7, "revenue_minor": 1_250}
    told = printed(capsys, Comparison(figures, figures, CONFUSION, answers=2))
    assert "produced │ messages │ 10" in told
    assert "submitted │ messages, answers too │ 12" in told
    assert "machine_hits │ visits │ 7" in told
    assert "revenue_minor │ cents │ 1,250" in told


@pytest.mark.parametrize(("count", "words"), [(1, "1 message that only a machine opened"), (0, "")])
def test_one_message_is_told_in_the_singular_and_none_not_at_all(
    capsys: pytest.CaptureFixture[str], count: int, words: str
) -> None:
    told = printed(capsys, Comparison({}, {}, {"messages_only_a_disguised_machine_opened": count}))
    assert words in told
    assert ("Left out" in told) == bool(words)
    assert "messages that" not in told
