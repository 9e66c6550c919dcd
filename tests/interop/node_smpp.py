"""The sender against an SMSC that others wrote: the npm package `smpp`, a codec and a server of its own, in JavaScript.

Not a part of `make test`: `make interop` installs the package and names this file to pytest.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import select

from linksvc.applier import apply_batch
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.fragments import split
from linksvc.models import Inbound, Message, Suppression
from linksvc.send_batches import Run, deal
from tests import factories
from tests.interop.conftest import Sending

SMSC = Path(__file__).with_name("smsc.js")
MODULES = Path(__file__).parents[2] / "build" / "interop" / "node_modules"
PATIENCE_S = 60

SHORT = "Bonjour {{ stop }}"
LONG = "{{ first_name }}, l'été à Genève : [€5 offerts] " + "ñandu, Øre, Ωmega et ~tilde~ " * 12 + "{{ stop }}"
WIDE = "Ça y est 🎉 " + "l'œuvre est prête, {{ first_name }} 😀 " * 6 + "{{ stop }}"


class Node:
    """The SMSC's process. `events` holds what it told, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.events: list[dict[str, Any]] = []
        self._process = process
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            self.events.append(json.loads(line))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    async def first(self, kind: str) -> dict[str, Any]:
        await until(lambda: self.of(kind))
        return self.of(kind)[0]

    def order(self, order: str, **fields: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"order": order, **fields}).encode() + b"\n")

    async def stop(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        assert await asyncio.wait_for(self._process.wait(), PATIENCE_S) == 0
        await self._task


@asynccontextmanager
async def node(**plan: int) -> AsyncIterator[Node]:
    """The SMSC, listening. It must not have met anything that it takes for an error."""
    process = await asyncio.create_subprocess_exec(
        "node",
        SMSC,
        json.dumps(plan),
        env={"NODE_PATH": str(MODULES), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    peer = Node(process)
    try:
        yield peer
    finally:
        await peer.stop()
    assert not peer.of("error")


async def until(ready: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not ready():
            await asyncio.sleep(0.02)


def states(engine: Engine, campaign_id: int) -> Counter[str]:
    """The campaign's messages by state, once every fact is applied."""
    while apply_batch(engine, campaign_id, "interop", now):
        pass
    with reading(engine) as session:
        return Counter(session.exec(select(Message.state).where(Message.campaign_id == campaign_id)))


def rows(engine: Engine, table: type) -> list[Any]:
    with reading(engine) as session:
        found = list(session.exec(select(table)))
        session.expunge_all()
        return found


def texts(submissions: list[dict[str, Any]]) -> dict[str, str]:
    """What each number's phone shows: parts put in order by the headers as node reads them."""
    parts: dict[str, dict[int, str]] = {}
    for one in submissions:
        place = int(one["udh"][0][-2:], 16) if one["udh"] else 1
        parts.setdefault(one["number"], {})[place] = one["text"]
    return {number: "".join(known[place] for place in sorted(known)) for number, known in parts.items()}


async def test_texts_of_every_kind_arrive_as_they_were_written_and_each_receipt_is_understood(
    engine: Engine, sending: Sending
) -> None:
    workspace_id = factories.workspace(engine)
    campaigns = [factories.produced_campaign(engine, workspace_id, 9, text=text) for text in (SHORT, LONG, WIDE)]
    written = [text.replace("{{ first_name }}", "Zoé").replace("{{ stop }}", "STOP 36180") for text in (SHORT, LONG, WIDE)]
    async with node() as smsc:
        factories.route(engine, port=(await smsc.first("listening"))["port"], rate_per_s=200)
        async with sending():
            expected = sum(9 * len(split(text).parts) for text in written)
            await until(lambda: len(smsc.of("receipt_answered")) == expected)
            smsc.order("enquire")
            assert (await smsc.first("alive"))["status"] == 0
            await until(lambda: all(states(engine, one) == {"delivered": 9} for one in campaigns))
        assert smsc.of("unbind")
    assert smsc.of("bind_transceiver") == [{"event": "bind_transceiver", "known": True, "version": 0x34}]
    submissions = smsc.of("submit_sm")
    assert len(submissions) == expected
    assert Counter(texts(submissions).values()) == Counter(dict.fromkeys(written, 9))
    assert {one["registered_delivery"] & 1 for one in submissions} == {1}
    assert {(one["data_coding"], bool(one["udh"])) for one in submissions} == {(0, False), (0, True), (8, True)}
    assert {event["status"] for event in smsc.of("receipt_answered")} == {0}


async def test_what_is_throttled_leaves_later_and_once(engine: Engine, sending: Sending) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 40, text=SHORT)
    async with node(throttle_every=8) as smsc:
        factories.route(engine, port=(await smsc.first("listening"))["port"], rate_per_s=200)
        async with sending():
            await until(lambda: states(engine, campaign_id) == {"delivered": 40})
    assert len(smsc.of("throttled")) >= 5
    assert set(Counter(one["number"] for one in smsc.of("submit_sm")).values()) == {1}


async def test_a_stop_is_obeyed_and_a_long_answer_is_put_together(engine: Engine, sending: Sending) -> None:
    workspace_id = factories.workspace(engine)
    first = factories.produced_campaign(engine, workspace_id, 3, text=SHORT)
    numbers = [f"336399{first % 10}{n:04d}" for n in range(3)]
    async with node() as smsc:
        factories.route(engine, port=(await smsc.first("listening"))["port"])
        async with sending():
            await until(lambda: states(engine, first) == {"delivered": 3})
            phone = {"source_addr_ton": 1, "source_addr_npi": 1, "destination_addr": "36180"}
            smsc.order("deliver", source_addr=numbers[1], short_message="STOP", **phone)
            for part in (2, 1):
                smsc.order(
                    "deliver",
                    source_addr=numbers[2],
                    esm_class=0x40,
                    udh=f"0500037f020{part}",
                    short_message=("Où est ", "la boutique ?")[part - 1],
                    data_coding=3,
                    **phone,
                )
            # node-smpp chooses the coding: GSM 03.38 under data_coding 1, or UCS-2.
            smsc.order("deliver", source_addr=numbers[0], short_message="Où ? €", **phone)
            smsc.order("deliver", source_addr=numbers[0], short_message="Oui 🎉", **phone)
            await until(lambda: len(smsc.of("delivered")) == 5)
            assert {event["status"] for event in smsc.of("delivered")} == {0}
            second = again(engine, workspace_id, first)
            await until(lambda: sum(states(engine, second).values()) == states(engine, second)["delivered"] + 1)
    assert {row.number for row in rows(engine, Suppression)} == {f"+{numbers[1]}"}
    assert sorted(row.text for row in rows(engine, Inbound)) == ["Oui 🎉", "Où ? €", "Où est la boutique ?", "STOP"]
    after = [one["number"] for one in smsc.of("submit_sm") if one["text"].startswith("Rebonjour")]
    assert sorted(after) == [numbers[0], numbers[2]]
    # The campaign's message, and the one that confirms.
    assert [one["number"] for one in smsc.of("submit_sm")].count(numbers[1]) == 2


def again(engine: Engine, workspace_id: int, campaign_id: int) -> int:
    """Another campaign to the same people, already produced."""
    second = factories.campaign(
        engine, workspace_id, state="sending", produced=3, text="Rebonjour {{ stop }}", destination_url=""
    )
    with writing(engine) as session:
        known = select(Message.n, Message.contact_id, Message.number).where(Message.campaign_id == campaign_id)
        for n, contact_id, number in session.exec(known).all():
            session.add(
                Message(
                    campaign_id=second,
                    n=n,
                    contact_id=contact_id,
                    number=number,
                    country="FR",
                    tracked=False,
                    produced_at=factories.NOW,
                )
            )
        deal(session, second, 0, [Run("FR", "", 3, factories.NOW)])
    return second
