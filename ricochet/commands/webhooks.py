"""`ricochet webhook`: who is told what happens, what came of it, and sending again."""

import json as jsons
import time
from datetime import datetime, timedelta
from typing import Annotated

import typer
from sqlmodel import Session

from linksvc import shops
from linksvc.clock import now
from linksvc.database import BATCH_ROWS, PAUSE_S, reading, writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.keys import open_keyring
from linksvc.webhooks import deliveries, endpoints
from linksvc.webhooks.deliveries import STATES, Delivery
from linksvc.webhooks.endpoints import Endpoint, EndpointChange, Owner
from linksvc.webhooks.events import EVENT_TYPES
from linksvc.webhooks.signing import SecretName, secret_of
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import Installation, opened

webhook = typer.Typer(help="Addresses that are told what happens.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="WEBHOOK", help="For example whk_3f2b...; see the list.", show_default=False)]
Events = Annotated[
    list[str] | None,
    typer.Option("--event", help=f"What it is told; may be repeated: {', '.join(EVENT_TYPES)}.", show_default=False),
]


def register(app: typer.Typer) -> None:
    app.add_typer(webhook, name="webhook")


@webhook.command("add")
def add_webhook(
    url: Annotated[str, typer.Argument(help="https://...", show_default=False)],
    events: Events = None,
    shop: Annotated[
        str | None, typer.Option("--shop", help="A shop's own: it hears of that shop's codes alone.", show_default=False)
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Adds a webhook and prints its secret, which cannot be read again."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        owner = _owner(session, workspace_name, shop)
        keyring, own = open_keyring(installation.settings), installation.settings.webhook_networks
        added, name = endpoints.add_endpoint(session, keyring, owner, own, url, events or (), now())
    typer.echo(f"Added {added.id}. Its secret, shown this once:", err=True)
    _print_secret(installation, name)


@webhook.command("list")
def list_webhooks(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the webhooks: id, address, events, and why nothing is sent or since when nothing is taken."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in endpoints.list_endpoints(session, _owner(session, workspace_name)):
            typer.echo("\t".join((one.id, one.url, " ".join(one.events), _trouble(one))).rstrip())


@webhook.command("change")
def change_webhook(
    id: Id,
    url: Annotated[str | None, typer.Option("--url", help="Another address.", show_default=False)] = None,
    events: Events = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether anything is sent.", show_default=False)
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Changes a webhook. One that is enabled again is sent what still waited for it."""
    change = EndpointChange(url, tuple(events) if events else None, enabled)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        owner, own = _owner(session, workspace_name), installation.settings.webhook_networks
        endpoints.edit_endpoint(session, owner, own, id, change, now())
    typer.echo(f"Changed {id}.")


@webhook.command("remove")
def remove_webhook(id: Id, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Removes a webhook. What still waits for it is not sent."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        endpoints.remove_endpoint(session, _owner(session, workspace_name), id)
    typer.echo(f"Removed {id}.")


@webhook.command("secret")
def rotate_secret(
    id: Id,
    keep_hours: Annotated[int, typer.Option("--keep-hours", help="How long the secret before goes on signing, too.")] = 24,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Makes a new secret and prints it; it cannot be read again."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        owner, keyring = _owner(session, workspace_name), open_keyring(installation.settings)
        keep = timedelta(hours=keep_hours)
        _, name = endpoints.rotate_secret(session, keyring, owner, id, keep, now())
    _print_secret(installation, name)


@webhook.command("test")
def send_test(id: Id, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Sends an event webhook.test; the log tells what came of it."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        sent = deliveries.send_test(session, _owner(session, workspace_name), id, now())
    typer.echo(f"Sends {sent.event_id}.")


@webhook.command("log")
def read_log(
    id: Id,
    event_id: Annotated[
        str | None, typer.Argument(metavar="EVENT", help="One of them, with its body and each try.", show_default=False)
    ] = None,
    state: Annotated[str | None, typer.Option("--state", help=f"One of {', '.join(STATES)}.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Lists what was sent, the newest first: when, event, type, state, tries, the last answer."""
    if state not in (None, *STATES):
        raise InvalidRequest(f"“{state}” is no state of a delivery. It is one of {', '.join(STATES)}.")
    with opened(data_dir) as installation, reading(installation.engine) as session:
        owner = _owner(session, workspace_name)
        if event_id is None:
            for one in deliveries.list_deliveries(session, owner, id, state, None, limit).deliveries:
                typer.echo(_line(one))
            return
        story = deliveries.find_delivery(session, owner, id, event_id)
    typer.echo(_line(story.delivery))
    typer.echo(jsons.dumps(story.body, ensure_ascii=False, indent=2))
    for tried in story.attempts:
        told = (f"{tried.number}", _time(tried.attempted_at), f"{tried.duration_ms} ms", _answer(tried.status, tried.error))
        typer.echo("\t".join((*told, jsons.dumps(tried.answer, ensure_ascii=False) if tried.answer else "")).rstrip())


@webhook.command("replay")
def replay(
    id: Id,
    event_id: Annotated[str | None, typer.Argument(metavar="EVENT", help="One event.", show_default=False)] = None,
    failed_days: Annotated[
        int | None, typer.Option("--failed", min=1, help="All that failed in the last so many days.", show_default=False)
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Sends an event again, or all that failed."""
    if (event_id is None) == (failed_days is None):
        raise InvalidRequest("Name an event, or say --failed DAYS.")
    with opened(data_dir) as installation:
        with writing(installation.engine) as session:
            owner = _owner(session, workspace_name)
            if event_id is not None:
                deliveries.replay(session, owner, id, event_id, now())
        count = 1 if failed_days is None else _replay_failed(installation, owner, id, failed_days)
    typer.echo(f"Events that are sent again: {count:,}.")


def _replay_failed(installation: Installation, owner: Owner, id: str, days: int) -> int:
    since, count = now() - timedelta(days=days), 0
    while True:
        with writing(installation.engine) as session:
            queued = deliveries.replay_failed(session, owner, id, since, now())
        count += queued
        if queued < BATCH_ROWS:
            return count
        time.sleep(PAUSE_S)


def _owner(session: Session, workspace: str | None, shop: str | None = None) -> Owner:
    """Raises NotFound for an unknown shop."""
    workspace_id = find_workspace(session, workspace)
    shop_id = shops.find_shop(session, workspace_id, shop) if shop else None
    if shop and shop_id is None:
        raise NotFound(f"There is no shop “{shop}”.", code="shop_not_found")
    return Owner(workspace_id, shop_id)


def _print_secret(installation: Installation, name: SecretName) -> None:
    typer.echo(secret_of(open_keyring(installation.settings), name))


def _trouble(endpoint: Endpoint) -> str:
    if endpoint.disabled_at:
        return f"disabled ({endpoint.disabled_reason}) since {_time(endpoint.disabled_at)}"
    return f"failing since {_time(endpoint.failing_since)}" if endpoint.failing_since else ""


def _line(one: Delivery) -> str:
    told = (_time(one.recorded_at), one.event_id, one.type, one.state, str(one.attempts))
    return "\t".join((*told, _answer(one.last_status, one.last_error) if one.attempts else "")).rstrip()


def _answer(status: int, error: str) -> str:
    return " ".join(part for part in (str(status) if status else "", error) if part)


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
