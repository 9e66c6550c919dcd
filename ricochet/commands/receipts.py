"""`ricochet receipts`: what delivery receipts say, and which of them found no message."""

from pathlib import Path
from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.database import reading
from linksvc.errors import NotFound
from linksvc.routes import list_routes
from ricochet.commands.line_answers import answer_lines
from ricochet.commands.parameters import DataDir
from ricochet.installation import opened

receipts = typer.Typer(help="Delivery receipts.", no_args_is_help=True)

LISTED_MOST = 10_000


def register(app: typer.Typer) -> None:
    app.add_typer(receipts, name="receipts")


@receipts.command("parse")
def parse_receipts(
    file: Annotated[
        Path | None, typer.Argument(help="A file of receipts; - or nothing for standard input.", show_default=False)
    ] = None,
) -> None:
    """Reads receipts, one JSON object a line: "short_message_latin1" (or _hex, _base64), "data_coding", "tlv".

    Prints {"ids": [...], "state": ..., "done": ..., "err": ...} for each, in the same order: what was not told is null, and
    the date, in UTC if it names an offset, has seconds only if they were told. A line that cannot be read is answered by its
    error, and the exit status is 2. Needs no database.
    """
    # The other commands need neither the codec nor what reads receipts.
    from ricochet.receipt_lines import read_receipts, told

    answer_lines(file, lambda stream: read_receipts(stream, now()), told, "receipts", "receipt")


@receipts.command("unmatched")
def list_unmatched(
    route: Annotated[str | None, typer.Option("--route", help="Only this route's.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=LISTED_MOST, help="How many, at most.")] = 100,
    data_dir: DataDir = None,
) -> None:
    """Lists receipts that found no message, the latest first: when, route, id, number, state, error, how often it came.

    One with an id may still wait for the SMSC's answer, for a minute or so. When many stay, the route's ids are not written
    as its settings say: compare them with those of its answers. One without an id is listed by its text.
    """
    from sender.unmatched import unmatched

    with opened(data_dir) as installation, reading(installation.engine) as session:
        names = {one.id: one.name for one in list_routes(session)}
        chosen = next((id for id, name in names.items() if name == route), None)
        if route is not None and chosen is None:
            raise NotFound(f"There is no route named {route}.", code="route_not_found")
        found = unmatched(session, chosen, limit)
    for one in found.receipts:
        name = names.get(one.route_id, str(one.route_id))
        fields = (f"{one.at:%Y-%m-%d %H:%M:%S}", name, one.id or one.text, one.number, one.state, one.error, str(one.times))
        typer.echo("\t".join(fields))
    more = found.total - len(found.receipts)
    if more > 0:
        typer.echo(f"There are {more:,} more; --limit takes up to {LISTED_MOST:,}.", err=True)
