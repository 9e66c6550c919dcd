"""The charts below a campaign's figures: read from its counters, a few rows whatever its size, and written for one reader.

For `dashboards.pages.charts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from dashboards.charts.costs import cost_chart
from dashboards.charts.delays import CLICKS, RECEIPTS, REDEMPTIONS, delay_chart
from dashboards.charts.deliveries import delivery_chart
from dashboards.charts.devices import device_chart
from dashboards.charts.hours import hour_chart
from dashboards.charts.places import COUNTRIES, NETWORKS, ROUTES, Places, place_chart
from dashboards.charts.proofs import proof_chart
from dashboards.charts.shape import Chart
from dashboards.charts.teller import Teller
from dashboards.charts.verdicts import verdict_chart
from dashboards.charts.weeks import CLICKED, recipients_week, workspace_week
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.breakdowns import BreakdownRow, read_breakdown, read_spread, read_timeline
from linksvc.costs import costs_of
from linksvc.deliveries import Spread, make_deliveries
from linksvc.funnel import Funnel, read_funnel
from linksvc.public_ids import format_id
from linksvc.routes import route_names

SPREADS = ("cause", "proof", "click_delay", "redeem_delay", "receipt_delay", "click_hour", "os", "reason")
PLACES = (NETWORKS, COUNTRIES, ROUTES)


@dataclass(frozen=True, slots=True)
class Material:
    """What the charts are made of: a campaign's counters, as they stood at one moment."""

    funnel: Funnel
    spreads: Mapping[str, Spread]
    breakdowns: Mapping[str, Sequence[BreakdownRow]]
    clicks: Sequence[tuple[datetime, int]]
    """Messages first clicked by a person, by 15 minutes of UTC."""
    routes: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class ChartsPage:
    name: str
    campaign_path: str
    charts: tuple[Chart, ...]


def charts_path(campaign_id: int) -> str:
    return f"/campaigns/{format_id('campaign', campaign_id)}/charts"


def read_material(session: Session, workspace_id: int, campaign_id: int) -> Material:
    """Reads a campaign of the workspace. Raises NotFound."""
    here = (session, workspace_id, campaign_id)
    funnel = read_funnel(*here)
    timeline = read_timeline(session, campaign_id, (CLICKED,))
    return Material(
        funnel=funnel,
        spreads={by: read_spread(session, campaign_id, by) for by in SPREADS},
        breakdowns={by: read_breakdown(*here, by).rows for by in ("device", *(places.by for places in PLACES))},
        clicks=[(row.bucket, row.count) for row in timeline],
        routes=route_names(session),
    )


def make_charts(material: Material, who: SignedIn, speech: Speech, *, of_recipients: bool = False) -> ChartsPage:
    """Writes the charts; `of_recipients`: the map of hours tells those of the recipients instead of the workspace's."""
    funnel = material.funnel
    path = charts_path(funnel.campaign_id).removesuffix("/charts")
    if not funnel["produced"]:
        # The page says in one place that nothing was sent yet, not in eleven.
        return ChartsPage(funnel.name, path, ())
    teller = Teller(funnel.campaign_id, speech)
    charts = [*_deliveries(material, teller), *_clicks(material, who, teller, of_recipients=of_recipients)]
    if funnel.tells("redeemed"):
        charts.append(delay_chart(REDEMPTIONS, funnel["redeemed"], material.spreads["redeem_delay"], teller))
    charts.append(cost_chart(costs_of(funnel), funnel.counts, who.currency, teller))
    charts += [_place(places, material, teller) for places in PLACES]
    return ChartsPage(funnel.name, path, tuple(charts))


def _deliveries(material: Material, teller: Teller) -> tuple[Chart, ...]:
    counts, spreads = material.funnel.counts, material.spreads
    report = make_deliveries(counts, spreads["cause"], spreads["proof"], spreads["receipt_delay"])
    return (
        delivery_chart(report, teller),
        proof_chart(counts["submitted"], counts["contradicted"], spreads["proof"], teller),
        delay_chart(RECEIPTS, counts["delivered"], spreads["receipt_delay"], teller),
    )


def _clicks(material: Material, who: SignedIn, teller: Teller, *, of_recipients: bool) -> tuple[Chart, ...]:
    """Nothing of a campaign without a link: nobody can click."""
    counts, spreads = material.funnel.counts, material.spreads
    if not material.funnel.has_link:
        return ()
    zone, path = ZoneInfo(who.timezone), charts_path(material.funnel.campaign_id)
    if of_recipients:
        week = recipients_week(spreads["click_hour"], zone, path, teller)
    else:
        week = workspace_week(material.clicks, zone, path, teller)
    return (
        delay_chart(CLICKS, counts["clicked"], spreads["click_delay"], teller),
        hour_chart(week, teller),
        device_chart(counts["clicked"], material.breakdowns["device"], spreads["os"], teller),
        verdict_chart(counts, spreads["reason"], teller),
    )


def _place(places: Places, material: Material, teller: Teller) -> Chart:
    def label(value: str) -> str:
        if places is COUNTRIES:
            return teller.speech.country(value)
        return material.routes.get(int(value), value) if places is ROUTES else value

    return place_chart(places, material.breakdowns[places.by], material.funnel.has_link, teller, label)
