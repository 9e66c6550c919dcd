"""Links and short domains on the command line."""

from pathlib import Path

import pytest

from tests.linksvc.test_qr_codes import scanned
from tests.ricochet.conftest import Terminal

URL = "https://shop.example/sale"


def lines(shown: str) -> dict[str, str]:
    """What `link show` says, by its name."""
    return {line[:20].strip(): line[20:].strip() for line in shown.splitlines()[1:]}


def test_a_link_is_made_listed_shown_and_changed(lumen: Terminal) -> None:
    made = lumen.done(
        *("link", "create", URL, "--title", "Poster", "--activates", "2026-11-27", "--expires", "2999-11-30"),
        *("--fallback", "https://shop.example/over", "--pass", "gclid", "--pass", "fbclid", "--utm-source", "poster"),
    )
    link_id, short_link = made.strip().split("\t")
    assert link_id == "lnk_1"
    assert lumen.done("link", "list") == f"lnk_1\t{short_link}\t0\t{URL}\tPoster\n"
    shown = lines(lumen.done("link", "show", "lnk_1"))
    assert shown == {
        "link": short_link,
        "leads to": URL,
        "from": "2026-11-26 23:00 UTC",
        "until": "2999-11-30 23:00 UTC",
        "outside of that": "https://shop.example/over",
        "passes on": "gclid, fbclid",
        "utm_source": "poster",
        "visits by people": "0",
        "suspect visits": "0",
        "visits by machines": "0",
    }
    lumen.done("link", "edit", "lnk_1", "--destination", f"{URL}/2", "--expires", "", "--pass", "", "--utm-medium", "print")
    shown = lines(lumen.done("link", "show", "lnk_1"))
    assert (shown["link"], shown["leads to"], shown["from"]) == (short_link, f"{URL}/2", "2026-11-26 23:00 UTC")
    assert (shown["utm_source"], shown["utm_medium"]) == ("poster", "print")
    assert "until" not in shown and "passes on" not in shown


def test_a_campaigns_link_is_put_right(lumen: Terminal) -> None:
    text = "{{ link }} {{ stop }}"
    campaign = ("campaign", "create", "--name", "x", "--text", text, "--sender", "36180", "--audience", "all")
    lumen.done(*campaign, "--destination", "https://shop.example/wrong", "--expires", "2999-11-30", "--utm-source", "sms")
    shown = lines(lumen.done("link", "show", "cmp_1"))
    assert shown["link"].endswith("(one for each recipient)")
    assert (shown["until"], shown["utm_source"]) == ("2999-11-30 23:00 UTC", "sms")
    lumen.done("link", "edit", "cmp_1", "--destination", "https://shop.example/?city={{ city }}")
    assert lines(lumen.done("link", "show", "cmp_1"))["leads to"] == "https://shop.example/?city={{city}}"
    assert "has none" in lumen.refused("link", "edit", "cmp_1", "--title", "x")
    assert "no such campaign" in lumen.refused("link", "show", "cmp_2")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "shop"), "must begin with https://"),
        (("create", URL, "--expires", "tomorrow"), "--expires: “tomorrow” is no time"),
        (("create", URL, "--activates", "2026-11-27T09:00"), "lacks its zone"),
        (("create", URL, "--expires", "2001-01-01"), "ended already"),
        (("create", URL, "--pass", "a b"), "no name of a parameter"),
        (("create", URL, "--utm-term", "a" * 201), "1 to 200 characters"),
        (("create", URL, "--fallback", "http://localhost/"), "The fallback cannot be used"),
        (("edit", "cmp_1", "--snippet-origin", "shop.example"), "no such campaign"),
        (("show", "lnk_1"), "no such link"),
        (("show", "poster"), "Its id looks like lnk_12"),
        (("edit", "lnk_1"), "Say what to change"),
        (("edit", "lnk_1", "--title", "x"), "no such link"),
        (("qr", "lnk_1", "code.gif"), "ends in neither .svg nor .png"),
        (("qr", "lnk_1", "code.svg"), "no such link"),
    ],
)
def test_a_mistake_is_a_sentence(lumen: Terminal, arguments: tuple[str, ...], told: str) -> None:
    assert told in lumen.refused("link", *arguments)


def test_a_link_is_drawn_into_a_file(lumen: Terminal, tmp_path: Path) -> None:
    short_link = lumen.done("link", "create", URL).strip().split("\t")[1]
    lumen.done("link", "qr", "lnk_1", str(tmp_path / "code.png"), "--scale", "4", "--level", "q")
    assert scanned((tmp_path / "code.png").read_bytes()) == short_link
    lumen.done("link", "qr", "lnk_1", str(tmp_path / "code.SVG"))
    assert short_link in (tmp_path / "code.SVG").read_text()
    assert "too pale" in lumen.refused("link", "qr", "lnk_1", str(tmp_path / "x.png"), "--dark", "#ffd700")
    assert "cannot be written" in lumen.refused("link", "qr", "lnk_1", str(tmp_path / "no" / "x.png"), status=1)


def test_new_links_are_written_on_the_preferred_domain(lumen: Terminal) -> None:
    def new_link() -> str:
        return lumen.done("link", "create", URL).strip().split("\t")[1].rpartition("/")[0]

    lumen.done("domain", "add", "go.lumen.example", "--prefer")
    lumen.done("domain", "add", "http://Two.Lumen.example:8080")
    assert lumen.done("domain", "list") == (
        "go.lumen.example\thttps://go.lumen.example\tpreferred\ntwo.lumen.example\thttp://two.lumen.example:8080\n"
    )
    assert new_link() == "https://go.lumen.example"
    lumen.done("domain", "prefer", "two.lumen.example")
    assert new_link() == "http://two.lumen.example:8080"
    lumen.done("domain", "prefer", "--none")
    assert new_link() == "http://localhost:8001"
    assert "open no longer: 1" in lumen.done("domain", "remove", "go.lumen.example")
    assert "no domain go.lumen.example" in lumen.refused("domain", "prefer", "go.lumen.example")
    assert "Name a host" in lumen.refused("domain", "prefer")
    assert "cannot be a short domain" in lumen.refused("domain", "add", "localhost")
    assert "already" in lumen.refused("domain", "add", "two.lumen.example")
