"""The web process: the API and the pages behind one port. Served by `ricochet serve web`."""

from sqlalchemy import Engine
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.app import create_dashboards
from linksvc.api.app import create_api
from linksvc.api.limits import Limits
from linksvc.clock import Clock, now
from linksvc.keys import Keyring
from linksvc.settings import Settings

API_PATHS = ("/v1", "/openapi.json", "/healthz")


def create_web(
    settings: Settings, engine: Engine, keyring: Keyring, clock: Clock = now, limits: Limits | None = None
) -> ASGIApp:
    """Sends what is the API's to the API and everything else to the pages. Both count who guesses codes in `limits`."""
    limits = limits or Limits(settings)
    api = create_api(settings, engine, keyring, clock, limits)
    pages = create_dashboards(settings, engine, keyring, clock, limits)

    async def web(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = api if scope["type"] == "http" and scope["path"].startswith(API_PATHS) else pages
        await chosen(scope, receive, send)

    return web
