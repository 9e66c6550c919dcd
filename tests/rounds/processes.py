"""Trackers and ingest as an operator starts them, for the rounds: they are killed, started again, and stopped."""

import random
import socket
from collections.abc import Mapping
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from linksvc.settings import Settings
from tests.ricochet.served import Served, served, wait_until
from tests.rounds.report import Report
from tracker.segment_reader import list_segments

PORTS = range(20_000, 30_000)
"""Below those that the kernel gives to connections: none is taken by somebody's connection while its tracker is down."""

ANSWERS = "ricochet_tracker_answers_total"


def free_port() -> int:
    # Not in their order: other rounds may be looking for one at this moment.
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen()
            except OSError:
                continue
            return port
    raise OSError(f"no free port from {PORTS[0]} to {PORTS[-1]}")


def tracker(
    settings: Settings, port: int = 0, workers: int = 1, environment: Mapping[str, str] | None = None
) -> AbstractContextManager[Served]:
    arguments = ("serve", "tracker", "--port", str(port), "--internal", "0", "--workers", str(workers))
    return served(settings, *arguments, internals=workers, environment=environment)


def ingest(settings: Settings) -> AbstractContextManager[Served]:
    return served(settings, "ingest", "--internal", "0")


def port_of(running: Served) -> int:
    return urlsplit(running.public).port or 0


def kill(running: Served) -> None:
    running.process.kill()
    running.process.wait()


def finish(report: Report, settings: Settings, ingesting: Served, within_s: float = 60) -> None:
    """Waits until everything that lies in the spool is stored, and ends ingest. No tracker may run any more."""
    wait_until(lambda: not list_segments(settings.spool_dir), within_s)
    report.promise("ingest ends as it should", ingesting.stop() == 0 and "Traceback" not in ingesting.said.read_text())
