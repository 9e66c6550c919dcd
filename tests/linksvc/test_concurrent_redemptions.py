"""One code, many tills: several processes redeem at the same moment, each with keys of its own."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, func
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.models import LedgerEntry, OfferBudget, PromoCode, Redemption
from linksvc.new_offers import NewOffer
from linksvc.offers import create_offer
from tests import factories
from tests.factories import NOW

ROOT = Path(__file__).parents[2]

PROCESSES, KEYS, REQUESTS = 4, 50, 200

TILLS = """
import sys
from concurrent.futures import ThreadPoolExecutor

import orjson

from linksvc.code_worth import Refusal
from linksvc.database import open_engine, writing
from linksvc.money import Money
from linksvc.redemptions import Till, Use, redeem
from tests.factories import NOW

sent = orjson.loads(sys.stdin.readline())
engine = open_engine(sent["url"], pool_size=len(sent["uses"]))


def ring_up(use):
    till = Till(sent["workspace_id"], use["shop_id"], use["key_id"])
    with writing(engine) as session:
        wanted = Use(use["code"], use["order_ref"], Money(50_000, "EUR"), customer_ref=use["customer"])
        outcome = redeem(session, till, wanted, NOW)
    return outcome.reason if isinstance(outcome, Refusal) else "redeemed"


with ThreadPoolExecutor(8) as tills:
    print("ready", flush=True)
    sys.stdin.readline()
    print(orjson.dumps(list(tills.map(ring_up, sent["uses"]))).decode())
"""


@dataclass(frozen=True)
class Scene:
    """What many tills do at the same moment. A use stands behind the name of those it is counted with."""

    engine: Engine
    workspace_id: int
    uses: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add_codes(self, *codes: str, **offer: Any) -> None:
        with writing(self.engine) as session:
            terms = create_offer(session, self.workspace_id, NewOffer(**({"name": "o", "kind": "amount"} | offer)), NOW)
            for code in codes:
                uses = terms.uses_per_code
                session.add(PromoCode(workspace_id=self.workspace_id, code=code, offer_id=terms.id, max_uses=uses))

    def plan(self, named: str, code: str, nth: int, **more: Any) -> None:
        """A use by one of 50 keys of five shops, on an order of its own."""
        use = {"code": code, "order_ref": f"{named}-{nth}", "shop_id": nth % 5 + 1, "key_id": nth % KEYS + 1, "customer": ""}
        self.uses.append((named, use | more))

    def ring_up(self) -> dict[str, Counter[str]]:
        """What became of the uses, dealt to several processes that begin together."""
        dealt = [self.uses[i::PROCESSES] for i in range(PROCESSES)]
        with ExitStack() as stack:
            started = [stack.enter_context(self._started([use for _, use in uses])) for uses in dealt]
            for process in started:
                assert said(process) == "ready"
            for process in started:
                tell(process, "go")
            answers: dict[str, Counter[str]] = defaultdict(Counter)
            for uses, process in zip(dealt, started, strict=True):
                for (named, _), answer in zip(uses, orjson.loads(said(process)), strict=True):
                    answers[named][answer] += 1
        return answers

    @contextmanager
    def _started(self, uses: list[dict[str, Any]]) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", TILLS]
        with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                url = self.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
                told = {"url": url, "workspace_id": self.workspace_id, "uses": uses}
                tell(process, orjson.dumps(told).decode())
                yield process
            finally:
                process.kill()


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.fixture
def scene(engine: Engine) -> Scene:
    return Scene(engine, factories.workspace(engine))


def test_of_200_redemptions_of_one_code_from_50_keys_as_many_succeed_as_it_has_uses(scene: Scene) -> None:
    scene.add_codes("XA", value=500)
    scene.add_codes("XC", value=500, uses_per_code=3)
    for i in range(REQUESTS):
        scene.plan("one", "XA", i)
        scene.plan("three", "XC", i)
    assert scene.ring_up() == {
        "one": {"redeemed": 1, "code_exhausted": REQUESTS - 1},
        "three": {"redeemed": 3, "code_exhausted": REQUESTS - 3},
    }
    with reading(scene.engine) as session:
        assert dict(session.exec(select(PromoCode.code, PromoCode.used)).all()) == {"XA": 1, "XC": 3}
        assert len(session.exec(select(Redemption.id)).all()) == 4
        steps = session.exec(select(LedgerEntry.action, LedgerEntry.used_step)).all()
        assert Counter(steps) == {("redeemed", 1): 4, ("refused", 0): 2 * REQUESTS - 4}


def test_tills_at_the_same_moment_use_a_budget_to_its_end_and_keep_to_every_other_limit(scene: Scene) -> None:
    """Each of the budget's 16 shares holds three discounts and a rest; together the rests hold five more."""
    scene.add_codes(*(f"B{i}" for i in range(100)), value=30_000, budget_minor=1_600_000)
    scene.add_codes(*(f"A{i}" for i in range(60)), value=500, uses_in_all=40)
    scene.add_codes(*(f"C{i}" for i in range(40)), value=500, uses_per_contact=2)
    scene.add_codes(*(f"S{i}" for i in range(20)), value=500)
    for i in range(100):
        scene.plan("budget", f"B{i}", i)
    for i in range(60):
        scene.plan("in all", f"A{i}", i)
    for i in range(40):
        scene.plan("customer", f"C{i}", i, customer="K-7")
    for i in range(20):
        scene.plan("one order", f"S{i}", i, shop_id=1, order_ref="R-1")
    assert scene.ring_up() == {
        "budget": {"redeemed": 53, "budget_exhausted": 47},
        "in all": {"redeemed": 40, "offer_exhausted": 20},
        "customer": {"redeemed": 2, "contact_limit_reached": 38},
        "one order": {"redeemed": 1, "not_stackable": 19},
    }
    with reading(scene.engine) as session:
        assert session.exec(select(func.sum(OfferBudget.minor_left), func.sum(OfferBudget.uses_left))).one() == (10_000, 0)
        assert session.exec(select(func.sum(PromoCode.used))).one() == 96
