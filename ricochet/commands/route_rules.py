"""`ricochet route cover`, `price` and `error`: where a route is used, what it costs, what its codes mean."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from linksvc import delivery_causes, route_coverage, route_errors, route_prices, routes
from linksvc.database import writing
from linksvc.errors import InvalidRequest
from linksvc.route_coverage import USUAL_WEIGHT, Coverage
from linksvc.route_errors import ErrorMeaning
from linksvc.route_prices import ALWAYS, MOST_UNITS, PriceLine, read_amount, read_start
from ricochet.commands.parameters import DataDir
from ricochet.commands.route_options import Name
from ricochet.installation import opened

Country = Annotated[str, typer.Option("--country", help="Two capitals (ISO 3166), FR; any unless told.", show_default=False)]
Network = Annotated[
    str, typer.Option("--network", help="A network in it, as contacts have it; any unless told.", show_default=False)
]


class _Price(TyperCommand):
    """Says of an amount below 0 that it is none, where it would be taken for an option that does not exist."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for written in args:
            if re.fullmatch(r"-[\d.,]+", written):
                raise InvalidRequest(f"“{written}” is no price of a part; it is from 0 to {MOST_UNITS:,}, such as 0.0385.")
        return super().parse_args(ctx, args)


def register(route: typer.Typer) -> None:
    route.command("cover")(cover)
    route.command("price", cls=_Price)(price)
    route.command("error")(error)


def cover(
    name: Name,
    country: Country = "",
    network: Network = "",
    weight: Annotated[
        int, typer.Option("--weight", help="Its share against the others'; 0: only while all others fail.")
    ] = USUAL_WEIGHT,
    remove: Annotated[bool, typer.Option("--remove", help="Take this line back.")] = False,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Take all lines back: it is used everywhere.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Tells where a route may be used, and how much of it. A route of which nothing is told is used everywhere, with weight
    100; with the first line it is used there only. The most exact line holds. Acts within a second or two."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        route_id = routes.find_route(session, name).id
        if everywhere:
            route_coverage.uncover_all(session, route_id)
        elif remove:
            route_coverage.uncover(session, route_id, country, network)
        else:
            route_coverage.cover(session, route_id, Coverage(country, network, weight))
        lines = route_coverage.coverage_of(session, route_id)
    places = ", ".join(f"{' '.join(filter(None, (one.country, one.network))) or 'any'}: {one.weight}" for one in lines)
    typer.echo(f"The route {name} is used for {places or 'any country: 100'}.")


def price(
    name: Name,
    amount: Annotated[str | None, typer.Argument(help="Of one part: 0.0385.", show_default=False)] = None,
    currency: Annotated[str | None, typer.Argument(help="Three capitals: EUR.", show_default=False)] = None,
    country: Country = "",
    network: Network = "",
    start: Annotated[
        str,
        typer.Option(
            "--from", help="A day, from 00:00 UTC on, or a moment with its offset; always unless told.", show_default=False
        ),
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take the price of this place and start back.")] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help="A CSV file instead, with the columns country, network, from, currency, price.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Tells what a part costs on a route, from when on. Of the prices that have begun the most exact holds, then the latest.
    What was sent keeps the price it was sent at."""
    given = amount is not None and currency is not None
    if [given, remove, file is not None].count(True) != 1 or (not given and amount is not None):
        raise InvalidRequest("Give an amount and its currency, 0.0385 EUR; or --remove; or --file PRICES.csv.")
    starts_at = read_start(start) if start else ALWAYS
    with opened(data_dir) as installation, writing(installation.engine) as session:
        route_id = routes.find_route(session, name).id
        if file is not None:
            count = route_prices.import_prices(session, route_id, file.read_bytes())
            told = f"Took {count:,} prices for the route {name}."
        elif remove:
            route_prices.remove_price(session, route_id, country, network, starts_at)
            told = f"Removed a price of the route {name}."
        else:
            line = PriceLine(read_amount(amount or "", currency or ""), starts_at, country, network)
            route_prices.set_price(session, route_id, line)
            told = f"A part on the route {name} costs {line.price}{f' in {country}' if country else ''}."
    typer.echo(told)


def error(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The route's name; or --causes.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Argument(help="submit (a command status) or receipt (its err).", show_default=False)
    ] = None,
    code: Annotated[str | None, typer.Argument(help="1375, 0x55F; 00B.", show_default=False)] = None,
    cause: Annotated[
        str | None, typer.Option("--cause", help="What it means: a name of --causes.", show_default=False)
    ] = None,
    temporary: Annotated[
        bool, typer.Option("--temporary", help="The part is handed over again; without it, it is refused for good.")
    ] = False,
    tries: Annotated[int, typer.Option("--tries", help="How often, at most; 0: as the route says.")] = 0,
    wait: Annotated[int, typer.Option("--wait", help="After how many seconds; 0: the usual pause.")] = 0,
    remove: Annotated[bool, typer.Option("--remove", help="Let the code mean what it usually does.")] = False,
    causes: Annotated[bool, typer.Option("--causes", help="List the causes, what they mean and what to do.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Tells what an operator's own code means: which cause messages show, and whether a part is handed over again."""
    if causes:
        for one in delivery_causes.CAUSES.values():
            typer.echo("\t".join((one.name, "temporary" if one.temporary else "permanent", one.meaning, one.advice)))
        return
    if name is None or source is None or code is None or (cause is None) != remove:
        raise InvalidRequest(
            "Say of which route and code: ricochet route error main submit 1375 --cause throttled --temporary."
        )
    with opened(data_dir) as installation, writing(installation.engine) as session:
        route_id = routes.find_route(session, name).id
        if cause is None:
            route_errors.forget_meaning(session, route_id, source, code)
            told = f"The code {code} of the route {name} means what it usually does."
        else:
            meaning = ErrorMeaning(source, code, cause, temporary, tries, wait)
            meaning = route_errors.set_meaning(session, route_id, meaning)
            told = f"The code {meaning.code} of the route {name} means {cause}: {delivery_causes.CAUSES[cause].meaning}"
    typer.echo(told)
