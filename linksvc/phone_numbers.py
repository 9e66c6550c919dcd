"""Phone numbers as people write them, turned into E.164, or refused with a reason. For contacts and whoever takes a number.

`phonenumbers` knows the numbering plans. What it calls invalid are the numbers that regulators reserve for films and tests:
those are accepted as mobile numbers, so that examples and tests never name a real person's.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""ISO 3166 codes of the countries whose national numbers can be read."""

_FICTION = (
    # ARCEP, decision 2009-0637 and its successors: 06 39 98 00 00 to 06 39 98 99 99.
    (33, re.compile(r"63998\d{4}"), "FR"),
    # Ofcom, "Telephone numbers for use in TV and radio drama programmes": 07700 900000 to 07700 900999.
    (44, re.compile(r"7700900\d{3}"), "GB"),
    # ATIS-0300115: 555-0100 to 555-0199 in every area code. The country is the area code's.
    (1, re.compile(r"[2-9]\d{2}55501\d{2}"), ""),
)

_WRITTEN = re.compile(r"[+\d\s()./\-]*")
"""Digits and what people put between them. A letter is not a digit, whatever the keypad says."""

_KEPT_AS_TEXT = re.compile(r'^="([^"]*)"$')
_WHOLE_FLOAT = re.compile(r"^(\d+)\.0$")
_DASHES = re.compile("[‐‑‒–—−]")
_DIALLED_ABROAD = re.compile(r"^\(?00\)?(?=[\s(.\-]*[1-9])")

_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


class NumberFault(StrEnum):
    """Why a number cannot be sent to: the reasons in an import's rejected rows."""

    NO_NUMBER = "no_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_COUNTRY_CODE = "unknown_country_code"
    NOT_MOBILE = "not_mobile"
    """A land line, a service number, or a range that nobody was given."""


@dataclass(frozen=True, slots=True)
class MobileNumber:
    """A number in E.164 and the ISO 3166 code of its country."""

    e164: str
    country: str


_PARSE_FAULTS = {
    NumberParseException.INVALID_COUNTRY_CODE: NumberFault.UNKNOWN_COUNTRY_CODE,
    NumberParseException.TOO_SHORT_AFTER_IDD: NumberFault.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: NumberFault.TOO_SHORT,
    NumberParseException.TOO_LONG: NumberFault.TOO_LONG,
}
_LENGTH_FAULTS = {
    ValidationResult.TOO_SHORT: NumberFault.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: NumberFault.TOO_SHORT,
    ValidationResult.INVALID_LENGTH: NumberFault.TOO_SHORT,
    ValidationResult.TOO_LONG: NumberFault.TOO_LONG,
}


def parse_mobile(written: str, country: str) -> MobileNumber | NumberFault:
    """Reads a number; `country` (ISO 3166, one of COUNTRIES) says how to read one written without its country code;
    empty: such a number has an unknown country code."""
    cleaned = _clean(written)
    if not cleaned:
        return NumberFault.NO_NUMBER
    if not _WRITTEN.fullmatch(cleaned) or not any(c.isdigit() for c in cleaned):
        return NumberFault.NOT_A_NUMBER
    try:
        parsed = phonenumbers.parse(cleaned, country)
    except NumberParseException as error:
        fault = _PARSE_FAULTS.get(error.error_type)
        return fault or (NumberFault.TOO_SHORT if cleaned.isdigit() else NumberFault.NOT_A_NUMBER)
    return _mobile(parsed, country)


SHORTEST_NUMBER = 7
"""Digits; what has fewer is a short code."""


def read_caller(address: str, country: str, *, national: bool = False) -> str | None:
    """The E.164 form of the address that a message came from, or None: a short code, a name, or a national number whose
    country is not known. `country` (ISO 3166) is that of national numbers; empty: not known. `national`: the address says
    that it is one; else it may be one, if it is a mobile number of that country as it stands."""
    digits = address.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()) or len(digits) < SHORTEST_NUMBER:
        return None
    if address.startswith("+"):
        return address
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if national or digits.startswith("0"):
        return _of_country(digits, country) if country else None
    own = parse_mobile(digits, country) if country and not _begins_with_code(digits, country) else None
    return own.e164 if isinstance(own, MobileNumber) else f"+{digits}"


def _begins_with_code(digits: str, country: str) -> bool:
    return digits.startswith(str(phonenumbers.country_code_for_region(country))) and _is_possible(f"+{digits}")


def _of_country(digits: str, country: str) -> str | None:
    try:
        parsed = phonenumbers.parse(digits, country)
    except NumberParseException:
        return None
    return _e164(parsed) if phonenumbers.is_possible_number(parsed) else None


def _is_possible(international: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(international, None))
    except NumberParseException:
        return False


def _clean(written: str) -> str:
    """Without what spreadsheets add: full-width digits, an apostrophe or ="..." that keeps a zero, ".0" behind a number."""
    text = written.strip() if written.isascii() else _ascii(written)
    text = _KEPT_AS_TEXT.sub(r"\1", text).lstrip("'’").strip()
    text = _WHOLE_FLOAT.sub(r"\1", text)
    # No country dials 00 within itself, and two thirds of the world dial it before a country code.
    return _DIALLED_ABROAD.sub("+", text)


def _ascii(written: str) -> str:
    """Digits, spaces and dashes of other alphabets as those of ours; without invisible marks of direction."""
    text = unicodedata.normalize("NFKC", written)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf").strip()
    return _DASHES.sub("-", text)


def _mobile(parsed: phonenumbers.PhoneNumber, country: str) -> MobileNumber | NumberFault:
    if fiction := _fictional_country(parsed, country):
        return MobileNumber(_e164(parsed), fiction)
    length = phonenumbers.is_possible_number_with_reason(parsed)
    if length in _LENGTH_FAULTS:
        return _LENGTH_FAULTS[length]
    if length == ValidationResult.INVALID_COUNTRY_CODE:
        return NumberFault.UNKNOWN_COUNTRY_CODE
    if phonenumbers.number_type(parsed) not in _MOBILE:
        return NumberFault.NOT_MOBILE
    return MobileNumber(_e164(parsed), phonenumbers.region_code_for_number(parsed) or country)


def _e164(parsed: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _fictional_country(parsed: phonenumbers.PhoneNumber, country: str) -> str:
    """The country of a number reserved for fiction, else empty."""
    national = str(parsed.national_number)
    for code, pattern, region in _FICTION:
        if parsed.country_code == code and pattern.fullmatch(national):
            return region or _country_of_area(national[:3], country)
    return ""


def _country_of_area(area: str, country: str) -> str:
    """The country of a North American area code: asked with an ordinary line of it, as 555-01xx is none."""
    ordinary = phonenumbers.PhoneNumber(country_code=1, national_number=int(area + "2345678"))
    found = phonenumbers.region_code_for_number(ordinary)
    return found or (country if phonenumbers.country_code_for_region(country) == 1 else "US")
