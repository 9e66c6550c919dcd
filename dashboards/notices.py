"""What a campaign's page says about how things stand: its state, its progress, what is provisional, what is wrong."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboards.campaigns import CampaignDetails
from dashboards.speech import Speech
from linksvc.funnel import Funnel
from linksvc.holds import Held
from linksvc.route_trouble import Uncovered, is_waiting
from linksvc.routes import BOUND, FAILING, REFUSED, UNREACHABLE, RouteView
from linksvc.schedules import RECIPIENT

HOLDS_SHOWN = 5
"""Those that leave next; the API lists more."""

IDLE_GRACE_S = 15
"""A sender needs a moment to connect once a campaign is released; only then is the silence worth a word."""

_TROUBLES = {REFUSED, FAILING, UNREACHABLE}


@dataclass(frozen=True, slots=True)
class State:
    """The state line: `name` as `linksvc.funnel.status_of` tells it, `text` for the reader.

    `done` of `total` messages have left the queue; None where that cannot be said.
    """

    name: str
    text: str
    done: int | None
    total: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know: `level` error, warning or info, what happened, and what to do."""

    level: str
    title: str
    lines: tuple[str, ...]


def state_of(
    funnel: Funnel, details: CampaignDetails, routes: tuple[RouteView, ...], speech: Speech, now: datetime
) -> State:
    """What the campaign is doing, how far it is, and when it will be done."""
    name, text = funnel.status, speech.say(f"state.{funnel.status}")
    produced, queued = funnel["produced"], funnel["queued"] + funnel["held"]
    if funnel.state == "scheduled":
        return State(name, text, None, None, _begin(funnel, speech))
    if name in ("paused", "cancelling"):
        words = speech.say("state.done", done=produced - queued, total=produced)
        return State(name, text, produced - queued, produced, words)
    if funnel.state == "producing":
        return State(name, text, None, None, speech.say("state.made", count=produced))
    if funnel.state == "sending" and produced:
        done = produced - queued
        share = f"{100 * done // produced}\u202f%"
        words = _progress_words(done, produced, _end_of_sending(funnel, details, routes, now), speech)
        return State(name, speech.say("state.sending_share", share=share), done, produced, words)
    if funnel.state == "cancelled" and funnel.finished_at:
        return State(name, text, None, None, speech.say("state.ended", time=speech.day_and_time(funnel.finished_at)))
    if funnel.finished_at:
        return State(name, text, None, None, speech.say("state.finished", time=speech.day_and_time(funnel.finished_at)))
    return State(name, text, None, None, speech.say("state.not_sent") if funnel.state == "draft" else "")


def _begin(funnel: Funnel, speech: Speech) -> str:
    if funnel.send_timezone == RECIPIENT:
        local = datetime.fromisoformat(funnel.send_local).replace(tzinfo=ZoneInfo(speech.timezone))
        return speech.say("state.begins_each", time=speech.day_and_time(local))
    return speech.say("state.begins", time=speech.day_and_time(funnel.send_at)) if funnel.send_at else ""


def _progress_words(done: int, total: int, end: datetime | None, speech: Speech) -> str:
    if end is None:
        return speech.say("state.done", done=done, total=total)
    return speech.say("state.eta", done=done, total=total, time=speech.clock_time(end))


def _end_of_sending(
    funnel: Funnel, details: CampaignDetails, routes: tuple[RouteView, ...], now: datetime
) -> datetime | None:
    """The present pace carried on; None before there is one, and while no route works."""
    began, done = details.first_submit_after, funnel["produced"] - funnel["queued"] - funnel["held"]
    if funnel["held"]:
        return None
    if began is None or now <= began or not done or not any(route.state == BOUND for route in routes):
        return None
    return now + (now - began) * (funnel["queued"] / done)


def notices_of(
    funnel: Funnel,
    details: CampaignDetails,
    routes: tuple[RouteView, ...],
    held: tuple[Held, ...],
    speech: Speech,
    now: datetime,
    uncovered: tuple[Uncovered, ...] = (),
) -> tuple[Notice, ...]:
    """Figures that do not add up, routes in trouble while messages wait for them, what no route may carry, and what is held
    back."""
    notices: list[Notice] = []
    if funnel.unaccounted:
        text = speech.say("notice.unaccounted.text", count=funnel.unaccounted)
        notices.append(Notice("error", speech.say("notice.unaccounted.title"), (text,)))
    if is_waiting(funnel):
        notices += _route_notices(funnel, details, routes, speech, now)
        notices += [_uncovered_notice(uncovered, speech)] if uncovered else []
    if held and funnel.status in ("producing", "sending", "paused"):
        notices.append(_held_notice(held, speech))
    return tuple(notices)


def _uncovered_notice(uncovered: tuple[Uncovered, ...], speech: Speech) -> Notice:
    nowhere = speech.say("notice.held.nowhere")
    lines = [
        speech.say("notice.uncovered.line", messages=one.messages, country=one.place or nowhere)
        for one in uncovered[:HOLDS_SHOWN]
    ]
    return Notice("error", speech.say("notice.uncovered.title"), (*lines, speech.say("notice.uncovered.after")))


def _held_notice(held: tuple[Held, ...], speech: Speech) -> Notice:
    lines = [
        speech.say(
            "notice.held.line",
            messages=one.messages,
            country=one.country or speech.say("notice.held.nowhere"),
            reason=speech.say(f"hold.{one.reason}"),
            time=speech.day_and_time(one.until),
        )
        for one in held[:HOLDS_SHOWN]
    ]
    title = speech.say("notice.held.title", count=sum(one.messages for one in held))
    return Notice("info", title, tuple(lines))


def _route_notices(
    funnel: Funnel, details: CampaignDetails, routes: tuple[RouteView, ...], speech: Speech, now: datetime
) -> list[Notice]:
    waiting = speech.say("notice.route.waiting", count=funnel["queued"])
    bound = any(route.state == BOUND for route in routes)
    troubled = [route for route in routes if route.state in _TROUBLES]
    if troubled:
        after = speech.say("notice.route.others") if bound else waiting
        return [_trouble(route, after, "warning" if bound else "error", speech) for route in troubled]
    if not routes:
        return [Notice("error", speech.say("notice.no_route.title"), (waiting,))]
    began = details.first_submit_after
    if not bound and began and (now - began).total_seconds() > IDLE_GRACE_S:
        return [Notice("warning", speech.say("notice.idle.title"), (waiting,))]
    return []


def _trouble(route: RouteView, after: str, level: str, speech: Speech) -> Notice:
    error = route.error or speech.say("notice.route.no_words")
    if route.state_at:
        answer = speech.say("notice.route.since", time=speech.day_and_time(route.state_at), error=error)
    else:
        answer = speech.say("notice.route.bare", error=error)
    return Notice(level, speech.say(f"notice.{route.state}.title", route=route.name), (answer, after))


def standing_of(funnel: Funnel, speech: Speech, now: datetime) -> str:
    """Until when the figures may still move, or since when they are final; empty for a campaign that was not sent."""
    if not funnel["produced"]:
        return ""
    closes_at, unsettled = funnel.window_closes_at, funnel["pending"] or funnel.pending_facts
    if closes_at is None:
        return speech.say("standing.open") if funnel["submitted"] or is_going_on(funnel) else ""
    if now < closes_at:
        return speech.say("standing.until", time=speech.day_and_time(closes_at))
    return speech.say("standing.open") if unsettled else speech.say("standing.final", time=speech.day_and_time(closes_at))


def is_going_on(funnel: Funnel) -> bool:
    """Whether anything of it may still leave."""
    return funnel.state not in ("sent", "cancelled")


def provisional_of(funnel: Funnel, speech: Speech) -> tuple[str, ...]:
    """Why the figures may still move; nothing for a campaign that was not sent."""
    if not funnel["produced"]:
        return ()
    reasons = []
    if is_going_on(funnel):
        reasons.append(speech.say("provisional.sending"))
    if funnel["pending"]:
        reasons.append(speech.say("provisional.receipts", count=funnel["pending"]))
    if funnel.pending_facts:
        reasons.append(speech.say("provisional.facts", count=funnel.pending_facts))
    if funnel["submitted"]:
        reasons.append(speech.say("standing.window", funnel.attribution_days))
    return tuple(reasons)
