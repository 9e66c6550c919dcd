"""The marketer's pages as one Starlette application. `ricochet up` and `ricochet serve` mount it beside the API."""

from datetime import timedelta

from anyio import CapacityLimiter
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import Route

from dashboards.assets import PREFIX, load_assets
from dashboards.pages import errors
from dashboards.pages.campaigns import CampaignPages
from dashboards.pages.charts import ChartPages
from dashboards.pages.door import Door
from dashboards.pages.keeping import KeepingPages
from dashboards.pages.landing_editor import LandingEditor
from dashboards.pages.landing_list import LandingList
from dashboards.pages.landing_preview import LandingPreview
from dashboards.pages.live_campaigns import LiveCampaigns
from dashboards.pages.page_results import PageResults
from dashboards.pages.reports import ReportPages
from dashboards.pages.rows import RowPages
from dashboards.pages.segments import SegmentPages
from dashboards.pages.sending import SendingPages
from dashboards.pages.sign_in import PASSWORDS_AT_ONCE, SignIn
from dashboards.pages.till import TillPages
from dashboards.pages.till_door import TillDoor
from dashboards.security import SecurityHeaders
from dashboards.sessions import Sessions
from dashboards.streams import Streams
from dashboards.till_answers import TillAnswers
from dashboards.till_sessions import TillSessions
from linksvc.api.limits import Limits
from linksvc.clock import Clock, now
from linksvc.errors import Problem
from linksvc.keys import Keyring
from linksvc.settings import Settings


def create_dashboards(
    settings: Settings, engine: Engine, keyring: Keyring, clock: Clock = now, limits: Limits | None = None
) -> Starlette:
    """The pages: /, /sign-in, /sign-out, /language, /campaigns, /compare, /trends, /definitions, /segments, /pages, /till
    and what is below them, /static and /s. `limits` are the process's, their own if there is nobody to share them with."""
    lasts = timedelta(hours=settings.session_hours)
    sessions = Sessions(engine, clock, lasts)
    secure = settings.public_url.startswith("https://")
    door = TillDoor(engine, clock, TillSessions(engine, clock, secure))
    answers = TillAnswers(keyring.session, clock, secure=secure)
    signed_in, streams = Door(sessions), Streams()
    return Starlette(
        routes=[
            *CampaignPages(engine, clock, sessions).routes(),
            *LiveCampaigns(engine, clock, sessions, streams).routes(),
            *ChartPages(engine, sessions).routes(),
            *PageResults(engine, clock, signed_in).routes(),
            *LandingPreview(engine, clock, signed_in).routes(),
            *RowPages(engine, signed_in).routes(),
            *KeepingPages(engine, clock, signed_in, settings.short_url).routes(),
            *SendingPages(engine, clock, signed_in, settings.short_url).routes(),
            *SegmentPages(engine, signed_in).routes(),
            *ReportPages(engine, clock, signed_in).routes(),
            *LandingList(engine, clock, signed_in).routes(),
            *LandingEditor(engine, clock, signed_in).routes(),
            *SignIn(engine, clock, sessions, CapacityLimiter(PASSWORDS_AT_ONCE), streams).routes(),
            *TillPages(engine, clock, door, answers, limits or Limits(settings)).routes(),
            Route(f"{PREFIX}{{name}}", load_assets().serve),
        ],
        middleware=[Middleware(SecurityHeaders), session_middleware(settings, keyring, lasts)],
        exception_handlers={
            Problem: errors.on_problem,
            HTTPException: errors.on_http_error,
            Exception: errors.on_crash,
        },
    )


def session_middleware(settings: Settings, keyring: Keyring, lasts: timedelta) -> Middleware:
    """The signed cookie. Over https it is bound to this host alone, by its name (RFC 6265bis, 4.1.3.2)."""
    secure = settings.public_url.startswith("https://")
    return Middleware(
        SessionMiddleware,
        secret_key=keyring.session.hex(),
        session_cookie="__Host-ricochet" if secure else "ricochet",
        max_age=int(lasts.total_seconds()),
        same_site="lax",
        https_only=secure,
    )
