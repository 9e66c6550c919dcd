"""The options that name the messages behind a number of a campaign, as the pages and the API name them."""

from typing import Annotated

import typer

from linksvc.left_out import LEAVES_OUT
from linksvc.message_filters import MessageFilter

Stage = Annotated[str, typer.Option("--stage", help="The stage they stand at, as docs/definitions.md names it.")]
Without = Annotated[
    list[str] | None,
    typer.Option("--not", help="A stage they do not stand at; several times if needed.", show_default=False),
]
By = Annotated[str, typer.Option("--by", help="What --value is one of: country, network, device, ...", show_default=False)]
Value = Annotated[str, typer.Option("--value", help="Only those: --by country --value FR.", show_default=False)]
Since = Annotated[str, typer.Option("--from", help="Submitted from then on: 2026-11-27T10:00:00Z.", show_default=False)]
Until = Annotated[str, typer.Option("--to", help="Submitted before then.", show_default=False)]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(
        "--leave-out",
        help=f"Who has done it by the time it leaves is not sent to: {', '.join(LEAVES_OUT)}; several times if needed. "
        "Those of --not, unless told.",
        show_default=False,
    ),
]


def read_filter(stage: str, without: list[str] | None, by: str, value: str, since: str, until: str) -> MessageFilter:
    """Raises InvalidRequest, as `MessageFilter.parse` does."""
    told = {"stage": stage, "not": ",".join(without or ()), "by": by, "value": value, "from": since, "to": until}
    return MessageFilter.parse({name: text for name, text in told.items() if text})
