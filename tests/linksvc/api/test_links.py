"""Links over the API: ad-hoc ones, those of campaigns, and their QR codes."""

from typing import Any
from xml.etree import ElementTree

import pytest
from sqlmodel import select

from linksvc.database import reading, writing
from linksvc.domains import add_domain
from linksvc.models import Campaign, Link
from linksvc.settings import Settings
from tests import factories
from tests.factories import NOW
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.api.test_campaigns_create import PLAIN as CAMPAIGN
from tests.linksvc.test_ad_hoc_links import hits
from tests.linksvc.test_qr_codes import scanned

URL = "https://shop.example/sale"


def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = api.post("/v1/links", json={"destination_url": URL} | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_link_is_made_read_and_listed_newest_first(api: Api, settings: Settings) -> None:
    first = make(api, title="Poster")
    second = make(
        api,
        activates_at="2026-11-27",
        expires_at="2026-11-30T18:00:00+01:00",
        fallback_url="https://shop.example/over",
        passed_parameters=["gclid"],
        utm={"source": "poster"},
    )
    assert first["short_url"].startswith(f"{settings.short_url}/")
    assert (first["title"], first["destination_url"], first["utm"]) == ("Poster", URL, {})
    assert first["visits"] == {"human": 0, "suspect": 0, "machine": 0}
    assert (second["activates_at"], second["expires_at"]) == ("2026-11-26T23:00:00Z", "2026-11-30T17:00:00Z")
    assert (second["fallback_url"], second["passed_parameters"]) == ("https://shop.example/over", ["gclid"])
    assert api.get("/v1/links/lnk_1").json() == first
    page = api.get("/v1/links?limit=1").json()
    assert (page["links"], page["next_after"]) == ([second], "lnk_2")
    assert api.get("/v1/links?limit=1&after=lnk_2").json() == {"links": [first], "next_after": None}
    check_problem(api.get("/v1/links?after=2"), 404, "not_found")


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"destination_url": "javascript:alert(1)"}, "destination_invalid", "destination_url"),
    ({"destination_url": "https://a.example/{{ code }}"}, "destination_invalid", "destination_url"),
    ({"fallback_url": "http://10.0.0.1/"}, "fallback_invalid", "fallback_url"),
    ({"activates_at": "2026-12-02", "expires_at": "2026-12-01"}, "window_empty", "expires_at"),
    ({"passed_parameters": ["a=b"]}, "parameter_invalid", "passed_parameters"),
    ({"utm": {"source": "\t"}}, "utm_invalid", "utm.source"),
    ({"utm": {"colour": "red"}}, "invalid_request", "utm.colour"),
    ({"activates_at": "tomorrow"}, "invalid_request", "activates_at"),
    ({"expires_at": "2026-11-30T18:00:00"}, "invalid_request", "expires_at"),
    ({"title": "x" * 121}, "invalid_request", "title"),
]


def test_a_mistake_is_a_problem_that_names_its_field(sqlite_api: Api, subtests: pytest.Subtests) -> None:
    link_id = make(sqlite_api)["id"]
    for changes, code, field in MISTAKES:
        with subtests.test(changes=changes):
            for answer in (
                sqlite_api.post("/v1/links", json={"destination_url": URL} | changes),
                sqlite_api.request("PATCH", f"/v1/links/{link_id}", json=changes),
            ):
                problem = check_problem(answer, 422, code)
                assert field in [error["field"] for error in problem["errors"]]


def test_a_new_link_that_has_ended_already_is_refused(sqlite_api: Api) -> None:
    answer = sqlite_api.post("/v1/links", json={"destination_url": URL, "expires_at": "2026-11-19"})
    check_problem(answer, 422, "window_empty")


def test_many_links_are_made_at_once_or_none(api: Api) -> None:
    sent = [{"destination_url": f"{URL}/{i}", "title": "é" * 100} for i in range(1_000)]
    answer = api.post("/v1/links/batch", json={"links": sent})
    assert answer.status_code == 201, answer.text
    links = answer.json()["links"]
    assert [link["destination_url"] for link in links] == [one["destination_url"] for one in sent]
    assert len({link["short_url"] for link in links}) == 1_000
    wrong = [*sent[:3], {"destination_url": "x"}, {"destination_url": URL, "utm": {"term": " "}}]
    problem = check_problem(api.post("/v1/links/batch", json={"links": wrong}), 422, "links_refused")
    assert [error["field"] for error in problem["errors"]] == ["links.3.destination_url", "links.4.utm.term"]
    check_problem(api.post("/v1/links/batch", json={"links": [{}, *sent[:3]]}), 422, "invalid_request")
    check_problem(api.post("/v1/links/batch", json={"links": [*sent, sent[0]]}), 422, "invalid_request")
    check_problem(api.post("/v1/links/batch", json={"links": []}), 422, "invalid_request")
    with reading(api.engine) as session:
        assert len(session.exec(select(Link)).all()) == 1_000


def test_a_change_keeps_what_was_not_sent_and_null_takes_a_term_away(api: Api) -> None:
    made = make(api, title="Poster", expires_at="2026-11-30", utm={"source": "poster"}, passed_parameters=["gclid"])
    path = f"/v1/links/{made['id']}"
    changed = api.request("PATCH", path, json={"destination_url": f"{URL}/2", "expires_at": None}).json()
    assert changed == made | {"destination_url": f"{URL}/2", "expires_at": None, "updated_at": changed["updated_at"]}
    assert changed["updated_at"] is not None
    changed = api.request("PATCH", path, json={"title": "", "utm": None, "passed_parameters": []}).json()
    assert (changed["title"], changed["utm"], changed["passed_parameters"]) == ("", {}, [])
    assert api.request("PATCH", path, json={"expires_at": NOW.isoformat()}).json()["expires_at"] == "2026-11-20T09:00:00Z"
    assert api.get(path).json()["short_url"] == made["short_url"]
    for body in ({}, {"destination_url": None}, {"title": None}):
        check_problem(api.request("PATCH", path, json=body), 422, "invalid_request")
    check_problem(api.request("PATCH", "/v1/links/lnk_9", json={"title": "x"}), 404, "link_not_found")


def test_figures_open_onto_their_visits(api: Api) -> None:
    link_id = make(api)["id"]
    hits(api.engine, 1, ["human", "machine", "human"], device="mobile", os="Android", outcome="early")
    assert api.get(f"/v1/links/{link_id}").json()["visits"] == {"human": 2, "suspect": 0, "machine": 1}
    page = api.get(f"/v1/links/{link_id}/hits?verdict=human&limit=1").json()
    assert page["visits"] == [
        {
            "occurred_at": "2026-11-20T09:00:02Z",
            "network": "203.0.113.0/24",
            "device": "mobile",
            "os": "Android",
            "verdict": "human",
            "reason": "plain",
            "outcome": "early",
        }
    ]
    page = api.get(f"/v1/links/{link_id}/hits?verdict=human&limit=1&after={page['next_after']}").json()
    assert (len(page["visits"]), page["next_after"]) == (1, None)
    assert len(api.get(f"/v1/links/{link_id}/hits").json()["visits"]) == 3
    check_problem(api.get(f"/v1/links/{link_id}/hits?after=x"), 422, "cursor_invalid")
    check_problem(api.get(f"/v1/links/{link_id}/hits?verdict=robot"), 422, "invalid_request")
    check_problem(api.get("/v1/links/lnk_9/hits"), 404, "link_not_found")


def test_a_qr_code_holds_the_exact_short_link(sqlite_api: Api, sqlite_settings: Settings) -> None:
    with writing(sqlite_api.engine) as session:
        add_domain(session, sqlite_settings, sqlite_api.workspace_id, "go.lumen.example", True, NOW)
    link = make(sqlite_api)
    assert link["short_url"].startswith("https://go.lumen.example/")
    png = sqlite_api.get(f"/v1/links/{link['id']}/qr.png?scale=4&dark=%230057b8&light=fff4e0&level=Q&border=5")
    assert png.headers["content-type"] == "image/png"
    assert png.headers["cache-control"] == "private, max-age=3600"
    assert png.headers["x-content-type-options"] == "nosniff"
    assert png.headers["content-disposition"] == 'inline; filename="lnk_1.png"'
    assert scanned(png.content) == link["short_url"]
    svg = sqlite_api.get(f"/v1/links/{link['id']}/qr.svg")
    assert svg.headers["content-type"].startswith("image/svg+xml")
    drawn = ElementTree.fromstring(svg.content)  # noqa: S314
    assert drawn.findtext("{http://www.w3.org/2000/svg}title") == link["short_url"]


def test_a_qr_code_that_cameras_cannot_read_is_refused(sqlite_api: Api) -> None:
    path = f"/v1/links/{make(sqlite_api)['id']}/qr.png"
    check_problem(sqlite_api.get(f"{path}?dark=ffd700"), 422, "qr_contrast_low")
    check_problem(sqlite_api.get(f"{path}?dark=blue"), 422, "qr_style_invalid")
    for query in ("scale=0", "scale=41", "border=21", "level=X", "size=9", "dark=%23001122f"):
        check_problem(sqlite_api.get(f"{path}?{query}"), 422, "invalid_request")
    check_problem(sqlite_api.get("/v1/links/lnk_9/qr.svg"), 404, "link_not_found")


def test_a_stranger_finds_nothing(api: Api) -> None:
    link_id = make(api)["id"]
    stranger = api.make_key(workspace_id=factories.workspace(api.engine, "Stranger"))
    for path in (f"/v1/links/{link_id}", f"/v1/links/{link_id}/hits", f"/v1/links/{link_id}/qr.svg"):
        check_problem(api.get(path, key=stranger), 404, "link_not_found")
    check_problem(api.request("PATCH", f"/v1/links/{link_id}", key=stranger, json={"title": "x"}), 404, "link_not_found")
    assert api.get("/v1/links", key=stranger).json() == {"links": [], "next_after": None}


def test_the_standing_campaign_is_no_campaign_over_the_api(api: Api) -> None:
    make(api)
    with reading(api.engine) as session:
        campaign_id = session.exec(select(Campaign.id)).one()
    for path in ("", "/funnel", "/messages", "/link"):
        check_problem(api.get(f"/v1/campaigns/cmp_{campaign_id}{path}"), 404, "campaign_not_found")
    check_problem(api.post(f"/v1/campaigns/cmp_{campaign_id}/send"), 404, "campaign_not_found")


def test_a_campaigns_link_has_terms_and_is_put_right_after_the_campaign_was_sent(api: Api, settings: Settings) -> None:
    terms = {"expires_at": "2026-11-30", "fallback_url": "https://shop.example/over", "utm": {"source": "sms"}}
    answer = api.post("/v1/campaigns", json=CAMPAIGN | {"link_terms": terms})
    assert answer.status_code == 201, answer.text
    path = f"/v1/campaigns/{answer.json()['id']}/link"
    link = api.get(path).json()
    assert link["destination_url"] == "https://shop.example/sale"
    assert (link["short_url"], link["expires_at"], link["utm"]) == (
        settings.short_url,
        "2026-11-30T23:00:00Z",
        {"source": "sms"},
    )
    with writing(api.engine) as session:
        campaign = session.exec(select(Campaign)).one()
        campaign.state = "sent"
        session.add(campaign)
    sent = {"destination_url": "https://shop.example/{{ first_name }}", "fallback_url": None}
    changed = api.request("PATCH", path, json=sent).json()
    assert (changed["destination_url"], changed["fallback_url"]) == ("https://shop.example/{{first_name}}", None)
    assert changed["utm"] == {"source": "sms"}
    assert api.get(path).json() == changed
    wrong = {"destination_url": "https://shop.example/{{ code }}"}
    check_problem(api.request("PATCH", path, json=wrong), 422, "code_without_offer")
    check_problem(api.request("PATCH", path, json={"title": "x"}), 422, "invalid_request")


def test_a_campaign_without_a_link_has_none_to_change(api: Api) -> None:
    campaign_id = factories.campaign(api.engine, api.workspace_id, destination_url="")
    path = f"/v1/campaigns/cmp_{campaign_id}/link"
    check_problem(api.get(path), 404, "link_not_found")
    check_problem(api.request("PATCH", path, json={"utm": None}), 404, "link_not_found")


def test_the_code_may_stand_in_the_destination_alone(api: Api) -> None:
    offer_id = factories.offer(api.engine, api.workspace_id)
    personal = CAMPAIGN | {"destination_url": "https://pay.example/?code={{ code }}"}
    check_problem(api.post("/v1/campaigns", json=personal), 422, "code_without_offer")
    assert api.post("/v1/campaigns", json=personal | {"offer_id": f"off_{offer_id}"}).status_code == 201
    for link_terms, code in (({"utm": {"source": " "}}, "utm_invalid"), ({"expires_at": "2026-11-19"}, "window_empty")):
        check_problem(api.post("/v1/campaigns", json=CAMPAIGN | {"link_terms": link_terms}), 422, code)
    lone = CAMPAIGN | {"text": "{{ stop }}", "destination_url": None, "link_terms": {"utm": {"source": "sms"}}}
    check_problem(api.post("/v1/campaigns", json=lone), 422, "terms_without_destination")


def test_a_campaigns_link_names_the_origins_of_pages_that_may_tell_and_an_ad_hoc_link_none(api: Api) -> None:
    named = {"snippet_origins": ["https://Shop.example/", "https://m.shop.example:8443"]}
    answer = api.post("/v1/campaigns", json=CAMPAIGN | {"link_terms": named})
    assert answer.status_code == 201, answer.text
    path = f"/v1/campaigns/{answer.json()['id']}/link"
    assert api.get(path).json()["snippet_origins"] == ["https://shop.example", "https://m.shop.example:8443"]
    assert api.request("PATCH", path, json={"utm": {"source": "sms"}}).json()["snippet_origins"] != []
    assert api.request("PATCH", path, json={"snippet_origins": []}).json()["snippet_origins"] == []
    wrong = check_problem(api.request("PATCH", path, json={"snippet_origins": ["*"]}), 422, "origin_invalid")
    assert wrong["errors"][0]["field"] == "snippet_origins"
    check_problem(api.post("/v1/links", json={"destination_url": URL} | named), 422, "origin_invalid")
