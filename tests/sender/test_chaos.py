"""Sending with real processes while everything goes wrong, in short; `make soak` plays it long (tests/soak.py)."""

import tempfile
from pathlib import Path

from pydantic import SecretStr

from linksvc.settings import Settings
from tests.rounds.databases import migrated, postgresql
from tests.rounds.sending import Trouble, everything_at_once

SECRET = SecretStr("a secret key for the tests, of 42 characters")
MESSAGES = 2_000
TROUBLE = Trouble(kills=2, pauses=1, cuts=2, restarts=1, pause_s=2.0)


def test_one_sender_on_sqlite_sends_nothing_twice_and_loses_nothing(sqlite_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key=SECRET)
    played = everything_at_once(settings, MESSAGES, TROUBLE, seed=1)
    assert not played.broken, str(played)


def test_two_senders_on_postgresql_send_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    # A server of its own, for it stands still for a while, in a folder with a short name: see the other rounds.
    with tempfile.TemporaryDirectory(prefix="ricochet-tests-") as folder, postgresql(Path(folder)) as server:
        settings = Settings(data_dir=tmp_path, database_url=migrated(server.get_uri()), secret_key=SECRET)
        played = everything_at_once(settings, MESSAGES, TROUBLE, seed=1)
        assert not played.broken, str(played)
