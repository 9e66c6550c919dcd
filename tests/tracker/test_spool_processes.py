"""Several trackers and ingesters of a host on one spool, killed with -9; and a disk that is really full."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import func, select

from linksvc.database import reading
from linksvc.models import Fact, Hit
from linksvc.settings import Settings
from tests.factories import produced_campaign, workspace
from tracker.ingest import Ingester
from tracker.segment_reader import list_segments
from tracker.spool_inspection import SegmentState, inspect_segment

RUNNER = [sys.executable, "-m", "tests.tracker.spool_process"]


class Process:
    """A process of ours; what it says goes to a file, for nobody may wait for anybody here."""

    def __init__(self, output: Path, *arguments: str) -> None:
        self._output = output
        with output.open("wb") as file:
            self._running = subprocess.Popen([*RUNNER, *arguments], stdout=file, stderr=subprocess.DEVNULL)

    def said(self) -> set[str]:
        """The lines it has finished."""
        return {line.strip() for line in self._output.read_text().splitlines(keepends=True) if line.endswith("\n")}

    def kill(self) -> None:
        self._running.send_signal(signal.SIGKILL)
        self._running.wait()


def wait_until(said: "list[Process]", lines: int) -> None:
    for _ in range(3_000):
        if all(len(process.said()) >= lines for process in said):
            return
        time.sleep(0.02)
    raise AssertionError("a process said too little in a minute")


def test_what_trackers_confirmed_is_stored_once_though_they_and_an_ingester_are_killed(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    campaign = produced_campaign(engine, workspace(engine), 1)
    spool = settings.spool_dir
    spool.mkdir()
    with ExitStack() as ending:

        def start(name: str, *arguments: str) -> Process:
            process = Process(tmp_path / f"{name}.out", *arguments)
            ending.callback(process.kill)
            return process

        trackers = [start(name, "spool", str(spool), str(campaign), name) for name in ("one", "two", "three")]
        ingesters = [start(name, "ingest", str(spool), settings.database_url) for name in ("first", "second")]
        wait_until(trackers, 400)
        trackers[0].kill()
        ingesters[0].kill()
        wait_until(trackers[1:], 800)
        for process in (*trackers, *ingesters):
            process.kill()
    confirmed = set().union(*(tracker.said() for tracker in trackers))

    left = list_segments(spool)
    reports = [report for path in left if (report := inspect_segment(path, None))]
    assert SegmentState.WRITING not in {report.state for report in reports}
    assert SegmentState.ORPHAN in {report.state for report in reports}, "those that were killed ended none"
    ingester = Ingester(engine, spool)
    for _ in range(1_000):
        if not ingester.run_once() and not list_segments(spool):
            break
    with reading(engine) as session:
        stored = Counter(session.exec(select(Hit.referrer)).all())
        facts = session.exec(select(func.count()).select_from(Fact)).one()
    assert len(confirmed) >= 400 + 800 + 800
    assert set(stored.values()) == {1}, "nothing twice"
    assert not confirmed - set(stored), "nothing lost"
    assert facts == len(stored)


def on_a_disk_of_its_own(directory: Path, mode: str) -> subprocess.CompletedProcess[str] | None:
    """Runs a process of that mode where a tmpfs of 1 MB lies over `directory`, seen by it alone; None where none can be."""
    script = 'mount -t tmpfs -o size=1m,mode=700 none "$0" && echo mounted && exec "$@" "$0"'
    for namespaces in (["-m"], ["-rm"]):
        command = ["unshare", *namespaces, "sh", "-c", script, str(directory), *RUNNER, mode]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ))
        if done.stdout.startswith("mounted"):
            return done
    return None


def test_on_a_full_disk_hits_are_counted_as_lost_and_kept_again_once_there_is_room(tmp_path: Path) -> None:
    done = on_a_disk_of_its_own(tmp_path, "small-disk")
    if done is None:
        pytest.skip("neither root nor an unprivileged user may mount a tmpfs here")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["filled"] > 300
    assert told["lost"].keys() == {"disk_full"}
    assert told["lost"]["disk_full"] == 41, "each one, and the one that found it full"
    assert told["files_while_full"] <= told["segments_while_full"] + 1, "trying again leaves nothing behind"
    assert told["kept_again"] == 50
    assert told["kept_are_on_disk"]
    assert told["torn"] == 0, "what a full disk took of a hit is given back"


def test_zeros_ahead_take_no_room_from_hits(tmp_path: Path) -> None:
    done = on_a_disk_of_its_own(tmp_path, "large-batches")
    if done is None:
        pytest.skip("neither root nor an unprivileged user may mount a tmpfs here")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"kept": 4_800}
