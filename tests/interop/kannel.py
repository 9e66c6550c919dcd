"""Debian's Kannel as a client of our simulator: binds, submits short and long texts, is throttled, takes receipts and what
phones write, and comes back after its connection was cut.

Not a part of `make test`: `make interop` installs Kannel and names this file to pytest.
"""

import asyncio
import os
import shutil
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest

from sender.simulator.delays import Delay
from sender.simulator.scenario import Scenario
from sender.simulator.settings import IdForm, SmscSettings
from sender.simulator.simulator import Simulator
from tests.sender.simulator.running import QUICK

CONFIGURATION = Path(__file__).with_name("kannel.conf")
PATIENCE_S = 60
NUMBERS = [f"+3363998{i:04d}" for i in range(20)]

HEX_IN_BOTH, HEX_IN_ANSWERS = "0x03", "0x01"
"""Kannel's msg-id-type: which base the ids of receipts and of answers are in."""

WIDE = "2"
"""Kannel's coding of UCS-2; what it hands on of that is the bare octets."""

DELIVERED, FAILED = 1, 2
"""Bits of Kannel's dlr-mask."""


@dataclass
class Web:
    """What Kannel tells by HTTP: one query a report or message."""

    port: int = 0
    reports: list[dict[str, str]] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def web() -> Iterator[Web]:
    told = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query, encoding="latin-1").items()}
            if address.path == "/mo":
                coding = "utf-16-be" if query["coding"] == WIDE else "utf-8"
                told.messages.append(query | {"text": query["text"].encode("latin-1").decode(coding)})
            else:
                told.reports.append(query)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Kannel:
    """A running bearerbox and smsbox."""

    sendsms_port: int
    web_port: int

    async def send(self, number: str, text: str, *, wide: bool = False, mask: int = DELIVERED | FAILED) -> None:
        query = {
            "username": "interop",
            "password": "interop",
            "from": "Lumen",
            "to": number,
            "text": text,
            "charset": "UTF-8",
            "coding": WIDE if wide else "0",
            "dlr-mask": str(mask),
            "dlr-url": f"http://127.0.0.1:{self.web_port}/dlr?number={number[1:]}&type=%d",
        }
        url = f"http://127.0.0.1:{self.sendsms_port}/cgi-bin/sendsms?{urlencode(query)}"
        await asyncio.to_thread(lambda: urlopen(url, timeout=PATIENCE_S).close())


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found, f"{name} is missing: make interop installs it"
    return found


async def until(ready: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not ready():
            await asyncio.sleep(0.05)


async def answers(port: int) -> None:
    """Waits until somebody listens."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


@asynccontextmanager
async def kannel(folder: Path, smsc_port: int, web_port: int, id_type: str) -> AsyncIterator[Kannel]:
    admin_port, smsbox_port, sendsms_port = free_ports(3)
    path = folder / "kannel.conf"
    path.touch(mode=0o600)
    path.write_text(
        CONFIGURATION.read_text().format(
            folder=folder,
            admin_port=admin_port,
            smsbox_port=smsbox_port,
            sendsms_port=sendsms_port,
            smsc_port=smsc_port,
            web_port=web_port,
            id_type=id_type,
        )
    )
    boxes: list[asyncio.subprocess.Process] = []
    quiet = asyncio.subprocess.DEVNULL
    try:
        for name, port in (("bearerbox", smsbox_port), ("smsbox", sendsms_port)):
            command = (program(name), "-v", "4", str(path))
            boxes.append(await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet, cwd=folder))
            await answers(port)
        yield Kannel(sendsms_port, web_port)
    finally:
        for box in reversed(boxes):
            if box.returncode is None:
                box.terminate()
            try:
                await asyncio.wait_for(box.wait(), 10)
            except TimeoutError:
                box.kill()
                await box.wait()


@asynccontextmanager
async def pair(
    folder: Path, settings: SmscSettings, id_type: str = HEX_IN_BOTH, scenario: str = ""
) -> AsyncIterator[tuple[Simulator, Kannel, Web]]:
    """A simulator and a Kannel that has bound to it."""
    running = Simulator((), settings, scenario=Scenario.parse(scenario))
    port = await running.start()
    try:
        with web() as told:
            async with kannel(folder, port, told.port, id_type) as client:
                await until(lambda: running.bound)
                yield running, client, told
    finally:
        await running.stop()


def states(running: Simulator) -> list[str]:
    return [record.state for number in NUMBERS for record in running.ledger.messages(number)]


IDS = {
    "in hexadecimal everywhere": (IdForm.HEX, IdForm.HEX, HEX_IN_BOTH),
    "in decimal in receipts": (IdForm.HEX_CAPITALS, None, HEX_IN_ANSWERS),
}


@pytest.mark.parametrize("ids", IDS)
async def test_kannel_submits_and_understands_our_receipts(tmp_path: Path, ids: str) -> None:
    answer_id, tlv_id, id_type = IDS[ids]
    settings = replace(
        QUICK, failed=0.3, answer_id=answer_id, tlv_id=tlv_id, receipt_id=IdForm.DECIMAL, en_route_receipts=0.3
    )
    async with pair(tmp_path, settings, id_type) as (running, client, told):
        for number in NUMBERS:
            await client.send(number, "Bonjour Zoé, l'été à Genève : [€5 offerts]")
        await until(lambda: len(told.reports) >= 20 and running.idle())
        outcome = states(running)
        assert len(outcome) == 20
        reported = [report["type"] for report in told.reports]
        assert reported.count(str(DELIVERED)) == outcome.count("DELIVERED") > 0
        assert reported.count(str(FAILED)) == 20 - outcome.count("DELIVERED") > 0
        assert {f"+{report['number']}" for report in told.reports} == set(NUMBERS)
        assert not running.ledger.anomalies


async def test_what_kannel_cuts_we_put_together(tmp_path: Path) -> None:
    texts = [
        ("Il fait [beau] à Genève ~ {oui} ~ " * 12 + "€", False),
        ("x" * 152 + "€" + "y" * 152 + "€", False),
        ("Ça y est 🎉 l'œuvre est prête 😀 " * 7, True),
    ]
    async with pair(tmp_path, QUICK) as (running, client, told):
        for number, (text, wide) in zip(NUMBERS, texts, strict=False):
            await client.send(number, text, wide=wide)
        # Kannel asks for the receipt of one part only.
        await until(lambda: len(told.reports) >= len(texts) and running.idle())
        for number, (text, _) in zip(NUMBERS, texts, strict=False):
            (record,) = running.ledger.messages(number)
            assert record.text == text
            assert record.parts > 1
            assert set(record.accepted.values()) == {1}


async def test_kannel_tries_again_what_we_throttle(tmp_path: Path) -> None:
    async with pair(tmp_path, replace(QUICK, throttled=0.3)) as (running, client, told):
        for number in NUMBERS:
            await client.send(number, "Bonjour")
        await until(lambda: len(told.reports) >= 20 and running.idle())
        assert states(running) == ["DELIVERED"] * 20
        assert len(running.ledger.refusals) > 2


async def test_kannel_takes_what_phones_write_whole_and_in_parts(tmp_path: Path) -> None:
    settings = replace(QUICK, inbound_count=25, inbound_long=0.5, duplicate_inbound=0.2)
    async with pair(tmp_path, settings) as (running, client, told):
        # A bearerbox that gets messages before its smsbox is there lets them lie for a minute.
        await client.send(NUMBERS[0], "Bonjour")
        await until(lambda: told.reports)
        running.turn(inbound_per_s=50.0)
        await until(lambda: running.idle() and len(told.messages) >= len(running.ledger.inbound))
        taken = [(entry.number, entry.text) for entry in running.ledger.inbound]
        assert len(taken) > 25
        assert Counter((f"+{one['from'].lstrip('+')}", one["text"]) for one in told.messages) == Counter(taken)
        assert any(len(text) > 160 for _, text in taken)


async def test_kannel_comes_back_after_a_cut_in_mid_window_and_everything_arrives(tmp_path: Path) -> None:
    settings = replace(QUICK, answer_delay=Delay.parse("0.2"), malformed_pdus=0.2)
    cut = '[[step]]\nafter = 12\nact = "disconnect"'
    async with pair(tmp_path, settings, scenario=cut) as (running, client, _):
        for number in NUMBERS:
            await client.send(number, "Bonjour")
        await until(lambda: all(running.ledger.messages(number) for number in NUMBERS) and running.idle())
        ledger = running.ledger
        assert [entry.unanswered > 0 for entry in ledger.disconnects] == [True]
        assert all(record.state == "DELIVERED" for number in NUMBERS for record in ledger.messages(number))
        # Kannel submits again what it got no answer to: this is what our sender must never do.
        assert any(len(ledger.messages(number)) > 1 for number in NUMBERS)
