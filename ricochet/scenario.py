"""The demonstration's campaign: what a marketer, a shop and an operator would do by hand, over the same public API."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from linksvc import accounts, api_keys, key_lives, routes, shops
from linksvc.clock import Clock
from linksvc.database import reading, writing
from linksvc.errors import RicochetError
from linksvc.models import Campaign, Contact, Route, Workspace
from linksvc.route_accounts import NewRoute
from linksvc.standing_campaigns import is_for_messages
from sender.simulator.population import Person, to_csv

WORKSPACE = "Boutique Lumen"
SHOPS = ("Lyon", "Paris")
ROUTE = "simulator"
SYSTEM_ID = "ricochet"
SENDER = "36180"
TEXT = (
    "Bonjour {{ first_name | default: 'et bienvenue' }}, -20 % chez Lumen jusqu'à dimanche : {{ link }} "
    "Code {{ code }} en magasin ou en ligne. {{ stop }}"
)
"""With the accents of some first names it needs UCS-2, hence two fragments; with others it fits into one."""

PAGE: dict[str, Any] = {
    "title": {"fr": "-20 % jusqu'à dimanche", "en": "20% off until Sunday"},
    "languages": ["fr", "en"],
    "theme": {"accent": "#7a1f3d", "background": "#fffaf5", "text": "#2b2320", "font": "serif"},
    "blocks": [
        {
            "id": "hello",
            "type": "text",
            "heading": {"fr": "Bonjour {{ first_name | default: 'et bienvenue' }}", "en": "Hello {{ first_name }}"},
            "text": {
                "fr": "Sur toute la boutique, **en magasin et en ligne** : montrez ce code, ou tapez-le au moment de payer.",
                "en": "On everything, **in our shops and online**: show this code, or type it when you pay.",
            },
        },
        {"id": "code", "type": "code", "label": {"fr": "Votre code", "en": "Your code"}, "forms": ["copy", "qr"]},
        {
            "id": "shop",
            "type": "button",
            "label": {"fr": "Aller à la boutique", "en": "Go to the shop"},
            "url": "https://shop.example/black-friday",
        },
        {"id": "stop", "type": "opt_out", "label": {"fr": "Ne plus recevoir nos SMS", "en": "Get no more texts"}},
        {
            "id": "privacy",
            "type": "privacy",
            "text": {
                "fr": "Cette page compte les visites de ceux qui l'ont accepté.",
                "en": "This page counts the visits of those who agreed to it.",
            },
        },
    ],
}
"""What the link shows: the offer again, and the code to copy or to scan."""


@dataclass(frozen=True, repr=False)
class Cast:
    """Who plays: the workspace, a marketer's key, the shops' keys, and the route's password, new for each run."""

    workspace_id: int
    marketer_key: str
    shop_keys: tuple[str, ...]
    route_password: str

    @property
    def secrets(self) -> dict[str, str]:
        return {routes.password_variable(ROUTE): self.route_password}


def prepare(engine: Engine, clock: Clock) -> Cast:
    """Makes the workspace and its shops if they are not there yet, and keys for this run."""
    with writing(engine) as session:
        workspace_id = accounts.ensure_workspace(session, WORKSPACE, clock())
        # Its people are made up: no night and no Sunday is theirs.
        accounts.set_quiet_times(session, workspace_id, hours=False, holidays=False)
        marketer = _new_key(session, workspace_id, "demo", MARKETER_SCOPES, None, clock())
        keys = []
        for name in SHOPS:
            shop_id = shops.find_shop(session, workspace_id, name) or shops.create_shop(session, workspace_id, name, clock())
            scopes = ("codes:validate", "codes:redeem")
            keys.append(_new_key(session, workspace_id, f"till {name}", scopes, shop_id, clock()))
    return Cast(workspace_id, marketer, tuple(keys), secrets.token_hex(4))


def _new_key(
    session: Session, workspace_id: int, name: str, scopes: Sequence[str], shop_id: int | None, now: datetime
) -> str:
    """Nobody has the key of an earlier demonstration any more."""
    key_lives.revoke_name(session, workspace_id, name, now)
    return api_keys.create_key(session, workspace_id, name, scopes, shop_id, now)


MARKETER_SCOPES = ("contacts:write", "contacts:read", "offers:write", "campaigns:write", "campaigns:read", "pages:write")


def point_route(engine: Engine, port: int, clock: Clock) -> None:
    """Lets the route of this name lead to the simulator's port."""
    new = NewRoute(ROUTE, "127.0.0.1", port, SYSTEM_ID, window_size=50, rate_per_s=500)
    with writing(engine) as session:
        if session.exec(select(Route.id).where(Route.name == ROUTE)).first() is None:
            routes.add_route(session, new, clock())
        else:
            routes.change_route(session, new)


def people_so_far(engine: Engine) -> int:
    """How many contacts earlier demonstrations brought, so that the next one meets other people."""
    with reading(engine) as session:
        return session.exec(
            select(func.count())
            .select_from(Contact)
            .join(Workspace, col(Workspace.id) == col(Contact.workspace_id))
            .where(Workspace.name == WORKSPACE)
        ).one()


def next_name(engine: Engine) -> str:
    """A name that tells this campaign from those of earlier demonstrations."""
    with reading(engine) as session:
        before = session.exec(select(func.count()).select_from(Campaign).where(is_for_messages())).one()
    return f"Black Friday {before + 1}" if before else "Black Friday"


class Marketer:
    """A client of the API. Raises RicochetError with the problem's own words when it answers one."""

    def __init__(self, api_url: str, key: str) -> None:
        bearer = {"Authorization": f"Bearer {key}"}
        self._client = httpx2.Client(base_url=api_url, headers=bearer, timeout=120, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def wait_until_ready(self, seconds: float = 30) -> None:
        """Waits for the API's /healthz. Raises RicochetError when it does not come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self._client.get("/healthz").is_success:
                    return
            except httpx2.TransportError:
                time.sleep(0.1)
        raise RicochetError(f"The API did not answer within {seconds:.0f} s.")

    def import_people(self, people: tuple[Person, ...]) -> str:
        """Two files, as consent to tracking is declared for a file: those who gave it, then everybody. Returns the id of
        the second import, which is the campaign's audience."""
        self._import([person for person in people if person.tracking_consent], tracking_consent=True)
        return self._import(people, tracking_consent=False)

    def _import(self, people: Sequence[Person], *, tracking_consent: bool) -> str:
        file = ("contacts.csv", to_csv(people), "text/csv")
        data = {"country": "FR", "tracking_consent": str(tracking_consent).lower(), "consent_source": "demo"}
        return str(self._ask("POST", "/v1/contacts/import", files={"file": file}, data=data)["id"])

    def create_campaign(self, name: str, import_id: str, rate_per_s: int) -> str:
        """An offer, a page that shows it, and a campaign to the people of an import; returns the campaign's id."""
        offer = {"name": f"{name}, -20 %", "kind": "percentage", "percent": "20", "currency": "EUR"}
        campaign = {
            "name": name,
            "kind": "marketing",
            "text": TEXT,
            "sender": SENDER,
            "page_id": self._publish_page(name),
            "offer_id": self._ask("POST", "/v1/offers", json=offer)["id"],
            "rate_per_s": rate_per_s,
            "audience": {"import_id": import_id},
        }
        return str(self._ask("POST", "/v1/campaigns", json=campaign)["id"])

    def _publish_page(self, name: str) -> str:
        page = self._ask("POST", "/v1/pages", json={"name": name, "document": PAGE})
        self._ask("POST", f"/v1/pages/{page['id']}/publish", json={"version": page["version"]})
        return str(page["id"])

    def send(self, campaign_id: str) -> None:
        self._ask("POST", f"/v1/campaigns/{campaign_id}/send")

    def funnel(self, campaign_id: str) -> Any:
        return self._ask("GET", f"/v1/campaigns/{campaign_id}/funnel")

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        answer = self._client.request(method, path, **request)
        if not answer.is_success:
            raise RicochetError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json()
