"""A process of ours as an operator starts it: its addresses are read from what it prints."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from linksvc.settings import Settings
from ricochet.installation import environment_of


def wait_until(happened: Callable[[], bool], seconds: float = 90) -> None:
    """Long enough for three processes that start one after the other on a machine that is busy."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def get(url: str) -> httpx2.Response:
    """On a connection of its own: another worker may take it. It is plain HTTP; to load certificates all the same would take
    twenty times as long as the rest."""
    return httpx2.get(url, trust_env=False, follow_redirects=False, timeout=10, verify=False)


def status(url: str) -> int:
    """0 where nobody answers."""
    try:
        return get(url).status_code
    except httpx2.TransportError:
        return 0


def conditions(url: str) -> Mapping[str, bool]:
    """What /readyz says is met."""
    return {name: one["met"] for name, one in get(f"{url}/readyz").json()["conditions"].items()}


def metrics(url: str) -> Mapping[str, float]:
    """The numbers by name and label, as `name` or `name:value`."""
    families = text_string_to_metric_families(get(f"{url}/metrics").text)
    return {
        ":".join([sample.name, *sample.labels.values()]): sample.value for family in families for sample in family.samples
    }


def runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    except OSError:
        return False


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    public: str
    internal: tuple[str, ...]
    said: Path

    def children(self) -> set[int]:
        """The supervisor starts them from whichever thread, and a thread may end while one looks."""
        found: set[int] = set()
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with suppress(OSError):
                found |= set(map(int, (task / "children").read_text().split()))
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@contextmanager
def served(
    settings: Settings, *arguments: str, internals: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Runs a command until the block ends; it is ready when the block begins, unless nobody listens. `environment` is for
    settings that processes do not hand on."""
    said = settings.data_dir / f"{arguments[0]}.said"
    command = [sys.executable, "-m", "ricochet", *arguments]
    given = os.environ | environment_of(settings) | (environment or {})
    with said.open("w") as errors:
        process = subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout
    try:
        lines = [process.stdout.readline() for _ in range(internals + (arguments[0] == "serve"))]
        found = re.findall(r"http://\S+", "".join(lines))
        public = found.pop(0) if arguments[0] == "serve" else ""
        yield Served(process, public, tuple(found), said)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        process.stdout.close()
