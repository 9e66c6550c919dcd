"""A round of sending in which nothing holds: connections cut, the SMSC away, senders killed, the database standing still."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from os import environ
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import col, update

from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.models import Campaign
from linksvc.settings import Settings
from ricochet.installation import environment_of
from sender.simulator.ledger import Ledger
from tests import factories
from tests.rounds.campaigns import produced
from tests.rounds.report import Report, Round
from tests.rounds.senders import SEND, WORK, Processes, database_paused, processes, scenario, smsc
from tests.rounds.sending_laws import compare, is_settled

WINDOW = 20
RATE_PER_S = 1_000
KNOBS = (
    "speed=5",
    "early_receipts=0.2",
    "duplicate_receipts=0.1",
    "en_route_receipts=0.1",
    "missing_receipts=0",
    "malformed_receipts=0.01",
    "unknown_id_receipts=0.01",
    "malformed_pdus=0.005",
)
PATIENCE_S = 300
"""Between two steps of a round: a machine may be busy with something else."""

LOOK_S = 1.0
"""Between two looks at the whole ledger, which take their time."""


@dataclass(frozen=True)
class Trouble:
    """How often what happens, at random moments."""

    kills: int
    pauses: int
    cuts: int
    restarts: int
    pause_s: float = 3.0


def everything_at_once(settings: Settings, messages: int, trouble: Trouble, seed: int) -> Round:
    """The database is migrated and empty; two senders share it if it is PostgreSQL."""
    chance, engine = random.Random(seed), open_engine(settings.database)
    where, ledger = engine.dialect.name, settings.data_dir / "ledger.jsonl"
    senders = 1 if where == "sqlite" else 2
    report = Report(
        f"{messages:,} messages, {trouble.kills} kills -9 of {senders} senders, {trouble.pauses} pauses of the database, "
        f"{trouble.cuts} cuts and {trouble.restarts} restarts of the SMSC, seed {seed}",
        where,
    )
    campaign_id = produced(settings, messages).campaign_id
    story = scenario(settings.data_dir / "story.toml", chance, messages, trouble.cuts, trouble.restarts)
    knobs = [option for knob in KNOBS for option in ("--knob", knob)]
    options = ("--scenario", str(story), "--ledger", str(ledger), "--seed", str(seed), "--recipients", "1", *knobs)
    with smsc(settings, *options) as port:
        factories.route(engine, port=port, window_size=WINDOW, rate_per_s=RATE_PER_S, binds=senders)
        open_campaign(engine, campaign_id, RATE_PER_S)
        with processes(settings, *[SEND] * senders, WORK) as running:
            disturb(engine, running, senders, ledger, messages, trouble, chance)
            report.promise("no process ends by itself", not running.ended())
            wait_until(lambda: is_settled(engine, campaign_id, ledger), LOOK_S)
            report.promise("no process ends by itself until all is sent", not running.ended())
            wrong = running.stop()
            report.promise(f"each process ends as it should, but {', '.join(wrong)}", not wrong)
    truth = Ledger.read(ledger)
    lost = trouble.kills * senders + len(truth.disconnects)
    compare(report, engine, campaign_id, truth, unknown_at_most=WINDOW * lost)
    report.promise("`counters verify` finds no difference", verify(settings) == 0)
    engine.dispose()
    return report.end()


def open_campaign(engine: Engine, campaign_id: int, rate_per_s: int) -> None:
    """It may leave now, as fast as the route can."""
    with writing(engine) as session:
        values = {"rate_per_s": rate_per_s, "first_submit_after": now()}
        session.exec(update(Campaign).where(col(Campaign.id) == campaign_id).values(**values))


def disturb(
    engine: Engine,
    running: Processes,
    senders: int,
    ledger: Path,
    messages: int,
    trouble: Trouble,
    chance: random.Random,
) -> None:
    """Kills and pauses, each when so many messages as chance will have it were taken."""
    what = ["kill"] * trouble.kills + ["pause"] * trouble.pauses
    chance.shuffle(what)
    moments = sorted(chance.sample(range(messages // 20, messages * 9 // 10), len(what)))
    for event, moment in zip(what, moments, strict=True):
        wait_until(lambda moment=moment: taken(ledger) >= moment)  # type: ignore[misc]
        place = chance.randrange(senders)
        if event == "kill":
            running.kill(place)
            running.start_again(place)
        else:
            with database_paused(engine):
                time.sleep(trouble.pause_s)


def taken(ledger: Path) -> int:
    """How many parts the SMSC has taken."""
    return ledger.read_bytes().count(b'"PartAccepted"')


def wait_until(happened: Callable[[], bool], pause_s: float = 0.1) -> None:
    end = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"it did not happen within {PATIENCE_S} s")
        time.sleep(pause_s)


def verify(settings: Settings) -> int:
    command = [sys.executable, "-m", "ricochet", "counters", "verify"]
    return subprocess.run(command, env=environ | environment_of(settings), capture_output=True, check=False).returncode
