"""Single messages on their way out: each in its own words, with its own link, at the price of one statement a batch."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from linksvc.database import reading, writing
from linksvc.keys import Keyring
from linksvc.models import Suppression
from linksvc.settings import Settings
from linksvc.short_links import ShortLinks
from linksvc.single_recipients import Recipient
from sender.checks import decide
from sender.claims import claim_batches
from sender.long_forms import Writing
from sender.messages import Claim, OpenCampaign
from sender.texts import Composed, Composer
from tests import factories
from tests.factories import NOW
from tests.linksvc.single_scenes import sent, told
from tests.sender.marking import the_open_campaign

LATER = NOW + timedelta(seconds=3)


@pytest.fixture
def short_links(keyring: Keyring, settings: Settings) -> ShortLinks:
    return ShortLinks(keyring, settings)


def claimed(engine: Engine, campaign: OpenCampaign) -> list[Claim]:
    with writing(engine) as session:
        return claim_batches(session, campaign.id, "w", 100, LATER)


def compose(engine: Engine, keyring: Keyring, settings: Settings, campaign: OpenCampaign, claims: list[Claim]) -> Composed:
    composer = Composer(keyring, settings.short_url)
    template = composer.template(campaign)
    assert template is not None
    with reading(engine) as session:
        return composer.compose(session, campaign, template, claims, Writing())


def texts_of(composed: Composed) -> list[str]:
    return [one.payloads[0].short_message.decode() for one in sorted(composed.messages, key=lambda one: one.n)]


def test_each_leaves_in_its_own_words_with_its_own_link(
    engine: Engine, keyring: Keyring, settings: Settings, short_links: ShortLinks
) -> None:
    workspace_id = factories.workspace(engine)
    factories.contact(engine, workspace_id, first_name="Zoe", city="Lyon")
    sent(engine, short_links, workspace_id, text="Bonjour {{ first_name }}. {{ stop }}")
    linked = sent(
        engine, short_links, workspace_id, text="{{ city }}: {{ link }}", destination_url="https://shop.example/parcel"
    )
    sent(engine, short_links, workspace_id, text="Bonjour {{ first_name | default: 'vous' }}", to=Recipient("+33639980009"))
    campaign = the_open_campaign(engine)
    composed = compose(engine, keyring, settings, campaign, claimed(engine, campaign))
    link = told(engine, short_links, workspace_id, linked).link
    assert link is not None
    assert texts_of(composed) == ["Bonjour Zoe. STOP 36180", f"Lyon: {link.short_url}", "Bonjour vous"]


def test_a_batch_takes_as_many_statements_as_one_message_and_other_campaigns_none(
    engine: Engine, keyring: Keyring, settings: Settings, short_links: ShortLinks
) -> None:
    workspace_id = factories.workspace(engine)
    for n in range(30):
        sent(engine, short_links, workspace_id, text=f"{n}: {{{{ link }}}}", destination_url=f"https://shop.example/{n}")
    campaign = the_open_campaign(engine)
    claims = claimed(engine, campaign)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert len(compose(engine, keyring, settings, campaign, claims).messages) == 30
    of_thirty = len([one for one in asked if one.startswith("SELECT")])
    asked.clear()
    compose(engine, keyring, settings, campaign, claims[:1])
    assert of_thirty == len([one for one in asked if one.startswith("SELECT")]) == 3
    asked.clear()
    usual = OpenCampaign(campaign.id, workspace_id, "marketing", "36180", "Bonjour", 100)
    compose(engine, keyring, settings, usual, claims)
    assert not any("message_text" in one for one in asked)


def test_a_single_message_keeps_to_a_stop_and_needs_no_consent_to_marketing(engine: Engine, short_links: ShortLinks) -> None:
    workspace_id = factories.workspace(engine)
    for number in ("+33639980001", "+33639980002"):
        sent(engine, short_links, workspace_id, to=Recipient(number))
    with writing(engine) as session:
        stopped = "+33639980002"
        row = Suppression(workspace_id=workspace_id, number=stopped, reason="stop", occurred_at=NOW, recorded_at=NOW)
        session.add(row)
    campaign = the_open_campaign(engine)
    claims = claimed(engine, campaign)
    with writing(engine) as session:
        decisions = decide(session, campaign, claims, LATER)
    assert [one.n for one in decisions.allowed] == [0]
    assert decisions.unsent == {1: "stopped"}
