import csv
import io
import json
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from linksvc.database import reading
from linksvc.models import Consent, Contact
from tests import factories
from tests.conftest import DATA
from tests.linksvc.api.conftest import Api, check_problem

FRENCH = (DATA / "contacts_fr.csv").read_bytes()


def upload(api: Api, data: bytes, name: str = "contacts.csv", **fields: str | None) -> httpx2.Response:
    form: dict[str, Any] = {"country": "FR", "tracking_consent": "true"} | fields
    form = {name: value for name, value in form.items() if value is not None}
    return api.post("/v1/contacts/import", data=form, files={"file": (name, data, "text/csv")})


def test_a_file_is_imported_and_its_rejected_rows_come_back(api: Api) -> None:
    answer = upload(api, FRENCH)
    assert answer.status_code == 201, answer.text
    expected = json.loads((DATA / "contacts_fr.expected.json").read_text())
    found = answer.json()
    assert (found["state"], found["rows"], found["rejected"]) == ("finished", expected["rows"], expected["rejected"])
    assert (found["added"], found["merged"]) == (expected["contacts"], expected["duplicates_merged"])
    assert found["without_consent"] == expected["without_consent"]
    assert api.get(f"/v1/imports/{found['id']}").json() == found
    file = api.get(f"/v1/imports/{found['id']}/rejected.csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == f'attachment; filename="rejected-{found["id"]}.csv"'
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == expected["rejected"]
    assert (rows[0]["reason"], rows[0]["line"]) == ("not_a_number", "42")
    assert rows[0]["Téléphone mobile"].startswith("'=")


UNREADABLE = {
    "file_not_text": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "file_empty": b"",
    "no_phone_column": b"Nom;Ville\nZo;Lyon\n",
    "file_broken_quotes": b'Mobile;Nom\n1;"open\n',
    "row_too_long": b"Mobile\n1;2\n",
}


def test_a_file_that_cannot_be_read_is_a_problem_and_leaves_nothing(api: Api, subtests: pytest.Subtests) -> None:
    for code, data in UNREADABLE.items():
        with subtests.test(code):
            check_problem(upload(api, data), 422, code)
    check_problem(api.get("/v1/imports/imp_1"), 404, "import_not_found")


def test_consent_to_tracking_that_is_not_declared_was_not_collected(api: Api) -> None:
    assert upload(api, FRENCH, tracking_consent=None).json()["tracking_consent"] is False
    with reading(api.engine) as session:
        assert set(session.exec(select(Contact.tracking_consent_at))) == {None}
        assert "tracking" not in set(session.exec(select(Consent.purpose)))


def test_without_a_country_only_numbers_that_name_theirs_are_taken(api: Api) -> None:
    answer = upload(api, b"Mobile\n0639980001\n+33639980002\n", country=None).json()
    assert (answer["added"], answer["rejected"]) == (1, 1)


def test_wrong_fields_are_named(api: Api) -> None:
    for field, value in (("country", "France"), ("country", "ZZ"), ("identity", "e-mail"), ("colour", "red")):
        problem = check_problem(upload(api, FRENCH, **{field: value}), 422, "invalid_request")
        assert [error["field"] for error in problem["errors"]] == [field]


def test_a_file_name_is_only_a_name(api: Api) -> None:
    answer = upload(api, b"Mobile\n0639980001\n", name="x" * 255)
    assert answer.status_code == 201
    assert answer.json()["file_name"] == "x" * 200


def test_a_key_needs_its_scope(api: Api) -> None:
    key = api.make_key("contacts:read")
    files = {"file": ("a.csv", b"Mobile\n0639980001\n")}
    answer = api.post("/v1/contacts/import", key=key, data={"country": "FR", "tracking_consent": "true"}, files=files)
    check_problem(answer, 403, "scope_missing")


def test_another_workspaces_import_is_not_found(api: Api) -> None:
    import_id = upload(api, b"Mobile\n12\n").json()["id"]
    key = api.make_key(workspace_id=factories.workspace(api.engine, "Somebody else"))
    for path in (f"/v1/imports/{import_id}", f"/v1/imports/{import_id}/rejected.csv"):
        check_problem(api.get(path, key=key), 404, "import_not_found")
