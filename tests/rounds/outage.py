"""A round without the database: it is stopped under load, and the tracker is started again while it is away."""

import time
from contextlib import ExitStack
from typing import Protocol

from tests.ricochet.served import metrics, wait_until
from tests.rounds.campaigns import Links, compare
from tests.rounds.counting_client import load
from tests.rounds.killing import CONNECTIONS, CUT_OFF
from tests.rounds.processes import finish, free_port, ingest, kill, tracker
from tests.rounds.report import Report, Round

STORED = "ricochet_ingest_hits_stored_total"
REACHABLE = "ricochet_tracker_database_reachable"


class DatabaseServer(Protocol):
    def stop(self) -> None: ...
    def start(self) -> None: ...


def database_stopped(links: Links, server: DatabaseServer, seconds: float) -> Round:
    """`server` is that of the links' database; it is away for at least `seconds`."""
    report = Report(
        f"the database stopped for {seconds:g} s under load, the tracker killed and started meanwhile", links.where
    )
    port = free_port()
    with ingest(links.settings) as ingesting:
        with ExitStack() as trackers, load(port, links.requests(), CONNECTIONS) as client:

            def wait_for_answers(more: int) -> None:
                enough = client.answered + more
                wait_until(lambda: client.answered >= enough)

            first = trackers.enter_context(tracker(links.settings, port))
            wait_for_answers(500)
            wait_until(lambda: metrics(ingesting.internal[0])[STORED] > 0)
            server.stop()
            away_since, before = time.monotonic(), client.answered
            wait_for_answers(500)
            kill(first)
            second = trackers.enter_context(tracker(links.settings, port))
            wait_for_answers(500)
            wait_until(lambda: metrics(second.internal[0])[REACHABLE] == 0)
            wait_until(lambda: time.monotonic() >= away_since + seconds, seconds + 30)
            report.tell(answered_without_database=client.answered - before)
            server.start()
            wait_until(lambda: metrics(second.internal[0])[REACHABLE] == 1)
            wait_for_answers(500)
        finish(report, links.settings, ingesting, 60 + 5 * seconds)
    compare(report, links, client)
    report.promise("no redirect fails but those under way at the kill", client.unanswered <= CUT_OFF)
    return report.end()
