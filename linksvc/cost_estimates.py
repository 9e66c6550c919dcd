"""What sending a campaign will cost, before it is sent: how many parts its texts take, and what parts cost where its
recipients are. For the page on which a draft is sent.

It is an estimate: texts are made as messages leave, and which route carries one is decided then. So parts are those of the
first recipients, and the cost is told between the cheapest and the dearest route that covers each place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlmodel import Session, col, func, select

from linksvc import code_dealing, promo_codes
from linksvc.audiences import may_be_sent_to, segments_of
from linksvc.errors import InvalidRequest
from linksvc.fragments import analyse
from linksvc.links import CAMPAIGN_LINK
from linksvc.models import Campaign, Contact, Link
from linksvc.route_coverage import EVERYWHERE, Coverage, read_coverage, weight_for
from linksvc.route_prices import Price, PriceTable, price_of, read_prices
from linksvc.routes import list_routes
from linksvc.short_codes import LENGTH
from linksvc.templates import Template
from linksvc.unseen_characters import seen

SAMPLED = 200
"""Recipients whose texts are counted."""

_CODE = promo_codes.ALPHABET[:12]
"""As long as the codes that are generated."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Of the texts of so many recipients: the fewest and the most parts of one, and what one has on average."""

    sampled: int
    least: int
    most: int
    mean: Fraction


@dataclass(frozen=True, slots=True)
class CostRange:
    """In millionths of the currency's unit."""

    currency: str
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """`costs` by currency, of all but the `unpriced` recipients: of their places some route tells no price. `parts` None:
    there is nobody."""

    parts: Parts | None
    costs: tuple[CostRange, ...]
    unpriced: int


def estimate_cost(session: Session, campaign: Campaign, short_url: str, now: datetime) -> Estimate:
    """Looks at every recipient, by country and network. `short_url`: the installation's."""
    parts = _parts(session, campaign, short_url)
    if parts is None:
        return Estimate(None, (), 0)
    places = (col(Contact.country), col(Contact.network))
    who = may_be_sent_to(campaign, segments_of(session, campaign.id or 0))
    counted = session.exec(select(*places, func.count()).where(who).group_by(*places)).all()
    routes, prices, unpriced = _coverage(session), read_prices(session), 0
    sums: defaultdict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for country, network, people in counted:
        found = _prices(routes, prices, country, network, now)
        if found is None:
            unpriced += people
            continue
        least, most = (bound(price.micros for price in found) for bound in (min, max))
        sums[found[0].currency][0] += people * parts.mean * least
        sums[found[0].currency][1] += people * parts.mean * most
    costs = tuple(CostRange(currency, round(low), round(high)) for currency, (low, high) in sorted(sums.items()))
    return Estimate(parts, costs, unpriced)


def _coverage(session: Session) -> Mapping[int, Iterable[Coverage]]:
    """Where each enabled route may be used."""
    told = read_coverage(session)
    return {route.id: told.get(route.id) or EVERYWHERE for route in list_routes(session) if route.enabled}


def _prices(
    routes: Mapping[int, Iterable[Coverage]], prices: PriceTable, country: str, network: str, now: datetime
) -> list[Price] | None:
    """What a part costs on each route that covers the place; None where one tells none, none covers it, or they are in
    several currencies."""
    covering = [id for id, lines in routes.items() if weight_for(lines, country, network) is not None]
    found = [price for id in covering if (price := price_of(prices, id, country, network, now))]
    if not found or len(found) < len(covering) or len({price.currency for price in found}) > 1:
        return None
    return found


def _parts(session: Session, campaign: Campaign, short_url: str) -> Parts | None:
    who = may_be_sent_to(campaign, segments_of(session, campaign.id or 0))
    named = select(Contact.first_name, Contact.last_name, Contact.city).where(who).order_by(col(Contact.id)).limit(SAMPLED)
    template, same = Template.parse(campaign.text), _same_for_all(session, campaign, short_url)
    counts = []
    for first_name, last_name, city in session.exec(named):
        person = {"first_name": seen(first_name), "last_name": seen(last_name), "city": seen(city)}
        try:
            counts.append(analyse(template.render(same | person)).fragments)
        except InvalidRequest:
            # Too long for any SMS: such a message is refused and costs nothing.
            counts.append(0)
    if not counts:
        return None
    return Parts(len(counts), min(counts), max(counts), Fraction(sum(counts), len(counts)))


def _same_for_all(session: Session, campaign: Campaign, short_url: str) -> dict[str, str]:
    """What is as long for each recipient: link, code, and the word that stops."""
    link = session.get(Link, (campaign.id, CAMPAIGN_LINK))
    beginning = (link.short_url if link else "") or short_url
    code = code_dealing.shared_code(session, campaign) or _CODE
    return {
        "link": f"{beginning}/{'x' * LENGTH}" if link else "",
        "code": promo_codes.display(code),
        "stop": f"STOP {campaign.sender}",
    }
