"""A short round with a real process; `make soak` plays a longer one (tests/soak.py)."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from linksvc.settings import Settings
from tests.rounds.promo_guessing import promo_codes_guessed

SECRET = SecretStr("a secret key for the tests, of 42 characters")


@pytest.fixture
def sqlite_settings(sqlite_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=sqlite_url, secret_key=SECRET)


def test_wrong_promo_codes_are_slowed_down_and_raise_the_alarm_and_the_till_beside_notices_nothing(
    sqlite_settings: Settings,
) -> None:
    round = promo_codes_guessed(sqlite_settings, 400)
    assert not round.broken, round
