from sqlalchemy import Engine
from sqlmodel import update

from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.models import Campaign, Contact
from linksvc.short_codes import ShortCodes
from sender.claims import claim_batches, open_campaigns
from sender.messages import OpenCampaign
from sender.texts import Composed, Composer
from tests import factories
from tests.factories import NOW


def compose(engine: Engine, keyring: Keyring, campaign: OpenCampaign) -> Composed:
    composer = Composer(keyring, "https://r.example")
    with writing(engine) as session:
        claims = claim_batches(session, campaign.id, "w", 100, NOW)
    template = composer.template(campaign)
    assert template is not None
    with reading(engine) as session:
        return composer.compose(session, campaign, template, claims)


def only_campaign(engine: Engine) -> OpenCampaign:
    with reading(engine) as session:
        (campaign,) = open_campaigns(session, NOW)
    return campaign


def test_every_recipient_gets_a_link_of_their_own_across_blocks(engine: Engine, keyring: Keyring) -> None:
    id = factories.produced_campaign(engine, factories.workspace(engine), 5, tracked=3, text="{{ link }}")
    codes = ShortCodes.of(keyring)
    messages = compose(engine, keyring, only_campaign(engine)).messages
    texts = [message.payloads[0].short_message.decode() for message in messages]
    assert texts == [f"https://r.example/{codes.encode(1000 * id + n)}" for n in range(5)]


def test_a_name_that_was_stored_with_characters_that_turn_the_direction_is_sent_without_them(
    engine: Engine, keyring: Keyring
) -> None:
    factories.produced_campaign(engine, factories.workspace(engine), 1, text="{{ first_name }} {{ link }}")
    with writing(engine) as session:
        session.exec(update(Contact).values(first_name="\u202eZoe\u2066"))
    (message,) = compose(engine, keyring, only_campaign(engine)).messages
    assert message.payloads[0].short_message.decode().startswith("Zoe https://r.example/")


def test_a_text_that_is_too_long_is_set_aside(engine: Engine, keyring: Keyring) -> None:
    factories.produced_campaign(engine, factories.workspace(engine), 2, text="{{ last_name }}!")
    with writing(engine) as session:
        session.exec(update(Contact).where(Contact.number.like("%0001")).values(last_name="x" * 40_000))
    composed = compose(engine, keyring, only_campaign(engine))
    assert ([message.n for message in composed.messages], composed.too_long) == ([0], [1])


def test_a_campaign_whose_text_cannot_be_read_is_not_sent(engine: Engine, keyring: Keyring) -> None:
    factories.produced_campaign(engine, factories.workspace(engine), 1, text="{{ nickname }}")
    with writing(engine) as session:
        session.exec(update(Campaign).values(rate_per_s=1))
    assert Composer(keyring, "https://r.example").template(only_campaign(engine)) is None
