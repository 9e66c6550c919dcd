"""A round of guessing promo codes with a shop's key: from one key over many addresses, and from one address with many keys,
while another till of the shop does its work.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy.engine import make_url

from linksvc.api_keys import create_key
from linksvc.clock import now
from linksvc.code_attempts import ONE_NETWORK, ONE_TILL
from linksvc.database import open_engine, reading, writing
from linksvc.failed_attempts import count_by_key
from linksvc.guessing import Patience
from linksvc.models import PromoCode
from linksvc.settings import Settings
from tests import factories
from tests.ricochet.served import Served, metrics, served
from tests.rounds.counting_client import load, send
from tests.rounds.processes import port_of
from tests.rounds.report import Report, Round

ENVIRONMENT = {"RICOCHET_TRUSTED_PROXIES": "127.0.0.0/8", "RICOCHET_API_REQUESTS_PER_KEY": "0"}
"""No quota but the one that is on trial holds the guesser up."""

SCOPES = ("codes:validate",)
KEYS = 50
REAL = "SUMMER"
CONNECTIONS = 16

ALARMS = "ricochet_api_guessing_alarms_total"


def promo_codes_guessed(settings: Settings, guesses: int) -> Round:
    """So many wrong codes are tried by one key from many addresses, and then as many by many keys from one address."""
    report = Report(f"{guesses:,} wrong promo codes, twice", make_url(settings.database).get_backend_name())
    keys, workspace_id = prepare(settings)
    till, thief, many = keys[0], keys[1], keys[2:]
    with served(settings, "serve", "linksvc", "--port", "0", "--internal", "0", environment=ENVIRONMENT) as running:
        scattered = [validation(thief, f"GUESS{i}", f"10.{i // 200}.{i % 200}.7") for i in range(guesses)]
        flood(report, running, scattered, till, ONE_TILL, "one key from many addresses")
        report.promise("one key raises one alarm", alarms(running) == {"key": 1, "address": 0, "shop": 0})
        together = [validation(many[i % len(many)], f"WRONG{i}", f"203.0.113.{i % 250}") for i in range(guesses)]
        flood(report, running, together, till, ONE_NETWORK, "many keys from one address")
        report.promise("one address raises one alarm", alarms(running) == {"key": 1, "address": 1, "shop": 0})
        report.promise("nothing broke", "Traceback" not in running.said.read_text())
    noted = noted_attempts(settings, workspace_id)
    report.tell(attempts_noted=noted.total())
    report.promise("every code that was looked at is noted", noted["thief"] > 0 and noted["till"] == 0)
    return report.end()


def prepare(settings: Settings) -> tuple[list[str], int]:
    """Keys of as many shops, the first two of one shop; there is a code that any number of people may use."""
    engine = open_engine(settings.database)
    workspace_id = factories.workspace(engine)
    shop_id = factories.shop(engine, workspace_id)
    others = [factories.shop(engine, workspace_id, f"Shop {i}") for i in range(KEYS)]
    offer_id = factories.offer(engine, workspace_id)
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code=REAL, offer_id=offer_id))
        names = [("till", shop_id), ("thief", shop_id), *((f"key {id}", id) for id in others)]
        keys = [create_key(session, workspace_id, name, SCOPES, shop, now()) for name, shop in names]
    engine.dispose()
    return keys, workspace_id


def flood(report: Report, running: Served, guesses: Sequence[bytes], till: str, patience: Patience, how: str) -> None:
    """The guesses as fast as they are answered, while a till asks for a code that exists."""
    began = time.monotonic()
    with load(port_of(running), real_codes(till), connections=1) as cashier:
        guesser = send(port_of(running), iter(guesses), CONNECTIONS)
    seconds = time.monotonic() - began
    found = guesser.by_status()
    let_through = patience.least_misses + patience.bucket_size + patience.bucket_per_s * seconds + CONNECTIONS
    report.tell(**{f"looked_at_of_{how.replace(' ', '_')}": found[200]})
    report.promise(f"{how}: every guess is answered", found.total() == len(guesses))
    report.promise(
        f"{how}: what is over the limit is refused", found[200] <= let_through and found[429] == found.total() - found[200]
    )
    report.promise(f"{how}: the cashier notices nothing", cashier.answered > 0 and set(cashier.by_status()) == {200})


def validation(key: str, code: str, address: str) -> bytes:
    body = json.dumps({"code": code}).encode()
    lines = (
        "POST /v1/codes/validate HTTP/1.1",
        "host: localhost",
        f"authorization: Bearer {key}",
        f"x-forwarded-for: {address}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    )
    return "\r\n".join([*lines, "", ""]).encode() + body


def real_codes(till: str) -> Iterator[bytes]:
    request = validation(till, REAL, "192.0.2.1")
    while True:
        yield request


def alarms(running: Served) -> dict[str, float]:
    told = metrics(running.internal[0])
    return {kind: told[f"{ALARMS}:{kind}"] for kind in ("key", "address", "shop")}


def noted_attempts(settings: Settings, workspace_id: int) -> Counter[str]:
    """How many refused codes are noted of each key."""
    engine = open_engine(settings.database)
    with reading(engine) as session:
        counts = count_by_key(session, workspace_id, factories.NOW)
    engine.dispose()
    return Counter({one.key: one.count for one in counts})
