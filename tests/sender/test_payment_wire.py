"""A payment from its SMS to its confirmation, over a real SMPP socket: each leaves once, in its own words."""

from sqlalchemy import Engine

from linksvc import payments
from linksvc.clock import now
from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.money import Money
from linksvc.payment_callbacks import Signed, open_callback, take
from linksvc.payments import Checkout, NewPayment, check_payment, store_payment
from linksvc.public_ids import draw_id
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from linksvc.single_recipients import Recipient
from linksvc.single_reports import find_single, id_of
from sender.pdus import Pdu
from tests import factories
from tests.linksvc.payment_scenes import provider, signature, succeeded
from tests.sender.conftest import Books, Sending
from tests.sender.scripted_smsc import Line, until
from tests.sender.scripted_smsc import scripted_smsc as scripted


async def test_what_is_paid_is_asked_for_and_confirmed_by_sms(
    engine: Engine, workspace_id: int, books: Books, sending: Sending, keyring: Keyring, route_settings: Settings
) -> None:
    factories.contact(engine, workspace_id)
    made, secret = provider(engine, keyring, workspace_id)
    short_links, id = ShortLinks(keyring, route_settings), draw_id("payment")
    new = NewPayment(
        to=Recipient("+33639980001"),
        money=Money(4990, "EUR"),
        description="Order R-1001",
        provider_id=made.id,
        text="{{ first_name }}, 49,90 € : {{ link }}",
        sender="36180",
        provider_ref="R-1001",
        destination_url="https://pay.example/R-1001",
        confirmation="Merci {{ first_name }} !",
    )
    with writing(engine) as session:
        checked = check_payment(session, keyring, short_links, workspace_id, id, new, now())
        place = payments.place_of(
            store_payment(session, short_links, checked, Checkout(new.destination_url, new.provider_ref), now())
        )

    async def accept(line: Line, pdu: Pdu) -> None:
        smsc.accept(line, pdu)

    async with scripted(submitted=accept) as smsc, sending(smsc):
        await until(lambda: len(books.facts("accepted")) == 1)
        for _ in range(2):
            body = succeeded()
            signed = Signed(made.id, {"payment-signature": signature(secret, body, now())}, body)
            with writing(engine) as session:
                assert take(session, open_callback(session, keyring, signed, now()), now()) == "paid"
        await until(lambda: len(books.facts("accepted")) == 2)
    with reading(engine) as session:
        link = find_single(session, short_links, workspace_id, id_of(place)).link
    assert link is not None
    assert smsc.texts() == [f"Zoé, 49,90 € : {link.short_url}", "Merci Zoé !"]
    assert books.states(place.campaign_id) == {"submitted": 2}
    assert books.facts("paid") == [(place.n, "")]
