"""Verdicts: whether a hit was a person's, judged from the hit alone. Called by ingest; later rules append, never rewrite.

A verdict says who, its reason says why, and its version says by which rules, so that history can be judged again.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from tracker.agents import AgentClass, classify
from tracker.hits import SpooledHit

RULES_VERSION = 2
"""Raise it with every change to what `judge` answers."""

AGENT_HEADER = "agent-class"
"""In `SpooledHit.headers` of those who ask not to be followed: the class that stands for the user agent left out."""

PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PREFETCH_WORDS = re.compile(r"(?<![\w-])(?:prefetch|prerender|preview)(?![\w-])", re.IGNORECASE)
"""As a word of its own: `prefetch`, `prefetch;prerender`, `"Preview"`, `prefetch;anonymous-client-ip`."""

_LINK_SCANNERS = re.compile(
    r"""
    ^(?:https?://)?(?:[\w-]+\.)*(?:
        safelinks\.protection\.outlook\.com | urldefense\.(?:com|us|proofpoint\.com) | mimecast(?:protect)?\.com
      | secure-web\.cisco\.com | linkprotect\.cudasvc\.com
      | clicktime\.symantec\.com | protection\.sophos\.com | avanan\.click | fireeye\.com
      | imsva91-ctp\.trendmicro\.com | atpscan\.global\.hornetsecurity\.com | virustotal\.com | urlscan\.io
    )(?:[:/?#]|$)
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Referrers of services that open a link before or for a person, with a browser's user agent."""


class Verdict(StrEnum):
    HUMAN = "human"
    SUSPECT = "suspect"
    MACHINE = "machine"


class Reason(StrEnum):
    """Why a verdict is what it is; a closed set. Each is told to people by its text in the pages, `reason.…`."""

    NONE = ""
    """Nothing speaks against a person."""
    HEAD = "head"
    """It asked for the headers only, as programs do that check whether a link works."""
    PREFETCH = "prefetch"
    """A browser or a messenger said that it fetches in advance; nobody may ever look at the page."""
    PREVIEW = "preview"
    """A messenger drew the small preview beside the link."""
    BARE_CLIENT = "bare_client"
    """A programming library, or a browser without a screen."""
    SECURITY_SCANNER = "security_scanner"
    """A security product, or somebody's research, looked where the link leads."""
    CRAWLER = "crawler"
    """It calls itself a robot, a crawler or a checker, or is on the lists of those."""
    UNKNOWN_PROGRAM = "unknown_program"
    """It names neither a device nor a system, as the browser of every phone does."""
    NO_USER_AGENT = "no_user_agent"
    """It does not say what it is."""
    LINK_SCANNER = "link_scanner"
    """It came by a mail service that checks links, before the reader or with them: that cannot be told, so it is suspect."""
    BEFORE_SUBMISSION = "before_submission"
    """It came before the operator had taken the message, so it was hardly the recipient; by the later pass."""
    TOO_SOON = "too_soon"
    """It came within a second of the operator's taking the message: nobody reads as fast; by the later pass."""
    BURST = "burst"
    """One network opened the links of many recipients as no crowd of people does; by the later pass."""
    INTERACTION = "interaction"
    """Somebody did on the page what only a person does; see `tracker.evidence`."""


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reason: Reason


_BY_AGENT = {
    AgentClass.PREVIEW: Reason.PREVIEW,
    AgentClass.BARE_CLIENT: Reason.BARE_CLIENT,
    AgentClass.SECURITY_SCANNER: Reason.SECURITY_SCANNER,
    AgentClass.CRAWLER: Reason.CRAWLER,
    AgentClass.UNKNOWN_PROGRAM: Reason.UNKNOWN_PROGRAM,
    AgentClass.NO_AGENT: Reason.NO_USER_AGENT,
}


def judge(hit: SpooledHit) -> Judgement:
    """The verdict on a hit by what it says of itself: its method, its headers, its user agent, its referrer."""
    if hit.method == "HEAD":
        return Judgement(Verdict.MACHINE, Reason.HEAD)
    if hit.headers and any(_PREFETCH_WORDS.search(hit.headers.get(name, "")) for name in PREFETCH_HEADERS):
        return Judgement(Verdict.MACHINE, Reason.PREFETCH)
    agent = hit.headers.get(AGENT_HEADER) or classify(hit.user_agent)
    if reason := _BY_AGENT.get(AgentClass(agent)):
        return Judgement(Verdict.MACHINE, reason)
    if hit.referrer and _LINK_SCANNERS.search(hit.referrer):
        return Judgement(Verdict.SUSPECT, Reason.LINK_SCANNER)
    return Judgement(Verdict.HUMAN, Reason.NONE)
