"""Signing in and out, the one-time link, and the token without which no form is believed."""

from datetime import timedelta

import pytest

from dashboards.sessions import safe_path
from linksvc.database import writing
from linksvc.models import Member
from tests.dashboards.site import EMAIL, PASSWORD, Site, sign_in_path


def test_a_password_signs_in_and_leads_where_one_wanted_to_go(site: Site) -> None:
    asked = site.client.get("/campaigns/cmp_7/messages?stage=clicked")
    assert asked.status_code == 303
    assert asked.headers["location"] == "/sign-in?next=%2Fcampaigns%2Fcmp_7%2Fmessages%3Fstage%3Dclicked"
    form = site.client.get(asked.headers["location"]).text
    assert 'name="next" value="/campaigns/cmp_7/messages?stage=clicked"' in form
    answer = site.sign_in(next="/campaigns")
    assert (answer.status_code, answer.headers["location"]) == (303, "/campaigns")
    assert "Boutique Lumen" in site.client.get("/campaigns").text


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_a_failed_sign_in_does_not_say_which_was_wrong_and_keeps_the_address(site: Site, email: str) -> None:
    answer = site.sign_in(email=email, password="wrong password")
    assert answer.status_code == 401
    assert "do not go together" in answer.text
    assert f'value="{email}"' in answer.text
    assert "wrong password" not in answer.text
    assert site.client.get("/campaigns").status_code == 303


def test_an_empty_field_is_told_beside_it_and_has_the_focus(site: Site) -> None:
    answer = site.sign_in(password="")
    assert answer.status_code == 422
    assert "Enter your password." in answer.text
    assert f'value="{EMAIL}"' in answer.text
    password = answer.text[answer.text.index('id="password" name') :]
    assert "autofocus" in password[: password.index(">")]


@pytest.mark.parametrize("token", ["", "guessed", None])
def test_a_form_without_our_token_signs_nobody_in_and_loses_nothing_typed(site: Site, token: str | None) -> None:
    site.client.get("/sign-in")
    form = {"email": EMAIL, "password": PASSWORD} | ({} if token is None else {"csrf_token": token})
    answer = site.client.post("/sign-in", data=form)
    assert answer.status_code == 403
    assert f'value="{EMAIL}"' in answer.text
    assert site.client.get("/campaigns").status_code == 303


@pytest.mark.parametrize("path", ["/sign-out", "/language", "/sign-in/link/anything"])
def test_every_post_wants_the_token(site: Site, path: str) -> None:
    site.enter()
    assert site.client.post(path, data={"csrf_token": "guessed", "language": "fr"}).status_code == 403
    assert site.client.get("/campaigns").status_code == 200


def test_another_browsers_token_is_not_ours(site: Site) -> None:
    token = site.token()
    site.client.cookies.clear()
    site.client.get("/sign-in")
    answer = site.client.post("/sign-in", data={"csrf_token": token, "email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 403


def test_a_link_signs_in_once_and_only_by_its_button(site: Site) -> None:
    path = sign_in_path(site.engine, site.user_id)
    for _ in range(3):
        assert site.client.get(path).status_code == 200
    first = site.client.post(path, data={"csrf_token": site.token(path)})
    assert (first.status_code, first.headers["location"]) == (303, "/campaigns")
    assert site.client.get("/campaigns").status_code == 200
    site.client.cookies.clear()
    second = site.client.post(path, data={"csrf_token": site.token(path)})
    assert second.status_code == 401
    assert "used already" in second.text
    assert site.client.get("/campaigns").status_code == 303


def test_the_session_is_another_after_signing_in(site: Site) -> None:
    before = site.token()
    planted = site.client.cookies["ricochet"]
    site.client.post("/sign-in", data={"csrf_token": before, "email": EMAIL, "password": PASSWORD})
    assert site.client.cookies["ricochet"] != planted
    assert site.token("/campaigns") != before


def test_signing_out_ends_it(site: Site) -> None:
    site.enter()
    answer = site.client.post("/sign-out", data={"csrf_token": site.token("/campaigns")})
    assert answer.headers["location"] == "/sign-in"
    assert site.client.get("/campaigns").status_code == 303


def test_a_session_ends_after_its_hours_however_busy_it_is(site: Site) -> None:
    site.enter()
    site.clock.at += timedelta(hours=11)
    assert site.client.get("/campaigns").status_code == 200
    site.clock.at += timedelta(hours=1)
    assert site.client.get("/campaigns").status_code == 303


def test_a_user_who_was_removed_is_out_at_once(site: Site) -> None:
    site.enter()
    with writing(site.engine) as session:
        session.delete(session.get(Member, (site.workspace_id, site.user_id)))
    assert site.client.get("/campaigns").status_code == 303


def test_a_tampered_session_is_none(site: Site) -> None:
    site.enter()
    cookie = site.client.cookies["ricochet"]
    site.client.cookies.clear()
    site.client.cookies.set("ricochet", ("A" if cookie[0] != "A" else "B") + cookie[1:])
    assert site.client.get("/campaigns").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    header = site.client.get("/sign-in").headers["set-cookie"]
    assert "httponly" in header
    assert "samesite=lax" in header


def test_a_huge_form_is_refused(site: Site) -> None:
    assert site.client.post("/sign-in", data={"email": "x" * 20_000}).status_code == 413


def test_bytes_that_are_no_form_are_refused(site: Site) -> None:
    assert site.client.post("/sign-in", content=b"\xff\xfe").status_code == 400


@pytest.mark.parametrize("wanted", ["/campaigns", "/campaigns/cmp_1?before=3", "/sign-in/link/abc"])
def test_a_path_of_ours_is_gone_to(wanted: str) -> None:
    assert safe_path(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n//evil",
        "javascript:alert(1)",
        "campaigns",
        "",
    ],
)
def test_nobody_is_sent_elsewhere(wanted: str) -> None:
    assert safe_path(wanted) == "/campaigns"
