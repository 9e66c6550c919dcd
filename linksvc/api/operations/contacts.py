"""Contacts over the API: a file goes in, and what became of each of its rows comes out."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from linksvc.api.once import answer_after
from linksvc.api.operation import Call, Download, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Parameters
from linksvc.contact_import import ImportOptions, import_contacts
from linksvc.contact_rows import MAX_CHARACTERS
from linksvc.database import reading
from linksvc.import_reports import ImportResult, read_import, rejected_csv
from linksvc.public_ids import format_id


class ImportParameters(Parameters):
    country: Annotated[str, StringConstraints(pattern="^([A-Z]{2})?$")] = Field(
        "",
        description="ISO 3166; reads national numbers in rows without a country of their own. Without it those rows are "
        "rejected with `unknown_country_code`.",
        examples=["FR"],
    )
    identity: Literal["number", "external_id"] = Field("number", description="What tells contacts apart.")
    tracking_consent: bool = Field(
        False,
        description="Whether the people in this file agreed that their personal links are followed. What is not declared "
        "was not collected.",
    )
    consent_source: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)] = Field(
        "", description="Where the consents come from, for rows that do not say; the file's name, unless told."
    )


class ImportAnswer(Answer):
    id: str
    file_name: str
    state: str = Field(
        description="running, finished, failed or interrupted. After the last two, import the same file again."
    )
    error: str = Field(description="Why it did not finish; else empty.")
    encoding: str
    delimiter: str
    identity: str
    country: str
    tracking_consent: bool
    rows: int = Field(description="added + merged + rejected, at every moment.")
    added: int
    merged: int
    rejected: int
    without_consent: int = Field(description="Contacts of a finished import that marketing is not sent to.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, result: ImportResult) -> Self:
        values: dict[str, Any] = {name: getattr(result, name) for name in cls.model_fields if name != "id"}
        return cls(id=format_id("import", result.import_id), **values)


def add_import(call: Call[ImportParameters, None]) -> Prepared:
    options = ImportOptions(
        file_name=call.upload.file_name[:MAX_CHARACTERS] or "contacts.csv",
        country=call.body.country,
        identity=call.body.identity,
        tracking_consent=call.body.tracking_consent,
        consent_source=call.body.consent_source.strip(),
    )
    file = call.upload.data
    return answer_after(
        call, lambda: ImportAnswer.of(import_contacts(call.engine, call.workspace_id, options, file, call.clock))
    )


def describe_import(call: Call[None, None]) -> ImportAnswer:
    with reading(call.engine) as session:
        return ImportAnswer.of(read_import(session, call.workspace_id, call.ids["import_id"], call.now()))


def download_rejected(call: Call[None, None]) -> Download:
    import_id = call.ids["import_id"]
    with reading(call.engine) as session:
        read_import(session, call.workspace_id, import_id, call.now())

    def chunks() -> Iterator[bytes]:
        with reading(call.engine) as session:
            yield from rejected_csv(session, call.workspace_id, import_id)

    return Download(f"rejected-{format_id('import', import_id)}.csv", "text/csv; charset=utf-8", chunks())


_NOT_FOUND = Failure(404, "import_not_found", "There is no such import in this workspace.")

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/contacts/import",
        name="import_contacts",
        summary="Import a contact file",
        description=(
            "A CSV file with a line of column names in French or English. The answer comes when all rows are stored; a file "
            "that cannot be read leaves nothing behind. Importing a file twice changes nothing."
        ),
        tag="contacts",
        scope="contacts:write",
        handler=add_import,
        body=ImportParameters,
        multipart=True,
        idempotency_key="optional",
        status=201,
        answer=ImportAnswer,
        failures=(
            Failure(422, "file_empty", "The file has no line of column names."),
            Failure(422, "file_not_text", "The file is an image, a spreadsheet or another binary file."),
            Failure(422, "file_broken_quotes", "A quote is opened and not closed."),
            Failure(422, "row_too_long", "A row has more cells than the line of column names."),
            Failure(422, "too_many_columns", "The file has more than 500 columns."),
            Failure(422, "no_phone_column", "No column is called as one of phone numbers; the detail lists the columns."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/imports/{import_id}",
        name="read_import",
        summary="Read how an import went",
        tag="contacts",
        scope="contacts:read",
        handler=describe_import,
        answer=ImportAnswer,
        failures=(_NOT_FOUND,),
    ),
    Operation(
        method="GET",
        path="/v1/imports/{import_id}/rejected.csv",
        name="download_rejected_rows",
        summary="Download the rejected rows",
        description=(
            "The rows as they came, with a reason (no_number, too_short, too_long, not_a_number, unknown_country_code, "
            "not_mobile) and their line. Cells that a spreadsheet would run as a formula begin with an apostrophe."
        ),
        tag="contacts",
        scope="contacts:read",
        handler=download_rejected,
        answer=None,
        media_type="text/csv",
        failures=(_NOT_FOUND,),
    ),
)
