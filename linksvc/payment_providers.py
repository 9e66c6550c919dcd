"""Payment providers of a workspace: who takes the money, signs callbacks, and may be asked for a place to pay. The command
line makes them; their secrets are sealed (`linksvc.sealing`) and never shown again.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from sqlmodel import Session, col, select

from linksvc.destinations import check_destination
from linksvc.errors import ConfigurationError, Conflict, FieldError, InvalidRequest, NotFound
from linksvc.keys import Keyring
from linksvc.models import PaymentProvider, Workspace
from linksvc.names import check_name
from linksvc.public_ids import draw_id
from linksvc.sealing import seal, unseal
from linksvc.webhooks.addresses import Networks, check_url

ProviderKind = Literal["hmac", "stripe"]
KINDS: tuple[ProviderKind, ...] = get_args(ProviderKind)

STRIPE_CHECKOUT = "https://api.stripe.com/v1/checkout/sessions"

LEAST_CHARACTERS, MOST_CHARACTERS = 24, 512
"""Of a secret."""

KEPT_LONGEST = timedelta(days=7)
"""How long the secret before may be taken as well."""


@dataclass(frozen=True, slots=True)
class NewProvider:
    """`secret` signs callbacks: stripe tells its own (whsec_...); of hmac, empty: one is drawn. With `checkout_url`, or of
    stripe `checkout_key`, payments are made there."""

    name: str
    kind: str
    secret: str = ""
    checkout_url: str = ""
    checkout_key: str = ""
    return_url: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as it is shown."""

    id: str
    name: str
    kind: str
    checkout_url: str
    return_url: str
    previous_until: datetime | None
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class LiveProvider:
    """A provider as it is used, its secrets in clear: two while they are exchanged, the new one first."""

    workspace_id: int
    id: str
    name: str
    kind: str
    secrets: tuple[str, ...]
    checkout_url: str
    checkout_key: str
    return_url: str


def add_provider(
    session: Session, keyring: Keyring, workspace_id: int, own: Networks, new: NewProvider, now: datetime
) -> tuple[Provider, str]:
    """Stores a provider; returns it and the secret that its callbacks are signed with. `own`: networks of the operator's
    that may be asked too.

    Raises InvalidRequest (invalid_request, provider_kind_unknown, secret_invalid, checkout_invalid, webhook_url_invalid,
    destination_invalid), NotFound, and Conflict (provider_exists).
    """
    name = check_name(new.name)
    if new.kind not in KINDS:
        raise _wrong("kind", "provider_kind_unknown", f"The kind is one of {', '.join(KINDS)}.")
    secret = _check_secret(new.secret, new.kind)
    checkout_url = _check_checkout(new, own)
    if (
        session.exec(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update(key_share=True)).first()
        is None
    ):
        raise NotFound("There is no such workspace.", code="workspace_not_found")
    mine = (PaymentProvider.workspace_id == workspace_id, PaymentProvider.name == name)
    if session.exec(select(PaymentProvider.id).where(*mine)).first():
        raise Conflict(f"There is a payment provider “{name}” already.", code="provider_exists")
    id = draw_id("provider")
    row = PaymentProvider(
        workspace_id=workspace_id,
        id=id,
        name=name,
        kind=new.kind,
        secret=seal(keyring, secret, id),
        checkout_url=checkout_url,
        checkout_key=seal(keyring, new.checkout_key, id) if new.checkout_key else "",
        return_url=check_destination(new.return_url) if new.return_url else "",
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _shown(row), secret


def list_providers(session: Session, workspace_id: int) -> list[Provider]:
    """The oldest first."""
    mine = select(PaymentProvider).where(PaymentProvider.workspace_id == workspace_id)
    return [_shown(row) for row in session.exec(mine.order_by(col(PaymentProvider.created_at), col(PaymentProvider.id)))]


def rotate_secret(
    session: Session, keyring: Keyring, workspace_id: int, name: str, secret: str, keep: timedelta, now: datetime
) -> tuple[Provider, str]:
    """Takes another secret, or draws one for hmac; the one before is taken as well for so long. Raises as `add_provider`,
    and NotFound (provider_not_found)."""
    row = _find_row(session, workspace_id, name)
    if not timedelta(0) <= keep <= KEPT_LONGEST:
        message = f"The secret before is taken for {KEPT_LONGEST.days} days at most."
        raise _wrong("keep_hours", "secret_invalid", message)
    secret = _check_secret(secret, row.kind)
    row.previous_secret, row.previous_until = (row.secret, now + keep) if keep else ("", None)
    row.secret = seal(keyring, secret, row.id)
    session.add(row)
    session.flush()
    return _shown(row), secret


def replace_checkout_key(session: Session, keyring: Keyring, workspace_id: int, name: str, checkout_key: str) -> Provider:
    """Takes another key of the account that a provider of kind stripe is asked with. Raises NotFound (provider_not_found),
    InvalidRequest (checkout_invalid) for a provider that is asked without one."""
    row = _find_row(session, workspace_id, name)
    if not row.checkout_key:
        raise _wrong("checkout_key", "checkout_invalid", "This provider is not asked with the key of an account.")
    _check_key(checkout_key)
    row.checkout_key = seal(keyring, checkout_key, row.id)
    session.add(row)
    session.flush()
    return _shown(row)


def disable_provider(session: Session, workspace_id: int, name: str, now: datetime) -> Provider:
    """Nothing is taken from it any more, and no payment made with it. Raises NotFound (provider_not_found)."""
    row = _find_row(session, workspace_id, name)
    row.disabled_at = row.disabled_at or now
    session.add(row)
    session.flush()
    return _shown(row)


def find_live(session: Session, keyring: Keyring, id: str, now: datetime, workspace_id: int | None = None) -> LiveProvider:
    """A provider that is not disabled, by its id. A callback names no workspace. Raises NotFound (provider_not_found), and
    ConfigurationError when the installation has lost the key that its secrets are sealed with."""
    statement = select(PaymentProvider).where(PaymentProvider.id == id, col(PaymentProvider.disabled_at).is_(None))
    if workspace_id is not None:
        statement = statement.where(PaymentProvider.workspace_id == workspace_id)
    row = session.exec(statement).first()
    if row is None:
        raise NotFound("There is no such payment provider, or it is disabled.", code="provider_not_found")
    secrets_in_clear = [unseal(keyring, row.secret, row.id)]
    if row.previous_secret and row.previous_until and now < row.previous_until:
        # Perhaps it was replaced because nobody can read it any more.
        with suppress(ConfigurationError):
            secrets_in_clear.append(unseal(keyring, row.previous_secret, row.id))
    return LiveProvider(
        workspace_id=row.workspace_id,
        id=row.id,
        name=row.name,
        kind=row.kind,
        secrets=tuple(secrets_in_clear),
        checkout_url=row.checkout_url,
        checkout_key=unseal(keyring, row.checkout_key, row.id) if row.checkout_key else "",
        return_url=row.return_url,
    )


def _check_secret(secret: str, kind: str) -> str:
    if not secret and kind == "hmac":
        return secrets.token_urlsafe(32)
    if not LEAST_CHARACTERS <= len(secret) <= MOST_CHARACTERS or not secret.isascii() or not secret.isprintable():
        where = " Stripe shows it beside the endpoint: whsec_..." if kind == "stripe" else ""
        message = f"A secret has {LEAST_CHARACTERS} to {MOST_CHARACTERS} visible ASCII characters.{where}"
        raise _wrong("secret", "secret_invalid", message)
    return secret


def _check_checkout(new: NewProvider, own: Networks) -> str:
    """Where it is asked for a place to pay; empty: it is not."""
    if new.kind == "hmac":
        if new.checkout_key:
            raise _wrong("checkout_key", "checkout_invalid", "A key of an account is for stripe alone.")
        return check_url(new.checkout_url, own) if new.checkout_url else ""
    if not new.checkout_key:
        if new.checkout_url:
            raise _wrong(
                "checkout_key", "checkout_invalid", "To have Stripe make payments, give the account's key (sk_...)."
            )
        return ""
    _check_key(new.checkout_key)
    if not new.return_url:
        raise _wrong(
            "return_url", "checkout_invalid", "Stripe asks where customers go once they have paid: a return address."
        )
    return check_url(new.checkout_url or STRIPE_CHECKOUT, own)


def _check_key(key: str) -> None:
    if not key.isascii() or not key.isprintable() or not 1 <= len(key) <= MOST_CHARACTERS:
        raise _wrong("checkout_key", "checkout_invalid", "The key of an account is one line of visible ASCII characters.")


def _find_row(session: Session, workspace_id: int, name: str) -> PaymentProvider:
    mine = select(PaymentProvider).where(PaymentProvider.workspace_id == workspace_id)
    named = mine.where((col(PaymentProvider.name) == name) | (col(PaymentProvider.id) == name))
    row = session.exec(named.with_for_update()).first()
    if row is None:
        raise NotFound(f"There is no payment provider “{name}” in this workspace.", code="provider_not_found")
    return row


def _shown(row: PaymentProvider) -> Provider:
    return Provider(**{name: getattr(row, name) for name in Provider.__dataclass_fields__})


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))
