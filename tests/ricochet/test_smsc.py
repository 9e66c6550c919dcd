"""`ricochet smsc` as it is typed: knobs, scenarios and the ledger of a process of its own."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sender.pdus import Status
from sender.simulator.ledger import Ledger
from tests.ricochet.conftest import Terminal
from tests.sender.simulator.esme import esme
from tests.sender.simulator.running import until

RICOCHET = Path(sys.executable).parent / "ricochet"
NUMBER = "+33639980000"
SCENARIO = """
[knobs]
refused = 1.0
speed = 20
[[step]]
after = 1
set = { limit_per_s = 0.01, limit_status = "0x14" }
"""


@asynccontextmanager
async def smsc(*options: str) -> AsyncIterator[int]:
    """The port of a simulator that is stopped at the end as Ctrl-C does it."""
    process = await asyncio.create_subprocess_exec(
        RICOCHET, "smsc", "--port", "0", *options, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout
        while b"The SMSC listens on 127.0.0.1:" not in (line := await process.stdout.readline()):
            assert line
        yield int(line.split(b":")[1].split(b",")[0])
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_a_scenario_and_knobs_are_played_and_written_down(tmp_path: Path) -> None:
    (tmp_path / "monday.toml").write_text(SCENARIO)
    ledger, options = tmp_path / "truth.jsonl", ("--knob", "refused=0", "--knob", "answer_id=decimal", "--recipients", "5")
    async with (
        smsc("--scenario", str(tmp_path / "monday.toml"), "--ledger", str(ledger), *options) as port,
        esme(port) as client,
    ):
        await client.bind()
        (answer,) = await client.submit(NUMBER, "Bonjour")
        # What the command line says went before the file.
        assert (answer.status, answer.text("message_id").isdecimal()) == (Status.OK, True)
        # The scenario's step allows one in a hundred seconds.
        await client.submit(NUMBER, "Bonjour")
        assert (await client.submit(NUMBER, "Bonjour"))[0].status == Status.QUEUE_FULL
        await until(lambda: bool(client.deliveries))
    read = Ledger.read(ledger)
    assert [entry.step for entry in read.steps] == ["limit_per_s = 0.01, limit_status = 20"]
    assert [refusal.status for refusal in read.refusals] == [Status.QUEUE_FULL]


async def test_the_quick_one_takes_everything() -> None:
    async with smsc("--quick") as port, esme(port) as client:
        assert await client.bind(system_id="anybody", password="anything") == Status.OK
        await client.submit(NUMBER, "Bonjour")
        await until(lambda: bool(client.deliveries))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--knob", "refused=2"), "knob refused: 2 is no share"),
        (("--knob", "receipt_forms=origami:1"), "no form “origami”"),
        (("--scenario", "missing.toml"), "missing.toml cannot be used: No such file or directory."),
        (("--ledger", "missing/truth.jsonl"), "missing/truth.jsonl cannot be used: No such file or directory."),
        (("--tls-certificate", "missing.pem"), "the certificate missing.pem cannot be read: No such file or directory"),
        (("--tls-certificate", __file__), "test_smsc.py holds no certificate with its private key"),
        (("--host", "no.such.host.invalid"), "port 0 on no.such.host.invalid cannot be used: "),
    ],
)
def test_what_cannot_be_is_told_in_a_line(terminal: Terminal, options: tuple[str, ...], word: str) -> None:
    told = terminal.refused("smsc", "--port", "0", *options, status=1)
    assert word in told
    assert len(told.splitlines()) == 1


def test_a_taken_port_is_told_by_its_number(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = terminal.refused("smsc", "--port", port, status=1)
    assert f"port {port} on 127.0.0.1 cannot be used: Address already in use. Choose another one with --port" in told
    assert "Errno" not in told


def test_every_knob_is_listed_as_it_is_and_the_command_line_goes_before_the_file(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "monday.toml").write_text("[knobs]\nseed = 3\nspeed = 4\nlost_answers = 0.1\nfailed = 0.5")
    scenario = ("--scenario", str(tmp_path / "monday.toml"))
    lines = terminal.done("smsc", "--knobs", *scenario, "--knob", "lost_answers=0.25", "--seed", "7").splitlines()
    assert {"lost_answers = 0.25", "seed = 7", "speed = 4", "failed = 0.5", "expired = 0.02"} <= set(lines)
