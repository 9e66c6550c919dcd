"""`ricochet offer`: what promo codes are worth, when, where and how often."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import FieldError, InvalidRequest
from linksvc.new_offers import Kind, NewOffer
from linksvc.offer_budgets import read_left
from linksvc.offers import Terms, create_offer, find_offer, list_offers, shops_of
from linksvc.public_ids import format_id, parse_id
from linksvc.shops import list_shops
from ricochet.commands.link_options import moment
from ricochet.commands.parameters import DataDir, WorkspaceName, find_shop, find_workspace
from ricochet.installation import opened

offer = typer.Typer(help="What promo codes are worth.", no_args_is_help=True)

LISTED_MOST = 10_000

OfferId = Annotated[str, typer.Argument(metavar="OFFER", help="Its id, for example off_3.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.add_typer(offer, name="offer")


@offer.command("create")
def add_offer(
    name: Annotated[str, typer.Option("--name", help="As reports call it.", show_default=False)],
    percent: Annotated[
        str | None, typer.Option("--percent", help="Per cent off, up to two decimals: 10 or 12.5.", show_default=False)
    ] = None,
    amount: Annotated[
        int | None, typer.Option("--amount", help="Off in minor units: 500 is 5.00 euros.", show_default=False)
    ] = None,
    free_delivery: Annotated[bool, typer.Option("--free-delivery", help="Delivery costs nothing.")] = False,
    gift: Annotated[
        str | None, typer.Option("--gift", help="What is given with the order, in words.", show_default=False)
    ] = None,
    cap: Annotated[
        int, typer.Option("--cap", help="The most that --percent or --free-delivery takes off, in minor units; 0: any.")
    ] = 0,
    currency: Annotated[
        str | None, typer.Option("--currency", help="ISO 4217; the workspace's, unless told.", show_default=False)
    ] = None,
    minimum: Annotated[int, typer.Option("--minimum", help="The least order it is good for, in minor units.")] = 0,
    uses: Annotated[int, typer.Option("--uses", help="How often each code may be used.")] = 1,
    uses_per_contact: Annotated[
        int, typer.Option("--uses-per-contact", help="How often a person may use codes of the offer; 0: any number.")
    ] = 0,
    uses_in_all: Annotated[
        int, typer.Option("--uses-in-all", help="How often all codes together may be used; 0: any number.")
    ] = 0,
    budget: Annotated[
        int, typer.Option("--budget", help="The most that all discounts may come to, in minor units; 0: any amount.")
    ] = 0,
    stackable: Annotated[
        bool, typer.Option("--stackable", help="Other codes may be used on the same order, if they allow it too.")
    ] = False,
    shops: Annotated[
        list[str] | None,
        typer.Option("--shop", help="A shop it is good in; repeat it. In all, unless told.", show_default=False),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", help="Whose days are meant: Europe/Paris; the workspace's, unless told.", show_default=False
        ),
    ] = None,
    starts: Annotated[
        str | None,
        typer.Option(
            "--starts",
            help="From the start of this day on (2026-11-27), or this moment (2026-11-27T09:00+01:00); now, unless told.",
            show_default=False,
        ),
    ] = None,
    ends: Annotated[
        str | None,
        typer.Option("--ends", help="To the end of this day, or to this moment; for ever, unless told.", show_default=False),
    ] = None,
    days_after_delivery: Annotated[
        int,
        typer.Option("--days-after-delivery", help="A code ends with this day after its message arrived; 0: it does not."),
    ] = 0,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes an offer, which never changes, and prints its id. Give one of --percent, --amount, --free-delivery, --gift."""
    kind, value = _given(percent, amount, free_delivery, gift)
    starts_at, ends_at = _moment("starts", starts), _moment("ends", ends)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        new = NewOffer(
            name=name,
            kind=kind,
            value=value,
            currency=currency,
            minimum_minor=minimum,
            uses_per_code=uses,
            starts_at=starts_at,
            ends_at=ends_at,
            cap_minor=cap,
            gift=gift or "",
            uses_per_contact=uses_per_contact,
            uses_in_all=uses_in_all,
            budget_minor=budget,
            stackable=stackable,
            timezone=timezone,
            days_after_delivery=days_after_delivery,
            shop_ids=tuple(find_shop(session, workspace_id, shop) for shop in shops or ()),
        )
        terms = create_offer(session, workspace_id, new, now())
    typer.echo(format_id("offer", terms.id))


@offer.command("list")
def show_offers(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the offers, the newest first: id, what it gives, from when, until when (UTC), name."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for terms in list_offers(session, find_workspace(session, workspace_name), limit=LISTED_MOST):
            ends = f"{terms.ends_at:%Y-%m-%dT%H:%M:%SZ}" if terms.ends_at else "-"
            window = f"{terms.starts_at:%Y-%m-%dT%H:%M:%SZ}\t{ends}"
            typer.echo(f"{format_id('offer', terms.id)}\t{_gives(terms)}\t{window}\t{terms.name}")


@offer.command("show")
def show_offer(offer_id: OfferId, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Shows an offer's terms, a line each, and what is left of its limits."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        terms = find_offer(session, workspace_id, parse_id("offer", offer_id))
        names = {one.id: one.name for one in list_shops(session, workspace_id)}
        good_in = [names[shop_id] for shop_id in shops_of(session, workspace_id, [terms.id]).get(terms.id, ())]
        uses_left, minor_left = read_left(session, workspace_id, terms.id)
    lines = {
        "name": terms.name,
        "gives": _gives(terms),
        "at most": _minor(terms.cap_minor, terms) if terms.cap_minor else "",
        "from orders of": _minor(terms.minimum_minor, terms) if terms.minimum_minor else "",
        "uses a code": str(terms.uses_per_code),
        "uses a contact": str(terms.uses_per_contact or ""),
        "uses in all": f"{terms.uses_in_all}, {uses_left} left" if terms.uses_in_all else "",
        "budget": f"{_minor(terms.budget_minor, terms)}, {minor_left} left" if terms.budget_minor else "",
        "with other codes": "yes" if terms.stackable else "no",
        "shops": ", ".join(good_in) or "all",
        "time zone": terms.timezone,
        "starts": f"{terms.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        "ends": f"{terms.ends_at:%Y-%m-%dT%H:%M:%SZ}" if terms.ends_at else "",
        "days after delivery": str(terms.days_after_delivery or ""),
    }
    for label, text in lines.items():
        if text:
            typer.echo(f"{label:<20}{text}")


def _given(percent: str | None, amount: int | None, free_delivery: bool, gift: str | None) -> tuple[Kind, int]:
    """The kind of the offer and its value."""
    if sum((percent is not None, amount is not None, free_delivery, gift is not None)) != 1:
        raise InvalidRequest("Give one of --percent, --amount, --free-delivery and --gift.")
    if percent is not None:
        return "percentage", _basis_points(percent)
    if amount is not None:
        return "amount", amount
    return ("free_delivery", 0) if free_delivery else ("gift", 0)


def _gives(terms: Terms) -> str:
    match terms.kind:
        case "percentage":
            return f"{Decimal(terms.value) / 100:.2f} %"
        case "amount":
            return _minor(terms.value, terms)
        case "gift":
            return f"gift: {terms.gift}"
        case _:
            return "free delivery"


def _minor(amount: int, terms: Terms) -> str:
    return f"{amount} minor units of {terms.currency}"


def _basis_points(percent: str) -> int:
    try:
        points = Decimal(percent.replace(",", ".")) * 100
    except InvalidOperation:
        points = Decimal("0.5")
    if not points.is_finite() or points != points.to_integral_value():
        message = f"“{percent}” is no percentage with up to two decimals."
        raise InvalidRequest(f"--percent: {message}", errors=(FieldError("percent", message),))
    return int(points)


def _moment(option: str, written: str | None) -> datetime | date | None:
    return moment(option, written) if written else None
