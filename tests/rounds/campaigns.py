"""A campaign whose links the rounds open, and what is stored of that."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from sqlalchemy import Engine, insert
from sqlalchemy.engine import make_url
from sqlmodel import func, select

from linksvc import production
from linksvc.clock import now
from linksvc.database import open_engine, reading, writing
from linksvc.keys import open_keyring
from linksvc.models import Contact, Fact, Hit, SerialBlock
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tests.factories import campaign, workspace
from tests.rounds.counting_client import CountingClient
from tests.rounds.report import Report
from tests.tracker.http import request

INSERTED_AT_ONCE = 10_000


@dataclass(frozen=True)
class Links:
    """A produced campaign: the path of each recipient's link is at its n, and so is its serial."""

    settings: Settings
    campaign_id: int
    serials: tuple[int, ...]
    paths: tuple[str, ...]

    @property
    def where(self) -> str:
        return make_url(self.settings.database).get_backend_name()

    def requests(self, **headers: str) -> Iterator[bytes]:
        """One link after the other, without end: request i is for the link of n = i modulo the number of links."""
        return (request(path, **headers) for path in cycle(self.paths))


def make_contacts(engine: Engine, workspace_id: int, count: int) -> None:
    """People who consented to everything."""
    at = now()
    shared = {"workspace_id": workspace_id, "country": "FR", "created_at": at, "updated_at": at}
    shared |= {"marketing_consent_at": at, "tracking_consent_at": at}
    for first in range(0, count, INSERTED_AT_ONCE):
        numbers = [f"+33{639_980_000 + i}" for i in range(first, min(count, first + INSERTED_AT_ONCE))]
        with writing(engine) as session:
            rows = [shared | {"identity": f"n:{number}", "number": number} for number in numbers]
            session.connection().execute(insert(Contact), rows)


def produce(settings: Settings, engine: Engine, workspace_id: int) -> Links:
    """Sends a campaign to everybody in the workspace, with the keys that there are now."""
    keyring = open_keyring(settings)
    campaign_id = campaign(engine, workspace_id)
    with writing(engine) as session:
        production.request_send(session, workspace_id, campaign_id, now())
    while production.produce_batch(engine, keyring, campaign_id, now):
        pass
    with reading(engine) as session:
        chosen = select(SerialBlock).where(SerialBlock.campaign_id == campaign_id)
        blocks = sorted(session.exec(chosen), key=lambda block: block.first_n)
        serials = tuple(block.first_serial + i for block in blocks for i in range(block.size))
    codes = ShortCodes.of(keyring)
    return Links(settings, campaign_id, serials, tuple(f"/{codes.encode(serial)}" for serial in serials))


def produced(settings: Settings, recipients: int) -> Links:
    """A campaign to new contacts of a new workspace. The database is migrated."""
    engine = open_engine(settings.database)
    try:
        workspace_id = workspace(engine)
        make_contacts(engine, workspace_id, recipients)
        return produce(settings, engine, workspace_id)
    finally:
        engine.dispose()


@dataclass(frozen=True)
class Stored:
    """How many hits are stored of each n, and how many facts of hits there are."""

    hits: Counter[int]
    facts: int


def read_stored(links: Links) -> Stored:
    engine = open_engine(links.settings.database)
    try:
        with reading(engine) as session:
            by_n = select(Hit.n, func.count()).where(Hit.campaign_id == links.campaign_id).group_by(Hit.n)  # type: ignore[arg-type]
            hits = Counter({-1 if n is None else n: count for n, count in session.exec(by_n)})
            facts = session.exec(select(func.count()).select_from(Fact).where(Fact.kind == "hit")).one()
    finally:
        engine.dispose()
    return Stored(hits, facts)


def read_details(links: Links) -> set[tuple[str, str, str, str]]:
    """The different methods, networks, user agents and outcomes of what is stored."""
    engine = open_engine(links.settings.database)
    try:
        with reading(engine) as session:
            details = select(Hit.method, Hit.network, Hit.user_agent, Hit.outcome).distinct()
            return {tuple(row) for row in session.exec(details)}
    finally:
        engine.dispose()


def compare(report: Report, links: Links, client: CountingClient, *, none_lost: bool = True) -> Stored:
    """Compares, link by link, what a client sent and was answered with what is stored. `none_lost`: every answered hit must
    be; else only its number is told."""
    links_count = len(links.paths)
    sent = Counter(number % links_count for number in range(client.sent))
    answered = Counter(number % links_count for number, outcome in enumerate(client.outcomes) if outcome == 302)
    stored = read_stored(links)
    lost = (answered - stored.hits).total()
    report.tell(sent=client.sent, answered=client.answered, stored=stored.hits.total(), lost=lost)
    report.promise("every answer is a redirect", set(client.by_status()) <= {302})
    report.promise("each stored hit was sent, and is stored once", stored.hits <= sent)
    report.promise("each hit has its fact", stored.facts == stored.hits.total())
    report.promise("each answered hit is stored", not (none_lost and lost))
    return stored
