"""The long-running commands as real processes: what they tell an operator, and how they end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from linksvc.database import open_engine
from linksvc.keys import open_keyring
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from ricochet.installation import environment_of
from tests.factories import produced_campaign, workspace
from tests.ricochet.served import Served, conditions, get, metrics, runs, served, status, wait_until

SECRET = SecretStr("a secret key for the tests, of 42 characters")
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
TRACKER = ("serve", "tracker", "--port", "0", "--internal", "0")
PAIR = (*TRACKER, "--workers", "2")
ANSWERED = "ricochet_tracker_answers_total:redirected"
SPOOLED = "ricochet_tracker_hits_spooled_total"


def settings_in(folder: Path, template: Path) -> Settings:
    """An installation with a database of its own."""
    shutil.copy(template, folder / "ricochet.db")
    return Settings(data_dir=folder, database_url=f"sqlite:///{folder / 'ricochet.db'}", secret_key=SECRET)


def a_link(settings: Settings) -> str:
    """The path of a personal link."""
    engine = open_engine(settings.database)
    campaign = produced_campaign(engine, workspace(engine), 1)
    engine.dispose()
    return f"/{ShortCodes.of(open_keyring(settings)).encode(1000 * campaign)}"


@pytest.fixture
def installation(tmp_path: Path, sqlite_template: Path) -> Settings:
    return settings_in(tmp_path, sqlite_template)


@dataclass(frozen=True)
class Pair:
    """Two trackers on one socket, and the address of a link."""

    settings: Settings
    trackers: Served
    link: str


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Pair]:
    settings = settings_in(tmp_path_factory.mktemp("pair"), sqlite_template)
    path = a_link(settings)
    with served(settings, *PAIR, internals=2) as trackers:
        wait_until(lambda: all(status(f"{url}/readyz") == 200 for url in trackers.internal))
        yield Pair(settings, trackers, trackers.public + path)


def test_two_workers_share_a_socket_and_both_answer(pair: Pair) -> None:
    trackers, link = pair.trackers, pair.link

    def both_answered() -> bool:
        assert get(link).status_code == 302
        return all(metrics(url)[ANSWERED] for url in trackers.internal)

    wait_until(both_answered)


def test_a_killed_worker_is_started_again_while_the_other_goes_on(pair: Pair) -> None:
    trackers, link = pair.trackers, pair.link
    for killed in sorted(trackers.children()):
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda pid=killed: not runs(pid))  # type: ignore[misc]
        assert [status(link) for _ in range(5)] == [302] * 5, "the other one answers"
        wait_until(lambda pid=killed: len(trackers.children() - {pid}) == 2)  # type: ignore[misc]
        wait_until(lambda: all(status(f"{url}/readyz") == 200 for url in trackers.internal))


def test_the_metrics_move_when_a_link_is_tapped(pair: Pair) -> None:
    trackers, link = pair.trackers, pair.link

    def total(name: str) -> float:
        return sum(metrics(url)[name] for url in trackers.internal)

    unknown = "ricochet_tracker_answers_total:unknown"
    before = [total(name) for name in (ANSWERED, SPOOLED, unknown)]
    assert [status(link), status(link), status(f"{trackers.public}/nothing")] == [302, 302, 404]
    assert [total(name) for name in (ANSWERED, SPOOLED, unknown)] == [before[0] + 2, before[1] + 2, before[2] + 1]
    assert all(metrics(url)["process_resident_memory_bytes"] > 1e6 for url in trackers.internal)


def test_the_short_domain_tells_nothing_of_readiness_or_metrics(pair: Pair) -> None:
    trackers = pair.trackers
    unknown = get(f"{trackers.public}/nothing")
    for path in ("/metrics", "/readyz", "/livez", "/healthz"):
        answer = get(trackers.public + path)
        assert (answer.status_code, answer.content) == (404, unknown.content)


def test_one_signal_ends_all_workers(installation: Settings) -> None:
    with served(installation, *PAIR, internals=2) as trackers:
        wait_until(lambda: all(status(f"{url}/readyz") == 200 for url in trackers.internal))
        children = trackers.children()
        assert len(children) == 2
        assert trackers.stop() == 0
        assert not any(map(runs, children))
    assert "Traceback" not in trackers.said.read_text()


def test_one_signal_ends_a_tracker_and_its_internal_listener(installation: Settings) -> None:
    with served(installation, *TRACKER) as tracker:
        (internal,) = tracker.internal
        wait_until(lambda: status(f"{internal}/readyz") == 200)
        assert get(f"{internal}/livez").text == "alive\n"
        assert tracker.stop() in (0, -signal.SIGTERM)
        assert status(f"{internal}/livez") == status(f"{tracker.public}/nothing") == 0
    assert "Traceback" not in tracker.said.read_text()
    assert not list(installation.spool_dir.iterdir()), "an empty segment is taken along"


def test_a_tracker_is_ready_without_its_database_once_it_knows_its_blocks(installation: Settings) -> None:
    link = a_link(installation)
    with served(installation, *TRACKER) as tracker:
        wait_until(lambda: status(f"{tracker.internal[0]}/readyz") == 200)
        assert all(conditions(tracker.internal[0]).values())
    without = installation.model_copy(update={"database_url": NOWHERE})
    with served(without, *TRACKER) as tracker:
        (internal,) = tracker.internal
        wait_until(lambda: status(f"{internal}/readyz") == 200)
        answer = get(f"{internal}/readyz").json()
        assert answer["status"] == "degraded"
        assert {name for name, met in conditions(internal).items() if not met} == {"database"}
        assert metrics(internal)["ricochet_tracker_database_reachable"] == 0
        assert status(tracker.public + link) == 302


def test_a_tracker_that_knows_no_blocks_is_not_ready_and_says_why(tmp_path: Path) -> None:
    nothing = Settings(data_dir=tmp_path, database_url=NOWHERE, secret_key=SECRET)
    with served(nothing, *TRACKER) as tracker:
        (internal,) = tracker.internal
        wait_until(lambda: status(f"{internal}/readyz") != 0 and conditions(internal)["serving"])
        answer = get(f"{internal}/readyz")
        assert answer.status_code == 503
        assert answer.json()["status"] == "not ready"
        assert {name for name, met in conditions(internal).items() if not met} == {"blocks", "database"}
        assert get(f"{internal}/livez").status_code == 200


def test_ingest_starts_without_its_database_and_waits_for_it(pair: Pair) -> None:
    assert status(pair.link) == 302
    without = pair.settings.model_copy(update={"database_url": NOWHERE})
    with served(without, "ingest", "--internal", "0") as ingest:
        (internal,) = ingest.internal
        wait_until(lambda: status(f"{internal}/readyz") == 200 and not conditions(internal)["database"])
        assert get(f"{internal}/readyz").json()["status"] == "degraded"
        told = metrics(internal)
        assert told["ricochet_ingest_oldest_hit_age_seconds"] > 0
        assert told["ricochet_ingest_database_reachable"] == 0
        assert ingest.stop() == 0


def test_ingest_stores_what_trackers_spooled_and_tells_of_it(pair: Pair) -> None:
    assert [status(pair.link) for _ in range(3)] == [302] * 3
    with served(pair.settings, "ingest", "--internal", "0") as ingest:
        (internal,) = ingest.internal
        wait_until(lambda: metrics(internal)["ricochet_ingest_hits_stored_total"] >= 3)
        wait_until(lambda: metrics(internal)["ricochet_ingest_oldest_hit_age_seconds"] == 0)
        assert metrics(internal)["ricochet_ingest_set_aside_total:damaged"] == 0
        assert get(f"{internal}/readyz").json()["status"] == "ready"
        assert ingest.stop() == 0
    assert "Traceback" not in ingest.said.read_text()


def test_a_taken_internal_port_is_one_line(installation: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "ricochet", "serve", "tracker", "--port", "0", "--internal", str(port)],
            env=os.environ | environment_of(installation),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == (
        f"ricochet: The internal listener: Port {port} on 127.0.0.1 cannot be used: Address already in use. "
        "Choose another one.\n"
    )
