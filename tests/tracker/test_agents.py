import string
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import DATA
from tracker.agents import AgentClass, classify
from tracker.requests import USER_AGENT_CHARACTERS

TABLE: Path = DATA / "user_agents.tsv"
KNOWN = [line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#")]

NAMES = st.text(string.ascii_letters, min_size=3, max_size=12)


@pytest.mark.parametrize(("expected", "user_agent"), KNOWN)
def test_a_user_agent_is_classed_as_the_table_says(expected: str, user_agent: str) -> None:
    assert classify(user_agent) == AgentClass(expected)


def test_the_table_knows_every_class_but_that_of_silence() -> None:
    assert {expected for expected, _ in KNOWN} == set(AgentClass) - {AgentClass.NO_AGENT}
    assert {classify(silence) for silence in ("", " ", "\t ")} == {AgentClass.NO_AGENT}


@given(
    st.sampled_from(["BOT", "Bot", "bot", "Speedy", "Zeus", "Sonic", "Buddy", "Scanner 5", "Monitor"]),
    NAMES,
    st.integers(1, 99),
)
def test_no_name_of_a_phone_makes_a_machine_of_its_owner(word: str, maker: str, number: int) -> None:
    for model in (
        f"{maker} {word}",
        f"{maker} {word} {number}",
        f"{maker}_{word}_{number}",
        f"{word} {number} Build/XYZ{number}",
    ):
        browser = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
        assert classify(f"Mozilla/5.0 (Linux; Android 14; {model}) {browser}") == AgentClass.PERSON
        assert classify(f"Dalvik/2.1.0 (Linux; U; Android 9; {model})") == AgentClass.PERSON


@given(NAMES, st.integers(0, 9))
def test_a_machine_nobody_heard_of_is_known_by_its_shape(name: str, version: int) -> None:
    browser = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    )
    for shape in (
        f"Mozilla/5.0 (compatible; {name}/{version}.0)",
        f"{name}bot/{version}.1",
        f"{browser} {name}-crawler",
        f"{browser} {name}/{version} (+https://{name}.example/about)",
        f"{browser} {name} <{name}@{name}.example>",
        f"{browser} (compatible; {name}/{version})",
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; {name}) Chrome/120.0.0.0 Safari/537.36",
    ):
        assert classify(shape) != AgentClass.PERSON, shape


@pytest.mark.parametrize(
    "unit", ["a", "a-", "(", "Android 1; ", "Mozilla/5.0 (compatible; ", "x@a.", "select ", "a.", "bot-"]
)
def test_no_user_agent_takes_long_to_judge(unit: str) -> None:
    classify("warm")
    nasty = (unit * USER_AGENT_CHARACTERS)[:USER_AGENT_CHARACTERS]
    started = time.process_time()
    classify(nasty)
    assert time.process_time() - started < 0.5
