"""All that a campaign's page is made from, read at one moment and in nobody's language: one reading serves every reader."""

from dataclasses import dataclass

from sqlmodel import Session

from dashboards.campaigns import CampaignDetails, read_details
from dashboards.tiles import COMPARED
from linksvc.comparisons import LastCampaigns, average_of_last
from linksvc.conversions import count_conversions
from linksvc.funnel import Funnel, read_funnel
from linksvc.holds import Held, list_holds
from linksvc.route_trouble import Uncovered, find_uncovered, is_waiting
from linksvc.routes import RouteView, list_routes


@dataclass(frozen=True, slots=True)
class Reading:
    """`routes`: those that are enabled; `uncovered`: what waits and none of them may carry."""

    funnel: Funnel
    details: CampaignDetails
    last: LastCampaigns
    routes: tuple[RouteView, ...] = ()
    held: tuple[Held, ...] = ()
    uncovered: tuple[Uncovered, ...] = ()
    conversions: int = 0


def read_campaign(session: Session, workspace_id: int, campaign_id: int) -> Reading:
    """Reads a campaign of the workspace. Raises NotFound."""
    funnel = read_funnel(session, workspace_id, campaign_id)
    # Routes are the operator's: every workspace sends by all that are enabled.
    routes = tuple(route for route in list_routes(session) if route.enabled)
    return Reading(
        funnel=funnel,
        details=read_details(session, workspace_id, campaign_id),
        last=average_of_last(session, workspace_id, campaign_id, COMPARED),
        routes=routes,
        held=list_holds(session, campaign_id),
        uncovered=tuple(find_uncovered(session, campaign_id, list(routes)) if is_waiting(funnel) else ()),
        conversions=count_conversions(session, campaign_id),
    )
