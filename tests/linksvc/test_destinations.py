from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.destinations import check_destination, with_utm
from linksvc.errors import InvalidRequest


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://shop.example/sale?x=1&y=a+b#top", "https://shop.example/sale?x=1&y=a+b#top"),
        (" https://shop.example ", "https://shop.example/"),
        ("HTTPS://Shop.Example:8443/a", "https://shop.example:8443/a"),
        ("https://Élysée.example/été?q=où", "https://xn--lyse-9oad.example/%C3%A9t%C3%A9?q=o%C3%B9"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://shop.example/100%", "https://shop.example/100%25"),
        ("https://shop.example/a%20b%2Fc", "https://shop.example/a%20b%2Fc"),
        ("http://8.8.8.8/dns", "http://8.8.8.8/dns"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        ("https://shop.example./", "https://shop.example/"),
    ],
)
def test_a_public_address_is_taken_and_written_as_a_browser_would(written: str, stored: str) -> None:
    assert check_destination(written) == stored
    assert check_destination(stored) == stored


@pytest.mark.parametrize(
    "written",
    [
        "",
        "shop.example",
        "//shop.example/a",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.example/",
        "https://",
        "https:///path",
        "https://shop.example/a\r\nSet-Cookie: x=1",
        "https://shop.example/a\tb",
        "https://shop.example/a b",
        "https://user:secret@shop.example/",
        "https://shop.example@evil.example/",
        "https://good.example\\@evil.example/",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://shop.example:x/",
        "http://localhost/",
        "http://shop.localhost/",
        "http://printer/",
        "http://router.local/",
        "http://db.internal/",
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://１２７.０.０.１/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[::1/",
        "https://exa_mple..example/",
        "https://shop.example/{{ first_name }}",
        "https://shop.example/" + "a" * 2_048,
        "https://shop.example/" + "é" * 400,
    ],
)
def test_an_address_that_harms_or_leads_nowhere_is_refused(written: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_destination(written)
    assert refused.value.code == "destination_invalid"
    assert refused.value.errors[0].field == "destination_url"


@given(st.text(max_size=60).map(lambda text: f"https://shop.example/{text}"))
def test_whatever_passes_is_one_ascii_line_and_stays_the_same(written: str) -> None:
    try:
        stored = check_destination(written)
    except InvalidRequest:
        return
    assert stored.isascii()
    assert stored.isprintable()
    assert " " not in stored
    assert check_destination(stored) == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("https://shop.example/{{ code }}", "https://shop.example/{{code}}"),
        ("https://shop.example?p={{first_name}}&q=é", "https://shop.example/?p={{first_name}}&q=%C3%A9"),
        ("https://shop.example/a#{{ external_id }}", "https://shop.example/a#{{external_id}}"),
        ("https://shop.example/{{{ city }}}", "https://shop.example/%7B{{city}}%7D"),
        ("https://shop.example/%4{{ last_name }}", "https://shop.example/%254{{last_name}}"),
    ],
)
def test_fields_of_the_recipient_may_stand_behind_the_host(written: str, stored: str) -> None:
    assert check_destination(written, personal=True) == stored
    assert check_destination(stored, personal=True) == stored


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{{ code }}", "may stand behind it"),
        ("https://{{ city }}.example/", "may stand behind it"),
        ("https://{{ city }}", "may stand behind it"),
        ("https://shop.example:{{ code }}/", "may stand behind it"),
        ("https://shop.example{{ code }}/", "may stand behind it"),
        ("https://shop.example/{{ link }}", "code, first_name, last_name, city, external_id"),
        ("https://shop.example/{{ code | upcase }}", "code, first_name"),
        ("https://shop.example/{{}}", "code, first_name"),
        ("https://shop.example/{{ code", "never closed"),
        ("https://shop.example/{{" + " " * 2_000, "never closed"),
        ("https://shop.example/{% if code %}", "{%"),
    ],
)
def test_a_field_elsewhere_or_unknown_is_refused_with_what_there_is(written: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_destination(written, personal=True)
    assert refused.value.code == "destination_invalid"
    assert told in refused.value.detail


@pytest.mark.parametrize(
    ("destination", "with_parameters"),
    [
        ("https://shop.example/", "https://shop.example/?utm_source=sms&utm_campaign=noir%20%26%20blanc"),
        ("https://shop.example/a?b", "https://shop.example/a?b&utm_source=sms&utm_campaign=noir%20%26%20blanc"),
        ("https://shop.example/#top", "https://shop.example/?utm_source=sms&utm_campaign=noir%20%26%20blanc#top"),
        ("https://shop.example/#a?b", "https://shop.example/?utm_source=sms&utm_campaign=noir%20%26%20blanc#a?b"),
        ("https://shop.example/?x=1&", "https://shop.example/?x=1&utm_source=sms&utm_campaign=noir%20%26%20blanc"),
        ("https://shop.example/?z=1+1&a=%2B&z=2", "https://shop.example/?z=1+1&a=%2B&z=2&utm_source=sms&utm_campaign=noir%20%26%20blanc"),
        ("https://shop.example/?utm_source=mail", "https://shop.example/?utm_source=mail&utm_campaign=noir%20%26%20blanc"),
        ("https://shop.example/?utm%5Fsource", "https://shop.example/?utm%5Fsource&utm_campaign=noir%20%26%20blanc"),
    ],
)  # fmt: skip
def test_utm_parameters_come_behind_what_the_destination_has_which_wins(destination: str, with_parameters: str) -> None:
    assert with_utm(destination, {"source": "sms", "campaign": "noir & blanc"}) == with_parameters


@given(
    st.text(alphabet="abc=&+%?#/", max_size=30),
    st.dictionaries(st.sampled_from(["source", "medium", "term"]), st.text(min_size=1, max_size=9), max_size=3),
)
def test_utm_parameters_change_nothing_else(rest: str, utm: dict[str, str]) -> None:
    url = f"https://shop.example/{rest}"
    before, after = urlsplit(url), urlsplit(with_utm(url, utm))
    assert (after.netloc, after.path, after.fragment) == (before.netloc, before.path, before.fragment)
    assert after.query.startswith(before.query)
    added = parse_qsl(after.query[len(before.query) :])
    assert added == [(f"utm_{name}", value) for name, value in utm.items()]
