"""The one code of an offer that everybody may use: on a poster, in a text, as often as it was made for. For the API and
`ricochet code`."""

from dataclasses import dataclass

from sqlmodel import Session, col, select, update

from linksvc.code_lists import check_form
from linksvc.database import insert_into, rows_affected
from linksvc.errors import Conflict, FieldError, InvalidRequest
from linksvc.models import Offer, PromoCode
from linksvc.offers import find_offer
from linksvc.promo_codes import display, normalise
from linksvc.public_ids import format_id
from linksvc.shown_codes import shown

USES_MOST = 100_000_000


@dataclass(frozen=True, slots=True)
class SharedCode:
    """`code` as it is to be read."""

    code: str
    max_uses: int
    used: int


def share(session: Session, workspace_id: int, offer_id: int, written: str, uses: int) -> SharedCode:
    """Gives the offer its shared code, once. Again with the same code and uses: changes nothing.

    Raises NotFound (`offer_not_found`), InvalidRequest, and Conflict: `shared_code_exists` if the offer has another,
    `code_taken` if the workspace has this code for something else.
    """
    find_offer(session, workspace_id, offer_id)
    written = " ".join(written.split())
    code = normalise(written)
    _check(written, code, uses)
    this_offer = (col(Offer.id) == offer_id, col(Offer.workspace_id) == workspace_id)
    given = session.exec(update(Offer).where(*this_offer, col(Offer.shared_code) == "").values(shared_code=code))
    if rows_affected(given) != 1:
        there = find_shared(session, workspace_id, offer_id)
        if there is None or (normalise(there.code), there.max_uses) != (code, uses):
            raise Conflict(
                "This offer has a shared code already. Another one needs another offer.", code="shared_code_exists"
            )
        return there
    row = PromoCode(
        workspace_id=workspace_id,
        code=code,
        offer_id=offer_id,
        source="shared",
        written=written if written != display(code) else "",
        max_uses=uses,
    )
    stored = session.connection().execute(insert_into(session, PromoCode).values(row.model_dump()).on_conflict_do_nothing())
    if rows_affected(stored) != 1:
        where = _place(session, workspace_id, offer_id, code)
        raise Conflict(f"This workspace has this code already, {where}. Choose another.", code="code_taken")
    return SharedCode(written, uses, 0)


def find_shared(session: Session, workspace_id: int, offer_id: int) -> SharedCode | None:
    """The offer's shared code, if it has one."""
    statement = (
        select(PromoCode.code, PromoCode.written, PromoCode.max_uses, PromoCode.used)
        .join(Offer, col(Offer.shared_code) == col(PromoCode.code))
        .where(Offer.id == offer_id, Offer.workspace_id == workspace_id, PromoCode.workspace_id == workspace_id)
    )
    row = session.exec(statement).first()
    return SharedCode(shown(row[0], row[1]), row[2], row[3]) if row else None


def _place(session: Session, workspace_id: int, offer_id: int, code: str) -> str:
    """Where the code is that is somebody's already."""
    there = select(PromoCode.offer_id).where(PromoCode.workspace_id == workspace_id, PromoCode.code == code)
    its_offer_id = session.exec(there).first()
    if its_offer_id is None:  # An import that was undone at this moment had it.
        return "for something else"
    return "in this offer" if its_offer_id == offer_id else f"in {format_id('offer', its_offer_id)}"


def _check(written: str, code: str, uses: int) -> None:
    errors = []
    if wrong := check_form(written, code):
        errors.append(FieldError("code", wrong[1]))
    elif not written.isprintable():
        errors.append(FieldError("code", "One line of printable characters is asked for."))
    if not 1 <= uses <= USES_MOST:
        errors.append(FieldError("uses", f"1 to {USES_MOST:,}."))
    if errors:
        raise InvalidRequest("This cannot be a shared code; see errors.", errors=tuple(errors))
