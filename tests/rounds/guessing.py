"""A round of guessing: random codes that are sound in themselves, against a million links.

A code of a random serial, under the key that the links have, is what somebody guesses who recovered the salt of hashids:
every number is as likely as any other.
"""

import json
import random
import time
from collections.abc import Iterator
from itertools import cycle

from sqlalchemy.engine import make_url
from sqlmodel import Session

from linksvc.clock import now
from linksvc.database import open_engine, reading, writing
from linksvc.keys import open_keyring
from linksvc.links import CAMPAIGN_LINK, add_campaign_link
from linksvc.models import Campaign, SerialBlock
from linksvc.serials import take_serials
from linksvc.settings import Settings
from linksvc.short_codes import SERIAL_BITS, ShortCodes
from tests.factories import workspace
from tests.ricochet.served import Served, metrics, wait_until
from tests.rounds.counting_client import load, send
from tests.rounds.killing import ready
from tests.rounds.processes import port_of, tracker
from tests.rounds.report import Report, Round
from tests.tracker.http import request
from tracker.blocks import Blocks, read_blocks
from tracker.guessing import BUCKET_PER_S, BUCKET_SIZE, LEAST_MISSES

CAMPAIGNS = 100
MESSAGES = 10_000
GUESSES_A_NETWORK = 10
"""Too few for any network to be slowed down."""

BEHIND_A_PROXY = {"RICOCHET_TRUSTED_PROXIES": "127.0.0.0/8"}
CONNECTIONS = 32

SERIALS = "ricochet_tracker_serials"
ALARMS = "ricochet_tracker_guessing_alarms_total"
THROTTLED = "ricochet_tracker_networks_throttled"
REFUSED = "ricochet_tracker_requests_refused_total"


def codes_guessed(settings: Settings, count: int, asked: int, seed: int) -> Round:
    """`count` codes are guessed. `asked` of them are asked for, an eighth from many networks and then the rest from one,
    while people of other networks open their links."""
    scattered = asked // 8
    report = Report(f"{count:,} random codes guessed, seed {seed}", make_url(settings.database).get_backend_name())
    serials = fill_store(settings)
    codes = ShortCodes.of(open_keyring(settings))
    chance = random.Random(seed)
    guesses = [f"/{codes.encode(chance.getrandbits(SERIAL_BITS))}" for _ in range(count)]
    real = [f"/{codes.encode(serial)}" for serial in chance.sample(serials, 2_000)]
    opened = opened_by(settings, codes, guesses)
    report.tell(guessed=count, opened=opened, asked=asked)
    report.promise("no guess leads to a link", opened == 0)
    report.promise("a link leads to one", opened_by(settings, codes, real) == len(real))
    with tracker(settings, environment=BEHIND_A_PROXY) as running:
        wait_until(lambda: ready(running))
        (internal,) = running.internal
        report.tell(links=int(metrics(internal)[SERIALS]))
        seen = send(port_of(running), from_many_networks(guesses[:scattered]), CONNECTIONS)
        report.promise("no guess is redirected", seen.by_status() == {404: scattered})
        report.promise("a few misses a network raise no alarm", metrics(internal)[ALARMS] == 0)
        flood(report, running, guesses[scattered:asked], real)
    return report.end()


def opened_by(settings: Settings, codes: ShortCodes, paths: list[str]) -> int:
    """How many of the paths a tracker would find a block for."""
    engine = open_engine(settings.database)
    with reading(engine) as session:
        blocks = Blocks(read_blocks(session, 0))
    engine.dispose()
    opened = map(codes.decode, (path[1:] for path in paths))
    return sum(blocks.find(serial) is not None for _, serial in filter(None, opened))


def fill_store(settings: Settings) -> range:
    """The serials of a million links in blocks. The database is migrated. A tracker needs no messages."""
    engine = open_engine(settings.database)
    workspace_id = workspace(engine)
    with writing(engine) as session:
        firsts = [add_block(session, workspace_id) for _ in range(CAMPAIGNS)]
    engine.dispose()
    return range(firsts[0], firsts[-1] + MESSAGES)


def add_block(session: Session, workspace_id: int) -> int:
    """One more campaign; returns its first serial."""
    row = Campaign(
        workspace_id=workspace_id,
        name="One of many",
        kind="marketing",
        sender="36180",
        text="{{ link }} {{ stop }}",
        rate_per_s=100,
        state="sending",
        created_at=now(),
    )
    session.add(row)
    session.flush()
    campaign_id = row.id or 0
    add_campaign_link(session, workspace_id, campaign_id, "https://shop.example/sale", now())
    session.flush()
    first = take_serials(session, "link", MESSAGES)
    block = SerialBlock(
        campaign_id=campaign_id, first_serial=first, size=MESSAGES, first_n=0, link_id=CAMPAIGN_LINK, tracked=True
    )
    session.add(block)
    return first


def from_many_networks(paths: list[str]) -> Iterator[bytes]:
    for i, path in enumerate(paths):
        network = i // GUESSES_A_NETWORK
        yield request(path, x_forwarded_for=f"10.{network // 256}.{network % 256}.7")


def from_people(paths: list[str]) -> Iterator[bytes]:
    """Without end, of 256 networks."""
    for i, path in enumerate(cycle(paths)):
        yield request(path, x_forwarded_for=f"100.64.{i % 256}.{i % 250}")


def flood(report: Report, running: Served, guesses: list[str], real: list[str]) -> None:
    """The guesses from one network, as fast as they are answered, beside people."""
    (internal,) = running.internal
    from_one = (request(path, x_forwarded_for=f"203.0.113.{i % 250}") for i, path in enumerate(guesses))
    began = time.monotonic()
    with load(port_of(running), from_people(real), connections=4) as people:
        guesser = send(port_of(running), from_one, CONNECTIONS)
        seconds = time.monotonic() - began
        wait_until(lambda: people.answered >= 500)
    told, found = metrics(internal), guesser.by_status()
    let_through = LEAST_MISSES + BUCKET_SIZE + BUCKET_PER_S * seconds + CONNECTIONS
    report.tell(refused=found[429], not_found=found[404], people_redirected=people.by_status()[302])
    report.promise("no guess of the flood is redirected", found.keys() <= {404, 429})
    report.promise("the flood is slowed down to its bucket", found[404] <= let_through)
    report.promise("what is refused is counted", told[REFUSED] == found[429])
    report.promise("one network is held back, and raised one alarm", (told[THROTTLED], told[ALARMS]) == (1, 1))
    report.promise("the alarm is in the log, and names the network", alarms_said(running) == ["203.0.113.0/24"])
    report.promise("other networks notice nothing", people.by_status() == {302: people.sent})


def alarms_said(running: Served) -> list[str]:
    ours = (json.loads(line) for line in running.said.read_text().splitlines() if line.startswith("{"))
    return [line["network"] for line in ours if line.get("action") == "guessing"]
