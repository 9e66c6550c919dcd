"""A shop with a key and with codes of every kind of offer, and a till that is typed at without a browser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import col, select

from linksvc import api_keys
from linksvc.database import reading, writing
from linksvc.models import LedgerEntry, PromoCode, Redemption
from tests import factories
from tests.dashboards.site import Site, read_token

PIN = "274951"
SCOPES = ("codes:validate", "codes:redeem", "codes:void")

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Counter:
    """A shop, and the key that its devices are enrolled with."""

    shop_id: int
    key: str


def make_counter(engine: Engine, workspace_id: int, scopes: tuple[str, ...] = SCOPES, shop: str = "Lyon") -> Counter:
    shop_id = factories.shop(engine, workspace_id, shop)
    with writing(engine) as session:
        return Counter(shop_id, api_keys.create_key(session, workspace_id, f"{shop}, till", scopes, shop_id, STARTED))


def make_code(engine: Engine, workspace_id: int, code: str, *, uses: int = 1, **offer: Any) -> str:
    """A code, normalised as given, of an offer of its own: 10 % unless told otherwise."""
    values: dict[str, Any] = {"starts_at": STARTED, "timezone": "Europe/Paris"}
    offer_id = factories.offer(engine, workspace_id, **(values | offer))
    with writing(engine) as session:
        session.add(PromoCode(workspace_id=workspace_id, code=code, offer_id=offer_id, max_uses=uses))
    return code


def used(engine: Engine, code: str) -> int:
    with reading(engine) as session:
        return session.exec(select(PromoCode.used).where(PromoCode.code == code)).one()


def tried(engine: Engine) -> list[str]:
    """Why codes were refused, by the ledger."""
    with reading(engine) as session:
        return list(session.exec(select(LedgerEntry.reason).where(LedgerEntry.action == "refused")))


def redemptions(engine: Engine) -> list[Redemption]:
    with reading(engine) as session:
        found = list(session.exec(select(Redemption).order_by(col(Redemption.recorded_at))))
        session.expunge_all()
        return found


@dataclass
class Till:
    """The till page of a site, in its client's hands."""

    site: Site
    counter: Counter

    def get(self, path: str = "/till") -> Any:
        return self.site.client.get(path)

    def post(self, step: str, **fields: str) -> Any:
        """Sends a form of the till with its token."""
        token = read_token(self.get().text)
        return self.site.client.post(f"/till/{step}", data={"csrf_token": token, **fields})

    def see(self, step: str, **fields: str) -> Any:
        """Sends a form as `post` does; follows to the page that says what it was answered."""
        return self.follow(self.post(step, **fields))

    def follow(self, answer: Any) -> Any:
        return self.get(answer.headers["location"]) if answer.status_code == 303 else answer

    def enrol(self, **fields: str) -> Any:
        form = {"key": self.counter.key, "name": "Counter 1", "pin": PIN, "again": PIN}
        return self.post("enrol", **(form | fields))

    def open(self, pin: str = PIN) -> Any:
        return self.post("open", pin=pin)

    def check(self, code: str, amount: str = "", **fields: str) -> Any:
        return self.see("check", code=code, amount=amount, **fields)

    def redeem(self, code: str, amount: str, **fields: str) -> Any:
        """Checks the code, then presses the button of what is shown; follows to the redemption."""
        page = self.check(code, amount, **fields).text
        return self.follow(self.site.client.post("/till/redeem", data=hidden(page)))


def hidden(page: str) -> Mapping[str, str]:
    """The hidden fields of the form in which one redeems."""
    form = page[page.index('action="/till/redeem"') :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[: form.index("</form>")]))


def open_till(site: Site, scopes: tuple[str, ...] = SCOPES) -> Till:
    """A till that was enrolled and is open."""
    till = Till(site, make_counter(site.engine, site.workspace_id, scopes))
    assert till.enrol().status_code == 303
    return till
