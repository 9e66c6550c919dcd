"""`ricochet clicks`: whether hits were people's, and why."""

from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer

from ricochet.commands.line_answers import answer_lines
from ricochet.commands.rejudging import rejudge

clicks = typer.Typer(help="Hits on links, and the verdicts on them.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(clicks, name="clicks")


@clicks.command()
def judge(
    file: Annotated[
        Path | None, typer.Argument(help="A file of hits; standard input, unless told.", show_default=False)
    ] = None,
) -> None:
    """Judges hits, one JSON object a line: "user_agent", "method" (GET, unless told), "headers", "referrer".

    Prints verdict, reason and version of the rules for each, as JSON, in the same order. Empty lines are skipped; a line
    that cannot be read is answered by its error, and the exit status is 2. Needs no database.
    """
    # Only this command needs the lists of crawlers, which take a while to load.
    from ricochet.hit_lines import read_hits
    from tracker.hits import SpooledHit
    from tracker.verdicts import RULES_VERSION, judge

    def answer(hit: SpooledHit) -> dict[str, str | int]:
        judgement = judge(hit)
        return {"verdict": judgement.verdict, "reason": judgement.reason, "rules": RULES_VERSION}

    answer_lines(file, read_hits, answer, "hits", "verdict", partial(orjson.dumps, option=orjson.OPT_APPEND_NEWLINE))


clicks.command()(rejudge)
