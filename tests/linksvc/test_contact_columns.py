import pytest

from linksvc.contact_columns import NAMES, map_columns
from linksvc.errors import InvalidRequest


@pytest.mark.parametrize(
    "header",
    [
        "Prénom;Nom;Téléphone mobile;Ville;Code client;Pays;Accord SMS;Date accord;Origine;Fuseau;Langue;Anniversaire",
        "PRENOM;NOM;Tél. mobile;VILLE;code_client;PAYS;accord-sms;Date d’accord;ORIGINE;Fuseau horaire;LANG;Naissance",
        "First name;Last name;Mobile phone;City;Customer ID;Country;SMS consent;Consent date;Source;TZ;Language;Birthday",
    ],
)
def test_french_and_english_names_mean_the_same_fields(header: str) -> None:
    columns = map_columns(header.split(";"))
    fields = ["first_name", "last_name", "phone", "city", "external_id", "country", "consent", "consent_at", "source"]
    assert columns.known == {field: i for i, field in enumerate([*fields, "timezone", "language", "birthday"])}
    assert columns.others == {}


@pytest.mark.parametrize("name", ["Sprache", "Idioma", "Langue préférée", "Locale"])
def test_a_language_may_be_called_so(name: str) -> None:
    assert map_columns(["Mobile", name]).known == {"phone": 0, "language": 1}


def test_no_name_means_two_fields() -> None:
    names = [name.strip() for names in NAMES.values() for name in names.split(",")]
    assert len(names) == len(set(names))


def test_of_two_columns_of_numbers_the_mobile_one_is_taken() -> None:
    columns = map_columns(["Téléphone", "Mobile", "Note", "", "Note"])
    assert columns.known == {"phone": 1}
    assert columns.others == {0: "Téléphone", 2: "Note", 3: "column 4", 4: "Note (2)"}


def test_corrected_rejected_rows_may_come_back() -> None:
    assert map_columns(["Mobile", "Note", "reason", "line"]).others == {1: "Note"}


def test_a_file_without_numbers_is_told_which_columns_it_has() -> None:
    with pytest.raises(InvalidRequest, match="“Nom”, “E-mail”") as refused:
        map_columns(["Nom", "E-mail"])
    assert refused.value.code == "no_phone_column"
