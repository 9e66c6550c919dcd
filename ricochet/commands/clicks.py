"""`ricochet clicks`: whether hits were people's, and why."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer

from linksvc.errors import InvalidRequest, NotFound, RicochetError
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
    with _opened(file) as hits:
        try:
            unreadable = _answer(hits, sys.stdout.buffer)
        except BrokenPipeError:
            # Whoever reads has seen enough (`| head`). What is still buffered must not be written at the exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as error:
            with suppress(OSError):
                sys.stdout.close()
            raise RicochetError(f"The hits cannot be read or answered to the end: {error.strerror}.") from None
    if unreadable:
        lines = "1 line" if unreadable == 1 else f"{unreadable:,} lines"
        raise InvalidRequest(f"{lines} could not be read; what is wrong stands in the place of the verdict.")


clicks.command()(rejudge)


def _opened(file: Path | None) -> BinaryIO:
    try:
        # A duplicate, so that closing it leaves standard input as it was.
        return file.open("rb") if file else os.fdopen(os.dup(0), "rb")
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", code="file_not_found") from None
    except OSError as error:
        name = file or "Standard input"
        raise InvalidRequest(f"{name} cannot be read: {error.strerror}.", code="file_unreadable") from None


def _answer(hits: BinaryIO, answers: BinaryIO) -> int:
    """Writes an answer a hit, each as soon as it is known; the number of lines that could not be read."""
    # Only this command needs the lists of crawlers, which take a while to load.
    from ricochet.hit_lines import BadLine, read_hits
    from tracker.verdicts import RULES_VERSION, judge

    unreadable = 0
    for hit in read_hits(hits):
        if isinstance(hit, BadLine):
            unreadable += 1
            answer: dict[str, str | int] = {"error": str(hit)}
        else:
            judgement = judge(hit)
            answer = {"verdict": judgement.verdict, "reason": judgement.reason, "rules": RULES_VERSION}
        answers.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
        answers.flush()
    return unreadable
