"""The list of landing pages, written for its table."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.page_uses import Uses
from dashboards.speech import Speech
from linksvc.landing.pages import PageSummary
from linksvc.public_ids import format_id


@dataclass(frozen=True, slots=True)
class ListedUse:
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class ListedPage:
    """`others` tells of the campaigns that are not named."""

    name: str
    path: str
    state: str
    state_words: str
    campaigns: tuple[ListedUse, ...]
    others: str
    updated: str


def page_path(page_id: int) -> str:
    return f"/pages/{format_id('page', page_id)}"


def state_of(page: PageSummary) -> str:
    """draft, published or changed: since it was published."""
    if not page.is_published:
        return "draft"
    return "changed" if page.has_changes else "published"


def page_rows(pages: tuple[PageSummary, ...], uses: Mapping[int, Uses], speech: Speech) -> tuple[ListedPage, ...]:
    return tuple(_row(page, uses.get(page.id, Uses()), speech) for page in pages)


def used_by(uses: Uses) -> tuple[ListedUse, ...]:
    return tuple(ListedUse(name, f"/campaigns/{format_id('campaign', number)}") for number, name in uses.campaigns)


def other_uses(uses: Uses, speech: Speech) -> str:
    """The campaigns that are not named, and links of their own."""
    told = []
    if more := uses.count - len(uses.campaigns):
        told.append(speech.say("pages.and_more", count=more))
    if uses.links:
        told.append(speech.say("pages.links"))
    return ", ".join(told)


def _row(page: PageSummary, uses: Uses, speech: Speech) -> ListedPage:
    state = state_of(page)
    return ListedPage(
        name=page.name,
        path=page_path(page.id),
        state=state,
        state_words=speech.say(f"pages.state.{state}"),
        campaigns=used_by(uses),
        others=other_uses(uses, speech),
        updated=speech.day_and_time(page.updated_at),
    )
