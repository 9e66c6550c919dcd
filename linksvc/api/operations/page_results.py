"""What recipients did on a campaign's page, over the API: their answers, and the prizes that they drew."""

from datetime import datetime
from typing import Self

from pydantic import Field

from linksvc.api.operation import Call, Download, Failure, Operation
from linksvc.api.operations.reports import NOT_FOUND, PAGE_MOST
from linksvc.api.payloads import Answer, Parameters
from linksvc.database import reading
from linksvc.landing.answer_export import export_answers
from linksvc.landing.answer_list import LIMIT, Form, FormPage, list_forms
from linksvc.landing.campaign_pages import read_campaign_page
from linksvc.landing.draw_results import DrawResult, PrizeResult, read_draw_results
from linksvc.landing.parts import Slug
from linksvc.landing.survey_results import find_survey
from linksvc.public_ids import format_id


class BlockQuery(Parameters):
    block: Slug | None = Field(None, description="Of that form, by its id in the page; one that has several needs it.")


class AnswersQuery(Parameters):
    block: Slug | None = Field(None, description="Of that form alone, by its id in the page.")
    after: str | None = Field(None, max_length=300, description="`next_after` of the page before.")
    limit: int = Field(LIMIT, ge=1, le=PAGE_MOST)


class FormAnswer(Answer):
    n: int = Field(description="The message in its campaign.")
    block: str
    number: str | None = Field(description="Null without the scope `contacts:read`.")
    external_id: str
    answers: dict[str, str | int | bool | tuple[str, ...]] = Field(
        description="By question: the option's id, a list of them, a number, a text, whether a box was ticked."
    )
    language: str
    page_version: int
    answered_at: datetime

    @classmethod
    def of(cls, form: Form, scopes: frozenset[str]) -> Self:
        return cls(
            n=form.n,
            block=form.block,
            number=form.number if "contacts:read" in scopes else None,
            external_id=form.external_id,
            answers=dict(form.answers),
            language=form.language,
            page_version=form.page_version,
            answered_at=form.answered_at,
        )


class AnswersAnswer(Answer):
    campaign_id: str
    answers: tuple[FormAnswer, ...]
    next_after: str | None = Field(description="Send it as `after` for the next page; null on the last.")

    @classmethod
    def of(cls, campaign_id: int, page: FormPage, scopes: frozenset[str]) -> Self:
        forms = tuple(FormAnswer.of(form, scopes) for form in page.forms)
        return cls(campaign_id=format_id("campaign", campaign_id), answers=forms, next_after=page.next_cursor)


class PrizeAnswer(Answer):
    prize: str = Field(description="Its id in the page; empty: nothing was won.")
    label: dict[str, str] = Field(description="By language.")
    odds: int | None = Field(description="In basis points: 250 is one draw in forty. Null: the page no longer has it.")
    stock: int | None = Field(description="How many there are; null: any number.")
    drawn: int
    left: int | None = Field(description="Null: any number.")

    @classmethod
    def of(cls, prize: PrizeResult) -> Self:
        return cls(
            prize=prize.prize,
            label=dict(prize.label),
            odds=prize.odds,
            stock=prize.stock,
            drawn=prize.drawn,
            left=prize.left,
        )


class DrawAnswer(Answer):
    block: str
    draws: int = Field(description="What was drawn of all prizes, nothing among them.")
    prizes: tuple[PrizeAnswer, ...]

    @classmethod
    def of(cls, result: DrawResult) -> Self:
        return cls(block=result.block, draws=result.draws, prizes=tuple(map(PrizeAnswer.of, result.prizes)))


class DrawsAnswer(Answer):
    campaign_id: str
    blocks: tuple[DrawAnswer, ...]


def read_campaign_answers(call: Call[None, AnswersQuery]) -> AnswersAnswer:
    campaign_id, query = call.ids["campaign_id"], call.query
    with reading(call.engine) as session:
        read_campaign_page(session, call.workspace_id, campaign_id)
        page = list_forms(session, campaign_id, query.block, query.after or "", query.limit)
    return AnswersAnswer.of(campaign_id, page, call.caller.scopes)


def download_campaign_answers(call: Call[None, BlockQuery]) -> Download:
    campaign_id = call.ids["campaign_id"]
    with reading(call.engine) as session:
        page = read_campaign_page(session, call.workspace_id, campaign_id)
        survey = find_survey(session, page, call.query.block)
    name = f"answers-{format_id('campaign', campaign_id)}-{survey.block}.csv"
    return Download(name, "text/csv; charset=utf-8", export_answers(call.engine, page, survey))


def read_campaign_draws(call: Call[None, None]) -> DrawsAnswer:
    campaign_id = call.ids["campaign_id"]
    with reading(call.engine) as session:
        results = read_draw_results(session, read_campaign_page(session, call.workspace_id, campaign_id))
    return DrawsAnswer(campaign_id=format_id("campaign", campaign_id), blocks=tuple(map(DrawAnswer.of, results)))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/answers",
        name="read_campaign_answers",
        summary="List what recipients answered",
        description="Form by form, each one's answers in the order in which they came.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_answers,
        query=AnswersQuery,
        answer=AnswersAnswer,
        failures=(NOT_FOUND, Failure(422, "cursor_invalid", "`after` is no `next_after` of a page.")),
    ),
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/answers/export",
        name="download_campaign_answers",
        summary="Download the answers to a form",
        description="A CSV file with a line a recipient and a column a question; formulas are neutralised.",
        tag="campaigns",
        scope="contacts:read",
        handler=download_campaign_answers,
        query=BlockQuery,
        answer=None,
        media_type="text/csv",
        failures=(
            NOT_FOUND,
            Failure(404, "survey_not_found", "There is no such form."),
            Failure(422, "survey_not_told", "There are several forms, and `block` does not say which."),
        ),
    ),
    Operation(
        method="GET",
        path="/v1/campaigns/{campaign_id}/draws",
        name="read_campaign_draws",
        summary="Read which prizes were drawn and what is left",
        description="Of scratch cards and flip cells, from counters: their draws add up.",
        tag="campaigns",
        scope="campaigns:read",
        handler=read_campaign_draws,
        answer=DrawsAnswer,
        failures=(NOT_FOUND,),
    ),
)
