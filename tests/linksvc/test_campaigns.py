from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from linksvc.campaigns import NewCampaign, create_campaign
from linksvc.database import reading, writing
from linksvc.errors import InvalidRequest, NotFound, Problem
from linksvc.models import Campaign, ContactImport
from tests import factories
from tests.factories import NOW

PLAIN = NewCampaign(
    name="Black Friday",
    kind="marketing",
    text="Bonjour {{ first_name }} : {{ link }} {{ stop }}",
    sender="36180",
    destination_url="https://shop.example/sale",
    offer_id=None,
    rate_per_s=100,
    audience="all",
)


def create(engine: Engine, workspace_id: int, new: NewCampaign) -> Campaign:
    with writing(engine) as session:
        campaign_id = create_campaign(session, workspace_id, new, NOW)
    with reading(engine) as session:
        campaign = session.get(Campaign, campaign_id)
        assert campaign
        return campaign


def refusal(engine: Engine, workspace_id: int, **changes: Any) -> Problem:
    with pytest.raises(Problem) as refused:
        create(engine, workspace_id, replace(PLAIN, **changes))
    with reading(engine) as session:
        assert session.get(Campaign, 1) is None
    return refused.value


def finished_import(engine: Engine, workspace_id: int, state: str = "finished") -> int:
    row = ContactImport(
        workspace_id=workspace_id,
        file_name="contacts.csv",
        state=state,
        identity="number",
        country="FR",
        tracking_consent=True,
        created_at=NOW,
    )
    return factories.add(engine, row)


def test_a_campaign_is_stored_as_a_draft(engine: Engine) -> None:
    campaign = create(engine, factories.workspace(engine), PLAIN)
    assert campaign.state == "draft"
    assert campaign.text == PLAIN.text
    assert campaign.audience_import_id is None
    assert campaign.created_at == NOW


def test_a_campaign_has_an_offer_and_an_import_of_its_workspace(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    offer_id = factories.offer(engine, workspace_id)
    import_id = finished_import(engine, workspace_id)
    new = replace(PLAIN, text="{{ code }} {{ link }}\r\n{{ stop }}", offer_id=offer_id, audience=("import", import_id))
    campaign = create(engine, workspace_id, new)
    assert campaign.offer_id == offer_id
    assert campaign.audience_import_id == import_id
    assert campaign.text == "{{ code }} {{ link }}\n{{ stop }}"


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": " "}, "invalid_request", "name"),
    ({"kind": "spam"}, "kind_unknown", "kind"),
    ({"text": " \n"}, "text_empty", "text"),
    ({"text": "{{ link }} \x00 {{ stop }}"}, "template_invalid", "text"),
    ({"text": "{{ link }} \ud800 {{ stop }}"}, "template_invalid", "text"),
    ({"text": "{{ nickname }} {{ link }} {{ stop }}"}, "template_unknown_field", "text"),
    ({"text": "{% for x in (1..9) %}{{ link }}{% endfor %} {{ stop }}"}, "template_tag_not_allowed", "text"),
    ({"text": "{{ link }} {{ stop }}" + "x" * 1_530}, "text_too_long", "text"),
    ({"text": "{{ link }}"}, "stop_missing", "text"),
    ({"destination_url": ""}, "link_without_destination", "destination_url"),
    ({"text": "Bonjour {{ stop }}"}, "destination_without_link", "text"),
    ({"destination_url": "javascript:alert(1)"}, "destination_invalid", "destination_url"),
    ({"text": "{{ link }} {{ code }} {{ stop }}"}, "code_without_offer", "offer_id"),
    ({"sender": ""}, "sender_invalid", "sender"),
    ({"sender": "12"}, "sender_invalid", "sender"),
    ({"sender": "123456789"}, "sender_invalid", "sender"),
    ({"sender": "+0123456789"}, "sender_invalid", "sender"),
    ({"sender": "TWELVELETTER"}, "sender_invalid", "sender"),
    ({"sender": "36180\n"}, "sender_invalid", "sender"),
    ({"sender": "٣٦١٨٠"}, "sender_invalid", "sender"),
    ({"sender": "LUMEN"}, "sender_cannot_receive", "sender"),
    ({"rate_per_s": 0}, "rate_invalid", "rate_per_s"),
    ({"rate_per_s": 1_001}, "rate_invalid", "rate_per_s"),
    ({"audience": None}, "audience_missing", "audience"),
]


def test_a_mistake_is_told_with_its_code_and_nothing_is_stored(engine: Engine, subtests: pytest.Subtests) -> None:
    workspace_id = factories.workspace(engine)
    for changes, code, field in MISTAKES:
        with subtests.test(changes=changes):
            problem = refusal(engine, workspace_id, **changes)
            assert isinstance(problem, InvalidRequest)
            assert problem.code == code
            assert problem.errors[0].field == field


def test_a_transactional_campaign_may_come_from_a_name(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    for sender in ("361", "36180123", "+33639980001", "LUMEN", "Lumen Paris"):
        new = replace(PLAIN, kind="transactional", text="{{ link }}", sender=sender)
        assert create(engine, workspace_id, new).sender == sender


def test_emoji_made_of_several_characters_are_no_control_characters(engine: Engine) -> None:
    new = replace(PLAIN, text="👨‍👩‍👧 {{ link }} {{ stop }}")
    assert create(engine, factories.workspace(engine), new).text == new.text


def test_an_offer_of_another_workspace_is_not_found(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    foreign = factories.offer(engine, factories.workspace(engine, "Somebody else"))
    problem = refusal(engine, workspace_id, text="{{ link }} {{ code }} {{ stop }}", offer_id=foreign)
    assert isinstance(problem, NotFound)
    assert problem.code == "offer_not_found"


def test_an_offer_that_ended_or_that_nobody_gets_is_refused(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    ended = factories.offer(engine, workspace_id, ends_at=NOW - timedelta(seconds=1))
    running = factories.offer(engine, workspace_id, ends_at=NOW + timedelta(days=1))
    with_code = "{{ link }} {{ code }} {{ stop }}"
    assert refusal(engine, workspace_id, text=with_code, offer_id=ended).code == "offer_ended"
    assert refusal(engine, workspace_id, offer_id=running).code == "offer_without_code"


def test_an_import_must_be_of_this_workspace_and_finished(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    foreign = finished_import(engine, factories.workspace(engine, "Somebody else"))
    running = finished_import(engine, workspace_id, state="running")
    assert refusal(engine, workspace_id, audience=("import", foreign)).code == "import_not_found"
    assert refusal(engine, workspace_id, audience=("import", running)).code == "import_unfinished"


def test_a_campaign_needs_a_workspace(engine: Engine) -> None:
    assert refusal(engine, 99).code == "workspace_not_found"
