from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from linksvc.contact_columns import map_columns
from linksvc.contact_directory import Arrival, Grant
from linksvc.contact_rows import RowReader, country_code, read_moment
from linksvc.csv_files import CsvRow
from linksvc.phone_numbers import NumberFault
from tests.factories import NOW

PARIS = ZoneInfo("Europe/Paris")


def read(country: str = "FR", tracking: bool = True, **cells: str) -> Arrival | NumberFault:
    row = {"Mobile": "0639980001"} | {name.replace("_", " "): cell for name, cell in cells.items()}
    header = tuple(row)
    reader = RowReader(map_columns(header), header, country, "import of a.csv", PARIS, NOW, tracking)
    return reader.read(CsvRow(2, tuple(row.values())))


def arrival(**cells: str) -> Arrival:
    found = read(**cells)
    assert isinstance(found, Arrival)
    return found


@pytest.mark.parametrize("cell", ["oui", "OUI", " Oui ", "yes", "x", "X", "1", "true", "TRUE", "vrai"])
def test_consent_is_a_clear_yes(cell: str) -> None:
    assert arrival(Accord_SMS=cell, Origine="jeu", Date_accord="2026-01-15").marketing == Grant(
        "jeu", datetime(2026, 1, 14, 23, tzinfo=UTC)
    )


@pytest.mark.parametrize("cell", ["", "non", "NON", "no", "0", "false", "peut-être", "?"])
def test_anything_else_is_no_consent(cell: str) -> None:
    assert arrival(Accord_SMS=cell).marketing is None


def test_a_consent_without_source_and_date_has_those_of_the_import() -> None:
    assert arrival(Accord_SMS="oui").marketing == Grant("import of a.csv", NOW)


def test_a_consent_cannot_be_given_after_the_file_that_tells_of_it() -> None:
    assert arrival(Accord_SMS="oui", Date_accord="2030-01-01").marketing == Grant("import of a.csv", NOW)


def test_tracking_is_consented_to_apart() -> None:
    assert arrival(Accord_SMS="non").tracking == Grant("import of a.csv", NOW)
    found = read(tracking=False, Accord_SMS="oui")
    assert isinstance(found, Arrival)
    assert found.tracking is None


def test_the_rows_country_helps_to_read_its_number() -> None:
    found = arrival(Mobile="07700 900123", Pays="Royaume-Uni")
    assert (found.number, found.country) == ("+447700900123", "GB")
    assert read(Mobile="07700 900123") is NumberFault.TOO_LONG


def test_what_cannot_be_seen_or_turns_the_direction_is_left_out_and_scripts_keep_their_joiners() -> None:
    found = arrival(
        Mobile="\u202a+33 6 39 98 00 01\u202c",
        Prenom="שלום \u202eabc",
        Nom="Mar\u200b\u0007tin\ufeff",
        Ville="\u2067علی\u200cآباد\u2069",
        Note="\u202eA\nB \U0001f469\u200d\U0001f469",
    )
    assert found.number == "+33639980001"
    assert found.details == {"first_name": "שלום abc", "last_name": "Martin", "city": "علی\u200cآباد"}
    assert found.fields == {"Note": "A\nB \U0001f469\u200d\U0001f469"}


def test_what_cannot_be_understood_is_kept_under_its_own_name() -> None:
    long = "x" * 201
    found = arrival(
        Fuseau="Mars",
        Langue="Klingon",
        Anniversaire="30/02/1992",
        Prenom=long,
        Carte="or",
        Date_accord="hier",
        Accord_SMS="x",
    )
    assert found.details == {}
    assert found.fields == {
        "Fuseau": "Mars",
        "Langue": "Klingon",
        "Anniversaire": "30/02/1992",
        "Prenom": long,
        "Carte": "or",
        "Date accord": "hier",
    }


def test_details_are_written_in_one_way() -> None:
    found = arrival(Prénom=" Zoé\n Anne ", Fuseau="Europe/Paris", Langue="Français", Anniversaire="29/02/1992")
    assert found.details == {
        "first_name": "Zoé Anne",
        "timezone": "Europe/Paris",
        "language": "fr",
        "birthday": "1992-02-29",
    }


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("FR", "FR"),
        ("fr", "FR"),
        ("France", "FR"),
        ("ROYAUME-UNI", "GB"),
        ("UK", "GB"),
        ("Canada", "CA"),
        ("", ""),
        ("?", ""),
    ],
)
def test_countries_are_known_by_code_and_name(written: str, code: str) -> None:
    assert country_code(written) == code


@pytest.mark.parametrize(
    ("written", "country", "moment"),
    [
        ("2026-01-15", "FR", datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("15/01/2026", "FR", datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("1/15/2026", "US", datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ("15.7.2026", "FR", datetime(2026, 7, 14, 22, tzinfo=UTC)),
        ("2026-01-15T10:30:00+02:00", "FR", datetime(2026, 1, 15, 8, 30, tzinfo=UTC)),
        ("2026-01-15 10:30", "FR", datetime(2026, 1, 15, 9, 30, tzinfo=UTC)),
        ("0001-01-01", "FR", None),
        ("15/13/2026", "FR", None),
        ("hier", "FR", None),
    ],
)
def test_a_day_begins_in_the_workspaces_zone(written: str, country: str, moment: datetime | None) -> None:
    assert read_moment(written, country, PARIS) == moment
