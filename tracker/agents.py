"""What a user agent says of itself: a machine by its own words, a device, an operating system.

Read by `tracker.verdicts` and `tracker.ingest`, and by the redirect for those who ask not to be followed. Everything is
cached: the lists cost a millisecond, and a campaign's phones share a few thousand user agents.
"""

import re
from dataclasses import astuple, dataclass
from enum import StrEnum
from functools import lru_cache

import crawleruseragents
import ua_parser
import user_agents.parsers as devices
from crawlerdetect import CrawlerDetect

CACHED_AGENTS = 10_000


class AgentClass(StrEnum):
    """What the user agent alone gives away; a closed set."""

    PERSON = "person"
    """Nothing: a browser, as far as it says."""
    PREVIEW = "preview"
    """A messenger draws a preview of the link."""
    BARE_CLIENT = "bare_client"
    """A programming library or a browser without a screen."""
    CRAWLER = "crawler"
    """On the lists of crawlers."""
    NO_AGENT = "no_user_agent"


# The previews an SMS link meets (iMessage sends Meta's and Twitter's names from the person's own phone). Never a bare
# "bot": CUBOT, "B BOT 50" and "POWER BOT" are phones.
_PREVIEWS = re.compile(
    r"facebookexternalhit|Facebot|Twitterbot|Google-PageRenderer|GoogleMessages|WhatsApp/|Slackbot|TelegramBot|"
    r"SkypeUriPreview|Discordbot|LinkedInBot"
)
_BARE_CLIENTS = re.compile(
    r"^(?:curl|wget|python-requests|python-httpx|httpx|python-urllib|aiohttp|go-http-client|okhttp|java|apache-httpclient|"
    r"axios|node-fetch|undici|node|libwww-perl|lwp|ruby|guzzlehttp|php|postmanruntime|insomnia|reqwest|dart)(?:[/ ]|$)|"
    r"HeadlessChrome|PhantomJS",
    re.IGNORECASE,
)
_crawlers = CrawlerDetect()


@lru_cache(maxsize=CACHED_AGENTS)
def classify(user_agent: str) -> AgentClass:
    """The class of a user agent, the telling ones first: a preview is on the lists of crawlers too."""
    if not user_agent.strip():
        return AgentClass.NO_AGENT
    if _PREVIEWS.search(user_agent):
        return AgentClass.PREVIEW
    if _BARE_CLIENTS.search(user_agent):
        return AgentClass.BARE_CLIENT
    if _crawlers.is_crawler(user_agent) or crawleruseragents.is_crawler(user_agent):
        return AgentClass.CRAWLER
    return AgentClass.PERSON


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
    agent = _ParsedAgent(user_agent)
    kind = "tablet" if agent.is_tablet else "phone" if agent.is_mobile else "computer" if agent.is_pc else ""
    return Device(kind, "" if agent.os.family == "Other" else str(agent.os.family))


class _ParsedAgent(devices.UserAgent):  # type: ignore[misc]
    """user-agents' rules over ua-parser's present API; its own constructor calls the old, slower one."""

    def __init__(self, user_agent: str) -> None:
        parsed = ua_parser.parse(user_agent).with_defaults()
        self.ua_string = user_agent
        self.os = devices.parse_operating_system(*astuple(parsed.os))
        self.browser = devices.parse_browser(*astuple(parsed.user_agent)[:4])
        self.device = devices.parse_device(*astuple(parsed.device))
