"""Segments, audiences and follow-ups over the API."""

from typing import Any

import httpx2
from sqlmodel import col, update

from linksvc.database import writing
from linksvc.models import Contact, Message
from linksvc.standing_campaigns import SINGLE
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem


def campaign(api: Api, size: int = 5, *clicked: int, **fields: Any) -> str:
    campaign_id = factories.produced_campaign(api.engine, api.workspace_id, size, **fields)
    with writing(api.engine) as session:
        mine = (col(Message.campaign_id) == campaign_id, col(Message.n).in_(clicked))
        session.exec(update(Message).where(*mine).values(clicked_at=NOW))
    return f"cmp_{campaign_id}"


def keep(api: Api, campaign_id: str, name: str = "No click", **options: Any) -> httpx2.Response:
    chosen = options.pop("filter", {"stage": "produced", "not": "clicked"})
    return api.post("/v1/segments", json={"name": name, "campaign_id": campaign_id, "filter": chosen}, **options)


def test_the_people_behind_a_number_are_kept_listed_renamed_and_deleted(api: Api) -> None:
    campaign_id = campaign(api, 5, 1, 3)
    answer = keep(api, campaign_id)
    assert answer.status_code == 201, answer.text
    segment = answer.json()
    assert (segment["id"], segment["campaign_id"]) == ("seg_1", campaign_id)
    assert (segment["messages"], segment["contacts"]) == (3, 3)
    assert segment["filter"] == {"stage": "produced", "not": "clicked"}
    assert api.get("/v1/segments/seg_1").json() == segment
    renamed = api.request("PUT", "/v1/segments/seg_1", json={"name": "Silent"}).json()
    assert renamed == segment | {"name": "Silent"}
    assert api.get("/v1/segments").json() == {"segments": [renamed], "next_before": None}
    assert api.request("DELETE", "/v1/segments/seg_1").json() == renamed
    check_problem(api.get("/v1/segments/seg_1"), 404, "segment_not_found")


def test_the_list_goes_on_page_by_page_and_so_do_the_members(api: Api) -> None:
    campaign_id = campaign(api, 5)
    for i in range(3):
        keep(api, campaign_id, f"S{i}", filter={"stage": "produced"})
    page = api.get("/v1/segments?limit=2").json()
    assert ([one["name"] for one in page["segments"]], page["next_before"]) == (["S2", "S1"], "seg_2")
    rest = api.get(f"/v1/segments?limit=2&before={page['next_before']}").json()
    assert ([one["name"] for one in rest["segments"]], rest["next_before"]) == (["S0"], None)
    ns, after = [], 0
    while after is not None:
        members = api.get(f"/v1/segments/seg_1/members?limit=2&after={after}").json()
        assert members["total"] == 5
        ns += [one["n"] for one in members["members"]]
        after = members["next_after"]
    assert sorted(ns) == [0, 1, 2, 3, 4]
    check_problem(api.get("/v1/segments?before=cmp_1"), 404, "not_found")


def test_who_the_members_are_is_told_to_keys_that_may_read_contacts_alone(api: Api) -> None:
    keep(api, campaign(api, 1))
    (member,) = api.get("/v1/segments/seg_1/members").json()["members"]
    assert (member["number"].startswith("+336399"), member["first_name"], member["country"]) == (True, "Zoé", "FR")
    blind = api.make_key("campaigns:read")
    (member,) = api.get("/v1/segments/seg_1/members", key=blind).json()["members"]
    assert member == {"n": 0, "number": None, "external_id": None, "first_name": None, "last_name": None, "country": "FR"}


def test_a_mistake_in_a_segment_is_told_by_its_field(api: Api) -> None:
    campaign_id = campaign(api, 2)
    check_problem(keep(api, "off_1"), 404, "not_found")
    check_problem(keep(api, "cmp_9"), 404, "campaign_not_found")
    check_problem(keep(api, campaign_id, filter={"stage": "clicked"}), 422, "segment_empty")
    check_problem(keep(api, campaign_id, filter={"stage": "seen it"}), 422, "unknown_stage")
    check_problem(keep(api, campaign_id, filter={"stage": "clicked", "value": "FR"}), 422, "value_invalid")
    check_problem(keep(api, campaign_id, filter={"colour": "red"}), 422, "invalid_request")
    assert check_problem(keep(api, campaign_id, " "), 422, "invalid_request")["errors"][0]["field"] == "name"
    assert keep(api, campaign_id).status_code == 201
    taken = check_problem(keep(api, campaign_id, filter={"stage": "produced"}), 409, "segment_name_taken")
    assert taken["errors"][0]["field"] == "name"


def test_the_same_request_sent_again_gets_the_first_answer(api: Api) -> None:
    campaign_id = campaign(api, 2)
    first = keep(api, campaign_id, headers={"Idempotency-Key": "one"})
    again = keep(api, campaign_id, headers={"Idempotency-Key": "one"})
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert keep(api, campaign_id).json() == first.json()
    assert len(api.get("/v1/segments").json()["segments"]) == 1


def test_a_campaign_goes_to_segments_which_are_counted_before_it_is_sent(api: Api) -> None:
    campaign_id = campaign(api, 5, 1)
    keep(api, campaign_id)
    keep(api, campaign_id, "All", filter={"stage": "produced"})
    with writing(api.engine) as session:
        session.exec(update(Contact).where(col(Contact.number).endswith("0004")).values(marketing_consent_at=None))
    written = {"name": "x", "kind": "marketing", "text": "{{ stop }}", "sender": "36180"}
    audience = {"segments": ["seg_1", "seg_2"]}
    answer = api.post("/v1/campaigns", json=written | {"audience": audience})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["audience"], made["parent_id"], made["leave_out"]) == (audience, None, [])
    counted = api.get(f"/v1/campaigns/{made['id']}/audience").json()
    assert counted == {
        "audience": audience,
        "segments": [
            {"id": "seg_1", "name": "No click", "contacts": 4},
            {"id": "seg_2", "name": "All", "contacts": 5},
        ],
        "listed": 9,
        "people": 5,
        "sendable": 4,
        "left_out": {"no_number": 0, "no_consent": 1, "stopped": 0, "same_number": 0},
    }
    in_use = check_problem(api.request("DELETE", "/v1/segments/seg_1"), 409, "segment_in_use")
    assert made["id"] in in_use["detail"]
    for wrong, code in ((["seg_9"], "segment_not_found"), (["cmp_1"], "not_found")):
        check_problem(api.post("/v1/campaigns", json=written | {"audience": {"segments": wrong}}), 404, code)
    for wrong in ([], ["seg_1"] * 21, "seg_1"):
        told = api.post("/v1/campaigns", json=written | {"audience": {"segments": wrong}})
        assert check_problem(told, 422, "invalid_request")["errors"][0]["field"] == "audience"
    assert api.get(f"/v1/campaigns/{campaign_id}/audience").json()["audience"] == "all"


def test_a_draft_goes_to_the_people_behind_a_number(api: Api) -> None:
    campaign_id = campaign(api, 5, 1)
    path, sent = f"/v1/campaigns/{campaign_id}/follow-ups", {"name": "Rappel", "filter": {"not": "clicked"}}
    answer = api.post(path, json=sent)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["state"], made["produced"]) == ("Rappel", "draft", 0)
    assert (made["parent_id"], made["leave_out"]) == (campaign_id, ["clicked"])
    assert made["audience"] == {"segments": ["seg_1"]}
    assert api.get("/v1/segments/seg_1").json()["contacts"] == 4
    assert api.post(path, json=sent).json() == made
    other = api.post(path, json=sent | {"leave_out": ["redeemed", "clicked"]}).json()
    assert (other["leave_out"], other["audience"]) == (["clicked", "redeemed"], {"segments": ["seg_2"]})
    assert api.post(f"/v1/campaigns/{made['id']}/send").status_code == 202


def test_what_cannot_be_sent_again_is_told_so(api: Api) -> None:
    path = f"/v1/campaigns/{campaign(api, 1)}/follow-ups"
    sent: dict[str, Any] = {"name": "Rappel", "filter": {"stage": "produced"}}
    check_problem(api.post(path, json=sent | {"leave_out": ["delivered"]}), 422, "leave_out_unknown")
    check_problem(api.post(path, json=sent | {"filter": {"stage": "clicked"}}), 422, "segment_empty")
    check_problem(api.post("/v1/campaigns/cmp_9/follow-ups", json=sent), 404, "campaign_not_found")
    single = campaign(api, 1, kind=SINGLE)
    check_problem(api.post(f"/v1/campaigns/{single}/follow-ups", json=sent), 409, "parent_without_text")
