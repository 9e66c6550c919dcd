"""Rounds of `kill -9`: of a tracker at random moments, and of one worker of two."""

import os
import random
import signal

from tests.ricochet.served import Served, runs, status, wait_until
from tests.rounds.campaigns import Links, compare
from tests.rounds.counting_client import load
from tests.rounds.processes import finish, free_port, ingest, kill, port_of, tracker
from tests.rounds.report import Report, Round

CONNECTIONS = 32
CUT_OFF = 2 * CONNECTIONS
"""What a process takes along that dies: what it was asked, and what was asked again, on new connections, while it died."""

SMALL_SEGMENTS = {"RICOCHET_SPOOL_SEGMENT_BYTES": "65536"}


def tracker_killed(links: Links, times: int, seed: int) -> Round:
    """The tracker is killed under load and started again, ingest stores meanwhile."""
    report = Report(f"a tracker killed with -9 under load, {times} times, seed {seed}", links.where)
    chance = random.Random(seed)
    port = free_port()
    with ingest(links.settings) as ingesting:
        with load(port, links.requests(), CONNECTIONS) as client:
            for _ in range(times):
                with tracker(links.settings, port, environment=SMALL_SEGMENTS) as running:
                    enough = client.answered + chance.randrange(100, 2_000)
                    wait_until(lambda enough=enough: client.answered >= enough)  # type: ignore[misc]
                    kill(running)
        finish(report, links.settings, ingesting)
    compare(report, links, client)
    report.promise("a kill cuts off no more than what is under way", client.unanswered <= times * CUT_OFF)
    return report.end()


def worker_killed(links: Links) -> Round:
    """One of two workers is killed under load."""
    report = Report("one worker of two killed with -9 under load", links.where)
    with ingest(links.settings) as ingesting:
        with tracker(links.settings, workers=2) as pair:
            wait_until(lambda: ready(pair))
            with load(port_of(pair), links.requests(), CONNECTIONS) as client:
                wait_until(lambda: client.answered >= 300)
                killed, survivor = sorted(pair.children())
                os.kill(killed, signal.SIGKILL)
                wait_until(lambda: not runs(killed))
                # Answered long before a new worker has as much as loaded its modules.
                enough = client.answered + 500
                wait_until(lambda: client.answered >= enough)
            report.promise("the other goes on", survivor in pair.children())
        finish(report, links.settings, ingesting)
    compare(report, links, client)
    report.promise("a kill cuts off no more than what is under way", client.unanswered <= CUT_OFF)
    return report.end()


def ready(running: Served) -> bool:
    return all(status(f"{url}/readyz") == 200 for url in running.internal)
