from io import BytesIO
from typing import Any

import httpx2
from PIL import Image

from tests import factories
from tests.linksvc.api.conftest import Api, check_problem
from tests.linksvc.landing.documents_by_example import WHOLE, block, with_block, words, written

SIMPLE = with_block(**block("button"))
OTHER = with_block(**block("text"))


def add(api: Api, document: dict[str, Any] = SIMPLE, name: str = "Sale", **options: Any) -> dict[str, Any]:
    answer = api.post("/v1/pages", json={"name": name, "document": document}, **options)
    assert answer.status_code == 201, answer.text
    page: dict[str, Any] = answer.json()
    return page


def change(api: Api, page: dict[str, Any], document: dict[str, Any], **more: Any) -> httpx2.Response:
    sent = {"name": page["name"], "document": document, "version": page["version"]} | more
    return api.request("PUT", f"/v1/pages/{page['id']}", json=sent)


def publish(api: Api, page: dict[str, Any]) -> httpx2.Response:
    return api.post(f"/v1/pages/{page['id']}/publish", json={"version": page["version"]})


def picture_file(format: str = "PNG", colour: str = "red", size: tuple[int, int] = (30, 20)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, format)
    return file.getvalue()


def upload(api: Api, content: bytes, file_name: str = "shop.png", **options: Any) -> httpx2.Response:
    return api.post("/v1/pictures", files={"file": (file_name, content)}, **options)


def test_a_page_is_written_read_changed_published_and_deleted(api: Api) -> None:
    page = add(api)
    assert (page["id"], page["version"], page["published_version"]) == ("pag_1", 1, None)
    assert page["document"]["blocks"][0]["url"] == "https://shop.example/sale"
    assert api.get("/v1/pages/pag_1").json() == page
    changed = change(api, page, OTHER, name="Sale 2").json()
    assert (changed["version"], changed["name"]) == (2, "Sale 2")
    published = publish(api, changed).json()
    assert (published["published_version"], published["published_at"]) == (2, "2026-11-20T09:00:00Z")
    assert api.request("DELETE", "/v1/pages/pag_1").json() == published
    check_problem(api.get("/v1/pages/pag_1"), 404, "page_not_found")


def test_what_is_read_can_be_sent_back_as_it_is(sqlite_api: Api) -> None:
    page = add(sqlite_api, WHOLE)
    again = change(sqlite_api, page, page["document"])
    assert again.json() == page


def test_a_page_sent_twice_with_one_key_is_one(api: Api) -> None:
    headers = {"Idempotency-Key": "page-1"}
    assert add(api, headers=headers) == add(api, headers=headers)
    assert len(api.get("/v1/pages").json()["pages"]) == 1


def test_pages_are_listed_newest_first_with_a_cursor(api: Api) -> None:
    for number in range(3):
        add(api, name=f"Page {number}")
    first = api.get("/v1/pages?limit=2").json()
    rest = api.get(f"/v1/pages?limit=2&after={first['next_after']}").json()
    assert [page["name"] for page in first["pages"] + rest["pages"]] == ["Page 2", "Page 1", "Page 0"]
    assert rest["next_after"] is None
    assert "document" not in first["pages"][0]
    check_problem(api.get("/v1/pages?after=cmp_1"), 404, "not_found")


def test_of_two_who_change_a_page_the_second_is_told(sqlite_api: Api) -> None:
    page = add(sqlite_api)
    assert change(sqlite_api, page, OTHER).status_code == 200
    problem = check_problem(change(sqlite_api, page, WHOLE), 409, "page_changed")
    assert "version 2" in problem["detail"]
    check_problem(publish(sqlite_api, page), 409, "page_changed")


def test_a_wrong_document_is_told_with_its_block_and_its_field(sqlite_api: Api) -> None:
    document = written(blocks=[block("button") | {"url": "javascript:alert(1)"}, block("text") | {"colour": "red"}])
    problem = check_problem(sqlite_api.post("/v1/pages", json={"name": "x", "document": document}), 422, "page_invalid")
    assert problem["errors"] == [
        {
            "field": "document.blocks.0.url",
            "message": "Block “buy”, url: It must begin with https:// or http://, followed by a host name.",
        },
        {"field": "document.blocks.1.colour", "message": "Block “hello”, colour: There is no such field here."},
    ]


def test_an_unfinished_page_is_stored_and_not_published(sqlite_api: Api) -> None:
    page = add(sqlite_api, {"languages": ["fr"], "blocks": [{"id": "shop", "type": "picture"}]})
    problem = check_problem(publish(sqlite_api, page), 422, "page_incomplete")
    assert [one["field"] for one in problem["errors"]] == ["title.fr", "blocks.0.alt.fr", "blocks.0.picture"]


def test_a_document_of_more_than_64_kb_is_refused(sqlite_api: Api) -> None:
    blocks = [{"id": f"t{i}", "type": "text", "text": {"fr": "x" * 4_000}} for i in range(17)]
    sent = {"name": "x", "document": {"languages": ["fr"], "blocks": blocks}}
    problem = check_problem(sqlite_api.post("/v1/pages", json=sent), 422, "page_invalid")
    assert "65,536 are the most" in problem["detail"]


def test_programs_in_every_text_come_back_as_the_text_they_are(sqlite_api: Api) -> None:
    attack = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    document = written(
        title=words(attack, attack),
        blocks=[block("button") | {"label": words(attack, attack)}, block("map") | {"query": attack}],
    )
    page = add(sqlite_api, document, name=attack)
    assert page["name"] == page["document"]["title"]["fr"] == page["document"]["blocks"][0]["label"]["en"] == attack
    assert page["document"]["blocks"][1]["query"] == attack


def test_a_page_that_a_campaign_leads_to_is_not_deleted_and_shows_no_code_it_has_not(sqlite_api: Api) -> None:
    page = add(sqlite_api)
    assert publish(sqlite_api, page).is_success
    sent = {
        "name": "Sale",
        "kind": "transactional",
        "text": "Bonjour {{ link }}",
        "sender": "LUMEN",
        "page_id": page["id"],
        "audience": "all",
    }
    campaign = sqlite_api.post("/v1/campaigns", json=sent)
    assert campaign.status_code == 201, campaign.text
    check_problem(sqlite_api.request("DELETE", f"/v1/pages/{page['id']}"), 409, "page_in_use")
    with_code = change(sqlite_api, page, with_block(**block("code"))).json()
    problem = check_problem(publish(sqlite_api, with_code), 409, "page_needs_offer")
    assert campaign.json()["id"] in problem["detail"]


def test_a_campaigns_link_is_moved_between_a_page_and_a_destination(sqlite_api: Api) -> None:
    page = add(sqlite_api)
    assert publish(sqlite_api, page).is_success
    draft = add(sqlite_api)
    campaign = f"/v1/campaigns/cmp_{factories.campaign(sqlite_api.engine, sqlite_api.workspace_id)}/link"

    def move(**sent: Any) -> httpx2.Response:
        return sqlite_api.request("PATCH", campaign, json=sent)

    def where(link: dict[str, Any]) -> tuple[str | None, str | None]:
        return link["page_id"], link["destination_url"]

    assert where(move(page_id=page["id"]).json()) == (page["id"], None)
    assert where(move(fallback_url="https://shop.example/over").json()) == (page["id"], None)
    assert where(move(destination_url="https://shop.example/").json()) == (None, "https://shop.example/")
    assert where(sqlite_api.get(campaign).json()) == (None, "https://shop.example/")
    check_problem(move(page_id=draft["id"]), 422, "page_not_published")
    check_problem(move(page_id="pag_99"), 404, "page_not_found")
    check_problem(move(page_id="cmp_1"), 404, "not_found")
    both = move(page_id=page["id"], destination_url="https://shop.example/")
    check_problem(both, 422, "page_and_destination")
    check_problem(move(page_id=page["id"], utm={"source": "sms"}), 422, "terms_without_destination")
    assert where(sqlite_api.get(campaign).json()) == (None, "https://shop.example/")


def test_pictures_are_uploaded_listed_and_deleted(api: Api) -> None:
    answer = upload(api, picture_file(size=(2_400, 1_200)))
    assert answer.status_code == 201, answer.text
    picture = answer.json()
    assert (picture["name"], picture["width"], picture["height"]) == ("shop.png", 1_200, 600)
    assert picture["id"] == f"pic_{picture['digest']}"
    assert upload(api, picture_file(size=(2_400, 1_200)), data={"name": "Another"}).json() == picture
    other = upload(api, picture_file(colour="blue"), data={"name": "Logo"}).json()
    assert other["name"] == "Logo"
    first = api.get("/v1/pictures?limit=1").json()
    rest = api.get(f"/v1/pictures?limit=1&after={first['next_after']}").json()
    assert {one["name"] for one in first["pictures"] + rest["pictures"]} == {"shop.png", "Logo"}
    assert rest["next_after"] is None
    assert api.request("DELETE", f"/v1/pictures/{other['id']}").json() == other
    check_problem(api.request("DELETE", f"/v1/pictures/{other['id']}"), 404, "picture_not_found")
    check_problem(api.get("/v1/pictures?after=x"), 422, "cursor_invalid")


def test_a_picture_on_a_page_is_not_deleted(sqlite_api: Api) -> None:
    picture = upload(sqlite_api, picture_file()).json()
    page = add(sqlite_api, with_block(**block("picture") | {"picture": picture["digest"]}))
    assert publish(sqlite_api, page).is_success
    problem = check_problem(sqlite_api.request("DELETE", f"/v1/pictures/{picture['id']}"), 409, "picture_in_use")
    assert "“Sale”" in problem["detail"]


def test_what_is_no_picture_is_refused_whatever_it_is_called_and_nothing_is_stored(sqlite_api: Api) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    for name in ("logo.svg", "logo.png", "logo.jpg"):
        problem = check_problem(upload(sqlite_api, svg, name), 422, "picture_not_readable")
        assert "SVG" in problem["detail"]
        assert problem["errors"][0]["field"] == "file"
    huge = bytearray(picture_file("GIF"))
    huge[6:10] = (8_000).to_bytes(2, "little") * 2
    check_problem(upload(sqlite_api, bytes(huge)), 422, "picture_too_many_pixels")
    check_problem(upload(sqlite_api, bytes(10_485_761)), 413, "too_large")
    check_problem(upload(sqlite_api, picture_file()[:60]), 422, "picture_not_readable")
    assert sqlite_api.get("/v1/pictures").json()["pictures"] == []


def test_a_picture_sent_twice_with_one_key_is_answered_the_same(sqlite_api: Api) -> None:
    headers = {"Idempotency-Key": "picture-1"}
    first = upload(sqlite_api, picture_file(), headers=headers)
    again = upload(sqlite_api, picture_file(), headers=headers)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    check_problem(upload(sqlite_api, picture_file(colour="blue"), headers=headers), 422, "idempotency_key_reused")


def test_pages_of_another_workspace_are_not_there(sqlite_api: Api) -> None:
    page = add(sqlite_api)
    other = factories.workspace(sqlite_api.engine, "Another")
    key = sqlite_api.make_key(workspace_id=other)
    assert sqlite_api.get("/v1/pages", key=key).json()["pages"] == []
    check_problem(sqlite_api.get(f"/v1/pages/{page['id']}", key=key), 404, "page_not_found")
