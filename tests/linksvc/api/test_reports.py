from linksvc import counters
from linksvc.applier import apply_batch
from linksvc.database import writing
from linksvc.facts import NewFact, record
from linksvc.models import Route
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem


def apply(api: Api, *facts: NewFact) -> None:
    with writing(api.engine) as session:
        record(session, facts, NOW)
    for campaign_id in {fact.campaign_id for fact in facts}:
        apply_batch(api.engine, campaign_id, "test", lambda: NOW)


def add_campaign(api: Api, size: int) -> int:
    """A campaign on its way: message 0 was delivered and clicked, 1 refused; the others are queued."""
    campaign_id = factories.produced_campaign(api.engine, api.workspace_id, size)
    with writing(api.engine) as session:
        counters.rebuild(session, campaign_id)
    factories.learn_hits(api.engine, factories.hit(campaign_id, 0))
    apply(
        api,
        NewFact(campaign_id, "accepted", "0.1.1", 0, NOW, parts=1, route_id=1),
        NewFact(campaign_id, "receipt", "0.1.1", 0, NOW, value="DELIVERED"),
        NewFact(campaign_id, "redeemed", "rdm_1", 0, NOW, amount_minor=4_491, currency="EUR"),
        NewFact(campaign_id, "refused", "1.1.1", 1, NOW, value="0x0b", parts=1, route_id=1),
    )
    return campaign_id


def test_a_campaign_is_sent_once(api: Api) -> None:
    campaign_id = factories.campaign(api.engine, api.workspace_id)
    address = f"/v1/campaigns/cmp_{campaign_id}"
    assert api.get(address).json()["state"] == "draft"
    check_problem(api.post(f"{address}/send"), 422, "audience_empty")
    factories.contact(api.engine, api.workspace_id)
    answer = api.post(f"{address}/send")
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "producing"
    assert answer.json()["send_requested_at"] == "2026-11-20T09:00:00Z"
    check_problem(api.post(f"{address}/send"), 409, "campaign_already_sent")


def test_every_message_of_a_campaign_is_accounted_for(api: Api) -> None:
    campaign_id = add_campaign(api, 5)
    campaign = api.get(f"/v1/campaigns/cmp_{campaign_id}").json()
    assert (campaign["id"], campaign["state"], campaign["produced"]) == (f"cmp_{campaign_id}", "sending", 5)
    assert {state: count for state, count in campaign["states"].items() if count} == {
        "queued": 3,
        "refused": 1,
        "delivered": 1,
    }
    assert sum(campaign["states"].values()) == campaign["produced"]


def test_a_funnel_has_its_figures_and_its_revenue(api: Api) -> None:
    campaign_id = add_campaign(api, 5)
    funnel = api.get(f"/v1/campaigns/cmp_{campaign_id}/funnel").json()
    shown = {stage: funnel["stages"][stage] for stage in ("produced", "submitted", "delivered", "clicked", "redeemed")}
    assert shown == {"produced": 5, "submitted": 1, "delivered": 1, "clicked": 1, "redeemed": 1}
    assert (funnel["occurrences"]["hit_human"], funnel["occurrences"]["redemption"]) == (1, 1)
    assert funnel["revenue"] == [{"amount": 4_491, "currency": "EUR"}]
    assert (funnel["unaccounted"], funnel["pending_facts"]) == (0, 0)


def test_the_messages_behind_a_figure_come_page_by_page(api: Api) -> None:
    address = f"/v1/campaigns/cmp_{add_campaign(api, 5)}/messages"
    first = api.get(address, params={"stage": "queued", "limit": 2}).json()
    assert (first["total"], [message["n"] for message in first["messages"]], first["next_after"]) == (3, [2, 3], 3)
    last = api.get(address, params={"stage": "queued", "limit": 2, "after": first["next_after"]}).json()
    assert ([message["n"] for message in last["messages"]], last["next_after"]) == ([4], None)
    assert api.get(address).json()["total"] == 5
    check_problem(api.get(address, params={"stage": "opened"}), 422, "unknown_stage")


def test_numbers_and_codes_are_for_keys_that_may_see_them(api: Api) -> None:
    address = f"/v1/campaigns/cmp_{add_campaign(api, 2)}/messages"
    (seen,) = api.get(address, params={"stage": "clicked"}).json()["messages"]
    assert seen["number"].startswith("+33")
    key = api.make_key("campaigns:read")
    (hidden,) = api.get(address, params={"stage": "clicked"}, key=key).json()["messages"]
    assert (hidden["number"], hidden["code"], hidden["state"]) == (None, None, "delivered")


def test_a_campaign_says_why_its_messages_wait(api: Api) -> None:
    address = f"/v1/campaigns/cmp_{add_campaign(api, 5)}"
    assert [trouble["state"] for trouble in api.get(address).json()["trouble"]] == ["missing"]
    error = "The operator refused the password."
    route_id = factories.route(api.engine, state="refused", error=error, state_at=NOW)
    (trouble,) = api.get(address).json()["trouble"]
    assert trouble == {"route": "main", "state": "refused", "message": error, "since": "2026-11-20T09:00:00Z"}
    with writing(api.engine) as session:
        route = session.get_one(Route, route_id)
        route.state = "bound"
    assert api.get(address).json()["trouble"] == []


def test_a_campaign_of_another_workspace_is_not_there(api: Api) -> None:
    other = factories.workspace(api.engine, "Other")
    address = f"/v1/campaigns/cmp_{factories.campaign(api.engine, other)}"
    for path in ("", "/funnel", "/messages"):
        check_problem(api.get(address + path), 404, "campaign_not_found")
    check_problem(api.post(f"{address}/send"), 404, "campaign_not_found")
