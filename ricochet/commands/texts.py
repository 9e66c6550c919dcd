"""`ricochet text`: what a text costs as an SMS. Needs no database."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from linksvc.errors import InvalidRequest
from linksvc.fragments import LONG_FORMS, Analysis, analyse
from ricochet.commands.line_answers import answer_lines, open_lines
from ricochet.json_lines import BadLine, read_lines, read_object, type_name, write_line

ALPHABETS = ("gsm", "latin1", "ascii", "utf8")
_EXAMPLE = '{"text": "Bonjour"}'

text = typer.Typer(help="Texts as they are sent.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(text, name="text")


@text.command("analyse")
def analyse_text(
    said: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="The text, or - for standard input, of which one line end at the end does not count. With --jsonl: a file.",
        ),
    ] = "-",
    jsonl: Annotated[bool, typer.Option("--jsonl", help='Analyse many: one {"text": ...} a line.')] = False,
    long_form: Annotated[
        str, typer.Option("--long-form", help=f"How a route cuts long texts: {', '.join(LONG_FORMS)}.")
    ] = "udh8",
    alphabet: Annotated[
        str, typer.Option("--alphabet", help=f"What a route's data_coding 0 means: {', '.join(ALPHABETS)}.")
    ] = "gsm",
) -> None:
    """Tells the encoding of a text, its length in it, its fragments and the characters that force UCS-2.

    Prints {"encoding": "GSM-7" or "UCS-2", "length": ..., "fragments": ..., "forced_by": [...]} for each text. The length
    is in septets or UTF-16 units; the fragments are those that are submitted and paid. A line that cannot be read is
    answered by its error, and the exit status is 2. Needs no database.
    """
    if long_form not in LONG_FORMS:
        raise InvalidRequest(f"--long-form is one of {', '.join(LONG_FORMS)}.")
    if alphabet not in ALPHABETS:
        raise InvalidRequest(f"--alphabet is one of {', '.join(ALPHABETS)}.")

    def cost(text: str) -> Analysis:
        return analyse(text, LONG_FORMS[long_form], alphabet)

    def read(line: bytes) -> Analysis:
        try:
            return cost(_text(line))
        except InvalidRequest as error:
            raise ValueError(str(error)) from None

    def lines(stream: BinaryIO) -> Iterator[Analysis | BadLine]:
        return read_lines(stream, read)

    if jsonl:
        answer_lines(Path(said), lines, _told, "texts", "analysis")
    else:
        typer.echo(write_line(_told(cost(_whole() if said == "-" else said))), nl=False)


def _told(found: Analysis) -> dict[str, Any]:
    return asdict(found) | {"forced_by": list(found.forced_by)}


def _text(line: bytes) -> str:
    record = read_object(line, "a line", _EXAMPLE)
    if "text" not in record:
        raise ValueError(f"There is no text. Right would be: {_EXAMPLE}")
    if not isinstance(record["text"], str):
        raise ValueError(f"text is {type_name(record['text'])}, and should be a string.")
    return record["text"]


def _whole() -> str:
    """Standard input, without the line end that an editor or `echo` puts at the end."""
    with open_lines(None) as stream:
        octets = stream.read()
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The text is not UTF-8 (byte {error.start + 1}).") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
