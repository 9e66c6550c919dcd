"""Single messages and payments on the command line."""

from linksvc.clock import now
from linksvc.database import open_engine, reading
from linksvc.keys import open_keyring
from linksvc.payment_providers import find_live
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from tests.linksvc.payment_scenes import STRIPE_KEY, STRIPE_SECRET, stored
from tests.ricochet.conftest import Terminal


def test_a_message_is_sent_and_shown(lumen: Terminal) -> None:
    sender = ("--sender", "36180")
    id, link = (
        lumen.done(
            "message",
            "send",
            "--to",
            "+33639980001",
            *sender,
            "--text",
            "Suivez-le : {{ link }}",
            "--destination",
            "https://shop.example/parcel",
            "--expires",
            "2099-12-31",
        )
        .strip()
        .split("\t")
    )
    shown = dict(line.split("\t") for line in lumen.done("message", "show", id).splitlines())
    assert (shown["state"], shown["to"], shown["from"], shown["link"]) == ("queued", "+33639980001", "36180", link)
    assert "Say to whom" in lumen.refused("message", "send", *sender, "--text", "Bonjour")
    assert "country code" in lumen.refused("message", "send", "--to", "0639980001", *sender, "--text", "Bonjour")
    assert "no such single message" in lumen.refused("message", "show", "msg_7")


def test_a_provider_is_added_and_its_secrets_are_read_from_files_and_kept_sealed(lumen: Terminal) -> None:
    drawn = lumen.done("payment", "provider", "add", "Caisse", "--kind", "hmac").strip()
    key_file = lumen.data_dir / "sk.txt"
    key_file.write_text(f"{STRIPE_KEY}\n")
    stripe = ("payment", "provider", "add", "Stripe", "--kind", "stripe", "--secret-file", "-")
    asked = ("--checkout-key-file", str(key_file), "--return-url", "https://shop.example/thanks")
    assert lumen.done(*stripe, *asked, typed=f"{STRIPE_SECRET}\n") == ""
    first, second = (line.split("\t") for line in lumen.done("payment", "provider", "list").splitlines())
    assert first[1:3] == ["Caisse", "hmac"] and second[4] == "https://api.stripe.com/v1/checkout/sessions"
    assert first[3].endswith(f"/v1/payments/callback/{first[0]}")
    another = lumen.done("payment", "provider", "rotate", "Caisse", "--keep-hours", "2").strip()
    settings = Settings(data_dir=lumen.data_dir)
    engine, keyring = open_engine(settings.database), open_keyring(settings)
    with reading(engine) as session:
        assert find_live(session, keyring, first[0], now()).secrets == (another, drawn)
        live = find_live(session, keyring, second[0], now())
        assert (live.secrets, live.checkout_key) == ((STRIPE_SECRET,), STRIPE_KEY)
    engine.dispose()
    newer = ("--checkout-key-file", "-")
    assert lumen.done("payment", "provider", "rotate", "Stripe", *newer, typed="sk_test_newer_0123456789") == ""
    assert "not asked with the key" in lumen.refused("payment", "provider", "rotate", "Caisse", *newer, typed="sk_1")
    assert "Disabled" in lumen.done("payment", "provider", "disable", "Stripe")
    assert "disabled since" in lumen.done("payment", "provider", "list")


def test_a_provider_that_cannot_be_is_refused_in_a_line(lumen: Terminal) -> None:
    add = ("payment", "provider", "add", "Caisse", "--kind")
    assert "one of hmac, stripe" in lumen.refused(*add, "cash")
    assert "24 to 512 visible" in lumen.refused(*add, "stripe")
    assert "24 to 512 visible" in lumen.refused(*add, "hmac", "--secret-file", "-", typed="short")
    assert "cannot be read" in lumen.refused(*add, "hmac", "--secret-file", "/nowhere")
    assert "begin with https://" in lumen.refused(*add, "hmac", "--checkout-url", "http://pay.example")
    assert "from the internet" in lumen.refused(*add, "hmac", "--checkout-url", "https://10.0.0.1")
    lumen.done(*add, "hmac")
    assert "already" in lumen.refused(*add, "hmac")
    assert "no payment provider “Banque”" in lumen.refused("payment", "provider", "rotate", "Banque")


def test_payments_are_listed_and_called_off(lumen: Terminal) -> None:
    lumen.done("payment", "provider", "add", "Caisse", "--kind", "hmac")
    provider_id = lumen.done("payment", "provider", "list").split("\t")[0]
    settings = Settings(data_dir=lumen.data_dir)
    engine, keyring = open_engine(settings.database), open_keyring(settings)
    id = stored(engine, keyring, ShortLinks(keyring, settings), 1, provider_id)
    engine.dispose()
    assert lumen.done("payment", "list").strip().split("\t") == [id, "pending", "€49.90", "Order R-1001", "R-1001"]
    lumen.done("payment", "cancel", id)
    assert lumen.done("payment", "list", "--state", "pending") == ""
    assert "no state of a payment" in lumen.refused("payment", "list", "--state", "done")
