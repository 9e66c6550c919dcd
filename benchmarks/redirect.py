"""How fast redirects are beside a bare ASGI callable on the same uvicorn, in the same run, and what a worker's memory is.

The tracker is the real command (`ricochet serve tracker`) on a store of 1,000 campaigns and 100 million serials, and every
answer waits for its hit to be on disk. Server on one core, load generator on the other, rounds of all interleaved, and
whoever is not measured stands still: its core is the other's. A ratio is the median of those within a round, for machines
change their speed from one minute to the next. One worker and two share both cores with the load generator: their rates say
nothing, their processor time for each redirect does. What two busy processes cost each other on the machine itself, in
caches and clock, two bare ones beside one tell. The load is wrk's (Debian: apt-get install wrk), or, where that is not to
be had, that of `parts/load.py`.

Run by itself it prints progress on stderr and one line of JSON: .venv/bin/python benchmarks/redirect.py [--quick] [--awake]
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from report import Metric, report

from linksvc.database import open_engine, writing
from linksvc.keys import Keyring
from linksvc.links import add_campaign_link
from linksvc.migrations import migrate
from linksvc.models import Campaign, SerialBlock, Workspace
from linksvc.short_codes import ShortCodes

PARTS = Path(__file__).parent / "parts"
SECRET = "a secret key of the benchmark, forty characters"
CONNECTIONS = 64
CAMPAIGNS = 1_000
RECIPIENTS = 100_000
BLOCK = 10_000
CODES = 100_000
SETTLE_S = 0.2
"""Within it a server has answered whom the load generator abandoned: its disk would seem to hang if it stood still."""

SERVER_CORE, CLIENT_CORE, BOTH = "0", "1", "0,1"

LATENCY_REQUEST = Path("/dev/cpu_dma_latency")
"""Whoever holds it open with a zero keeps the processors awake (Linux, "PM Quality Of Service Interface"), as cyclictest
does, which measures delays too."""


@dataclass(frozen=True)
class Round:
    """What the load generator saw, and the server's processor time for each answered request."""

    per_s: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True)
class Server:
    address: str
    processes: tuple[int, ...]
    cores: str

    def tell(self, what: signal.Signals) -> None:
        for process in self.processes:
            os.kill(process, what)

    def cpu_s(self) -> float:
        ticks = 0
        for process in self.processes:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """The peak of the largest process."""
        peaks = (re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{p}/status").read_text()) for p in self.processes)
        return max(int(peak[1]) for peak in peaks if peak) / 1024


def prepare(folder: Path, campaigns: int) -> Path:
    """A database with every campaign's link and blocks, and a file of paths of random recipients."""
    engine = open_engine(f"sqlite:///{folder / 'ricochet.db'}")
    migrate(engine)
    now = datetime.now(UTC)
    with writing(engine) as session:
        workspace = Workspace(name="Benchmark", created_at=now)
        session.add(workspace)
        session.flush()
        workspace_id, serial = workspace.id or 0, 0
        for i in range(campaigns):
            campaign = Campaign(
                workspace_id=workspace_id,
                name=f"{i}",
                kind="marketing",
                sender="36180",
                text="",
                rate_per_s=1,
                created_at=now,
            )
            session.add(campaign)
            session.flush()
            campaign_id = campaign.id or 0
            add_campaign_link(session, workspace_id, campaign_id, "https://shop.example/sale", now)
            session.flush()
            for first_n in range(0, RECIPIENTS, BLOCK // 2):
                block = SerialBlock(
                    campaign_id=campaign_id,
                    first_serial=serial + first_n,
                    size=BLOCK // 2,
                    first_n=first_n,
                    link_id=1,
                    tracked=True,
                )
                session.add(block)
            serial += RECIPIENTS
            session.flush()
            session.expunge_all()
    engine.dispose()
    codes = ShortCodes.of(Keyring.derive(SECRET))
    chosen = random.Random(1)
    paths = folder / "paths.txt"
    paths.write_text("".join(f"/{codes.encode(chosen.randrange(serial))}\n" for _ in range(CODES)))
    return paths


@contextmanager
def serving(command: list[str], folder: Path, cores: str) -> Iterator[Server]:
    """A server on these cores, once it says where it listens; ended in the end."""
    environment = os.environ | {
        "RICOCHET_DATA_DIR": str(folder),
        "RICOCHET_SECRET_KEY": SECRET,
        "RICOCHET_LOG_LEVEL": "ERROR",
    }
    with subprocess.Popen(
        ["taskset", "-c", cores, sys.executable, *command], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            address = next(line for line in process.stdout if "Listening" in line).split()[-1]
            wait_until_it_answers(address)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            server = Server(address, tuple(map(int, children)) or (process.pid,), cores)
            server.tell(signal.SIGSTOP)
            try:
                yield server
            finally:
                server.tell(signal.SIGCONT)
        finally:
            process.send_signal(signal.SIGTERM)


def wait_until_it_answers(address: str) -> None:
    for _ in range(600):
        connection = HTTPConnection(urlsplit(address).netloc, timeout=1)
        try:
            connection.request("HEAD", "/robots.txt")
            connection.getresponse()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit(f"{address} does not answer.")


def load(server: Server, paths: Path, seconds: float) -> Round:
    wrk = shutil.which("wrk")
    command = (
        [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--latency", "-s", str(PARTS / "paths.lua"), server.address]
        if wrk
        else [sys.executable, str(PARTS / "load.py"), server.address, str(CONNECTIONS), str(seconds)]
    )
    server.tell(signal.SIGCONT)
    before = server.cpu_s()
    run = subprocess.run(
        ["taskset", "-c", BOTH if server.cores == BOTH else CLIENT_CORE, *command],
        env=os.environ | {"PATHS": str(paths)},
        capture_output=True,
        text=True,
    )
    cpu = server.cpu_s() - before
    time.sleep(SETTLE_S)
    server.tell(signal.SIGSTOP)
    said = run.stdout
    answered, per_s, p99 = (
        re.search(r"([\d]+) requests in", said),
        re.search(r"Requests/sec:\s+([\d.]+)", said),
        re.search(r"99%\s+([\d.]+)(us|ms|s)", said),
    )
    if run.returncode or not (answered and per_s and p99) or "Non-2xx" in said:
        raise SystemExit(f"The load generator failed:\n{said}\n{run.stderr}")
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Round(float(per_s[1]), float(p99[1]) * scale, cpu / int(answered[1]) * 1e6)


@contextmanager
def awake() -> Iterator[None]:
    """The processors do not sleep meanwhile."""
    try:
        request = LATENCY_REQUEST.open("wb", buffering=0)
    except OSError as error:
        raise SystemExit(f"The processors cannot be kept awake: {error}. Run as root, or without --awake.") from None
    with request:
        request.write(bytes(4))
        yield


def measure(rounds: int, seconds: float, campaigns: int) -> list[Metric]:
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        tell(f"{campaigns} campaigns of {RECIPIENTS:,} serials")
        paths = prepare(folder, campaigns)
        tracker = ["-m", "ricochet", "serve", "tracker", "--port", "0", "--internal", "off"]
        servers = {
            "bare": cleanup.enter_context(serving([str(PARTS / "bare.py")], folder, SERVER_CORE)),
            "pinned": cleanup.enter_context(serving(tracker, folder, SERVER_CORE)),
            "one bare": cleanup.enter_context(serving([str(PARTS / "bare.py")], folder, BOTH)),
            "two bare": cleanup.enter_context(serving([str(PARTS / "bare.py"), "2"], folder, BOTH)),
            "one worker": cleanup.enter_context(serving(tracker, folder, BOTH)),
            "two workers": cleanup.enter_context(serving([*tracker, "--workers", "2"], folder, BOTH)),
        }
        seen: dict[str, list[Round]] = {name: [] for name in servers}
        for name, server in servers.items():
            load(server, paths, 1)
            tell(f"{name} is warm")
        for _ in range(rounds):
            for name, server in servers.items():
                seen[name].append(load(server, paths, seconds))
                tell(f"{name:12} {seen[name][-1]}")
        memory = servers["pinned"].memory_mb()
    return figures(seen, memory)


def figures(seen: dict[str, list[Round]], memory_mb: float) -> list[Metric]:
    bare, pinned, one, two = (seen[name] for name in ("bare", "pinned", "one worker", "two workers"))
    one_bare, two_bare = seen["one bare"], seen["two bare"]
    rate = median(ours.per_s / theirs.per_s for ours, theirs in zip(pinned, bare, strict=True))
    cpu = median(theirs.cpu_us / ours.cpu_us for ours, theirs in zip(pinned, bare, strict=True))
    p99 = median(r.p99_ms for r in pinned)
    floor = median(r.p99_ms for r in bare)
    scaling, shared = _growth(one, two), _growth(one_bare, two_bare)
    return [
        Metric("redirects, on disk before the answer", _rate(pinned), "/s", _rate(bare), rate, ">= 0.5", rate >= 0.5),
        Metric("CPU a redirect", _cpu(pinned), "us", _cpu(bare), cpu, "told", True),
        Metric(f"p99 at {CONNECTIONS} connections", p99, "ms", floor, p99 / floor, "< 10 ms", p99 < 10),
        Metric("CPU a redirect, two workers beside one", _cpu(two), "us", _cpu(one), scaling, "<= 1.15", scaling <= 1.15),
        Metric("the same of the bare callable", _cpu(two_bare), "us", _cpu(one_bare), shared, "told", True),
        Metric("memory of a worker", memory_mb, "MB", None, None, "< 150 MB", memory_mb < 150),
    ]


def _growth(one: list[Round], two: list[Round]) -> float:
    """What an answer costs two processes beside one."""
    return median(both.cpu_us / alone.cpu_us for both, alone in zip(two, one, strict=True))


def _rate(rounds: list[Round]) -> float:
    return median(r.per_s for r in rounds)


def _cpu(rounds: list[Round]) -> float:
    return median(r.cpu_us for r in rounds)


def tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="five short rounds")
    options.add_argument("--awake", action="store_true", help="without what a sleeping processor adds; another figure")
    given = options.parse_args()
    with awake() if given.awake else nullcontext():
        metrics = measure(5 if given.quick else 15, 2 if given.quick else 4, CAMPAIGNS)
    report("redirect, processors awake" if given.awake else "redirect", metrics)
