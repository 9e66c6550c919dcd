"""The whole simulation against a small real web: what the ledger says is what the web saw."""

import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest

from sender.simulator.agents import DISGUISED_MACHINE, MACHINE, MACHINES, PERSON, PHONES
from sender.simulator.behaviour import GLUED, Behaviour, Habits
from sender.simulator.ledger import Disguise, Ledger
from sender.simulator.population import Consents, Person, people
from sender.simulator.settings import Pace, SmscSettings
from sender.simulator.simulator import Simulator
from sender.simulator.till import ShopAccess
from tests.sender.simulator.esme import esme
from tests.sender.simulator.running import QUICK, simulator, until
from tests.sender.simulator.small_web import SmallWeb

BUSY = Habits(previewed=0.5, disguised=0.3, clicking=0.5, redeeming=0.6, redeeming_unclicked=0.3, stopping=0.1)
TROUBLED = replace(
    QUICK,
    refused=0.1,
    throttled=0.2,
    failed=0.1,
    expired=0.1,
    unknown=0.05,
    missing_receipts=0.1,
    early_receipts=0.3,
    duplicate_receipts=0.3,
    en_route_receipts=0.2,
)


def someone(**behaviour: object) -> Person:
    consenting = people(1, seed=1, consents=Consents(marketing=1, tracking=1))[0]
    return replace(consenting, behaviour=Behaviour(**behaviour))  # type: ignore[arg-type]


def code_of(index: int) -> str:
    return f"{index:04d}-BCDF-GHJK"


def text_for(web: SmallWeb, index: int, person: Person) -> str:
    """In one part or several, as the name has it."""
    return f"Bonjour {person.first_name}, -10 % : {web.url}/link{index:07d} code {code_of(index)} {'!' * 90} STOP 36180"


async def campaign(
    web: SmallWeb, crowd: tuple[Person, ...], settings: SmscSettings, access: ShopAccess | None = None
) -> Ledger:
    """Sends everybody a message and waits until all is over."""
    async with simulator(settings, crowd, access) as (running, port), esme(port) as client:
        await client.bind()
        for index, person in enumerate(crowd):
            await client.submit(person.number, text_for(web, index, person))
        await until(running.idle)
        assert running.ledger.anomalies == []
        return running.ledger


async def test_the_ledger_says_what_the_web_saw(small_web: SmallWeb, shop: ShopAccess) -> None:
    crowd = people(80, seed=5, habits=BUSY)
    ledger = await campaign(small_web, crowd, TROUBLED, shop)
    records = [record for person in crowd for record in ledger.messages(person.number)]
    truth = ledger.truth(crowd)
    kinds = sum((record.hits for record in records), Counter[str]())
    assert kinds.total() == len(small_web.hits)
    assert set(kinds) == {PERSON, MACHINE, DISGUISED_MACHINE}
    assert truth["machine_hits"] == kinds[MACHINE]
    assert truth["redeemed"] == small_web.code_uses.total() > 0
    assert truth["revenue_minor"] == small_web.paid_minor
    assert small_web.replays > 0
    pending = sum(record.submitted and record.state == "PENDING" for record in records)
    assert truth["submitted"] == truth["delivered"] + truth["failed"] + truth["unknown"] + pending
    assert all(truth[name] for name in ("delivered", "failed", "unknown", "clicked", "opted_out"))
    assert truth["submitted"] < len(crowd)
    assert any(record.parts > 1 for record in records)
    assert all(max(record.accepted.values()) == 1 for record in records)


async def test_the_same_seed_tells_the_same_story(small_web: SmallWeb) -> None:
    stories = []
    for _ in range(2):
        crowd = people(40, seed=9, habits=BUSY)
        small_web.hits.clear()
        ledger = await campaign(small_web, crowd, replace(TROUBLED, seed=9))
        hits = Counter((hit.method, hit.path, hit.peer, hit.headers.get("user-agent")) for hit in small_web.hits)
        stories.append((ledger.truth(crowd), ledger.disguised(crowd), hits))
    assert stories[0] == stories[1]
    other = await campaign(small_web, people(40, seed=10, habits=BUSY), replace(TROUBLED, seed=10))
    assert other.truth(people(40, seed=10, habits=BUSY)) != stories[0][0]


@pytest.mark.parametrize("name", MACHINES)
async def test_a_machine_that_says_so_opens_the_link_and_clicks_nothing(small_web: SmallWeb, name: str) -> None:
    who = someone(machines=(name,))
    ledger = await campaign(small_web, (who,), QUICK)
    (hit,) = small_web.hits
    machine = MACHINES[name]
    assert (hit.method, hit.headers.get("user-agent", "")) == (machine.method, machine.user_agent)
    assert ("user-agent" in hit.headers) == bool(machine.user_agent)
    assert {(header, value) for header, value in machine.headers if hit.headers.get(header.lower()) != value} == set()
    truth = ledger.truth([who])
    assert (truth["machine_hits"], truth["clicked"]) == (1, 0)


async def test_a_person_clicks_again_and_again_from_one_address(small_web: SmallWeb) -> None:
    who = someone(clicks=3, phone=PHONES[-1], private=True)
    ledger = await campaign(small_web, (who,), QUICK)
    assert len(small_web.hits) == 3
    assert len({hit.peer for hit in small_web.hits}) == 1
    assert small_web.hits[0].peer != "127.0.0.1"
    assert {hit.headers["user-agent"] for hit in small_web.hits} == {PHONES[-1]}
    assert {hit.headers["sec-gpc"] for hit in small_web.hits} == {"1"}
    assert ledger.truth([who])["clicked"] == 1


@pytest.mark.parametrize("glued", [glued for glued in GLUED if glued != "?"])
async def test_punctuation_is_glued_to_the_link(small_web: SmallWeb, glued: str) -> None:
    await campaign(small_web, (someone(clicks=1, glued=glued),), QUICK)
    assert small_web.hits[0].path == "/link0000000" + glued.replace("%29", ")")


async def test_nobody_clicks_before_a_person_can_however_fast_the_rest_goes(small_web: SmallWeb) -> None:
    hasty = someone(clicks=1)
    pace = replace(Pace(), quickest_s=0.3)
    async with simulator(replace(QUICK, speed=1_000), (hasty,), pace=pace) as (running, port), esme(port) as client:
        await client.bind()
        sent_at = time.monotonic()
        await client.submit(hasty.number, text_for(small_web, 0, hasty))
        await until(running.idle)
        assert time.monotonic() - sent_at >= 0.3
        assert running.ledger.messages(hasty.number)[0].hits == {PERSON: 1}


async def test_a_machine_in_disguise_makes_no_click_of_anybodys(small_web: SmallWeb) -> None:
    who = someone(disguised="phone farm")
    ledger = await campaign(small_web, (who,), QUICK)
    assert ledger.truth([who])["clicked"] == 0
    assert ledger.truth([who])["machine_hits"] == 0
    assert ledger.disguised([who]) == Disguise(frozenset({who.number}), 1)


async def test_phones_act_on_what_arrived_though_no_receipt_says_so(small_web: SmallWeb) -> None:
    who = someone(clicks=1)
    for trouble in ({"missing_receipts": 1}, {"failed": 1}):
        ledger = await campaign(small_web, (who,), replace(QUICK, arriving_anyway=1, **trouble))  # type: ignore[arg-type]
        truth = ledger.truth([who])
        assert (truth["clicked"], truth["delivered"]) == (1, 0)


async def test_what_does_not_arrive_is_not_acted_on(small_web: SmallWeb) -> None:
    await campaign(small_web, (someone(clicks=1, machines=("curl",)),), replace(QUICK, failed=1, arriving_anyway=0))
    assert not small_web.hits


async def test_a_till_asks_again_until_it_is_answered_and_pays_once(small_web: SmallWeb, shop: ShopAccess) -> None:
    small_web.stumbles = 2
    who = someone(redeems=True, retries=True, spends_twice=True)
    ledger = await campaign(small_web, (who,), QUICK, shop)
    assert small_web.code_uses == {code_of(0).replace("-", ""): 1}
    assert small_web.replays == 1
    assert len(small_web.answers) == 2
    truth = ledger.truth([who])
    assert (truth["redeemed"], truth["revenue_minor"], truth["clicked"]) == (1, small_web.paid_minor, 0)


async def test_a_spent_code_at_its_first_use_is_an_anomaly(small_web: SmallWeb, shop: ShopAccess) -> None:
    small_web.code_uses[code_of(0).replace("-", "")] = 1
    async with simulator(QUICK, (who := someone(redeems=True),), shop) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(who.number, text_for(small_web, 0, who))
        await until(running.idle)
        assert [anomaly.what for anomaly in running.ledger.anomalies] == ["a code was not valid", "a code was refused"]
        assert running.ledger.truth([who])["redeemed"] == 0


async def test_a_link_that_leads_nowhere_counts_for_nothing_and_is_told(small_web: SmallWeb) -> None:
    small_web.status = 404
    async with simulator(QUICK, (who := someone(clicks=1, machines=("curl",)),)) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(who.number, text_for(small_web, 0, who))
        await until(running.idle)
        assert [anomaly.what for anomaly in running.ledger.anomalies] == ["a link led nowhere"] * 2
        truth = running.ledger.truth([who])
        assert (truth["clicked"], truth["machine_hits"]) == (0, 0)


async def test_an_answer_that_never_comes_counts_for_nothing_and_is_told(unused_tcp_port: int) -> None:
    async with simulator(QUICK, (who := someone(clicks=1),)) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit(who.number, f"http://127.0.0.1:{unused_tcp_port}/link")
        await until(running.idle)
        assert [anomaly.what for anomaly in running.ledger.anomalies] == ["a link was not answered"]
        assert running.ledger.truth([who])["clicked"] == 0


async def test_strangers_messages_are_taken_and_nobody_acts(small_web: SmallWeb) -> None:
    async with simulator(QUICK) as (running, port), esme(port) as client:
        await client.bind()
        await client.submit("+33639989999", f"{small_web.url}/link")
        await until(running.idle)
        assert running.ledger.messages("+33639989999")[0].state == "DELIVERED"
        assert not small_web.hits


async def test_a_stopped_simulator_leaves_nothing_running(small_web: SmallWeb) -> None:
    who = someone(clicks=1)
    running = Simulator((who,), QUICK)
    async with esme(await running.start()) as client:
        await client.bind()
        await client.submit(who.number, text_for(small_web, 0, who))
        await running.stop()
        assert running.idle()
    assert len(asyncio.all_tasks()) == 1


def test_the_command_lines_simulator_stops_at_a_signal() -> None:
    script = (
        "from sender.simulator.simulator import run_smsc\n"
        "from sender.simulator.population import people\n"
        "from sender.simulator.settings import Pace, SmscSettings\n"
        "run_smsc('127.0.0.1', 0, people(3, 1), SmscSettings(), on_ready=lambda port: print('port', port, flush=True))\n"
        "print('stopped')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("port"):
            assert line
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read().endswith("stopped\n")
        assert process.wait(10) == 0
