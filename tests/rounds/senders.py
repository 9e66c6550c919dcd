"""Senders, a worker and the SMSC as an operator starts them, for the rounds: killed and started, their database paused."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine, text
from sqlmodel import Session

from linksvc.settings import Settings
from ricochet.installation import environment_of
from tests.rounds.processes import free_port

SEND = ("send", "--internal", "off")
WORK = ("work",)
ENDS_WITHIN_S = 60

_ENVIRONMENT = {"RICOCHET_ROUTE_MAIN_PASSWORD": "secret", "RICOCHET_LOG_LEVEL": "INFO"}


class Processes:
    """Commands that run side by side, each in its place; one that is killed is started again in it."""

    def __init__(self, settings: Settings, commands: Sequence[Sequence[str]]) -> None:
        self._settings = settings
        self._commands = [tuple(command) for command in commands]
        self.running = [self._start(place) for place in range(len(commands))]

    def kill(self, place: int) -> None:
        """kill -9."""
        self.running[place].kill()
        self.running[place].wait()

    def start_again(self, place: int) -> None:
        self.running[place] = self._start(place)

    def ended(self) -> list[str]:
        """Those that ended by themselves, as nobody asked for."""
        return [
            " ".join(command)
            for command, process in zip(self._commands, self.running, strict=True)
            if process.poll() is not None
        ]

    def stop(self) -> list[str]:
        """Asks all to end, at once; tells of those that did not do so, or not well."""
        for process in self.running:
            process.terminate()
        wrong = []
        for command, process in zip(self._commands, self.running, strict=True):
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDS_WITHIN_S)
            if process.poll() is None:
                process.kill()
                process.wait()
            # One that was started a moment ago may not have come to hear what it is asked.
            if process.returncode not in (0, -signal.SIGTERM):
                wrong.append(f"{command[0]}: {process.returncode}")
        return wrong

    def _start(self, place: int) -> "subprocess.Popen[bytes]":
        with (self._settings.data_dir / f"{place}-{self._commands[place][0]}.said").open("ab") as said:
            return launch(self._settings, self._commands[place], said.fileno())


def launch(settings: Settings, arguments: Sequence[str], said: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ricochet", *arguments]
    return subprocess.Popen(command, env=os.environ | environment_of(settings) | _ENVIRONMENT, stdout=said, stderr=said)


@contextmanager
def processes(settings: Settings, *commands: Sequence[str]) -> Iterator[Processes]:
    started = Processes(settings, commands)
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def smsc(settings: Settings, *options: str) -> Iterator[int]:
    """`ricochet smsc` while the block lasts; its port is told once it listens."""
    port, said = free_port(), settings.data_dir / "smsc.said"
    with said.open("wb") as output:
        process = launch(settings, ("smsc", "--port", str(port), *options), output.fileno())
    try:
        until = time.monotonic() + ENDS_WITHIN_S
        while "listens on" not in said.read_text():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the SMSC did not start: {said.read_text()}")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN_S)


@contextmanager
def database_paused(engine: Engine) -> Iterator[None]:
    """Nobody can write (SQLite), or the server's processes stand still (PostgreSQL), while the block lasts."""
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(ricochet_writes=True) as connection:
            connection.execute(text("SELECT 1"))
            yield
            connection.rollback()
        return
    postmaster = _postmaster(engine)
    # Itself first, so that it starts no more of them.
    stopped = [postmaster]
    os.kill(postmaster, signal.SIGSTOP)
    try:
        for pid in _children(postmaster):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        yield
    finally:
        for pid in reversed(stopped):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _postmaster(engine: Engine) -> int:
    with Session(engine) as session:
        folder = session.connection().execute(text("SHOW data_directory")).scalar_one()
    return int((Path(folder) / "postmaster.pid").read_text().split()[0])


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(folder.name))
    return found


def resident_kib(process: "subprocess.Popen[bytes]") -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def scenario(path: Path, chance: random.Random, messages: int, cuts: int, restarts: int) -> Path:
    """A scenario in which so many times all connections are cut, or the SMSC is away for a second, at random moments."""
    acts = ["disconnect"] * cuts + ["restart"] * restarts
    chance.shuffle(acts)
    # By count, not by time, so that they happen in mid-window on a machine of any speed.
    moments = sorted(chance.sample(range(messages // 20, messages * 19 // 20), len(acts)))
    steps = [f'[[step]]\nafter = {after}\nact = "{act}"\n' for after, act in zip(moments, acts, strict=True)]
    path.write_text("\n".join(steps))
    return path
