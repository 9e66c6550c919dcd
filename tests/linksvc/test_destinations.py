import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.destinations import check_destination
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
