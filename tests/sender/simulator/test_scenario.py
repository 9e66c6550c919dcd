"""Scenarios: read with a word of what is wrong where, and the same story each time they are played."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sender.pdus import Status
from sender.receipts import is_receipt
from sender.simulator.ledger import Ledger
from sender.simulator.scenario import Moment, Scenario
from sender.simulator.simulator import Simulator
from tests.sender.simulator.esme import esme
from tests.sender.simulator.running import QUICK, until

NUMBERS = [f"+3363998{i:04d}" for i in range(40)]

STORY = """
[knobs]
lost_answers = 0.1
errors = { "0x08" = 0.2, "0x0B" = 0.1 }

[[step]]
after = 10
until_after = 15
set = { bind_status = "0x0D", errors = { "0x45" = 1 } }

[[step]]
after = 20
act = "inbound"
number = "+33639980007"
text = "STOP"

[[step]]
after = 30
act = "disconnect"
"""


def test_a_scenario_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "story.toml").write_text(STORY)
    scenario = Scenario.read(tmp_path / "story.toml")
    assert scenario.knobs["lost_answers"] == 0.1
    assert [(step.begin, step.end, step.act) for step in scenario.steps] == [
        (Moment(after=10), Moment(after=15), ""),
        (Moment(after=20), None, "inbound"),
        (Moment(after=30), None, "disconnect"),
    ]
    assert scenario.steps[0].changes["bind_status"] == Status.BIND_FAILED


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("knob = 3", "no “knob”"),
        ("knobs = 3", "one table"),
        ("[step]", "as \\[\\[step\\]\\]"),
        ("[knobs]\nrefuse = 1", "no knob “refuse”"),
        ("[[step]]\nat = 1", "step 1: it has either “set” or “act”"),
        ('[[step]]\nat = 1\nact = "unbind"\nset = { silent = true }', "either"),
        ("[[step]]\nset = { silent = true }", "no beginning"),
        ("[[step]]\nat = 1\nafter = 2\nset = { silent = true }", "“at” or “after”"),
        ("[[step]]\nat = -1\nset = { silent = true }", "no moment"),
        ('[[step]]\nat = "soon"\nset = { silent = true }', "no moment"),
        ('[[step]]\nat = 1\nact = "explode"', "no act “explode”"),
        ('[[step]]\nat = 1\nact = "inbound"', "wants “number” and “text”"),
        ("[[step]]\nat = 1\nwhen = 2\nset = { silent = true }", "no “when”"),
        ('[[step]]\nat = 1\nset = "silent"', "step 1"),
        ('[[step]]\nat = 1\nact = "restart"\ndown_s = "long"', "step 1"),
        ("[[step", "array declaration"),
        ("[[step]]\nat = 5\nuntil = 2\nset = { silent = true }", "step 1: it ends at 2 s and begins at 5 s"),
        ("[[step]]\nafter = 5\nuntil_after = 5\nset = { silent = true }", "ends after 5 submit_sm and begins after 5"),
        ('[[step]]\nat = 1\nuntil = 2\nact = "unbind"', "“unbind” happens once"),
        ("[[step]]\nat = inf\nset = { silent = true }", "no moment"),
        ('[[step]]\nat = 1\nact = "inbound"\nnumber = "abc"\ntext = "STOP"', "“abc” is no phone's number: write it as"),
        ('[[step]]\nat = 1\nact = "restart"\ndown_s = nan', "no time to be down"),
    ],
)
def test_what_is_no_scenario_is_refused_with_its_place(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "story.toml").write_text(text)
    with pytest.raises(ValueError, match=word) as told:
        Scenario.read(tmp_path / "story.toml")
    assert str(told.value).startswith(str(tmp_path / "story.toml"))


def test_a_file_that_is_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "story.toml").write_bytes(b"[knobs]\n\xff")
    with pytest.raises(ValueError, match=r"story\.toml: byte 9 is no UTF-8; a scenario is a text of TOML"):
        Scenario.read(tmp_path / "story.toml")


async def play(text: str) -> Ledger:
    """Submits to everybody, each when all is over with the one before, whatever becomes of the connection."""
    running = Simulator((), QUICK, scenario=Scenario.parse(text))
    port = await running.start()
    try:
        waiting = iter(NUMBERS)
        number = next(waiting, None)
        while number:
            async with esme(port) as client:
                await client.bind()
                with suppress(ConnectionError):
                    while number and not client.reader.at_eof():
                        heard = running.submitted
                        client.send_part(number, b"Bonjour")
                        number = next(waiting, None)
                        await until(lambda heard=heard: running.submitted > heard)  # type: ignore[misc]
                        await until(lambda: running.idle() or client.reader.at_eof())
        async with esme(port) as client:
            await client.bind()
            await until(running.idle)
    finally:
        await running.stop()
    return running.ledger


def story(ledger: Ledger) -> object:
    """What the ledger tells, moments and ids apart."""
    return (
        [ledger.messages(number) for number in NUMBERS],
        [replace(entry, at=None) for entry in (*ledger.refusals, *ledger.inbound, *ledger.steps)],  # type: ignore[type-var]
        [entry.why for entry in ledger.disconnects],
    )


async def test_a_scenario_replays() -> None:
    first, again = await play(STORY), await play(STORY)
    assert story(first) == story(again)
    assert [(entry.step.split(" ")[0], entry.submitted) for entry in first.steps] == [
        ("bind_status", 10),
        ("end", 15),
        ("inbound", 20),
        ("disconnect", 30),
    ]
    assert [(entry.number, entry.text, entry.stop) for entry in first.inbound] == [("+33639980007", "STOP", True)]
    assert sum(refusal.status == Status.SUBMIT_FAILED for refusal in first.refusals) == 5
    assert [entry.why for entry in first.disconnects] == ["disconnect"]


async def test_a_restarted_smsc_comes_back_on_its_port_and_forgets_nothing() -> None:
    text = '[knobs]\ndelivery_delay = "0.3"\n[[step]]\nafter = 1\nact = "restart"\ndown_s = 0.1'
    running = Simulator((), QUICK, scenario=Scenario.parse(text))
    port = await running.start()
    async with esme(port) as client:
        await client.bind()
        client.send_part(NUMBERS[0], b"Bonjour")
        with suppress(ConnectionError):
            await client.cut_off()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    await until(lambda: running.is_listening)
    async with esme(port) as client:
        await client.bind()
        await client.until(lambda events: any(map(is_receipt, events)))
        await until(running.idle)
    await running.stop()
    assert [entry.why for entry in running.ledger.disconnects] == ["restart"]
    assert running.ledger.messages(NUMBERS[0])[0].state == "DELIVERED"


async def test_steps_have_their_time_and_clients_are_left_politely() -> None:
    text = """
        [[step]]
        at = 0.0
        until = 0.1
        set = { silent = true }
        [[step]]
        after = 1
        act = "unbind"
    """
    running = Simulator((), QUICK, scenario=Scenario.parse(text))
    port = await running.start()
    await until(lambda: len(running.ledger.steps) == 2)
    async with esme(port) as client:
        assert await client.bind() == Status.OK
        client.send_part(NUMBERS[0], b"Bonjour")
        await client.cut_off()
        assert client.count("unbind") == 1
    await running.stop()
    assert [entry.step for entry in running.ledger.steps] == ["silent = True", "end of silent = True", "unbind"]
