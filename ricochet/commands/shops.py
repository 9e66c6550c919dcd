"""`ricochet shop` and `store`: where codes are redeemed, by which devices, and which attempts at it failed."""

from datetime import timedelta
from typing import Annotated

import typer

from linksvc import failed_attempts, shops, stores, till_devices
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.public_ids import format_id
from ricochet.commands.parameters import DataDir, ShopName, WorkspaceName, find_shop, find_workspace
from ricochet.installation import opened

shop = typer.Typer(help="Places where codes are redeemed.", no_args_is_help=True)
store = typer.Typer(help="The branches of a shop.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(shop, name="shop")
    app.add_typer(store, name="store")


@shop.command("create")
def create_shop(
    name: Annotated[str, typer.Option("--name", help="As its till and the reports call it.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a shop."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        shops.create_shop(session, find_workspace(session, workspace_name), name, now())
    typer.echo(f"Made the shop “{name.strip()}”.")


@shop.command("list")
def list_shops(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the shops and their stores: a line each, the shop's id and name, then the store's."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        every, branches = shops.list_shops(session, workspace_id), stores.list_stores(session, workspace_id)
    for one in every:
        named = f"{format_id('shop', one.id)}\t{one.name}"
        typer.echo(named)
        for branch in branches:
            if branch.shop_id == one.id:
                typer.echo(f"{named}\t{branch.name}")


@shop.command("attempts")
def list_attempts(
    hours: Annotated[int, typer.Option("--hours", min=1, help="How far to look back.")] = 24,
    codes: Annotated[
        bool, typer.Option("--codes", help="By code, those that exist alone: what leaked is tried often.")
    ] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Counts the codes that were refused: how many, when last, the reason, and the shop and the key; most first."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id, since = find_workspace(session, workspace_name), now() - timedelta(hours=hours)
        if codes:
            for one in failed_attempts.count_by_code(session, workspace_id, since):
                typer.echo(f"{one.count}\t{one.last_at:%Y-%m-%dT%H:%M:%SZ}\t{one.reason}\t{one.code}\t{one.shops}")
        else:
            for each in failed_attempts.count_by_key(session, workspace_id, since):
                who = f"{each.shop or '-'}\t{each.key}"
                typer.echo(f"{each.count}\t{each.last_at:%Y-%m-%dT%H:%M:%SZ}\t{each.reason}\t{who}")


@shop.command("devices")
def list_devices(
    shop_name: Annotated[
        str | None, typer.Option("--shop", help="Those of one shop; all, unless told.", show_default=False)
    ] = None,
    removed: Annotated[bool, typer.Option("--removed", help="Those too that were taken off.")] = False,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Lists the devices that open the till page: id, shop, name, enrolled, last used (known to ten minutes), taken off."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        shop_id = find_shop(session, workspace_id, shop_name) if shop_name is not None else None
        for one in till_devices.list_devices(session, workspace_id, shop_id):
            if removed or one.revoked_at is None:
                moments = (one.enrolled_at, one.last_used_at, one.revoked_at)
                told = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else "-" for moment in moments)
                typer.echo("\t".join((one.id, one.shop, one.name, *told)))


@shop.command("unenrol")
def unenrol_device(
    device: Annotated[str, typer.Argument(help="As ricochet shop devices lists it: till_...")],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Takes a device off at once, lost or left: its till page asks for a key again. Saying it twice changes nothing."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        till_devices.unenrol(session, find_workspace(session, workspace_name), device, now())
    typer.echo(f"Took {device} off.")


@store.command("create")
def create_store(
    shop_name: ShopName,
    name: Annotated[str, typer.Option("--name", help="The branch's name.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a branch of a shop, for keys of its own."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        workspace_id = find_workspace(session, workspace_name)
        stores.create_store(session, workspace_id, find_shop(session, workspace_id, shop_name), name, now())
    typer.echo(f"Made the store “{name.strip()}” of “{shop_name.strip()}”.")
