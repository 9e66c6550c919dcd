"""A round of key rotation: links that were sent go on working, new ones have the new key, the old key opens none of them."""

import subprocess
import sys
from collections import Counter
from os import environ
from pathlib import Path

from pydantic import SecretStr

from linksvc.database import open_engine
from linksvc.keys import open_keyring
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from ricochet.installation import environment_of
from tests.factories import workspace
from tests.rounds.campaigns import make_contacts, produce
from tests.rounds.counting_client import send
from tests.rounds.processes import port_of, tracker
from tests.rounds.report import Report, Round
from tests.tracker.http import request

RECIPIENTS = 50


def keys_rotated(settings: Settings, key_file: Path) -> Round:
    """`key_file` holds one key. The database is migrated."""
    settings = settings.model_copy(update={"secret_key": SecretStr(""), "secret_key_file": key_file})
    engine = open_engine(settings.database)
    report = Report("the keys rotated between two campaigns", engine.dialect.name)
    workspace_id = workspace(engine)
    make_contacts(engine, workspace_id, RECIPIENTS)
    old = produce(settings, engine, workspace_id)
    rotated = rotate(settings)
    new = produce(settings, engine, workspace_id)
    engine.dispose()
    codes = ShortCodes.of(open_keyring(settings))
    guessed = [f"/{codes.encode(serial, version=0)}" for serial in new.serials]
    renewed = [f"/{codes.encode(serial, version=1)}" for serial in old.serials]
    with tracker(settings) as running:
        port = port_of(running)
        opened, fresh = statuses(port, old.paths), statuses(port, new.paths)
        # Few of each: a network that asks for much that is not there is slowed down.
        crossed = statuses(port, (*guessed[:8], *renewed[:8]))
    report.tell(old_links=len(old.paths), new_links=len(new.paths), crossed=crossed[404])
    report.promise("`ricochet secret rotate` succeeds", rotated == 0)
    report.promise("old links open", opened == {302: RECIPIENTS})
    report.promise("new links open", fresh == {302: RECIPIENTS})
    report.promise("new links have the new key", all((codes.decode(path[1:]) or (0,))[0] == 1 for path in new.paths))
    report.promise("no link opens by another key than its own", crossed == {404: 16})
    return report.end()


def statuses(port: int, paths: tuple[str, ...]) -> Counter[int]:
    return send(port, map(request, paths), connections=1).by_status()


def rotate(settings: Settings) -> int:
    command = [sys.executable, "-m", "ricochet", "secret", "rotate"]
    return subprocess.run(command, env=environ | environment_of(settings), capture_output=True, check=False).returncode
