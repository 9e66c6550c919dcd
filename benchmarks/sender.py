"""The whole way of a message through the sender, on SQLite and on PostgreSQL, beside smpplib's PDU layer alone.

    python benchmarks/sender.py [--quick]

What is timed is the real processes, `ricochet send` and `ricochet work` on one core: messages are claimed, checked, marked,
rendered and submitted, their answers and receipts stored, and both applied to stamps and counters. It begins with the first
submit_sm and ends when the last message counts as delivered. The other core has the SMSC (`sender.simulator.quick`), which
is faster than what is measured, and the PostgreSQL server. The ceiling submits as many to the same SMSC from the same core
by smpplib's PDU layer on a bare asyncio loop, which stores nothing; it takes turns with the sender.

Two senders share one route of two binds on PostgreSQL; they and the SMSC share both cores, so their rate says nothing, but
their processor time for a message does. The SMSC's count of submissions tells whether any message left twice.
--quick takes 5,000 messages a round, the whole benchmark 20,000.
"""

import sys

# This file has the name of the package that it measures, and Python looks beside it first.
sys.path.append(sys.path.pop(0))

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

import ingest
import produce
import uvloop
from report import Metric, report
from sqlalchemy import Engine, func, text
from sqlmodel import col, select

from linksvc.clock import now
from linksvc.database import open_engine, reading, writing
from linksvc.models import Campaign, Message, Route, Workspace
from sender.simulator.quick import QuickSmsc

PARTS = Path(__file__).parent / "parts"
SECRET = "a key for the benchmark, of 38 characters"
SENDER_CORE, SMSC_CORE, BOTH = "0", "1", "0,1"
WINDOW = 100
RATE_PER_S = 1_000_000
"""More than anybody reaches: the pace is not what is measured."""

ROUNDS = 3
PATIENCE_S = 600


@dataclass(frozen=True)
class Round:
    """Messages a second, and the processor time of the measured processes for each."""

    per_s: float
    cpu_us: float
    peak_mb: float = 0.0


class Smsc:
    """A QuickSmsc in a thread of this process, which has the SMSC's core."""

    def __init__(self) -> None:
        self.quick = QuickSmsc()
        self._loop = uvloop.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.port = asyncio.run_coroutine_threadsafe(self.quick.start(), self._loop).result()


def prepare(engine: Engine, messages: int, port: int) -> None:
    produce.prepare(engine, messages)
    with writing(engine) as session:
        # It is benchmarked at any hour.
        session.get_one(Workspace, 1).quiet_hours = False
        route = Route(
            name="main",
            host="127.0.0.1",
            port=port,
            system_id="ricochet",
            window_size=WINDOW,
            rate_per_s=RATE_PER_S,
            created_at=now(),
        )
        session.add(route)


def ready(engine: Engine) -> int:
    """A campaign whose messages stand, and may leave tomorrow."""
    campaign_id = produce.send(engine, None)
    with writing(engine) as session:
        session.get_one(Campaign, campaign_id).rate_per_s = RATE_PER_S
    produce.produce(engine, campaign_id)
    with writing(engine) as session:
        session.get_one(Campaign, campaign_id).first_submit_after = now() + timedelta(days=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return campaign_id


@contextmanager
def running(url: str, folder: str, cores: str, commands: Sequence[str]) -> Iterator[list[int]]:
    """The project's processes on these cores, ended in the end; told are their ids."""
    environment = os.environ | {
        "RICOCHET_DATABASE_URL": url,
        "RICOCHET_DATA_DIR": folder,
        "RICOCHET_SECRET_KEY": SECRET,
        "RICOCHET_LOG_LEVEL": "ERROR",
        "RICOCHET_ROUTE_MAIN_PASSWORD": "secret",
    }
    started = [
        subprocess.Popen(["taskset", "-c", cores, sys.executable, "-m", "ricochet", command, *options], env=environment)
        for command, options in ((command, ["--internal", "off"] if command == "send" else []) for command in commands)
    ]
    try:
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def play(engine: Engine, folder: str, smsc: Smsc, messages: int, cores: str, commands: Sequence[str]) -> Round:
    """Sends a campaign. Raises SystemExit if it does not end, or a message left more than once."""
    campaign_id = ready(engine)
    before = smsc.quick.submitted
    url = engine.url.render_as_string(hide_password=False)
    with running(url, folder, cores, commands) as processes:
        wait_until(lambda: idle(processes), 0)
        with writing(engine) as session:
            session.get_one(Campaign, campaign_id).first_submit_after = now()
        wait_until(lambda: smsc.quick.submitted > before, 0.002)
        began, used = time.perf_counter(), cpu_s(processes)
        wait_until(lambda: delivered(engine, campaign_id) >= messages, 0.2)
        seconds, processor = time.perf_counter() - began, cpu_s(processes) - used
        peak = max(map(peak_mb, processes))
    if smsc.quick.submitted - before != messages:
        raise SystemExit(f"{smsc.quick.submitted - before} submissions of {messages} messages")
    return Round(messages / seconds, processor / messages * 1e6, peak)


def idle(processes: Sequence[int]) -> bool:
    """Whether they have started, and have nothing left to do but to look."""
    before = cpu_s(processes)
    time.sleep(1)
    if dead := [process for process in processes if " Z " in Path(f"/proc/{process}/stat").read_text()]:
        raise SystemExit(f"{len(dead)} of {len(processes)} processes did not start.")
    return before > len(processes) * 0.5 and cpu_s(processes) - before < 0.2


def delivered(engine: Engine, campaign_id: int) -> int:
    with reading(engine) as session:
        chosen = select(func.count()).where(Message.campaign_id == campaign_id, col(Message.state) == "delivered")
        return session.exec(chosen).one()


def wait_until(done: Callable[[], bool], pause_s: float) -> None:
    until = time.monotonic() + PATIENCE_S
    while not done():
        if time.monotonic() > until:
            raise SystemExit("The sender does not come to an end.")
        time.sleep(pause_s)


def cpu_s(processes: Sequence[int]) -> float:
    fields = [Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split() for process in processes]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def peak_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def bare(smsc: Smsc, messages: int) -> Round:
    command = [sys.executable, str(PARTS / "bare_smpp.py"), str(smsc.port), str(messages), str(WINDOW)]
    run = subprocess.run(["taskset", "-c", SENDER_CORE, *command], capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"The ceiling failed:\n{run.stderr}")
    return Round(**json.loads(run.stdout))


def measure(url: str, folder: str, smsc: Smsc, messages: int) -> list[Metric]:
    engine = open_engine(url)
    prepare(engine, messages, smsc.port)
    kind = engine.dialect.name
    ceilings, rounds = [], []
    for _ in range(ROUNDS):
        ceilings.append(bare(smsc, messages))
        rounds.append(play(engine, folder, smsc, messages, SENDER_CORE, ("send", "work")))
        tell(f"{kind:10} bare {ceilings[-1]}, sender {rounds[-1]}")
    ratio = median(ours.per_s / theirs.per_s for ours, theirs in zip(rounds, ceilings, strict=True))
    metrics = [
        Metric(
            f"{messages:,} messages with receipts, {kind}",
            median(one.per_s for one in rounds),
            "/s",
            median(one.per_s for one in ceilings),
            ratio,
            ">= 0.4",
            ratio >= 0.4,
        ),
        Metric(
            f"CPU a message, sender and worker, {kind}",
            median(one.cpu_us for one in rounds),
            "us",
            median(one.cpu_us for one in ceilings),
            median(one.cpu_us for one in rounds) / median(one.cpu_us for one in ceilings),
            "told",
            True,
        ),
        Metric(f"peak memory of a process, {kind}", max(one.peak_mb for one in rounds), "MB", None, None, "told", True),
    ]
    if kind == "postgresql":
        metrics.append(measure_two(engine, folder, smsc, messages))
    engine.dispose()
    return metrics


def measure_two(engine: Engine, folder: str, smsc: Smsc, messages: int) -> Metric:
    """The processor time of one sender and of two, for a message."""
    with writing(engine) as session:
        session.exec(select(Route)).one().binds = 2
    ones, twos = [], []
    for _ in range(ROUNDS):
        ones.append(play(engine, folder, smsc, messages, BOTH, ("send", "work")))
        twos.append(play(engine, folder, smsc, messages, BOTH, ("send", "send", "work")))
        tell(f"one sender {ones[-1]}, two {twos[-1]}")
    cost = median(two.cpu_us / one.cpu_us for two, one in zip(twos, ones, strict=True))
    return Metric(
        "CPU a message, two senders beside one, postgresql",
        median(two.cpu_us for two in twos),
        "us",
        median(one.cpu_us for one in ones),
        cost,
        "<= 1.25",
        cost <= 1.25,
    )


def tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    messages = 5_000 if options.parse_args().quick else 20_000
    os.sched_setaffinity(0, {int(SMSC_CORE)})
    smsc = Smsc()
    with ExitStack() as cleanup:
        folder = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="ricochet-bench-"))
        metrics = measure(f"sqlite:///{folder}/sender.db", folder, smsc, messages)
        url = cleanup.enter_context(ingest.postgresql(Path(folder)))
        metrics += measure(url, folder, smsc, messages)
    report("sender", metrics)


if __name__ == "__main__":
    main()
