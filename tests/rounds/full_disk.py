"""A round on a disk that is full: redirects go on, what is not kept is counted, and hits are kept again once there is room.

The small disk is a tmpfs over the spool's folder, seen by one process and its children alone: `disk_filled` starts
this module as that process.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict

from linksvc.settings import Settings
from ricochet.installation import environment_of
from tests.ricochet.served import metrics, wait_until
from tests.rounds.campaigns import compare, produced
from tests.rounds.counting_client import load
from tests.rounds.killing import SMALL_SEGMENTS
from tests.rounds.processes import finish, ingest, port_of, tracker
from tests.rounds.report import Report, Round

DISK = "size=3m,mode=700"
BALLAST_BYTES = 2_000_000
LOST = "ricochet_tracker_hits_lost_total"
SPOOLED = "ricochet_tracker_hits_spooled_total"
MOUNT = f'mount -t tmpfs -o {DISK} none "$0" && echo mounted && exec "$@"'
IN_NAMESPACES = (("-m",), ("-rm",))
"""As root, and as somebody who may be root of a namespace of his own."""


def disk_filled(settings: Settings, lost: int) -> Round | None:
    """The disk stays full until `lost` hits are lost at least. None where nobody may mount a disk."""
    settings.spool_dir.mkdir(parents=True, exist_ok=True)
    inner = ["sh", "-c", MOUNT, str(settings.spool_dir), sys.executable, "-m", "tests.rounds.full_disk", str(lost)]
    for options in IN_NAMESPACES:
        command = ["unshare", *options, *inner]
        done = subprocess.run(
            command, env=os.environ | environment_of(settings), capture_output=True, text=True, check=False
        )
        if done.stdout.startswith("mounted"):
            assert done.returncode == 0, done.stderr
            return Round(**json.loads(done.stdout.splitlines()[-1]))
    return None


def fill(settings: Settings, lost: int) -> Round:
    links = produced(settings, 1_000)
    report = Report("a full disk under load, then room again", links.where)
    ballast = settings.spool_dir / "ballast"
    ballast.write_bytes(bytes(BALLAST_BYTES))
    with tracker(settings, environment=SMALL_SEGMENTS) as running:
        (internal,) = running.internal
        with load(port_of(running), links.requests()) as client:
            wait_until(lambda: metrics(internal)[f"{LOST}:disk_full"] >= lost)
            while_full = int(metrics(internal)[SPOOLED])
            ballast.unlink()
            wait_until(lambda: metrics(internal)[SPOOLED] >= while_full + 500)
        told = metrics(internal)
    losses = {name.partition(":")[2]: int(number) for name, number in told.items() if name.startswith(f"{LOST}:")}
    with ingest(settings) as ingesting:
        finish(report, settings, ingesting)
    stored = compare(report, links, client, none_lost=False).hits.total()
    report.tell(counted_as_lost=losses["disk_full"], kept_again=stored - while_full)
    report.promise("every request is answered", client.unanswered == 0)
    report.promise("what is lost is lost to the full disk", losses["disk_full"] == sum(losses.values()))
    report.promise("stored = answered - counted as lost", stored == client.answered - losses["disk_full"])
    report.promise("hits are kept again", stored >= while_full + 500)
    return report.end()


if __name__ == "__main__":
    print(json.dumps(asdict(fill(Settings(), int(sys.argv[1])))))  # noqa: T201
