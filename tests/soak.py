"""`make soak`: the long rounds, one after another, each on a new database; prints a line a round.

    python -m tests.soak [--quick] [--seed N] [--messages N] [ROUND ...]

A round plays on SQLite and on PostgreSQL where the database matters. All rounds together take an hour, most
of it the million messages of `memory` (--messages for another number); with --quick they are about as short as in
`make test`. Exit status 1 if a promise was broken in any of them.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linksvc.settings import Settings
from tests.rounds.campaigns import produced
from tests.rounds.counting import requests_counted
from tests.rounds.damage import bytes_flipped
from tests.rounds.databases import migrated, postgresql
from tests.rounds.full_disk import disk_filled
from tests.rounds.guessing import codes_guessed
from tests.rounds.killing import tracker_killed, worker_killed
from tests.rounds.memory import memory_flat
from tests.rounds.outage import database_stopped
from tests.rounds.promo_guessing import promo_codes_guessed
from tests.rounds.report import Round
from tests.rounds.rotation import keys_rotated
from tests.rounds.sending import Trouble, everything_at_once

SECRET = "a secret key for long rounds, of 42 characters"
BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Place:
    """A new installation for one round."""

    settings: Settings
    server: Any
    """That of the database, if it can be stopped."""
    quick: bool
    seed: int
    messages: int
    """How many `memory` sends; 0: as many as it should."""

    def either(self, short: int, long: int) -> int:
        return short if self.quick else long


@dataclass(frozen=True)
class Planned:
    databases: tuple[str, ...]
    play: Callable[[Place], Round | None]
    """None: it cannot be played on this machine."""


def kills(place: Place) -> Round:
    return tracker_killed(produced(place.settings, place.either(2_000, 50_000)), place.either(3, 20), place.seed)


def worker(place: Place) -> Round:
    return worker_killed(produced(place.settings, 20_000))


def outage(place: Place) -> Round:
    return database_stopped(produced(place.settings, 20_000), place.server, place.either(5, 60))


def disk(place: Place) -> Round | None:
    return disk_filled(place.settings, place.either(500, 50_000))


def damage(place: Place) -> Round:
    clicks = place.either(2_000, 80_000)
    return bytes_flipped(produced(place.settings, clicks * 5 // 4), clicks, clicks // 50, place.seed)


def guessing(place: Place) -> Round:
    return codes_guessed(place.settings, 100_000, place.either(40_000, 100_000), place.seed)


def promo_codes(place: Place) -> Round:
    return promo_codes_guessed(place.settings, place.either(400, 10_000))


def rotation(place: Place) -> Round:
    keys = place.settings.data_dir / "keys"
    keys.write_text(f"{SECRET}\n")
    return keys_rotated(place.settings, keys)


def counting(place: Place) -> Round:
    return requests_counted(produced(place.settings, place.either(5_000, 100_000)), place.either(20_000, 1_000_000))


def sending(place: Place) -> Round:
    short, long = Trouble(kills=2, pauses=1, cuts=2, restarts=1), Trouble(kills=8, pauses=3, cuts=8, restarts=3, pause_s=8)
    trouble = short if place.quick else long
    return everything_at_once(place.settings, place.either(2_000, 20_000), trouble, place.seed)


def memory(place: Place) -> Round:
    return memory_flat(place.settings, place.messages or place.either(20_000, 1_000_000))


ROUNDS = {
    "kills": Planned(BOTH, kills),
    "worker": Planned(BOTH, worker),
    "outage": Planned(("postgresql",), outage),
    "disk": Planned(("sqlite",), disk),
    "damage": Planned(BOTH, damage),
    "guessing": Planned(("sqlite",), guessing),
    "promo-codes": Planned(BOTH, promo_codes),
    "rotation": Planned(BOTH, rotation),
    "counting": Planned(BOTH, counting),
    "sending": Planned(BOTH, sending),
    "memory": Planned(BOTH, memory),
}


@contextmanager
def place_on(database: str, quick: bool, seed: int, messages: int) -> Iterator[Place]:
    # A folder with a short name: a socket's path may have a hundred characters.
    with tempfile.TemporaryDirectory(prefix="ricochet-soak-") as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        if database == "sqlite":
            settings = Settings(data_dir=data_dir, secret_key=SECRET)
            migrated(settings.database)
            yield Place(settings, None, quick, seed, messages)
            return
        with postgresql(Path(folder)) as server:
            settings = Settings(data_dir=data_dir, database_url=migrated(server.get_uri()), secret_key=SECRET)
            yield Place(settings, server, quick, seed, messages)


def play(name: str, database: str, quick: bool, seed: int, messages: int) -> bool:
    """Plays a round and says what came of it; True if it was good."""
    try:
        with place_on(database, quick, seed, messages) as place:
            played = ROUNDS[name].play(place)
    except Exception as error:
        traceback.print_exc()
        say(f"{name:9} [{database}] FAILED: {type(error).__name__}: {error}")
        return False
    say(f"{name:9} {played or 'not played: nobody may mount a disk here'}")
    return played is None or not played.broken


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--messages", type=int, default=0, help="How many the round `memory` sends.")
    parser.add_argument("rounds", nargs="*", metavar="ROUND", help=f"of {', '.join(ROUNDS)}; all unless told")
    options = parser.parse_args()
    if unknown := set(options.rounds) - ROUNDS.keys():
        parser.error(f"there is no round {', '.join(sorted(unknown))}; there are {', '.join(ROUNDS)}")
    # A server's socket would be beside the others' otherwise.
    with tempfile.TemporaryDirectory(prefix="ricochet-soak-") as runtime:
        os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
        planned = [(name, database) for name in options.rounds or ROUNDS for database in ROUNDS[name].databases]
        began = time.monotonic()
        good = [play(name, database, options.quick, options.seed, options.messages) for name, database in planned]
    say(f"{len(good)} rounds in {time.monotonic() - began:.0f} s, {good.count(False)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
