"""What a user agent says of itself: a machine by its own words, a device, an operating system.

Read by `tracker.verdicts` and `tracker.ingest`, and by the redirect for those who ask not to be followed. Everything is
cached: an unknown one costs most of a millisecond, and a campaign's phones share a few thousand user agents.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import crawleruseragents
import ua_parser
from crawlerdetect import CrawlerDetect

from tracker.agent_signs import (
    BROWSER_NAMES,
    CLIENT_WORDS,
    CLIENTS,
    DEVICE_WORDS,
    MACHINE_SIGNS,
    PERSONAL_NAMES,
    PREVIEWS,
    SECURITY_WORDS,
)

CACHED_AGENTS = 10_000


class AgentClass(StrEnum):
    """What the user agent alone gives away; a closed set."""

    PERSON = "person"
    """Nothing: a browser, as far as it says."""
    PREVIEW = "preview"
    """A messenger draws a preview of the link."""
    BARE_CLIENT = "bare_client"
    """A programming library or a browser without a screen."""
    SECURITY_SCANNER = "security_scanner"
    """Somebody's security product or research looks where the link leads."""
    CRAWLER = "crawler"
    """Calls itself a crawler, a checker or the like, says whom to ask about it, or is on the lists of crawlers."""
    UNKNOWN_PROGRAM = "unknown_program"
    """Names no device and no operating system, as every browser on a phone does."""
    NO_AGENT = "no_user_agent"
    """Says nothing at all."""


_crawlers = CrawlerDetect()


@lru_cache(maxsize=CACHED_AGENTS)
def classify(user_agent: str) -> AgentClass:
    """The class of a user agent, the telling ones first: a preview is on the lists of crawlers too."""
    if not user_agent.strip():
        return AgentClass.NO_AGENT
    if PREVIEWS.search(user_agent):
        return AgentClass.PREVIEW
    if CLIENTS.search(user_agent):
        return AgentClass.BARE_CLIENT
    if _crawls(user_agent):
        return _kind_of_machine(user_agent, AgentClass.CRAWLER)
    if not _names_a_device(user_agent):
        return _kind_of_machine(user_agent, AgentClass.UNKNOWN_PROGRAM)
    return AgentClass.PERSON


def _crawls(user_agent: str) -> bool:
    impersonal = PERSONAL_NAMES.sub("", user_agent)
    if MACHINE_SIGNS.search(impersonal):
        return True
    telling = BROWSER_NAMES.sub("", impersonal)
    return bool(_crawlers.is_crawler(telling) or crawleruseragents.is_crawler(telling))


def _names_a_device(user_agent: str) -> bool:
    if DEVICE_WORDS.search(user_agent):
        return True
    parsed = ua_parser.parse(user_agent)
    device = parsed.device is not None and parsed.device.family not in ("Other", "Spider")
    return device or (parsed.os is not None and parsed.os.family != "Other")


def _kind_of_machine(user_agent: str, otherwise: AgentClass) -> AgentClass:
    """A more telling class, if a machine's words allow one."""
    if SECURITY_WORDS.search(user_agent):
        return AgentClass.SECURITY_SCANNER
    return AgentClass.BARE_CLIENT if CLIENT_WORDS.search(user_agent) else otherwise


@dataclass(frozen=True, slots=True)
class Device:
    """`kind`: phone, tablet, computer or empty; `os`: the family ("Android", "iOS"), empty if unknown."""

    kind: str
    os: str


@lru_cache(maxsize=CACHED_AGENTS)
def device_of(user_agent: str) -> Device:
    """The device and the operating system that a user agent names."""
    if not user_agent:
        return Device("", "")
    # It compiles a thousand expressions when it is imported: a quarter of a second and 8 MB that a tracker has no use for.
    from tracker.parsed_agents import ParsedAgent

    agent = ParsedAgent(user_agent)
    kind = "tablet" if agent.is_tablet else "phone" if agent.is_mobile else "computer" if agent.is_pc else ""
    return Device(kind, "" if agent.os.family == "Other" else str(agent.os.family))
