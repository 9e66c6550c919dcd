"""`ricochet payment`: who takes the money, and what was asked for."""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest
from linksvc.keys import open_keyring
from linksvc.models import Payment
from linksvc.money import Money
from linksvc.payment_list import list_payments
from linksvc.payment_providers import (
    KEPT_LONGEST,
    KINDS,
    STRIPE_CHECKOUT,
    NewProvider,
    Provider,
    add_provider,
    disable_provider,
    list_providers,
    replace_checkout_key,
    rotate_secret,
)
from linksvc.payments import STATES, cancel_payment
from linksvc.public_ids import check_drawn_id
from ricochet.commands.parameters import DataDir, WorkspaceName, find_workspace
from ricochet.installation import Installation, opened

payment = typer.Typer(help="Pay by link: providers, and payments that were asked for.", no_args_is_help=True)
provider = typer.Typer(help="Who takes the money and signs callbacks.", no_args_is_help=True)
payment.add_typer(provider, name="provider")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The provider's name, or its id.", show_default=False)]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        "--secret-file",
        help="File with the secret that callbacks are signed with, or - for standard input. Stripe shows it beside the "
        "endpoint (whsec_...); of kind hmac one is drawn, unless told.",
        show_default=False,
    ),
]
CheckoutKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--checkout-key-file",
        help="File with the key of the Stripe account (sk_..., rk_...), or -: with it Stripe is asked where to pay.",
        show_default=False,
    ),
]
_LONGEST_SECRET = 4_096


def register(app: typer.Typer) -> None:
    app.add_typer(payment, name="payment")


@provider.command("add")
def add_payment_provider(
    name: Annotated[str, typer.Argument(help="For people; one of each name.", show_default=False)],
    kind: Annotated[str, typer.Option("--kind", help=f"How it signs: {' or '.join(KINDS)}.", show_default=False)],
    secret_file: SecretFile = None,
    checkout_url: Annotated[
        str | None,
        typer.Option(
            "--checkout-url",
            help=f"Where it is asked for a place to pay; of stripe {STRIPE_CHECKOUT}, unless told.",
            show_default=False,
        ),
    ] = None,
    checkout_key_file: CheckoutKeyFile = None,
    return_url: Annotated[
        str | None,
        typer.Option("--return-url", help="Where customers come back to once they have paid.", show_default=False),
    ] = None,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Adds a provider and prints the address of its callbacks, and the secret if one was drawn: it cannot be read again."""
    if secret_file == checkout_key_file == Path("-"):
        raise InvalidRequest("Standard input holds one secret: put the other one into a file.", code="secret_invalid")
    new = NewProvider(
        name=name,
        kind=kind,
        secret=_read(secret_file),
        checkout_url=checkout_url or "",
        checkout_key=_read(checkout_key_file),
        return_url=return_url or "",
    )
    with opened(data_dir) as installation, writing(installation.engine) as session:
        keyring, own = open_keyring(installation.settings), installation.settings.webhook_networks
        added, secret = add_provider(session, keyring, find_workspace(session, workspace_name), own, new, now())
    typer.echo(f"Added {added.id}. It calls back: {_callback_url(installation, added)}", err=True)
    if not new.secret:
        typer.echo("It signs callbacks with this secret, shown this once:", err=True)
        typer.echo(secret)


@provider.command("list")
def list_payment_providers(workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Lists the providers: id, name, kind, the address of its callbacks, where it is asked, and whether it is disabled."""
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in list_providers(session, find_workspace(session, workspace_name)):
            disabled = f"disabled since {_time(one.disabled_at)}" if one.disabled_at else ""
            told = (one.id, one.name, one.kind, _callback_url(installation, one), one.checkout_url or "-", disabled)
            typer.echo("\t".join(told).rstrip())


@provider.command("rotate")
def rotate_provider_secret(
    name: Name,
    secret_file: SecretFile = None,
    checkout_key_file: CheckoutKeyFile = None,
    keep_hours: Annotated[
        int,
        typer.Option("--keep-hours", min=0, max=KEPT_LONGEST.days * 24, help="How long the secret before is taken as well."),
    ] = 24,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Takes another secret for callbacks, or another key of the account. A secret that is drawn is printed, this once."""
    given, checkout_key = _read(secret_file), _read(checkout_key_file)
    with opened(data_dir) as installation, writing(installation.engine) as session:
        keyring, keep = open_keyring(installation.settings), timedelta(hours=keep_hours)
        workspace_id = find_workspace(session, workspace_name)
        if checkout_key:
            replace_checkout_key(session, keyring, workspace_id, name, checkout_key)
            if not given:
                return
        _, secret = rotate_secret(session, keyring, workspace_id, name, given, keep, now())
    typer.echo(f"The secret before is taken for {keep_hours} hours more.", err=True)
    if not given:
        typer.echo(secret)


@provider.command("disable")
def disable_payment_provider(name: Name, workspace_name: WorkspaceName = None, data_dir: DataDir = None) -> None:
    """Takes no callback of a provider any more, and asks it for nothing."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        disabled = disable_provider(session, find_workspace(session, workspace_name), name, now())
    typer.echo(f"Disabled {disabled.id}.")


@payment.command("list")
def list_all_payments(
    state: Annotated[str | None, typer.Option("--state", help=f"One of {', '.join(STATES)}.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 100,
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Lists payments, the newest first: id, state, amount, what for, what the provider calls it, when it was paid."""
    if state not in (None, *STATES):
        raise InvalidRequest(f"“{state}” is no state of a payment. It is one of {', '.join(STATES)}.")
    with opened(data_dir) as installation, reading(installation.engine) as session:
        for one in list_payments(session, find_workspace(session, workspace_name), state, None, limit).payments:
            typer.echo(_line(one))


@payment.command("cancel")
def cancel_one(
    id: Annotated[str, typer.Argument(metavar="PAYMENT", help="For example pay_3f2b...; see the list.", show_default=False)],
    workspace_name: WorkspaceName = None,
    data_dir: DataDir = None,
) -> None:
    """Asks for a payment no more: its link says that it is over."""
    with opened(data_dir) as installation, writing(installation.engine) as session:
        cancel_payment(session, find_workspace(session, workspace_name), check_drawn_id("payment", id), now())
    typer.echo(f"Called off {id}.")


def _read(file: Path | None) -> str:
    """The secret in a file. It is no option by itself: other users of a machine see those."""
    if file is None:
        return ""
    try:
        text = sys.stdin.read(_LONGEST_SECRET) if file == Path("-") else file.read_text()[:_LONGEST_SECRET]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidRequest(f"The secret in {file} cannot be read: {reason}.", code="secret_invalid") from None
    if not (secret := text.strip()):
        raise InvalidRequest(f"There is no secret in {file}.", code="secret_invalid")
    return secret


def _callback_url(installation: Installation, one: Provider) -> str:
    return f"{installation.settings.public_url.rstrip('/')}/v1/payments/callback/{one.id}"


def _line(one: Payment) -> str:
    amount = Money(one.amount_minor, one.currency).in_words()
    told = (one.id, one.state, amount, one.description, one.provider_ref, _time(one.paid_at) if one.paid_at else "")
    return "\t".join(told).rstrip()


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
