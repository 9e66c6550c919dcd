"""Short rounds with real processes; `make soak` plays long ones (tests/soak.py)."""

import tempfile
from pathlib import Path

import pytest
from pydantic import SecretStr

from linksvc.settings import Settings
from tests.rounds.campaigns import produced
from tests.rounds.counting import requests_counted
from tests.rounds.damage import bytes_flipped
from tests.rounds.databases import migrated, postgresql
from tests.rounds.full_disk import disk_filled
from tests.rounds.guessing import codes_guessed
from tests.rounds.killing import tracker_killed, worker_killed
from tests.rounds.outage import database_stopped
from tests.rounds.report import Round
from tests.rounds.rotation import keys_rotated

SECRET = SecretStr("a secret key for the tests, of 42 characters")


@pytest.fixture
def postgresql_settings(postgresql_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=postgresql_url, secret_key=SECRET)


def check(played: Round) -> None:
    assert not played.broken, str(played)


def test_every_answered_hit_is_stored_once_though_the_tracker_is_killed_at_random_moments(sqlite_settings: Settings) -> None:
    check(tracker_killed(produced(sqlite_settings, 2_000), times=3, seed=1))


def test_nothing_is_lost_while_the_database_is_stopped_and_a_tracker_starts_without_it(tmp_path: Path) -> None:
    # A folder with a short name: a socket's path may have a hundred characters.
    with tempfile.TemporaryDirectory(prefix="ricochet-tests-") as folder, postgresql(Path(folder)) as server:
        settings = Settings(data_dir=tmp_path, database_url=migrated(server.get_uri()), secret_key=SECRET)
        check(database_stopped(produced(settings, 2_000), server, seconds=5))


def test_on_a_full_disk_redirects_go_on_and_every_hit_is_stored_or_counted_as_lost(sqlite_settings: Settings) -> None:
    played = disk_filled(sqlite_settings, lost=500)
    if played is None:
        pytest.skip("neither root nor an unprivileged user may mount a tmpfs here")
    check(played)


def test_flipped_bytes_in_a_spool_cost_the_hits_they_lie_in_and_invent_none(sqlite_settings: Settings) -> None:
    check(bytes_flipped(produced(sqlite_settings, 5_000), clicks=2_000, flips=40, seed=1))


def test_random_codes_open_none_of_a_million_links_and_who_guesses_is_slowed_down_alone(sqlite_settings: Settings) -> None:
    check(codes_guessed(sqlite_settings, 100_000, asked=40_000, seed=1))


def test_after_a_key_rotation_old_links_open_and_new_ones_have_the_new_key(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("the first key of an installation, of 51 characters\n")
    check(keys_rotated(sqlite_settings, keys))


def test_as_many_hits_are_stored_as_two_workers_answered(postgresql_settings: Settings) -> None:
    check(requests_counted(produced(postgresql_settings, 5_000), 20_000))


def test_when_one_worker_of_two_is_killed_the_other_goes_on_and_no_answered_hit_is_lost(sqlite_settings: Settings) -> None:
    check(worker_killed(produced(sqlite_settings, 2_000)))
