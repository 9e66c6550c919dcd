import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.phone_numbers import COUNTRIES, MobileNumber, NumberFault, parse_mobile, read_caller


@pytest.mark.parametrize(
    "written",
    [
        "0639984449",
        "06 39 98 44 49",
        "06.39.98.44.49",
        "06-39-98-44-49",
        "06/39/98/44/49",
        "+33639984449",
        "+33 6 39 98 44 49",
        "(+33) 06-39-98-44-49",
        "+33 (0)6 39 98 44 49",
        "0033639984449",
        "00 33 6 39 98 44 49",
        "639984449",
        "639984449.0",
        "33639984449",
        "'0639984449",
        '="0639984449"',
        "  06\u00a039\u202f98\u00a044\u00a049\t",
        "06‑39‑98‑44‑49",
        "\u200e+33639984449\u202c",
        "\uff10\uff16\uff13\uff19\uff19\uff18\uff14\uff14\uff14\uff19",
    ],
)
def test_a_french_number_is_read_however_it_is_written(written: str) -> None:
    assert parse_mobile(written, "FR") == MobileNumber("+33639984449", "FR")


@pytest.mark.parametrize("country", ["FR", "GB", "CA", "US"])
def test_an_international_number_is_the_same_from_every_country(country: str) -> None:
    for written in ("+33639984449", "0033639984449", "+33 (0)6 39 98 44 49"):
        assert parse_mobile(written, country) == MobileNumber("+33639984449", "FR")


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("07700 900123", "GB", MobileNumber("+447700900123", "GB")),
        ("7700900123", "GB", MobileNumber("+447700900123", "GB")),
        ("+44 (0)7700 900123", "FR", MobileNumber("+447700900123", "GB")),
        ("514 555 0195", "CA", MobileNumber("+15145550195", "CA")),
        ("(514) 555-0195", "CA", MobileNumber("+15145550195", "CA")),
        ("+1 514 555 0195", "FR", MobileNumber("+15145550195", "CA")),
        ("1 212 555 0100", "US", MobileNumber("+12125550100", "US")),
        ("+1 212 555 0199", "CA", MobileNumber("+12125550199", "US")),
        ("+1 876 555 0142", "FR", MobileNumber("+18765550142", "JM")),
        ("+1 222 555 0142", "CA", MobileNumber("+12225550142", "CA")),
        ("+1 222 555 0142", "FR", MobileNumber("+12225550142", "US")),
    ],
)
def test_numbers_reserved_for_fiction_are_mobile_numbers(written: str, country: str, expected: MobileNumber) -> None:
    assert parse_mobile(written, country) == expected


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("", NumberFault.NO_NUMBER),
        ("  \u00a0", NumberFault.NO_NUMBER),
        ("36 30", NumberFault.TOO_SHORT),
        ("1", NumberFault.TOO_SHORT),
        ("06 39 98 44", NumberFault.TOO_SHORT),
        ("06 39 98 44 49 12", NumberFault.TOO_LONG),
        ("06 39 98 44 49 / 06 39 98 44 50", NumberFault.TOO_LONG),
        ("1234567890123456789012345", NumberFault.TOO_LONG),
        ("demander à Luc", NumberFault.NOT_A_NUMBER),
        ('=HYPERLINK("http://x")', NumberFault.NOT_A_NUMBER),
        ("0639984449 (bureau)", NumberFault.NOT_A_NUMBER),
        ("6,39984E+08", NumberFault.NOT_A_NUMBER),
        ("+", NumberFault.NOT_A_NUMBER),
        ("---", NumberFault.NOT_A_NUMBER),
        ("+999 12 34 56 78", NumberFault.UNKNOWN_COUNTRY_CODE),
        ("00999 12 34 56 78", NumberFault.UNKNOWN_COUNTRY_CODE),
        ("02 61 91 00 12", NumberFault.NOT_MOBILE),
        ("01 42 68 53 00", NumberFault.NOT_MOBILE),
        ("0800 123 456", NumberFault.NOT_MOBILE),
        ("+80012345678", NumberFault.NOT_MOBILE),
    ],
)
def test_what_cannot_be_sent_to_is_refused_with_its_reason(written: str, fault: NumberFault) -> None:
    assert parse_mobile(written, "FR") is fault


def test_the_reasons_are_the_documented_six() -> None:
    assert set(NumberFault) == {"no_number", "too_short", "too_long", "not_a_number", "unknown_country_code", "not_mobile"}


def test_every_countrys_own_example_is_read_back() -> None:
    for country in COUNTRIES:
        example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        for style in (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.NATIONAL):
            if example:
                read = parse_mobile(phonenumbers.format_number(example, style), country)
                assert isinstance(read, MobileNumber)
                assert read.e164 == phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)


@given(st.text(max_size=40), st.sampled_from(sorted(COUNTRIES)))
def test_no_text_breaks_the_reading_and_what_is_read_is_stable(written: str, country: str) -> None:
    read = parse_mobile(written, country)
    if isinstance(read, MobileNumber):
        again = parse_mobile(read.e164, "FR")
        assert isinstance(again, MobileNumber)
        assert again.e164 == read.e164


@pytest.mark.parametrize(
    ("address", "country", "number"),
    [
        ("33639980001", "", "+33639980001"),
        ("+33639980001", "FR", "+33639980001"),
        ("0033639980001", "FR", "+33639980001"),
        ("0639980001", "FR", "+33639980001"),
        ("639980001", "FR", "+33639980001"),
        ("33639980001", "FR", "+33639980001"),
        ("07700900001", "GB", "+447700900001"),
        ("2025550123", "US", "+12025550123"),
        ("4915112345678", "FR", "+4915112345678"),
        ("0639980001", "", None),
        ("36180", "FR", None),
        ("Lumen", "FR", None),
        ("+", "", None),
        ("", "", None),
    ],
)
def test_whom_a_message_came_from_is_read_as_contacts_are_stored(address: str, country: str, number: str | None) -> None:
    assert read_caller(address, country) == number


def test_an_address_that_says_it_is_national_is_read_in_its_country_alone() -> None:
    assert read_caller("639980001", "FR", national=True) == "+33639980001"
    assert read_caller("639980001", "", national=True) is None
    assert read_caller("491511234567890", "FR", national=True) is None


@given(st.text("+0123456789aé", max_size=20), st.sampled_from(["", "FR", "GB", "US"]), st.booleans())
def test_any_caller_is_read(address: str, country: str, national: bool) -> None:
    number = read_caller(address, country, national=national)
    assert number is None or number[0] == "+"
