"""Which promo code each message of a campaign carries: one that is made for it, one of the offer's lists, or the one
that all share. Called by production; `linksvc.campaigns` asks which sources an offer has."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Engine, Table, and_, func
from sqlmodel import Session, col, select, update

from linksvc import code_generation
from linksvc.bulk import listed
from linksvc.code_generation import CODES_AT_ONCE, Home
from linksvc.database import reading, rows_affected
from linksvc.keys import Keyring
from linksvc.models import Campaign, CodeImport, Message, Offer, PromoCode

Source = Literal["generated", "imported", "shared"]

SOURCES: tuple[Source, ...] = ("generated", "imported", "shared")


@dataclass(frozen=True, slots=True)
class Supply:
    """Codes made beforehand, and whether the offer's lists, from which a campaign's codes are to come, are used up."""

    codes: tuple[str, ...] = ()
    used_up: bool = False


def supply(engine: Engine, keyring: Keyring, campaign_id: int) -> Supply:
    """What the campaign's next step can deal out. Outside of its transaction, for others wait while that lasts."""
    with reading(engine) as session:
        campaign = session.exec(select(Campaign).where(Campaign.id == campaign_id)).one()
        missing = min(missing_codes(campaign), CODES_AT_ONCE)
        if missing and campaign.code_source == "imported":
            return Supply(used_up=count_undealt(session, campaign.workspace_id, campaign.offer_id or 0, 1) == 0)
    if missing and campaign.code_source == "generated":
        return Supply(tuple(code_generation.draw(engine, keyring, missing)))
    return Supply()


def missing_codes(campaign: Campaign) -> int:
    """How many of the messages that were made have still to get a code."""
    return campaign.produced - campaign.coded if campaign.offer_id else 0


def deal(session: Session, campaign: Campaign, supplied: Supply) -> int:
    """Gives the next messages without a code one each, and returns how many it gave: a row for the till, and on the message
    the code as it is to be read. The campaign's row is locked."""
    count = min(missing_codes(campaign), CODES_AT_ONCE)
    if campaign.code_source == "imported":
        written = _take(session, campaign, count)
    else:
        written = _store(session, campaign, list(supplied.codes[:count]))
    if written:
        _write(session, campaign, written)
        campaign.coded += len(written)
        session.add(campaign)
    return len(written)


def shared_code(session: Session, campaign: Campaign) -> str:
    """The code that all messages of the campaign carry, as it is to be read; empty if each has its own."""
    if campaign.code_source != "shared" or not campaign.offer_id:
        return ""
    code = select(PromoCode.code, PromoCode.written).join(Offer, col(Offer.shared_code) == col(PromoCode.code))
    mine = (PromoCode.workspace_id == campaign.workspace_id, Offer.id == campaign.offer_id)
    stored, written = session.exec(code.where(*mine)).one()
    return written or stored


def sources_of(session: Session, offer: Offer) -> list[Source]:
    """Where codes of the offer can come from: one can always be generated."""
    listed = count_undealt(session, offer.workspace_id, offer.id or 0, 1)
    there = {"generated": True, "imported": listed > 0, "shared": offer.shared_code != ""}
    return [source for source in SOURCES if there[source]]


def count_undealt(session: Session, workspace_id: int, offer_id: int, most: int | None = None) -> int:
    """How many codes of the offer's lists may still be dealt out; looks at no more than `most`."""
    codes = select(PromoCode.code).where(_undealt(workspace_id, offer_id)).limit(most).subquery()
    return session.exec(select(func.count()).select_from(codes)).one()


def _undealt(workspace_id: int, offer_id: int) -> ColumnElement[bool]:
    """Codes of lists that are wholly there, which nobody has, used or withdrew."""
    lists = select(CodeImport.id).where(
        CodeImport.workspace_id == workspace_id, CodeImport.offer_id == offer_id, CodeImport.state == "finished"
    )
    return and_(
        col(PromoCode.workspace_id) == workspace_id,
        col(PromoCode.offer_id) == offer_id,
        col(PromoCode.import_id).is_not(None),
        col(PromoCode.import_id).in_(lists),
        col(PromoCode.campaign_id).is_(None),
        col(PromoCode.used) == 0,
        col(PromoCode.held) == 0,
        ~col(PromoCode.disabled),
    )


def _store(session: Session, campaign: Campaign, codes: list[str]) -> list[str]:
    uses = session.exec(select(Offer.uses_per_code).where(Offer.id == campaign.offer_id)).one()
    home = Home(campaign.workspace_id, campaign.offer_id or 0, uses, campaign.id, campaign.coded)
    return code_generation.store(session, home, codes)


def _take(session: Session, campaign: Campaign, count: int) -> list[str]:
    """Up to `count` codes of the offer's lists, the oldest list's first, which are the next messages' from now on."""
    workspace_id, offer_id = campaign.workspace_id, campaign.offer_id or 0
    # One campaign after the other takes from an offer's lists.
    session.exec(select(Offer.id).where(Offer.id == offer_id).with_for_update()).one()
    chosen = select(PromoCode.code, PromoCode.written).where(_undealt(workspace_id, offer_id))
    chosen = chosen.order_by(col(PromoCode.import_id), col(PromoCode.code)).limit(count)
    # A till may use one between these two statements: then none of them is taken, and they are chosen anew.
    while rows := session.exec(chosen).all():
        given = listed(session, [code for code, _ in rows])
        statement = (
            update(PromoCode)
            .where(_undealt(workspace_id, offer_id), col(PromoCode.code) == given.c.value)
            .values(campaign_id=campaign.id, n=given.c.place + campaign.coded)
        )
        with session.begin_nested() as attempt:
            if rows_affected(session.connection().execute(statement)) == len(rows):
                return [written or code for code, written in rows]
            attempt.rollback()
    return []


def _write(session: Session, campaign: Campaign, written: list[str]) -> None:
    table: Table = Message.__table__  # type: ignore[attr-defined]
    given = listed(session, written)
    mine = (table.c.campaign_id == campaign.id, table.c.n == given.c.place + campaign.coded)
    session.connection().execute(table.update().where(*mine).values(code=given.c.value))
