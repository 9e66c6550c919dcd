"""Payments whose time is over, what Stripe counts otherwise, and secrets at rest."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from structlog.testing import capture_logs

from linksvc import payments
from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.errors import ConfigurationError, Conflict, InvalidRequest, Problem, Unauthenticated
from linksvc.keys import Keyring
from linksvc.models import Message, PaymentProvider
from linksvc.money import Money
from linksvc.payment_callbacks import Signed, open_callback, take
from linksvc.payment_events import read_event, stripe_amount
from linksvc.payment_providers import LiveProvider, find_live, rotate_secret
from linksvc.payment_signatures import sign, verify
from linksvc.sealing import seal, unseal
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from tests import factories
from tests.factories import NOW
from tests.linksvc.payment_scenes import completed, provider, signature, stored, succeeded

HOUR = timedelta(hours=1)


@pytest.fixture
def short_links(keyring: Keyring, settings: Settings) -> ShortLinks:
    return ShortLinks(keyring, settings)


def called_back(engine: Engine, keyring: Keyring, provider_id: str, secret: str, body: bytes, at: timedelta) -> str:
    signed = Signed(provider_id, {"payment-signature": signature(secret, body, NOW + at)}, body)
    with writing(engine) as session:
        return take(session, open_callback(session, keyring, signed, NOW + at), NOW + at)


def test_a_payment_ends_with_its_time_and_what_was_paid_in_time_counts_however_late_it_is_told(
    engine: Engine, keyring: Keyring, short_links: ShortLinks
) -> None:
    workspace_id = factories.workspace(engine)
    made, secret = provider(engine, keyring, workspace_id)
    ids = [
        stored(engine, keyring, short_links, workspace_id, made.id, provider_ref=f"R-{n}", expires_at=NOW + HOUR)
        for n in range(3)
    ]
    forever = stored(engine, keyring, short_links, workspace_id, made.id, provider_ref="R-9")
    with writing(engine) as session:
        assert not payments.is_due(session, NOW) and payments.expire_due(session, NOW) == 0
        assert payments.is_due(session, NOW + HOUR)
        assert [payments.expire_due(session, NOW + HOUR, 2) for _ in range(3)] == [2, 1, 0]
        states = [payments.find_payment(session, workspace_id, id).state for id in (*ids, forever)]
        assert states == ["expired"] * 3 + ["pending"]
        campaign_id = payments.find_payment(session, workspace_id, forever).campaign_id
        with pytest.raises(Problem, match="expired already"):
            payments.cancel_payment(session, workspace_id, ids[0], NOW + HOUR)
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    with reading(engine) as session:
        told = session.exec(select(Message.state).order_by(Message.n)).all()  # type: ignore[arg-type]
        assert told == ["expired_unsent"] * 3 + ["queued"]
    in_time = succeeded(reference="R-0", paid_at="2026-11-20T09:59:59Z")
    too_late = succeeded(id="evt-2", reference="R-1", paid_at="2026-11-20T10:00:00Z")
    assert called_back(engine, keyring, made.id, secret, in_time, 2 * HOUR) == "paid"
    assert called_back(engine, keyring, made.id, secret, too_late, 2 * HOUR) == "expired"


def test_the_id_of_another_event_is_refused_and_neither_pays_nor_loses_anything(
    engine: Engine, keyring: Keyring, short_links: ShortLinks
) -> None:
    workspace_id = factories.workspace(engine)
    made, secret = provider(engine, keyring, workspace_id)
    for reference in ("R-1", "R-2", "R-3"):
        stored(engine, keyring, short_links, workspace_id, made.id, provider_ref=reference)

    def tell(**fields: object) -> str:
        return called_back(engine, keyring, made.id, secret, succeeded(**fields), HOUR)

    assert tell(id="evt-1", reference="R-1") == "paid"
    assert tell(id="evt-2", type="payment.failed") == "ignored"
    assert tell(id="evt-3", reference="R-77") == "unknown_payment"
    reused = [("evt-1", "R-2"), ("evt-1", "R-77"), ("evt-2", "R-2")]
    for id, reference in reused:
        with capture_logs() as logs, pytest.raises(Conflict) as error:
            tell(id=id, reference=reference)
        assert (error.value.code, error.value.errors[0].field) == ("event_reused", "id")
        assert [(line["log_level"], line["code"]) for line in logs] == [("warning", "event_reused")]
    assert tell(id="evt-1", reference="R-1") == "paid" and tell(id="evt-2", type="payment.failed") == "ignored"
    assert tell(id="evt-1", type="payment.failed") == "paid", "what tells of no payment loses none"
    assert tell(id="evt-3", reference="R-3") == tell(id="evt-4", reference="R-2") == "paid"


def test_a_signature_in_stripes_documented_form_is_taken_and_nothing_near_it() -> None:
    # By another hand: printf '%s.%s' "$t" "$body" | openssl dgst -sha256 -hmac "$secret"
    secret, body, at = "whsec_test_secret", b'{"id": "evt_test_webhook", "object": "event"}', 1_492_774_577
    digest = "c137b1b62277d523cf8fed4dfbd0170a9a5b8a380e00cc3711d4bf0652f2ce7a"
    moment = datetime.fromtimestamp(at, UTC)
    header = f"t={at},v1={digest},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    assert sign(secret, body, moment) == f"t={at},v1={digest}"
    for near in (moment - timedelta(minutes=5), moment, moment + timedelta(minutes=5)):
        verify(header, body, ["another secret", secret], near)
    verify(f"t={at},v1={'0' * 64},v1={digest}", body, [secret], moment)
    wrong = [
        (header, body + b" ", secret, moment),
        (header, body, "whsec_test_secreu", moment),
        (header.replace(str(at), str(at + 1)), body, secret, moment),
        (header.replace("v1=", "v2="), body, secret, moment),
        (header, body, secret, moment + timedelta(minutes=5, seconds=1)),
        (header, body, secret, moment - timedelta(minutes=5, seconds=1)),
    ]
    for told, content, key, now in wrong:
        with pytest.raises(Unauthenticated):
            verify(told, content, [key], now)


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money(4990, "EUR"), 4990),
        (Money(1250, "JPY"), 1250),
        (Money(500, "ISK"), 50000),
        (Money(700, "UGX"), 70000),
        (Money(500, "MGA"), 5),
        (Money(5120, "KWD"), 5120),
    ],
)
def test_amounts_are_told_to_stripe_and_read_from_it_in_its_own_units(money: Money, amount: int) -> None:
    assert stripe_amount(money) == amount
    event = read_event("stripe", completed(amount_total=amount, currency=money.currency.lower()), NOW)
    assert event.paid == money


def test_what_stripe_cannot_be_asked_for_is_refused_and_what_it_cannot_mean_is_no_amount() -> None:
    for money in (Money(501, "MGA"), Money(5125, "KWD")):
        with pytest.raises(InvalidRequest):
            stripe_amount(money)
    event = read_event("stripe", completed(amount_total=50050, currency="isk"), NOW)
    assert event.paid == Money(-1, "ISK")


def test_a_secret_opens_by_its_own_row_and_key_alone(engine: Engine, keyring: Keyring) -> None:
    sealed = seal(keyring, "whsec_1", "ppr_1")
    assert unseal(keyring, sealed, "ppr_1") == "whsec_1" and sealed != seal(keyring, "whsec_1", "ppr_1")
    rotated = Keyring.derive("a" * 40, "b" * 40)
    first = Keyring.derive("a" * 40)
    assert unseal(rotated, seal(first, "kept", "ppr_1"), "ppr_1") == "kept"
    newer = seal(rotated, "kept", "ppr_1")
    broken = [(keyring, sealed, "ppr_2"), (first, newer, "ppr_1"), (keyring, "", "ppr_1"), (keyring, sealed[:-4], "ppr_1")]
    for keys, text, owner in broken:
        with pytest.raises(ConfigurationError):
            unseal(keys, text, owner)
    workspace_id = factories.workspace(engine)
    made, secret = provider(engine, keyring, workspace_id)
    with writing(engine) as session:
        row = session.exec(select(PaymentProvider)).one()
        assert secret not in row.secret
        live = find_live(session, keyring, made.id, NOW)
    assert isinstance(live, LiveProvider) and live.secrets == (secret,) and secret not in repr(live)


def test_a_callback_that_cannot_be_checked_for_want_of_a_key_is_refused_and_may_come_again(
    engine: Engine, keyring: Keyring
) -> None:
    made, secret = provider(engine, keyring, factories.workspace(engine))
    other = Keyring.derive("c" * 40)
    body = succeeded()
    signed = Signed(made.id, {"payment-signature": signature(secret, body)}, body)
    with reading(engine) as session, pytest.raises(Problem) as error:
        open_callback(session, other, signed, NOW)
    assert (error.value.status, error.value.code) == (401, "signature_invalid")


def test_a_secret_whose_key_is_lost_is_given_anew(engine: Engine, keyring: Keyring, settings: Settings) -> None:
    workspace_id, other = factories.workspace(engine), Keyring.derive("c" * 40)
    made, _ = provider(engine, keyring, workspace_id)
    with pytest.raises(Problem) as error:
        stored(engine, other, ShortLinks(other, settings), workspace_id, made.id)
    assert error.value.code == "provider_secret_lost"
    with writing(engine) as session:
        _, secret = rotate_secret(session, other, workspace_id, "hmac", "", timedelta(hours=24), NOW)
        assert find_live(session, other, made.id, NOW).secrets == (secret,)
