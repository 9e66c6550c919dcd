"""`ricochet key`: what programs and tills prove with who they are."""

from datetime import datetime, timedelta
from typing import Annotated

import typer
from sqlmodel import Session

from linksvc import api_keys, key_lives, sandbox
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import NotFound
from linksvc.key_lives import ListedKey
from linksvc.public_ids import format_id, parse_id
from ricochet.commands.parameters import DataDir, WorkspaceName, find_shop, find_store, find_workspace
from ricochet.installation import opened

key = typer.Typer(help="API keys.", no_args_is_help=True)

Test = Annotated[bool, typer.Option("--test", help="A key of the sandbox (rk_test_...): nothing it does counts.")]


def register(app: typer.Typer) -> None:
    app.add_typer(key, name="key")


@key.command("create")
def create_key(
    name: Annotated[str, typer.Option("--name", help="What it is for, so that one knows later.", show_default=False)],
    scope: Annotated[
        list[str],
        typer.Option("--scope", help=f"What it may do; repeat it. One of {', '.join(api_keys.SCOPES)}.", show_default=False),
    ],
    shop_name: Annotated[
        str | None, typer.Option("--shop", help="The shop whose till holds it.", show_default=False)
    ] = None,
    store_name: Annotated[str | None, typer.Option("--store", help="The store of that shop.", show_default=False)] = None,
    test: Test = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes an API key and prints it: this once, on a line of its own."""
    if store_name is not None and shop_name is None:
        raise typer.BadParameter("--store is a store of a shop: name it with --shop.")
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        shop_id = find_shop(session, workspace_id, shop_name) if shop_name is not None else None
        store_id = find_store(session, workspace_id, shop_id, store_name) if shop_id and store_name is not None else None
        create = sandbox.create_test_key if test else api_keys.create_key
        presented = create(session, workspace_id, name, scope, shop_id, now(), store_id)
    _show(presented)


@key.command("list")
def list_keys(
    revoked: Annotated[bool, typer.Option("--revoked", help="Those too that open nothing any more.")] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Lists the keys of a workspace and of its sandbox: id, name, its ends, shop, store, scopes, last use, revocation.

    The last use is known to ten minutes.
    """
    with opened(data_dir) as installation, reading(installation.engine) as session:
        keys, moment = key_lives.list_keys(session, find_workspace(session, workspace_name)), now()
    for one in keys:
        if revoked or one.revoked_at is None or one.revoked_at > moment:
            typer.echo(_line(one, moment))


@key.command("rotate")
def rotate_key(
    name: Annotated[str, typer.Argument(help="The key's name.")],
    former_hours: Annotated[
        int | None,
        typer.Option(
            "--former-hours", min=0, help="Revoke the former key in so many hours; else by hand.", show_default=False
        ),
    ] = None,
    test: Test = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a second key like the one of this name and prints it. Both work until the former is revoked."""
    keep_former = None if former_hours is None else timedelta(hours=former_hours)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = _workspace_of(session, workspace_name, test)
        presented = key_lives.rotate_key(session, workspace_id, name, keep_former, now())
    _show(presented)


@key.command("revoke")
def revoke_key(
    id: Annotated[str, typer.Argument(help="The key's id: key_12. `ricochet key list` shows it.")],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Ends a key at once, and every till that was enrolled with it."""
    number = parse_id("key", id)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        revoked = key_lives.revoke_key(session, find_workspace(session, workspace_name), number, now())
    typer.echo(f"Revoked the key “{revoked.name}” that ends in {revoked.last_four}.")


def _workspace_of(session: Session, name: str | None, test: bool) -> int:
    workspace_id = find_workspace(session, name)
    if not test:
        return workspace_id
    if (twin := sandbox.find_twin(session, workspace_id)) is None:
        raise NotFound("This workspace has no sandbox yet: it is made with the first test key.", code="key_not_found")
    return twin


def _line(key: ListedKey, moment: datetime) -> str:
    prefix = api_keys.TEST_PREFIX if key.sandbox else api_keys.PREFIX
    last_use = f"{key.last_used_at:%Y-%m-%dT%H:%MZ}" if key.last_used_at else "never used"
    end = ""
    if key.revoked_at:
        end = f"{'ends' if key.revoked_at > moment else 'revoked'} {key.revoked_at:%Y-%m-%dT%H:%MZ}"
    shown = f"{prefix}...{key.last_four}"
    fields = (
        format_id("key", key.id),
        key.name,
        shown,
        key.shop or "-",
        key.store or "-",
        ",".join(key.scopes),
        last_use,
        end,
    )
    return "\t".join(fields).rstrip("\t")


def _show(presented: str) -> None:
    typer.echo("Keep this key: it is shown once.", err=True)
    typer.echo(presented)
