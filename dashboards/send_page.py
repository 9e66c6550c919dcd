"""What is reviewed before a campaign is sent: who gets it, who does not and why, what it costs. For
`dashboards.pages.sending`; the audience is counted by `linksvc.audiences`, as the API does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from dashboards.campaigns import CampaignDetails, read_details
from dashboards.forms import Filled
from dashboards.funnel_page import Detail, details_of
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.audiences import AudienceCount, count_audience
from linksvc.cost_estimates import Estimate, estimate_cost
from linksvc.errors import Problem
from linksvc.funnel import Funnel, read_funnel
from linksvc.models import Campaign
from linksvc.public_ids import format_id

SENDABLE = ("draft", "scheduled")
"""States in which a campaign may be sent; one that waits for its time may be given another."""

WHEN, NOW, LATER, AT, ZONE = "when", "now", "later", "at", "zone"
"""Fields of the forms, and what the first one says."""


@dataclass(frozen=True, slots=True)
class Material:
    """A campaign and its audience as they stood at one moment."""

    funnel: Funnel
    details: CampaignDetails
    audience: AudienceCount
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class AudienceLine:
    """A line of the table of people."""

    label: str
    count: str
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class SendPage:
    """The page's values. `buttons` are empty where nobody may be sent to; `wrong`: why it was not sent just now."""

    name: str
    path: str
    lines: tuple[AudienceLine, ...]
    follow_up: str
    costs: tuple[str, ...]
    details: tuple[Detail, ...]
    now_button: str
    later_button: str
    form: Filled
    wrong: str
    timezone: str


def read_sendable(session: Session, workspace_id: int, campaign_id: int, short_url: str, now: datetime) -> Material | None:
    """Reads what is to be reviewed; None: it cannot be sent any more. It looks at every person of the audience. Raises
    NotFound."""
    funnel = read_funnel(session, workspace_id, campaign_id)
    if funnel.status not in (*SENDABLE, "paused") or funnel.state not in SENDABLE:
        return None
    return Material(
        funnel,
        read_details(session, workspace_id, campaign_id),
        count_audience(session, workspace_id, campaign_id),
        estimate_cost(session, session.get_one(Campaign, campaign_id), short_url, now),
    )


def make_send_page(
    material: Material, who: SignedIn, speech: Speech, form: Filled | None = None, problem: Problem | None = None
) -> SendPage:
    """`form` is what was typed before, `problem` why it was not taken."""
    funnel, sendable = material.funnel, material.audience.sendable
    return SendPage(
        name=funnel.name,
        path=f"/campaigns/{format_id('campaign', funnel.campaign_id)}",
        lines=tuple(_lines(material.audience, speech)),
        follow_up=_follow_up(material.details, speech),
        costs=tuple(_costs(material.estimate, speech)),
        details=details_of(funnel, material.details, speech),
        now_button=speech.say("send.now.button", sendable) if sendable else "",
        later_button=speech.say("send.later.button", sendable) if sendable else "",
        form=form or _scheduled(funnel),
        wrong=_wrong(problem, speech),
        timezone=who.timezone,
    )


def _lines(audience: AudienceCount, speech: Speech) -> Iterator[AudienceLine]:
    if audience.listed != audience.people:
        yield AudienceLine(speech.say("send.listed"), speech.number(audience.listed))
    yield AudienceLine(speech.say("send.audience"), speech.number(audience.people))
    for reason, count in audience.left_out.items():
        if count:
            yield AudienceLine(speech.say(f"send.left.{reason}"), f"− {speech.number(count)}")
    yield AudienceLine(speech.say("send.sendable"), speech.number(audience.sendable), is_sum=True)


def _follow_up(details: CampaignDetails, speech: Speech) -> str:
    done = ", ".join(speech.say(f"keep.leave_out.{stage}") for stage in details.leave_out)
    return speech.say("send.follow_up", done=done) if done else ""


def _costs(estimate: Estimate, speech: Speech) -> Iterator[str]:
    parts = estimate.parts
    if parts is None:
        return
    if parts.least == parts.most:
        yield speech.say("send.parts.same", parts.most, sampled=parts.sampled)
    else:
        yield speech.say("send.parts.range", least=parts.least, most=parts.most, sampled=parts.sampled)
    for cost in estimate.costs:
        least, most = (speech.money_of_micros(micros, cost.currency) for micros in (cost.least, cost.most))
        if least == most:
            yield speech.say("send.cost.about", cost=most)
        else:
            yield speech.say("send.cost.range", least=least, most=most)
    if not estimate.costs:
        yield speech.say("send.cost.unknown")
    elif estimate.unpriced:
        yield speech.say("send.cost.unpriced", estimate.unpriced)


def _scheduled(funnel: Funnel) -> Filled:
    """The time that it has, to be changed."""
    if funnel.state != "scheduled":
        return Filled()
    zone = "recipient" if funnel.send_timezone == "recipient" else "workspace"
    return Filled({AT: funnel.send_local[:16], ZONE: zone})


_AT = ("schedule_invalid", "schedule_past")
"""What is wrong with the time, which is said beside it."""


def refused(form: dict[str, str], problem: Problem, speech: Speech) -> Filled:
    """The form as it was filled in, with what is wrong beside the field it is about."""
    if problem.code in _AT and form.get(WHEN) == LATER:
        return Filled(form, {AT: speech.say(f"send.wrong.{problem.code}")})
    return Filled(form)


_TOLD = {
    "audience_empty": "send.nobody",
    "codes_too_few": "send.wrong.codes_too_few",
    "sandbox_sends_nothing": "send.wrong.sandbox_sends_nothing",
}


def _wrong(problem: Problem | None, speech: Speech) -> str:
    if problem is None or problem.code in _AT:
        return ""
    return speech.say(_TOLD.get(problem.code, "send.wrong.other"))
