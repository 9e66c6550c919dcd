"""Landing pages of a workspace: drafts that are edited, and what recipients see of them once they are published. Called by
the API, the command line and the editor.

A page is locked while it is published or deleted, and shared while a link is put onto it (`linksvc.landing.page_uses`), so
no link leads to a page that is not there.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from linksvc.errors import Conflict, InvalidRequest, NotFound
from linksvc.landing.completeness import missing_from
from linksvc.landing.documents import Document, parse_document
from linksvc.landing.page_uses import campaigns_without_code, uses_of
from linksvc.landing.pictures import lock_pictures
from linksvc.models import LandingPage, Workspace
from linksvc.names import check_name
from linksvc.public_ids import format_id
from linksvc.serials import next_revision

NAMED_MOST = 5
"""Campaigns that a refusal names."""


@dataclass(frozen=True)
class PageSummary:
    """A page without what stands on it. `version` is the draft's; `published_version` is 0 until it was published."""

    id: int
    name: str
    version: int
    published_version: int
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None

    @property
    def is_published(self) -> bool:
        return self.published_version > 0

    @property
    def has_changes(self) -> bool:
        """Whether recipients see something else than the draft."""
        return self.published_version != self.version


@dataclass(frozen=True)
class Page(PageSummary):
    """A page with its draft."""

    document: Document


@dataclass(frozen=True)
class PageList:
    """Newest first; `next_after` is the id that the next list begins after, None on the last."""

    pages: tuple[PageSummary, ...]
    next_after: int | None


def create_page(session: Session, workspace_id: int, name: str, document: Document, now: datetime) -> Page:
    """Stores a draft. Raises InvalidRequest (name), NotFound (workspace_not_found)."""
    if session.get(Workspace, workspace_id) is None:
        raise NotFound("There is no such workspace.", code="workspace_not_found")
    row = LandingPage(
        workspace_id=workspace_id, name=check_name(name), draft=document.dump(), created_at=now, updated_at=now
    )
    session.add(row)
    session.flush()
    return _page(row)


def clone_page(session: Session, workspace_id: int, page_id: int, name: str, now: datetime) -> Page:
    """A new page with the draft of another. Raises NotFound, InvalidRequest (name)."""
    return create_page(session, workspace_id, name, find_page(session, workspace_id, page_id).document, now)


def list_pages(session: Session, workspace_id: int, after: int | None = None, limit: int = 100) -> PageList:
    """The pages of a workspace, from below the id `after`."""
    columns = (
        LandingPage.id,
        LandingPage.name,
        LandingPage.draft_version,
        LandingPage.published_version,
        LandingPage.created_at,
        LandingPage.updated_at,
        LandingPage.published_at,
    )
    statement = select(*columns).where(LandingPage.workspace_id == workspace_id)  # type: ignore[call-overload]
    if after is not None:
        statement = statement.where(col(LandingPage.id) < after)
    found = [PageSummary(*row) for row in session.exec(statement.order_by(col(LandingPage.id).desc()).limit(limit + 1))]
    shown = found[:limit]
    return PageList(tuple(shown), shown[-1].id if len(found) > limit else None)


def find_page(session: Session, workspace_id: int, page_id: int) -> Page:
    """A page with its draft. Raises NotFound (page_not_found) for another workspace's too."""
    return _page(_row(session, workspace_id, page_id))


def edit_page(
    session: Session, workspace_id: int, page_id: int, version: int, name: str, document: Document, now: datetime
) -> Page:
    """Replaces the draft of that version. The same sent twice is stored once.

    Raises NotFound, InvalidRequest (name), Conflict (page_changed) if somebody was faster: nothing of theirs is lost.
    """
    row = _row(session, workspace_id, page_id, to_change=True)
    name, draft = check_name(name), document.dump()
    if (row.name, row.draft) == (name, draft):
        return _page(row)
    _check_version(row, version)
    row.name, row.draft, row.draft_version, row.updated_at = name, draft, row.draft_version + 1, now
    session.add(row)
    session.flush()
    return _page(row)


def publish_page(session: Session, workspace_id: int, page_id: int, version: int, now: datetime) -> Page:
    """Lets recipients see the draft of that version; trackers follow within a second or two. Twice changes nothing more.

    Raises NotFound, InvalidRequest (page_incomplete, whose errors tell everything that is missing), Conflict (page_changed;
    page_needs_offer while a campaign leads to it whose recipients have no code).
    """
    row = _row(session, workspace_id, page_id, to_change=True)
    _check_version(row, version)
    page = _page(row)
    if not page.has_changes:
        return page
    _check_complete(session, workspace_id, page.document)
    if page.document.shows_code:
        _check_codes(session, workspace_id, page_id)
    row.published, row.published_version, row.published_at = row.draft, row.draft_version, now
    row.revision = next_revision(session)
    session.add(row)
    session.flush()
    return _page(row)


def delete_page(session: Session, workspace_id: int, page_id: int) -> Page:
    """Deletes a page that no link leads to, and returns it as it was. Raises NotFound, Conflict (page_in_use)."""
    row = _row(session, workspace_id, page_id, to_change=True)
    if campaigns := uses_of(session, workspace_id, page_id, NAMED_MOST + 1):
        raise Conflict(
            f"The links of {_named(campaigns)} lead to this page. Let them lead elsewhere first.", code="page_in_use"
        )
    page = _page(row)
    session.delete(row)
    session.flush()
    return page


def _check_version(row: LandingPage, version: int) -> None:
    if row.draft_version != version:
        raise Conflict(
            f"The page was changed in the meantime: it is at version {row.draft_version}, and this is about version "
            f"{version}. Read it again and make the change there.",
            code="page_changed",
        )


def _check_complete(session: Session, workspace_id: int, document: Document) -> None:
    there = lock_pictures(session, workspace_id, document.pictures())
    if missing := missing_from(document, there):
        more = f" {len(missing)} things are missing in all; see errors." if len(missing) > 1 else ""
        detail = f"The page cannot be published yet. {missing[0].message}{more}"
        raise InvalidRequest(detail, code="page_incomplete", errors=missing)


def _check_codes(session: Session, workspace_id: int, page_id: int) -> None:
    if campaigns := campaigns_without_code(session, workspace_id, page_id, NAMED_MOST + 1):
        raise Conflict(
            f"The page shows a promo code, and it is the page of {_named(campaigns)}, without an offer: nobody there has a "
            "code. Take the code off the page, or make a copy of it for another campaign.",
            code="page_needs_offer",
        )


def _named(campaign_ids: tuple[int, ...]) -> str:
    shown = ", ".join(format_id("campaign", campaign_id) for campaign_id in campaign_ids[:NAMED_MOST])
    return f"{shown} and others" if len(campaign_ids) > NAMED_MOST else shown


def _row(session: Session, workspace_id: int, page_id: int, *, to_change: bool = False) -> LandingPage:
    statement = select(LandingPage).where(LandingPage.id == page_id, LandingPage.workspace_id == workspace_id)
    row = session.exec(statement.with_for_update() if to_change else statement).first()
    if row is None:
        raise NotFound("There is no such page in this workspace.", code="page_not_found")
    return row


def _page(row: LandingPage) -> Page:
    return Page(
        id=row.id or 0,
        name=row.name,
        version=row.draft_version,
        published_version=row.published_version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        published_at=row.published_at,
        document=parse_document(row.draft),
    )
