"""Generated codes: made beforehand, stored many at once. For a campaign's messages (`linksvc.code_dealing`), and for print
and mail by the API and `ricochet code`."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, insert, literal, null
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from linksvc import promo_codes
from linksvc.bulk import listed
from linksvc.database import PAUSE_S, writing
from linksvc.errors import FieldError, InvalidRequest
from linksvc.keys import Keyring
from linksvc.models import Offer, PromoCode
from linksvc.offers import find_offer
from linksvc.serials import take_serials

CODES_AT_ONCE = 5_000
"""Codes stored in one transaction: about 50 ms that a till may have to wait for SQLite's one writer. Codes are in no order,
so with fewer the same pages are written more often: at 2,000 it takes half as long again."""

GENERATED_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Home:
    """Where codes belong. Of a campaign they are those of its messages from `first_n` on, one each; else nobody's."""

    workspace_id: int
    offer_id: int
    max_uses: int
    campaign_id: int | None = None
    first_n: int = 0


def draw(engine: Engine, keyring: Keyring, count: int) -> list[str]:
    """Codes of new serials, unique by construction. A transaction of its own, before the one that stores them: nobody waits
    for arithmetic. Serials that were drawn for nothing are lost; there are 2**53."""
    with writing(engine) as session:
        first = take_serials(session, "promo", count)
    return _make(keyring, first, count)


def store(session: Session, home: Home, codes: list[str]) -> list[str]:
    """Stores those codes that the workspace does not have, and returns them in their order: as a rule all. A list that was
    imported may hold one by chance, and a former secret key may have made one."""
    while codes:
        try:
            with session.begin_nested():
                _insert(session, home, codes)
            return codes
        except IntegrityError:
            mine = select(PromoCode.code).where(PromoCode.workspace_id == home.workspace_id)
            there = set(session.exec(mine.where(col(PromoCode.code).in_(select(listed(session, codes).c.value)))))
            if not there:
                raise
            codes = [code for code in codes if code not in there]
    return codes


def store_as_many(session: Session, keyring: Keyring, home: Home, codes: list[str]) -> None:
    """Stores these codes; for those that the workspace has, others. They belong to no message; their offer counts them."""
    stored = len(store(session, home, codes))
    while missing := len(codes) - stored:
        stored += len(store(session, home, _make(keyring, take_serials(session, "promo", missing), missing)))
    this = (col(Offer.id) == home.offer_id, col(Offer.workspace_id) == home.workspace_id)
    session.exec(update(Offer).where(*this).values(generated=col(Offer.generated) + len(codes)))


def generate(
    engine: Engine,
    keyring: Keyring,
    workspace_id: int,
    offer_id: int,
    count: int,
    told: Callable[[int], None] = lambda _: None,
) -> None:
    """Makes codes of an offer that belong to no message, batch by batch, and tells how many there are after each.

    Raises NotFound (`offer_not_found`), InvalidRequest."""
    if not 1 <= count <= GENERATED_MOST:
        message = f"1 to {GENERATED_MOST:,} codes are made at once."
        raise InvalidRequest(message, errors=(FieldError("count", message),))
    with writing(engine) as session:
        home = home_of(session, workspace_id, offer_id)
        first = take_serials(session, "promo", count)
    with ThreadPoolExecutor(1) as maker:

        def ahead(done: int) -> Future[list[str]]:
            return maker.submit(_make, keyring, first + done, min(CODES_AT_ONCE, count - done))

        # Codes are computed while those before them are stored: to the database that is one statement, and Python is free to
        # do so meanwhile.
        made, making = 0, ahead(0)
        while made < count:
            codes = making.result()
            making = ahead(made + len(codes))
            with writing(engine) as session:
                store_as_many(session, keyring, home, codes)
            made += len(codes)
            told(made)
            time.sleep(PAUSE_S)


def home_of(session: Session, workspace_id: int, offer_id: int) -> Home:
    """Where codes of an offer belong that are nobody's. Raises NotFound (`offer_not_found`)."""
    return Home(workspace_id, offer_id, find_offer(session, workspace_id, offer_id).uses_per_code)


def _make(keyring: Keyring, first: int, count: int) -> list[str]:
    return promo_codes.generate_all(promo_codes.generator(keyring.promo_code), range(first, first + count))


def _insert(session: Session, home: Home, codes: list[str]) -> None:
    given = listed(session, codes)
    constants = PromoCode(
        workspace_id=home.workspace_id,
        code="",
        offer_id=home.offer_id,
        campaign_id=home.campaign_id,
        max_uses=home.max_uses,
    ).model_dump()
    types = PromoCode.__table__.c  # type: ignore[attr-defined]
    row: dict[str, ColumnElement[Any]] = {
        name: null() if value is None else literal(value, types[name].type) for name, value in constants.items()
    }
    row |= {"code": given.c.value, "n": null() if home.campaign_id is None else given.c.place + home.first_n}
    session.connection().execute(insert(PromoCode).from_select(list(row), select(*row.values())))
