"""The supervisor: keeps the processes of `ricochet up`, `demo` and `serve tracker --workers` running, ends them in order.

It opens the listening sockets itself and hands them down, so that every port is known before a process starts and a
process that is started again finds its port still open. Each child stops when its standard input ends: no child outlives
a supervisor that was killed.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog

from linksvc.errors import RicochetError

STOP_S = 15.0
"""How long a process may take to finish what it has begun."""

CLEAN = (0, -signal.SIGTERM)
"""How a process ends that was asked to; uvicorn finishes first and then dies of the signal."""

QUICK_S = 5.0
QUICK_EXITS = 3
"""A process that ends this often within QUICK_S of its start will not be started again."""

log = structlog.get_logger()


class ProcessFailed(RicochetError):
    """A process ends as soon as it is started; the message holds the end of its log."""


@dataclass(frozen=True)
class Part:
    """One process: its name and its arguments to `ricochet`. A listener's name in braces in them is replaced by the number
    of its socket."""

    name: str
    arguments: tuple[str, ...]
    listeners: Mapping[str, socket.socket] = field(default_factory=dict)


@dataclass
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    started: float
    quick_exits: int = 0


@dataclass
class Supervisor:
    """Starts parts in their order and stops them in the opposite one. `environment` is added to this process's. Each part
    has a log of its own in `log_dir`; without one all write to this process's standard error."""

    parts: Sequence[Part]
    environment: Mapping[str, str]
    log_dir: Path | None = None
    in_order: bool = True
    """Whether parts are stopped one after the other. Equals are stopped together."""
    failed: ProcessFailed | None = None
    _running: list[_Running] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def start(self) -> None:
        if self.log_dir:
            self.log_dir.mkdir(parents=True, exist_ok=True)
        self._running = [_Running(part, self._spawn(part), time.monotonic()) for part in self.parts]
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def check(self) -> None:
        """Raises ProcessFailed once a part cannot be kept running."""
        if self.failed:
            raise self.failed

    def process_id(self, name: str) -> int:
        """The present process of a part. Raises KeyError for no part of ours."""
        return {running.part.name: running.process.pid for running in self._running}[name]

    def stop(self) -> list[str]:
        """Asks the parts to finish, the last started first; a part that does not within STOP_S is killed. Returns the names
        of those that did not end as they should."""
        self._stop.set()
        if self._watcher:
            self._watcher.join()
        if not self.in_order:
            for running in self._running:
                running.process.terminate()
        return [running.part.name for running in reversed(self._running) if not self._end(running)]

    def _end(self, running: _Running) -> bool:
        process, part = running.process, running.part.name
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()
        clean = process.returncode in CLEAN
        if not clean:
            log.warning("a process did not end well", action="supervisor.stop", part=part, status=process.returncode)
        return clean

    def _spawn(self, part: Part) -> subprocess.Popen[bytes]:
        descriptors = {name: listener.fileno() for name, listener in part.listeners.items()}
        arguments = [argument.format(**descriptors) for argument in part.arguments]
        with self._output_of(part) as output:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "ricochet", *arguments, "--supervised"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                pass_fds=tuple(descriptors.values()),
                start_new_session=True,
            )

    def _output_of(self, part: Part) -> AbstractContextManager[IO[bytes] | None]:
        return (self.log_dir / f"{part.name}.log").open("ab") if self.log_dir else nullcontext()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            for running in self._running:
                if running.process.poll() is not None and not self.failed:
                    self._start_again(running)

    def _start_again(self, running: _Running) -> None:
        # Killed from outside (by an operator, by a kernel short of memory) is no sign of one that cannot start.
        killed = running.process.returncode == -signal.SIGKILL
        quick = not killed and time.monotonic() - running.started < QUICK_S
        running.quick_exits = running.quick_exits + 1 if quick else 0
        if running.quick_exits >= QUICK_EXITS:
            self.failed = ProcessFailed(
                f"The process {running.part.name!r} ends as soon as it is started. {self._last_words(running)}"
            )
            return
        log.warning(
            "a process ended and is started again",
            action="supervisor.restart",
            part=running.part.name,
            status=running.process.returncode,
        )
        if running.process.stdin:
            running.process.stdin.close()
        running.process = self._spawn(running.part)
        running.started = time.monotonic()

    def _last_words(self, running: _Running) -> str:
        if self.log_dir is None:
            return "What it said is above."
        lines = (self.log_dir / f"{running.part.name}.log").read_text(errors="replace").splitlines()
        return "\n".join(["Its log ends with:", *lines[-12:]])
