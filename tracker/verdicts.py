"""Verdicts: whether a hit was a person's, judged from the hit alone. Called by ingest; later rules append, never rewrite.

A verdict says who, its reason says why, and its version says by which rules, so that history can be judged again.
"""

from dataclasses import dataclass
from enum import StrEnum

from tracker.agents import AgentClass, classify
from tracker.hits import SpooledHit

RULES_VERSION = 1
"""Raise it with every change to what `judge` answers."""

AGENT_HEADER = "agent-class"
"""In `SpooledHit.headers` of those who ask not to be followed: the class that stands for the user agent left out."""

PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PREFETCH_WORDS = ("prefetch", "prerender", "preview")

_LINK_SCANNERS = ("safelinks.protection.outlook.com",)
"""Referrers of services that open a link before or for a person, with a browser's user agent."""


class Verdict(StrEnum):
    HUMAN = "human"
    SUSPECT = "suspect"
    MACHINE = "machine"


class Reason(StrEnum):
    """Why a verdict is what it is; a closed set."""

    NONE = ""
    """Nothing speaks against a person."""
    HEAD = "head"
    PREFETCH = "prefetch"
    PREVIEW = "preview"
    BARE_CLIENT = "bare_client"
    CRAWLER = "crawler"
    NO_USER_AGENT = "no_user_agent"
    LINK_SCANNER = "link_scanner"


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reason: Reason


_BY_AGENT = {
    AgentClass.PREVIEW: Reason.PREVIEW,
    AgentClass.BARE_CLIENT: Reason.BARE_CLIENT,
    AgentClass.CRAWLER: Reason.CRAWLER,
    AgentClass.NO_AGENT: Reason.NO_USER_AGENT,
}


def judge(hit: SpooledHit) -> Judgement:
    """The verdict on a hit by what it says of itself: its method, its headers, its user agent, its referrer."""
    if hit.method == "HEAD":
        return Judgement(Verdict.MACHINE, Reason.HEAD)
    if any(word in hit.headers.get(name, "").lower() for name in PREFETCH_HEADERS for word in _PREFETCH_WORDS):
        return Judgement(Verdict.MACHINE, Reason.PREFETCH)
    agent = hit.headers.get(AGENT_HEADER) or classify(hit.user_agent)
    if reason := _BY_AGENT.get(AgentClass(agent)):
        return Judgement(Verdict.MACHINE, reason)
    if any(scanner in hit.referrer for scanner in _LINK_SCANNERS):
        return Judgement(Verdict.SUSPECT, Reason.LINK_SCANNER)
    return Judgement(Verdict.HUMAN, Reason.NONE)
