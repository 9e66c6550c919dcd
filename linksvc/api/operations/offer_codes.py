"""An offer's codes over the API: made, imported, shared by all, handed out as a file, taken back."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints
from sqlmodel import Session

from linksvc.api.once import answer_after, answer_once
from linksvc.api.operation import Call, Download, Failure, Operation, Prepared
from linksvc.api.payloads import Answer, Parameters, Payload
from linksvc.code_dealing import Source
from linksvc.code_export import export_csv
from linksvc.code_generation import draw, home_of, store_as_many
from linksvc.code_import import ImportedList, ImportOptions, import_codes
from linksvc.code_withdrawal import set_disabled, set_withdrawn
from linksvc.code_worth import TYPED_MOST
from linksvc.database import reading
from linksvc.names import LONGEST
from linksvc.new_offers import USES_MOST
from linksvc.offer_codes import OfferCodes, read_codes
from linksvc.public_ids import format_id
from linksvc.shared_codes import USES_MOST as SHARED_USES_MOST
from linksvc.shared_codes import SharedCode, share

GENERATED_MOST = 10_000
"""In one request: one transaction, for which tills may have to wait."""

Code = Annotated[str, StringConstraints(min_length=1, max_length=TYPED_MOST)]


class GenerationPayload(Payload):
    count: int = Field(ge=1, le=GENERATED_MOST, description="More take several requests, or `ricochet code generate`.")


class GenerationAnswer(Answer):
    offer_id: str
    generated: int


class ImportParameters(Parameters):
    uses: int | None = Field(
        None, ge=1, le=USES_MOST, description="How often each code may be used; as the offer says, unless told."
    )
    header: bool = Field(True, description="False: the file has one column of codes and no line of column names.")
    skip_faults: bool = Field(
        False, description="Take what is good in a list with faults; else any fault refuses all of it."
    )


class FaultAnswer(Answer):
    line: int
    reason: Literal["no_code", "too_short", "too_long", "twice", "clash"]
    message: str


class CodeImportAnswer(Answer):
    offer_id: str
    file_name: str
    rows: int = Field(description="added + present + faulty")
    added: int
    present: int = Field(description="Codes that lists of this offer had brought already.")
    faulty: int
    faults: list[FaultAnswer] = Field(description="The first thousand of the lines that were left out.")

    @classmethod
    def of(cls, result: ImportedList, offer_id: int) -> Self:
        return cls(
            offer_id=format_id("offer", offer_id),
            file_name=result.file_name,
            rows=result.rows,
            added=result.added,
            present=result.present,
            faulty=len(result.faults),
            faults=[FaultAnswer.model_validate(fault, from_attributes=True) for fault in result.faults[:1_000]],
        )


class SharedPayload(Payload):
    code: Code = Field(description="As it is to be read; compared without case, spaces and dashes.", examples=["NOEL25"])
    uses: int = Field(ge=1, le=SHARED_USES_MOST, description="How often it may be used in all.")


class SharedAnswer(Answer):
    code: str
    uses: int
    used: int

    @classmethod
    def of(cls, shared: SharedCode) -> Self:
        return cls(code=shared.code, uses=shared.max_uses, used=shared.used)


class ListAnswer(Answer):
    file_name: str
    state: str = Field(description="running, finished or undone: nothing of it was kept.")
    added: int
    created_at: datetime
    finished_at: datetime | None


class OfferCodesAnswer(Answer):
    offer_id: str
    withdrawn_at: datetime | None
    shared: SharedAnswer | None
    generated: int = Field(description="Codes made for it that belong to no message, used or not.")
    undealt: int = Field(description="Codes of its lists that no message got yet, and nobody used.")
    lists: list[ListAnswer] = Field(description="The newest hundred, newest first.")

    @classmethod
    def of(cls, codes: OfferCodes, offer_id: int) -> Self:
        return cls(
            offer_id=format_id("offer", offer_id),
            withdrawn_at=codes.withdrawn_at,
            shared=SharedAnswer.of(codes.shared) if codes.shared else None,
            generated=codes.generated,
            undealt=codes.undealt,
            lists=[ListAnswer.model_validate(one, from_attributes=True) for one in codes.lists],
        )


class ExportParameters(Parameters):
    source: Source | None = Field(None, description="Only codes of this source.")


class CodePayload(Payload):
    code: Code


class DisabledAnswer(Answer):
    code: str = Field(description="As it was sent.")
    disabled: bool


def generate_codes(call: Call[GenerationPayload, None]) -> Prepared:
    offer_id, count = call.ids["offer_id"], call.body.count
    with reading(call.engine) as session:
        home = home_of(session, call.workspace_id, offer_id)
    codes = draw(call.engine, call.keyring, count)

    def work(session: Session) -> GenerationAnswer:
        store_as_many(session, call.keyring, home, codes)
        return GenerationAnswer(offer_id=format_id("offer", offer_id), generated=count)

    return answer_once(call, work)


def import_list(call: Call[ImportParameters, None]) -> Prepared:
    offer_id, sent = call.ids["offer_id"], call.body
    name = call.upload.file_name[:LONGEST] or "codes.csv"
    options = ImportOptions(name, sent.uses, sent.header, sent.skip_faults)

    def work() -> CodeImportAnswer:
        found = import_codes(call.engine, call.workspace_id, offer_id, options, call.upload.data, call.clock)
        return CodeImportAnswer.of(found, offer_id)

    return answer_after(call, work)


def share_code(call: Call[SharedPayload, None]) -> Prepared:
    offer_id, sent = call.ids["offer_id"], call.body
    return answer_once(
        call, lambda session: SharedAnswer.of(share(session, call.workspace_id, offer_id, sent.code, sent.uses))
    )


def describe_codes(call: Call[None, None]) -> OfferCodesAnswer:
    with reading(call.engine) as session:
        return _describe(call, session)


def download_codes(call: Call[None, ExportParameters]) -> Download:
    offer_id = call.ids["offer_id"]
    with reading(call.engine) as session:
        home_of(session, call.workspace_id, offer_id)
    chunks = export_csv(call.engine, call.workspace_id, offer_id, call.query.source)
    return Download(f"codes-{format_id('offer', offer_id)}.csv", "text/csv; charset=utf-8", chunks)


def withdraw_offer(call: Call[None, None]) -> Prepared:
    return _set_withdrawn(call, True)


def restore_offer(call: Call[None, None]) -> Prepared:
    return _set_withdrawn(call, False)


def disable_code(call: Call[CodePayload, None]) -> Prepared:
    return _set_disabled(call, True)


def enable_code(call: Call[CodePayload, None]) -> Prepared:
    return _set_disabled(call, False)


def _set_withdrawn(call: Call[None, None], withdrawn: bool) -> Prepared:
    def work(session: Session) -> OfferCodesAnswer:
        set_withdrawn(session, call.workspace_id, call.ids["offer_id"], withdrawn, call.now())
        return _describe(call, session)

    return answer_once(call, work)


def _set_disabled(call: Call[CodePayload, None], disabled: bool) -> Prepared:
    def work(session: Session) -> DisabledAnswer:
        set_disabled(session, call.workspace_id, call.body.code, disabled)
        return DisabledAnswer(code=call.body.code, disabled=disabled)

    return answer_once(call, work)


def _describe(call: Call[Any, None], session: Session) -> OfferCodesAnswer:
    offer_id = call.ids["offer_id"]
    return OfferCodesAnswer.of(read_codes(session, call.workspace_id, offer_id), offer_id)


_NO_OFFER = Failure(404, "offer_not_found", "There is no such offer in this workspace.")
_NO_CODE = Failure(404, "code_not_found", "There is no such code in this workspace.")


def _change(path: str, name: str, summary: str, handler: Callable[[Call[Any, Any]], Prepared], **options: Any) -> Operation:
    """A change of codes: told over POST, for those who define offers."""
    defaults: dict[str, Any] = {"tag": "offers", "scope": "offers:write", "idempotency_key": "optional"}
    return Operation(method="POST", path=path, name=name, summary=summary, handler=handler, **(defaults | options))


OPERATIONS = (
    _change(
        "/v1/offers/{offer_id}/codes/generate",
        "generate_codes",
        "Generate codes",
        generate_codes,
        description="For print or mail: codes that belong to no message. Messages get theirs when their campaign is sent.",
        body=GenerationPayload,
        idempotency_key="required",
        status=201,
        answer=GenerationAnswer,
        failures=(_NO_OFFER,),
    ),
    _change(
        "/v1/offers/{offer_id}/codes/import",
        "import_codes",
        "Import a list of codes",
        import_list,
        description="A CSV file with a column called “code”, or one code a line; codes may have any form. All of it is "
        "imported or nothing; the same list again adds nothing.",
        body=ImportParameters,
        multipart=True,
        status=201,
        answer=CodeImportAnswer,
        failures=(
            _NO_OFFER,
            Failure(409, "import_running", "Another list is being imported into this offer."),
            Failure(409, "codes_taken", "Some codes were taken for something else while the list was imported."),
            Failure(409, "import_undone", "The import stood still for too long and was taken back."),
            Failure(413, "list_too_long", "The list has more than a million lines."),
            Failure(422, "list_faulty", "Lines that cannot be taken; each is an error with its line."),
            Failure(422, "no_code_column", "No column is called as one of codes."),
            Failure(422, "header_found", "The file has a header, and the request says that it has none."),
            Failure(422, "file_empty", "The file is empty."),
            Failure(422, "file_not_text", "The file is an image, a spreadsheet or another binary file."),
            Failure(422, "file_broken_quotes", "A quote is opened and not closed."),
            Failure(422, "row_too_long", "A row has more cells than there are columns."),
            Failure(422, "too_many_columns", "The file has more than 500 columns."),
        ),
    ),
    _change(
        "/v1/offers/{offer_id}/codes/share",
        "share_code",
        "Give the offer one code for all",
        share_code,
        body=SharedPayload,
        status=201,
        answer=SharedAnswer,
        failures=(
            _NO_OFFER,
            Failure(409, "shared_code_exists", "The offer has another shared code."),
            Failure(409, "code_taken", "The workspace has this code for something else."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/offers/{offer_id}/codes",
        name="describe_codes",
        summary="Read what codes an offer has",
        tag="offers",
        scope="offers:read",
        handler=describe_codes,
        answer=OfferCodesAnswer,
        failures=(_NO_OFFER,),
    ),
    Operation(
        method="GET",
        path="/v1/offers/{offer_id}/codes.csv",
        name="download_codes",
        summary="Download an offer's codes",
        description="A CSV file: code, source, state (free, used, disabled), uses, used, held, campaign, message.",
        tag="offers",
        scope="offers:export",
        handler=download_codes,
        query=ExportParameters,
        answer=None,
        media_type="text/csv",
        failures=(_NO_OFFER,),
    ),
    _change(
        "/v1/offers/{offer_id}/withdraw",
        "withdraw_offer",
        "Withdraw an offer with all of its codes",
        withdraw_offer,
        description="At once, those that are still to be made too. What was redeemed stays redeemed.",
        answer=OfferCodesAnswer,
        failures=(_NO_OFFER,),
    ),
    _change(
        "/v1/offers/{offer_id}/restore",
        "restore_offer",
        "Let the codes of a withdrawn offer be used again",
        restore_offer,
        answer=OfferCodesAnswer,
        failures=(_NO_OFFER,),
    ),
    _change(
        "/v1/codes/disable",
        "disable_code",
        "Disable a code",
        disable_code,
        body=CodePayload,
        answer=DisabledAnswer,
        failures=(_NO_CODE,),
    ),
    _change(
        "/v1/codes/enable",
        "enable_code",
        "Let a disabled code be used again",
        enable_code,
        body=CodePayload,
        answer=DisabledAnswer,
        failures=(_NO_CODE,),
    ),
)
