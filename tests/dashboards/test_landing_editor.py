"""The page editor without a browser: what its form keeps, refuses and stores, and who may see it."""

import re
from html import unescape
from typing import Any

from sqlalchemy import Engine, event

from linksvc import accounts
from linksvc.clock import now
from linksvc.database import writing
from linksvc.landing.picture_files import MOST_BYTES
from linksvc.models import Campaign, Picture
from tests.dashboards.landing_scenes import (
    Desk,
    Form,
    open_desk,
    picture_file,
    publish,
    store_page,
    store_picture,
    stored,
    use_page,
    wrong,
)
from tests.dashboards.site import Site
from tests.linksvc.landing.documents_by_example import block, parsed, with_block, words, written

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def make(site: Site, **fields: str) -> Any:
    form = {"csrf_token": site.token("/pages"), "name": "Summer", "starter": "offer", **fields}
    return site.client.post("/pages", data=form)


def test_an_empty_list_says_what_a_page_is_for_and_offers_beginnings(site: Site) -> None:
    site.enter()
    page = site.client.get("/pages").text
    assert "No page yet" in page
    assert "the offer lives" in page
    assert re.findall(r'name="starter" value="(\w+)"', page) == ["offer", "scratch", "survey", "blank"]


def test_a_page_begins_with_what_was_chosen_and_twice_pressed_is_made_once(site: Site) -> None:
    site.enter()
    for starter in ("offer", "scratch", "survey", "blank"):
        first, second = make(site, name=starter, starter=starter), make(site, name=starter, starter=starter)
        assert first.status_code == second.status_code == 303
        assert first.headers["location"] == second.headers["location"]
        assert "The page is made." in site.client.get(first.headers["location"]).text
    assert site.client.get("/pages").text.count('<th scope="row">') == 4


def test_a_page_without_a_name_is_not_made_and_the_choice_stays(site: Site) -> None:
    site.enter()
    answer = make(site, name=" ", starter="survey")
    assert answer.status_code == 422
    assert "1 to 120 characters" in wrong(answer.text)["name"]
    assert re.search(r'value="survey" checked', answer.text)
    assert make(site, starter="nothing").status_code == 400


def test_the_list_tells_the_state_and_the_campaigns_of_each_page(site_on_both: Site) -> None:
    site, engine, workspace_id = site_on_both, site_on_both.engine, site_on_both.workspace_id
    site.enter()
    draft, shown, changed = (store_page(engine, workspace_id, name=name) for name in ("Draft", "Shown", "Changed"))
    publish(engine, workspace_id, shown)
    publish(engine, workspace_id, changed)
    Desk(site, changed).press("save", name="Changed now")
    for name in ("One", "Two", "Three", "Four"):
        use_page(engine, workspace_id, shown, name)
    page = site.client.get("/pages").text
    rows = {re.sub(r"<[^>]+>", "", row) for row in re.findall(r"<th scope=\"row\">.*?</td>", page, flags=re.S)}
    assert {tuple(row.split("\n")) for row in rows} == {
        ("Draft", "draft"),
        ("Shown", "published"),
        ("Changed now", "changed since it was published"),
    }
    used = re.findall(r'<a href="/campaigns/cmp_\d+">(\w+)</a>', page)
    assert used == ["Four", "Three", "Two"]
    assert "and 1 more" in page
    assert draft


def test_what_is_stored_comes_back_from_the_form_as_it_was(site: Site) -> None:
    desk = open_desk(site)
    before = desk.page()
    assert desk.press("save").status_code == 200
    after = desk.page()
    assert after.document == before.document
    # The same stored again is no change, so the version proves that nothing was.
    assert after.version == before.version == 1


def test_every_wrong_field_is_told_beside_it_in_the_readers_language_and_nothing_typed_is_lost(site: Site) -> None:
    desk = open_desk(site)
    typed = {
        "name": "",
        "title__fr": "x" * 121,
        "blocks__0__text__fr": "{{ nothing }}",
        "blocks__2__url": "javascript:alert(1)",
        "blocks__2__label__en": "{{ first_name }}",
        "blocks__3__number": "06 39 98 00 01",
        "blocks__4__latitude": "45",
        "blocks__5__timezone": "Lyon",
        "blocks__7__prizes__0__odds": "101",
        "blocks__7__prizes__0__stock": "many",
        "blocks__8__cells": "1",
        "blocks__9__questions__2__high": "11",
    }
    english = desk.press("save", **typed)
    names = [name.replace("__", ".") for name in typed]
    names[names.index("blocks.4.latitude")] = "blocks.4.longitude"
    assert english.status_code == 422
    assert sorted(wrong(english.text)) == sorted(names)
    assert english.text.count(" autofocus") == 1
    assert re.search(r'id="name"[^>]* autofocus', english.text)
    for name, value in typed.items():
        assert desk.fields[name.replace("__", ".")] == value
    site.client.post("/language", data={"csrf_token": desk.fields["csrf_token"], "language": "fr", "next": "/pages"})
    french = wrong(desk.press("save").text)
    assert french["blocks.3.number"].startswith("Il faut un numéro avec l’indicatif")
    assert not set(french.values()) & set(wrong(english.text).values())
    assert desk.page().version == 1


def test_odds_above_certainty_are_told_beside_the_prizes(site: Site) -> None:
    desk = open_desk(site)
    desk.press("add:blocks.8.prizes")
    answer = desk.press("save", blocks__8__prizes__1__odds="12,5")
    assert wrong(answer.text) == {"blocks.8.prizes": "The chances add up to more than 100 %. Lower one of them."}
    desk.press("save", blocks__8__prizes__0__odds="87,5")
    draws = desk.page().document.find("flip")
    assert draws is not None
    assert [prize.odds for prize in draws.prizes] == [8_750, 1_250]  # type: ignore[union-attr]


def test_publishing_tells_everything_that_is_missing_and_keeps_the_draft(site: Site) -> None:
    desk = open_desk(site, parsed(with_block(id="buy", type="button", label={"fr": "Acheter"})))
    answer = desk.press("publish", name="Winter")
    assert answer.status_code == 422
    assert wrong(answer.text) == {
        "blocks.0.label.en": "This is missing in English.",
        "blocks.0.url": "Say where it leads to.",
    }
    assert "The draft is saved. 2 things are missing" in answer.text
    assert (desk.page().name, desk.page().published_version) == ("Winter", 0)
    done = desk.press("publish", blocks__0__label__en="Buy", blocks__0__url="https://shop.example/")
    assert "The page is published." in done.text
    assert desk.page().published_version == desk.page().version


def test_publishing_says_beforehand_who_will_see_it(site: Site) -> None:
    desk = open_desk(site)
    assert "No campaign uses this page yet" in desk.open()
    use_page(site.engine, site.workspace_id, desk.page_id)
    page = desk.open()
    assert "Save and publish for 1 campaign" in page
    assert "1 campaign uses this page, so it cannot be deleted" in page


def test_a_page_with_a_code_is_not_published_for_a_campaign_without_codes(site: Site) -> None:
    desk = open_desk(site, parsed(with_block(id="code", type="code", label=words("Code", "Code"))))
    campaign_id = use_page(site.engine, site.workspace_id, desk.page_id)
    with writing(site.engine) as session:
        session.get_one(Campaign, campaign_id).offer_id = None
    answer = desk.press("publish")
    assert answer.status_code == 409
    assert "a campaign without an offer uses it" in answer.text


def test_the_slower_of_two_sees_what_the_other_changed_and_loses_nothing(site: Site) -> None:
    mine, theirs = open_desk(site), None
    mine.open()
    theirs = Desk(site, mine.page_id)
    theirs.press("up:blocks.2")
    theirs.press("save", blocks__0__heading__fr="Salut", blocks__1__url="https://shop.example/new")
    answer = mine.press("save", blocks__0__heading__fr="Coucou", title__en="Mine")
    assert answer.status_code == 409
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', answer.text)
    told = {where: re.findall(r"<span>(.*?)</span>", cells) for where, cells in rows}
    assert told["1. Text, Heading, French"] == ["Salut", "Coucou"]
    assert told["3. Button, Leads to"] == ["https://shop.example/new", "https://shop.example/sale"]
    assert set(told) == {"Order of the blocks", "1. Text, Heading, French", "3. Button, Leads to"}
    assert mine.fields["blocks.0.heading.fr"] == "Coucou"
    assert mine.page().document.blocks[0].heading["fr"] == "Salut"  # type: ignore[union-attr]
    assert "The draft is saved." in mine.press("save").text
    assert (mine.page().document.title["en"], mine.page().version) == ("Mine", 3)


def test_buttons_of_lists_change_what_is_typed_and_store_nothing(site: Site) -> None:
    desk = open_desk(site)
    desk.press("up:blocks.1", blocks__0__heading__fr="Typed")
    assert [desk.fields[f"blocks.{at}.id"] for at in (0, 1)] == ["shop", "hello"]
    assert desk.fields["blocks.1.heading.fr"] == "Typed"
    desk.press("copy:blocks.1")
    assert desk.fields["blocks.2.id"] == "hello-1"
    desk.press("add:blocks", new_type="flip")
    desk.press("add:blocks.13.prizes")
    assert desk.fields["blocks.13.prizes.0.id"] == "prize-1"
    desk.press("add:blocks.10.questions")
    desk.press("remove:blocks.10.questions.5.options.1")
    assert "Removed: 2. Answer." in desk.press("remove:blocks.10.questions.0.options.0").text.replace(
        "1. Answer", "2. Answer"
    )
    assert desk.page().version == 1


def test_what_was_removed_is_put_back_where_it_stood(site: Site) -> None:
    desk = open_desk(site)
    desk.open()
    before = {name: value for name, value in desk.fields.items() if name.startswith("blocks.")}
    assert "Removed: 10. Survey." in desk.press("remove:blocks.9").text
    assert "blocks.11.id" not in desk.fields
    desk.press("back")
    assert {name: value for name, value in desk.fields.items() if name.startswith("blocks.")} == before


def test_a_button_that_no_longer_fits_changes_nothing_and_says_so(site: Site) -> None:
    desk = open_desk(site, parsed(written(blocks=[block("text"), block("scratch")])))
    desk.open()
    before = {name: value for name, value in desk.fields.items() if name.startswith("blocks")}
    for do in ("up:blocks.0", "down:blocks.1", "remove:blocks.99", "add:no", "add:blocks.0.prizes.1", "copy:blocks", "x:y"):
        assert "Nothing was changed" in desk.press(do).text, do
    assert {name: value for name, value in desk.fields.items() if name.startswith("blocks")} == before


def test_a_list_takes_no_more_than_it_may_hold(site: Site) -> None:
    blocks = [{"id": f"t{n}", "type": "opt_out"} for n in range(40)]
    desk = open_desk(site, parsed(written(blocks=blocks)))
    assert "There is no room for one more here." in desk.press("add:blocks", new_type="text").text
    assert "There is no room for one more here." in desk.press("copy:blocks.3").text


def test_languages_are_added_ordered_and_removed_and_their_texts_wait_until_it_is_saved(site: Site) -> None:
    desk = open_desk(site, parsed(with_block(id="hi", type="text", text=words("Bonjour", "Hello"))))
    desk.press("language:add", new_language="de")
    desk.press("language:first.de", title__de="Hallo")
    assert desk.fields["languages"] == "de fr en"
    desk.press("language:remove.fr")
    assert desk.fields["languages"] == "de en"
    desk.press("language:add", new_language="fr")
    assert desk.fields["blocks.0.text.fr"] == "Bonjour"
    desk.press("language:remove.fr")
    desk.press("save")
    assert desk.page().document.languages == ("de", "en")
    assert "fr" not in desk.page().document.title


def test_hostile_text_stays_text_in_the_editor_the_list_and_the_preview(site: Site) -> None:
    desk = open_desk(site)
    desk.open()
    places = [
        name
        for name in desk.fields
        # A question that is no scale has no words at its ends: they are not stored.
        if (re.search(r"\.(fr|en|query)$", name) and not re.search(r"(low|high)_label", name)) or name == "name"
    ]
    answer = desk.press("save", **{name.replace(".", "__"): SCRIPT for name in places})
    assert answer.status_code == 200
    for page in (answer.text, site.client.get("/pages").text, site.client.get(f"{desk.path}/preview").text):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert(1)" in page
    assert all(desk.fields[name] == SCRIPT for name in places)


REFUSED_FILES = (
    (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "Save an SVG as PNG"),
    (b"", "Choose a file first."),
    (b"GIF89a broken", "it is broken"),
    (b"\x89PNG" + b"0" * MOST_BYTES, "The file is too large: 10 MB are the most."),
)


def test_a_file_that_is_no_picture_is_refused_beside_its_field(site: Site) -> None:
    desk = open_desk(site, parsed(written(blocks=[block("text"), block("picture")])))
    for file, sentence in REFUSED_FILES:
        files = {"blocks.1.picture.file": ("shop.svg", file)} if file else None
        answer = desk.press("upload:blocks.1.picture", files, name="Kept")
        assert answer.status_code == 422
        assert sentence in wrong(answer.text)["blocks.1.picture.file"]
        assert desk.fields["name"] == "Kept"


def test_a_picture_of_fifty_megapixels_is_refused_beside_its_field(site: Site) -> None:
    desk = open_desk(site)
    answer = desk.press("upload:theme.logo", {"theme.logo.file": ("big.png", picture_file((10_000, 5_000), "white", "1"))})
    assert wrong(answer.text)["theme.logo.file"].startswith("The picture has too many pixels: 25 million are the most")


def test_a_picture_is_stored_and_stands_where_it_was_chosen_whichever_button_is_pressed(site: Site) -> None:
    desk = open_desk(site)
    files = {
        "blocks.1.picture.file": (f"{SCRIPT}.png", picture_file(colour="#00ff00")),
        "theme.logo.file": ("logo.png", picture_file((30, 30), "#0000ff")),
    }
    answer = desk.press("up:blocks.1", files)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    digests = {desk.fields["blocks.0.picture"], desk.fields["theme.logo"]}
    assert len(digests) == 2
    desk.press("save")
    assert desk.page().document.pictures() == digests
    served = desk.site.client.get(f"/pages/pictures/{desk.fields['theme.logo']}.webp")
    assert served.headers["content-type"] == "image/webp"
    assert served.headers["cache-control"].startswith("private")


def test_more_than_is_taken_at_once_is_refused(site: Site) -> None:
    desk = open_desk(site)
    assert desk.press("save", {"blocks.1.picture.file": ("x", b"0" * (3 * MOST_BYTES))}).status_code == 413
    desk.open()
    plain = site.client.post(desk.path, data=desk.fields)
    assert plain.status_code == 400
    many = {f"x{n}": (None, "y") for n in range(8_001)}
    assert site.client.post(desk.path, data=desk.fields, files=many).status_code == 400


def test_a_stranger_may_not_send_pictures(site: Site) -> None:
    desk = open_desk(site)
    desk.open()
    site.client.cookies.clear()
    assert desk.press("save", {"blocks.1.picture.file": ("x", b"0" * 600_000)}).status_code == 413


def test_whoever_was_signed_out_keeps_what_they_typed(site: Site) -> None:
    desk = open_desk(site)
    desk.open()
    site.client.cookies.clear()
    answer = desk.press("save", blocks__0__heading__fr=f"Typed {SCRIPT}")
    assert answer.status_code == 401
    kept = Form(answer.text).fields
    assert kept["blocks.0.heading.fr"] == f"Typed {SCRIPT}"
    site.enter()
    desk.fields = kept
    again = desk.press("redraw:")
    assert again.status_code == 403
    assert "This form was open for too long." in again.text
    assert "The draft is saved." in desk.press("save").text
    assert desk.page().document.blocks[0].heading["fr"] == f"Typed {SCRIPT}"  # type: ignore[union-attr]


def test_without_the_token_nothing_is_stored_made_or_deleted(site: Site) -> None:
    desk = open_desk(site)
    desk.open()
    desk.fields["csrf_token"] = "forged"
    for do in ("save", "publish", "delete"):
        fields = {**desk.fields, "csrf_token": "forged", "name": "Other", "do": do}
        files = {"theme.logo.file": ("logo.png", picture_file((31, 30), "#0000fe"))}
        assert site.client.post(desk.path, data=fields, files=files).status_code == 403
    assert site.client.post(f"{desk.path}/preview", data=desk.fields, files={"": (None, "")}).status_code == 403
    assert site.client.post("/pages", data={"name": "x", "starter": "blank"}).status_code == 403
    assert (desk.page().name, desk.page().version) == ("Summer", 1)
    assert site.client.get("/pages").text.count('<th scope="row">') == 1
    assert "logo.png" not in desk.open()


def test_a_page_nobody_uses_is_deleted_and_one_in_use_is_not(site_on_both: Site) -> None:
    site = site_on_both
    desk = open_desk(site)
    desk.open()
    use_page(site.engine, site.workspace_id, desk.page_id)
    refused = desk.press("delete")
    assert refused.status_code == 409
    assert "so it cannot be deleted" in refused.text
    other = Desk(site, store_page(site.engine, site.workspace_id, name="Spare"))
    assert other.press("delete").headers["location"] == "/pages?deleted"
    assert "The page was deleted." in site.client.get("/pages?deleted").text
    assert site.client.get(other.path).status_code == 404


def test_another_workspaces_page_and_picture_do_not_exist_here(site: Site) -> None:
    with writing(site.engine) as session:
        other = accounts.ensure_workspace(session, "Elsewhere", now())
    theirs, digest = store_page(site.engine, other), store_picture(site.engine, other)
    desk = open_desk(site)
    desk.open()
    foreign = f"/pages/pag_{theirs}"
    sent: dict[str, Any] = {"data": desk.fields | {"do": "save"}, "files": {"": (None, "")}}
    for path in (foreign, f"{foreign}/preview", "/pages/pag_99", "/pages/x", "/pages/pag_99/preview"):
        assert site.client.get(path).status_code == 404, path
        assert site.client.post(path, **sent).status_code == 404, path
    for do in ("publish", "delete", "up:blocks.1"):
        assert site.client.post(foreign, data=desk.fields | {"do": do}, files={"": (None, "")}).status_code == 404
    assert stored(site.engine, other, theirs).version == 1
    mine = store_picture(site.engine, site.workspace_id)
    assert mine == digest
    with writing(site.engine) as session:
        session.delete(session.get_one(Picture, (site.workspace_id, mine)))
    assert site.client.get(f"/pages/pictures/{digest}.webp").status_code == 404
    assert site.client.get("/pages/pictures/%00.webp").status_code == 404
    site.client.cookies.clear()
    assert site.client.get(desk.path).status_code == 303
    assert site.client.get(f"{desk.path}/preview").status_code == 303
    assert site.client.get(f"/pages/pictures/{digest}.webp").status_code == 403
    assert site.client.post(f"{desk.path}/preview", **sent).status_code == 403


def statements(engine: Engine) -> list[str]:
    """Every statement from now on."""
    heard: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: heard.append(str(args[2])))
    return heard


def test_the_preview_shows_what_is_typed_stores_nothing_and_may_ask_nobody(site: Site) -> None:
    desk = open_desk(site)
    desk.open()
    desk.fields |= {"blocks.0.heading.en": "Typed {{ first_name }}", "preview_language": "en", "blocks.2.url": "htt"}
    heard = statements(site.engine)
    answer = desk.site.client.post(f"{desk.path}/preview", data=desk.fields, files={"": (None, "")})
    assert answer.status_code == 200
    assert "Typed <bdi>Zoé</bdi>" in answer.text
    assert 'data-token=""' in answer.text
    assert not [one for one in heard if not one.lstrip().upper().startswith("SELECT") and "BEGIN" not in one]
    policy = answer.headers["content-security-policy"]
    assert "connect-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    for source in re.findall(r'(?:src|href)="(/[^"]+)"', answer.text):
        assert desk.site.client.get(source).status_code == 200, source


def test_only_the_preview_may_stand_in_a_frame_and_only_the_editor_has_one(site: Site) -> None:
    desk = open_desk(site)
    editor, listed = site.client.get(desk.path), site.client.get("/pages")
    assert "frame-src 'self'" in editor.headers["content-security-policy"]
    assert "frame-src" not in listed.headers["content-security-policy"]
    for page in (editor, listed):
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"


STRANGE: tuple[dict[str, str], ...] = (
    {"blocks.0.id": "No Slug"},
    {"blocks.0.type": "nothing"},
    {"blocks": "text"},
    {"languages": "xx"},
    {"languages": ""},
    {"theme.accent": "red"},
    {"base": "AAAA", "version": "x"},
    {"blocks.1.prizes.0.id": ""},
    {"theme": "x", "title": "y"},
    {"a.b.c.d.e.f.g.h.i.j": "z", "blocks.0.0.0": "z"},
)


def test_a_form_that_no_browser_of_ours_sends_breaks_nothing(site: Site) -> None:
    desk = open_desk(site, parsed(written(blocks=[block("text"), block("scratch")])))
    for typed in STRANGE:
        desk.open()
        fields = {name: value for name, value in desk.fields.items() if not any(name.startswith(f"{one}.") for one in typed)}
        for do in ("save", "down:blocks.0"):
            answer = site.client.post(desk.path, data=fields | typed | {"do": do}, files={"": (None, "")})
            assert answer.status_code in (200, 303, 400, 409, 422), (typed, do)
        preview = site.client.post(f"{desk.path}/preview", data=fields | typed, files={"": (None, "")})
        assert preview.status_code == 200, typed
        assert len(desk.page().document.blocks) == 2


def test_a_campaign_names_the_page_that_its_link_opens(site: Site) -> None:
    site.enter()
    page_id = store_page(site.engine, site.workspace_id, name=f"Sale {SCRIPT}")
    campaign_id = use_page(site.engine, site.workspace_id, page_id)
    page = site.client.get(f"/campaigns/cmp_{campaign_id}").text
    assert f'<dt>The link opens the page</dt><dd><a href="/pages/pag_{page_id}">Sale &lt;script' in page
    assert "The link leads to" not in page


def test_the_editor_of_a_page_with_every_block_weighs_less_than_100_kb(site: Site) -> None:
    desk = open_desk(site)
    assert len(desk.open().encode()) < 100_000


def test_a_personal_field_without_a_default_is_hinted_at_and_refused_by_nobody(site: Site) -> None:
    text = {"fr": "Merci d'être là, {{ city }}. Code {{ code }}", "en": "Thanks, {{ code | default: 'yours' }}."}
    desk = open_desk(site, parsed(with_block(id="hi", type="text", heading=words("Bonjour", "Hello"), text=text)))
    page = unescape(desk.open())
    hint = "{{ city }}, {{ code }}: where that is not known, and before it is filled in, nothing stands there."
    assert page.count(hint) == 1 and '{{ city | default: "…" }}' in page
    assert re.search(r'aria-describedby="blocks.0.text-gap blocks.0.text-help"', page)
    assert "1. Text: nothing stands for {{ city }}, {{ code }} where that is not known." in page
    answer = desk.press("publish")
    assert "The page is published." in answer.text and hint in unescape(answer.text)
    filled = desk.press("save", blocks__0__text__fr='Merci, {{ city | default: "vous" }}').text
    assert "-gap" not in filled and "nothing stands" not in filled
    broken = desk.press("save", blocks__0__text__fr="{{ nothing }} {{ city }}")
    assert broken.status_code == 422 and "-gap" not in broken.text


def test_no_beginning_leaves_a_gap(site: Site) -> None:
    site.enter()
    for starter in ("offer", "scratch", "survey", "blank"):
        assert "-gap" not in site.client.get(make(site, name=starter, starter=starter).headers["location"]).text
