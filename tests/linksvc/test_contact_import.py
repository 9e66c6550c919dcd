import csv
import io
import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlmodel import SQLModel, col, func, select

from linksvc.contact_import import ImportOptions, import_contacts
from linksvc.contacts import count_by_country, count_sendable
from linksvc.database import open_engine, reading, writing
from linksvc.errors import InvalidRequest, NotFound
from linksvc.import_reports import ImportResult, read_import, rejected_csv
from linksvc.models import Consent, Contact, ContactImport, ImportedContact, RejectedRow, Suppression
from tests import factories
from tests.conftest import DATA
from tests.factories import NOW

BY_NUMBER = ImportOptions("contacts.csv", "FR", "number", tracking_consent=True)
BY_ID = replace(BY_NUMBER, identity="external_id")


class Killed(BaseException):
    """What no handler expects: the end of the process, as far as the import can tell."""


@contextmanager
def failing_at(engine: Engine, start: str) -> Iterator[None]:
    """Makes every statement fail that begins like this."""

    def fail(*arguments: Any) -> None:
        if arguments[2].startswith(start):
            raise RuntimeError("The disk is full.")

    event.listen(engine, "before_cursor_execute", fail)
    yield
    event.remove(engine, "before_cursor_execute", fail)


def load(
    engine: Engine, workspace_id: int, *lines: str, options: ImportOptions = BY_NUMBER, at: datetime = NOW
) -> ImportResult:
    data = "\n".join(lines).encode()
    result = import_contacts(engine, workspace_id, options, data, lambda: at)
    assert result.state == "finished"
    assert result.rows == result.added + result.merged + result.rejected
    return result


def contacts(engine: Engine) -> Sequence[Contact]:
    with reading(engine) as session:
        return session.exec(select(Contact).order_by(col(Contact.id))).all()


def count(engine: Engine, table: type[SQLModel]) -> int:
    with reading(engine) as session:
        return session.exec(select(func.count()).select_from(table)).one()


def rejected(engine: Engine, workspace_id: int, import_id: int) -> list[list[str]]:
    with reading(engine) as session:
        text = b"".join(rejected_csv(session, workspace_id, import_id)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


def test_the_french_file_gives_exactly_the_expected_counts(engine: Engine) -> None:
    expected = json.loads((DATA / "contacts_fr.expected.json").read_text())
    workspace_id = factories.workspace(engine)
    result = import_contacts(engine, workspace_id, BY_NUMBER, (DATA / "contacts_fr.csv").read_bytes(), lambda: NOW)
    assert (result.encoding, result.delimiter, result.rows) == (
        expected["encoding"],
        expected["delimiter"],
        expected["rows"],
    )
    assert (result.added, result.merged) == (expected["contacts"], expected["duplicates_merged"])
    assert (result.rejected, result.without_consent) == (expected["rejected"], expected["without_consent"])
    with reading(engine) as session:
        assert count_by_country(session, workspace_id) == expected["countries"]
        assert count_sendable(session, workspace_id) == expected["sendable"]
    reasons = sorted(row[-2] for row in rejected(engine, workspace_id, result.import_id)[1:])
    assert reasons == [
        "no_number",
        "not_a_number",
        "not_a_number",
        "not_mobile",
        "too_long",
        "too_short",
        "too_short",
        "unknown_country_code",
    ]


def test_importing_the_same_file_again_changes_nothing(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    data = (DATA / "contacts_fr.csv").read_bytes()
    import_contacts(engine, workspace_id, BY_NUMBER, data, lambda: NOW)
    before, consents = contacts(engine), count(engine, Consent)
    again = import_contacts(engine, workspace_id, BY_NUMBER, data, lambda: NOW)
    assert (again.added, again.merged, again.rejected) == (0, 520, 8)
    assert contacts(engine) == before
    assert count(engine, Consent) == consents


def test_a_consent_is_stored_with_its_source_and_date(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    result = load(engine, workspace_id, "Mobile;Accord SMS;Origine;Date accord", "0639980001;oui;jeu concours;2026-01-15")
    with reading(engine) as session:
        consents = session.exec(select(Consent).order_by(Consent.purpose)).all()
    marketing, tracking = consents
    given = datetime.fromisoformat("2026-01-14T23:00:00Z")
    assert (marketing.purpose, marketing.source, marketing.occurred_at) == ("marketing", "jeu concours", given)
    assert (tracking.purpose, tracking.source, tracking.occurred_at) == ("tracking", "import of contacts.csv", NOW)
    assert {(one.granted, one.channel, one.import_id, one.recorded_at) for one in consents} == {
        (True, "sms", result.import_id, NOW)
    }
    (contact,) = contacts(engine)
    assert (contact.marketing_consent_at, contact.tracking_consent_at) == (given, NOW)


def test_consent_to_tracking_is_what_the_importer_declared(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    options = replace(BY_NUMBER, tracking_consent=False)
    load(engine, workspace_id, "Mobile;Accord SMS", "0639980001;oui", options=options)
    (contact,) = contacts(engine)
    assert (contact.marketing_consent_at, contact.tracking_consent_at) == (NOW, None)


def test_a_later_file_without_consent_withdraws_none(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    load(engine, workspace_id, "Mobile;Accord SMS", "0639980001;oui")
    later = NOW + timedelta(days=1)
    options = replace(BY_NUMBER, tracking_consent=False)
    result = load(engine, workspace_id, "Mobile;Accord SMS", "0639980001;non", options=options, at=later)
    (contact,) = contacts(engine)
    assert (contact.marketing_consent_at, contact.tracking_consent_at) == (NOW, NOW)
    assert result.without_consent == 0


def test_a_consent_older_than_its_withdrawal_does_not_come_back(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    contact_id = factories.contact(engine, workspace_id, "+33639980001", marketing_consent_at=None)
    withdrawal = Consent(
        workspace_id=workspace_id,
        contact_id=contact_id,
        purpose="marketing",
        granted=False,
        source="by phone",
        occurred_at=NOW,
        recorded_at=NOW,
    )
    factories.add(engine, withdrawal)
    later = NOW + timedelta(days=30)
    header = "Mobile;Accord SMS;Date accord"
    load(engine, workspace_id, header, "0639980001;oui;2026-01-15", at=later)
    assert contacts(engine)[0].marketing_consent_at is None
    load(engine, workspace_id, header, "0639980001;oui;2026-12-01", at=later)
    assert contacts(engine)[0].marketing_consent_at == datetime.fromisoformat("2026-11-30T23:00:00Z")


def test_an_import_never_lifts_a_suppression(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with writing(engine) as session:
        session.add(
            Suppression(workspace_id=workspace_id, number="+33639980001", reason="stop", occurred_at=NOW, recorded_at=NOW)
        )
    load(engine, workspace_id, "Mobile;Accord SMS", "0639980001;oui", "0639980002;oui")
    assert count(engine, Suppression) == 1
    with reading(engine) as session:
        assert count_sendable(session, workspace_id) == 1


def test_merging_keeps_the_newest_field_that_is_not_empty(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    header = "Mobile;Prénom;Ville;Carte;Points"
    load(engine, workspace_id, header, "0639980001;Zoé;Lyon;or;", "06 39 98 00 01;;Paris;;7")
    result = load(engine, workspace_id, header, "+33639980001;Zoë;;argent;", at=NOW + timedelta(days=1))
    (contact,) = contacts(engine)
    assert (contact.first_name, contact.city) == ("Zoë", "Paris")
    assert json.loads(contact.fields) == {"Carte": "argent", "Points": "7"}
    assert (contact.created_at, contact.updated_at) == (NOW, NOW + timedelta(days=1))
    assert (result.added, result.merged) == (0, 1)


def test_the_language_of_a_contact_is_kept_in_two_letters_and_the_newest_stays(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    load(engine, workspace_id, "Mobile;Langue", "0639980001;Français", "0639980002;en-GB", "0639980003;", "0639980004;???")
    assert [one.language for one in contacts(engine)] == ["fr", "en", "", ""]
    assert json.loads(contacts(engine)[3].fields) == {"Langue": "???"}
    load(engine, workspace_id, "Mobile;Sprache", "0639980001;", "0639980002;Deutsch")
    assert [one.language for one in contacts(engine)][:2] == ["fr", "de"]


def test_contacts_told_apart_by_an_external_id_may_share_a_number(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    result = load(
        engine,
        workspace_id,
        "Mobile;Code client;Prénom",
        "0639980001;C1;Zoé",
        "0639980001;C2;Paul",
        "0639980003;C1;",
        options=BY_ID,
    )
    assert (result.added, result.merged) == (2, 1)
    assert [(c.identity, c.number, c.first_name) for c in contacts(engine)] == [
        ("x:C1", "+33639980003", "Zoé"),
        ("x:C2", "+33639980001", "Paul"),
    ]


def test_a_row_without_an_external_id_goes_by_its_number(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    lines = ("Mobile;Code client;Prénom", "0639980001;C1;Zoé", "0639980001;;Anne", "0639980002;;Paul")
    result = load(engine, workspace_id, *lines, options=BY_ID)
    assert (result.added, result.merged) == (2, 1)
    assert [(c.identity, c.first_name) for c in contacts(engine)] == [("x:C1", "Anne"), ("n:+33639980002", "Paul")]


def test_nobody_becomes_two_contacts_when_the_identity_changes(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    lines = ("Mobile;Code client", "0639980001;C1", "0639980002;")
    load(engine, workspace_id, *lines)
    assert load(engine, workspace_id, "Mobile;Code client", "0639980001;C1", "0639980002;C2", options=BY_ID).added == 0
    assert load(engine, workspace_id, *lines).added == 0
    assert [(c.identity, c.external_id) for c in contacts(engine)] == [("x:C1", "C1"), ("x:C2", "C2")]
    assert load(engine, workspace_id, "Mobile;Code client", "0639980001;C9", options=BY_ID).added == 1


def test_the_same_person_in_two_workspaces_is_two_contacts(engine: Engine) -> None:
    ours, theirs = factories.workspace(engine), factories.workspace(engine, "Somebody else")
    assert load(engine, ours, "Mobile", "0639980001").added == 1
    assert load(engine, theirs, "Mobile", "0639980001").added == 1


def test_rejected_rows_come_back_with_reason_and_line_and_no_formula(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    result = load(engine, workspace_id, "Mobile;@Note", "0639980001;ok", '3630;"=1+1"', "", ";-2", "+999123456789;x")
    assert rejected(engine, workspace_id, result.import_id) == [
        ["Mobile", "'@Note", "reason", "line"],
        ["3630", "'=1+1", "too_short", "3"],
        ["", "'-2", "no_number", "5"],
        ["'+999123456789", "x", "unknown_country_code", "6"],
    ]


def test_a_corrected_file_of_rejected_rows_can_be_imported(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    first = load(engine, workspace_id, "Mobile;Note", "+336399800;vip")
    with reading(engine) as session:
        data = b"".join(rejected_csv(session, workspace_id, first.import_id)).replace(b"+336399800", b"+33639980001")
    import_contacts(engine, workspace_id, BY_NUMBER, data, lambda: NOW)
    assert [(c.number, c.fields) for c in contacts(engine)] == [("+33639980001", '{"Note": "vip"}')]


def test_an_import_is_seen_from_its_own_workspace_only(engine: Engine) -> None:
    result = load(engine, factories.workspace(engine), "Mobile", "1")
    other = factories.workspace(engine, "Somebody else")
    with reading(engine) as session:
        with pytest.raises(NotFound):
            read_import(session, other, result.import_id, NOW)
        with pytest.raises(NotFound):
            rejected_csv(session, other, result.import_id)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"Nom;Ville\nZo;Lyon\n",
        b'Mobile;Nom\n0639980001;Zo\n0639980002;"Paul\n',
        b"Mobile;Nom\n" + b"0639980001;Zo\n" * 3_000 + b"0639980002;a;b\n",
        b"Mobile;Nom\n0639980001;Z\x00o\n",
    ],
    ids=["empty", "image", "no numbers", "broken quotes", "a cell too many on the last line", "NUL"],
)
def test_a_file_that_cannot_be_read_leaves_nothing(sqlite_url: str, data: bytes) -> None:
    engine = open_engine(sqlite_url)
    workspace_id = factories.workspace(engine)
    with pytest.raises(InvalidRequest):
        import_contacts(engine, workspace_id, BY_NUMBER, data, lambda: NOW)
    assert (count(engine, ContactImport), count(engine, Contact), count(engine, RejectedRow)) == (0, 0, 0)
    engine.dispose()


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"country": "fr"}, "country"), ({"country": "ZZ"}, "country"), ({"identity": "name"}, "identity")],
)
def test_options_are_checked_first(sqlite_url: str, changes: dict[str, Any], field: str) -> None:
    engine = open_engine(sqlite_url)
    with pytest.raises(InvalidRequest) as refused:
        import_contacts(engine, factories.workspace(engine), replace(BY_NUMBER, **changes), b"Mobile\n1", lambda: NOW)
    assert refused.value.errors[0].field == field
    engine.dispose()


def test_an_unknown_workspace_is_told(engine: Engine) -> None:
    with pytest.raises(NotFound):
        import_contacts(engine, 99, BY_NUMBER, b"Mobile\n0639980001\n", lambda: NOW)


def test_an_import_that_breaks_off_says_so_and_can_be_repeated(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    data = b"Mobile;Accord SMS\n" + b"".join(b"06399800%02d;oui\n" % i for i in range(100)) * 12
    ticks = iter([NOW] * 3)

    def clock() -> datetime:
        for tick in ticks:
            return tick
        raise Killed

    with pytest.raises(Killed):
        import_contacts(engine, workspace_id, BY_NUMBER, data, clock)
    with reading(engine) as session:
        stopped = read_import(session, workspace_id, 1, NOW)
        late = read_import(session, workspace_id, 1, NOW + timedelta(minutes=5))
    assert stopped.state == "running"
    assert (late.state, late.rows) == ("interrupted", 1_000)
    assert late.rows == late.added + late.merged + late.rejected
    again = import_contacts(engine, workspace_id, BY_NUMBER, data, lambda: NOW)
    assert (again.state, again.rows, again.added) == ("finished", 1_200, 0)
    assert len(contacts(engine)) == 100


def test_an_import_that_fails_is_marked_as_failed(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    with failing_at(engine, "INSERT INTO rejected_row"), pytest.raises(RuntimeError):
        import_contacts(engine, workspace_id, BY_NUMBER, b"Mobile\n0639980001\n12\n", lambda: NOW)
    with reading(engine) as session:
        result = read_import(session, workspace_id, 1, NOW)
    assert (result.state, result.rows, result.finished_at) == ("failed", 0, NOW)
    assert "again" in result.error
    assert contacts(engine) == []


def test_two_imports_at_once_make_each_person_once(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    lines = [f"06399801{i % 100:02d};v{i}" for i in range(1_500)]
    data = "\n".join(["Mobile;Note", *lines]).encode()
    results: list[ImportResult] = []

    def run() -> None:
        results.append(import_contacts(engine, workspace_id, BY_NUMBER, data, lambda: NOW))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(contacts(engine)) == 100
    assert sum(result.added for result in results) == 100
    assert [result.rows for result in results] == [1_500] * 3


def test_an_import_knows_its_contacts_once_each(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    load(engine, workspace_id, "Mobile", "0639980001", "0639980002")
    result = load(engine, workspace_id, "Mobile", "0639980002", "0639980003", "0639980003")
    with reading(engine) as session:
        held = session.exec(select(ImportedContact.contact_id).where(ImportedContact.import_id == result.import_id)).all()
    assert sorted(held) == [2, 3]


ROW = st.tuples(
    st.sampled_from(["0639980001", "+33 6 39 98 00 02", "639980003", "36 30", "", "?"]),
    st.sampled_from(["", "C1", "C2", "C3"]),
    st.sampled_from(["", "Zoé", "Paul"]),
    st.sampled_from(["oui", "non", ""]),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=12), st.integers(min_value=0), st.sampled_from(["number", "external_id"]))
def test_one_file_or_two_halves_give_the_same_contacts(
    sqlite_url: str, rows: list[tuple[str, ...]], cut: int, identity: str
) -> None:
    engine = open_engine(sqlite_url)
    options = replace(BY_NUMBER, identity=identity)
    name = uuid.uuid4().hex
    whole, halves = factories.workspace(engine, f"whole {name}"), factories.workspace(engine, f"halves {name}")
    lines = [";".join(row) for row in rows]
    header = "Mobile;Code client;Prénom;Accord SMS"
    once = load(engine, whole, header, *lines, options=options)
    at = cut % (len(lines) + 1)
    parts = [load(engine, halves, header, *half, options=options) for half in (lines[:at], lines[at:])]
    for figure in ("rows", "added", "merged", "rejected"):
        assert getattr(once, figure) == sum(getattr(part, figure) for part in parts)
    with reading(engine) as session:
        columns = select(Contact.identity, Contact.number, Contact.first_name, Contact.marketing_consent_at)
        of_both = [
            session.exec(columns.where(Contact.workspace_id == id).order_by(col(Contact.id))).all() for id in (whole, halves)
        ]
    assert of_both[0] == of_both[1]
    engine.dispose()
