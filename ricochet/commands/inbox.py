"""`ricochet inbox`: what came in, and what is answered to STOP, START and HELP."""

import re
from typing import Annotated

import typer
from sqlmodel import select

from linksvc import inbox as inbound_messages
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.inbox import KINDS, UNMATCHED, InboundView
from linksvc.models import Workspace
from linksvc.phone_numbers import SHORTEST_NUMBER
from linksvc.public_ids import format_id
from linksvc.reply_texts import HELP, START, STOP, change_reply, own_reply, reply_text
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import opened

_WORDS = (STOP, START, HELP)

_FEW = SHORTEST_NUMBER - 1
_SENDER = re.compile(rf"\+[1-9]\d{{{_FEW},14}}|\d{{1,{_FEW}}}|0?[1-9]\d{{{_FEW},13}}", re.ASCII)
"""E.164, a short code, or a national number."""

inbox = typer.Typer(help="Messages that came in, and the answers to STOP, START and HELP.", no_args_is_help=True)

Kind = Annotated[str | None, typer.Option("--kind", help=f"Only these: one of {', '.join(KINDS)}.", show_default=False)]


def register(app: typer.Typer) -> None:
    app.add_typer(inbox, name="inbox")


@inbox.command("list")
def list_inbound(
    kind: Kind = None,
    number: Annotated[
        str | None,
        typer.Option(
            "--number",
            help="Only from this number, as +33639980001; without its country code, from each that ends so.",
            show_default=False,
        ),
    ] = None,
    unmatched: Annotated[
        bool, typer.Option("--unmatched", help="Those from numbers that nobody here wrote to: they are no workspace's.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, the latest first.")] = 50,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Lists messages that came in: when, from whom, to which address of ours, the kind, the message it answers, how the
    answer to it fares, and the text."""
    if kind is not None and kind not in KINDS:
        raise InvalidRequest(f"There is no kind {kind}. The kinds are {', '.join(KINDS)}.")
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = UNMATCHED if unmatched else find_workspace(session, workspace_name)
        sender = None if number is None else _sender(number)
        for one in inbound_messages.list_inbound(session, workspace_id, kind=kind, number=sender, limit=limit):
            typer.echo(_line(one))


@inbox.command("answers")
def show_answers(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Shows what is answered to STOP, START and HELP: the word, the language (own: the workspace's text), the text."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        workspace = session.exec(select(Workspace).where(Workspace.id == workspace_id)).one()
        for word in _WORDS:
            for language in ("own",) if own_reply(workspace, word) else ("fr", "en"):
                typer.echo("\t".join((word.upper(), language, _one_line(reply_text(workspace, word, language)))))


@inbox.command("answer")
def change_answer(
    word: Annotated[str, typer.Argument(help="stop, start or help.", show_default=False)],
    text: Annotated[
        str | None,
        typer.Argument(help="With fields as in a campaign, but no link and no code; or --built-in.", show_default=False),
    ] = None,
    built_in: Annotated[bool, typer.Option("--built-in", help="Answer in the built-in words again.")] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Changes what a workspace answers to a word, in every language."""
    if word.lower() not in _WORDS:
        raise InvalidRequest(f"There is no answer to {word}. The words are {', '.join(_WORDS)}.")
    if bool((text or "").strip()) == built_in:
        raise InvalidRequest("Give the text of the answer, or say --built-in for the built-in words.")
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        workspace = session.exec(select(Workspace).where(Workspace.id == workspace_id)).one()
        change_reply(workspace, word.lower(), text or "")
        session.add(workspace)
    typer.echo(f"{word.upper()} is answered in {'the built-in' if built_in else 'these'} words from now on.")


def _sender(written: str) -> str:
    """The number as it is stored: E.164, or a short code or a national number as it stands. Raises InvalidRequest for what
    nobody writes from: an empty list would say that this person never wrote."""
    digits = re.sub(r"[\s().-]", "", written)
    digits = f"+{digits[2:]}" if digits.startswith("00") else digits
    if not _SENDER.fullmatch(digits):
        raise InvalidRequest(f"“{written}” is no number; write it as +33639980001.")
    return digits


def _line(one: InboundView) -> str:
    answered = f"{format_id('campaign', one.campaign_id)}/{one.n}" if one.campaign_id else ""
    text = one.text if one.complete else f"{one.text} (incomplete)"
    columns = (one.occurred_at.strftime("%Y-%m-%d %H:%M:%S"), one.number, one.sender, one.kind, answered, one.answer, text)
    return "\t".join(_one_line(column) for column in columns)


def _one_line(text: str) -> str:
    """Without tabs, ends of lines and what moves a terminal's cursor: people write all of it."""
    return "".join(character if character.isprintable() else " " for character in text).strip()
