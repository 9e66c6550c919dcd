"""`ricochet demo`: the whole path in a temporary place, with real processes, and the funnel held against the truth."""

import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateSchema, DropSchema

from linksvc.clock import now
from linksvc.database import open_engine, writing
from linksvc.funnel import Funnel
from linksvc.migrations import migrate
from linksvc.public_ids import parse_id
from linksvc.settings import Settings
from ricochet import scenario
from ricochet.comparison import Comparison, compare
from ricochet.rest import wait_for_rest
from ricochet.scenario import Marketer
from ricochet.simulation import Simulation
from ricochet.stack import Ports, start_stack
from sender.simulator.entries import Anomaly
from sender.simulator.population import people
from sender.simulator.settings import SmscSettings
from sender.simulator.till import ShopAccess

RATE_PER_S = 200
LIMIT_S = 600.0


@dataclass(frozen=True)
class DemoResult:
    comparison: Comparison
    anomalies: tuple[Anomaly, ...]
    seconds: float

    def line(self) -> str:
        """The last line of `ricochet demo --json`."""
        compared = self.comparison
        return json.dumps(
            {
                "truth": dict(compared.truth),
                "funnel": dict(compared.funnel),
                "equal": compared.equal,
                "confusion": dict(compared.confusion),
                "seconds": round(self.seconds, 1),
            }
        )


def run_demo(
    recipients: int, seed: int, database_url: str = "", on_progress: Callable[[Funnel], None] = lambda _: None
) -> DemoResult:
    """Sends one campaign to `recipients` simulated people and waits until everything has happened.

    With a PostgreSQL address everything is in a schema of its own, which is dropped afterwards.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ricochet-demo-") as folder, _place(Path(folder), database_url) as settings:
        engine = open_engine(settings.database)
        try:
            comparison, anomalies = _play(engine, settings, recipients, seed, on_progress)
        finally:
            engine.dispose()
    return DemoResult(comparison, anomalies, time.monotonic() - began)


@contextmanager
def _place(folder: Path, database_url: str) -> Iterator[Settings]:
    """Settings for a temporary data directory, with a schema of its own in a given database."""
    secret = SecretStr(uuid.uuid4().hex + uuid.uuid4().hex)
    if not database_url:
        yield Settings(data_dir=folder, secret_key=secret, database_url=f"sqlite:///{folder / 'ricochet.db'}")
        return
    schema = f"ricochet_demo_{uuid.uuid4().hex[:12]}"
    admin = open_engine(database_url)
    url = make_url(database_url).update_query_dict({"options": f"-csearch_path={schema}"}, append=True)
    with writing(admin) as session:
        session.connection().execute(CreateSchema(schema))
    try:
        yield Settings(data_dir=folder, secret_key=secret, database_url=url.render_as_string(hide_password=False))
    finally:
        with writing(admin) as session:
            session.connection().execute(DropSchema(schema, cascade=True))
        admin.dispose()


def _play(
    engine: Engine, settings: Settings, recipients: int, seed: int, on_progress: Callable[[Funnel], None]
) -> tuple[Comparison, tuple[Anomaly, ...]]:
    migrate(engine)
    cast = scenario.prepare(engine, now)
    everybody = people(recipients, seed)
    with ExitStack() as cleanup:
        stack = start_stack(settings, Ports(any_port=True), cast.secrets)
        cleanup.callback(stack.stop)
        shop = ShopAccess(stack.settings.public_url, cast.shop_keys)
        smsc = SmscSettings(seed=seed, system_id=scenario.SYSTEM_ID, password=cast.route_password, speed=2.0)
        simulation = Simulation(everybody, smsc, shop)
        scenario.point_route(engine, simulation.start(), now)
        cleanup.callback(simulation.stop)
        marketer = Marketer(stack.settings.public_url, cast.marketer_key)
        cleanup.callback(marketer.close)
        marketer.wait_until_ready()
        audience = marketer.import_people(everybody)
        campaign = marketer.create_campaign(scenario.next_name(engine), audience, RATE_PER_S)
        marketer.send(campaign)

        def watch(funnel: Funnel) -> None:
            stack.supervisor.check()
            on_progress(funnel)

        campaign_id = parse_id("campaign", campaign)
        funnel = wait_for_rest(engine, stack.settings, simulation, campaign_id, watch, LIMIT_S)
        return compare(engine, funnel, simulation.ledger, everybody), tuple(simulation.ledger.anomalies)
