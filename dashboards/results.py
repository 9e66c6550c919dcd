"""What recipients answered and drew, ready for its template. For `dashboards.pages.page_results`: page and refresh alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from dashboards.funnel_page import REFRESH_MS
from dashboards.speech import Speech
from linksvc.accounts import SignedIn
from linksvc.landing.answer_list import Form, list_forms
from linksvc.landing.answers import NO, YES
from linksvc.landing.campaign_pages import CampaignPage, read_campaign_page
from linksvc.landing.draw_results import DrawResult, PrizeResult, read_draw_results
from linksvc.landing.stock import NOTHING
from linksvc.landing.survey_results import QuestionResult, SurveyResult, read_results
from linksvc.landing.words import Words, said
from linksvc.proportions import Proportion
from linksvc.public_ids import format_id

LATEST_FORMS = 200
"""Forms that are looked through for what was written; further ones stand in the list of all."""

TEXTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One answer, or one prize. `share` is None where there is nothing to take a share of; `width` is an SVG length."""

    label: str
    note: str
    count: str
    share: str | None
    width: str


@dataclass(frozen=True, slots=True)
class Written:
    """A free text, and who wrote it when."""

    text: str
    when: str
    n: int


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    id: str
    kind: str
    label: str
    note: str
    lines: tuple[str, ...]
    bars: tuple[Bar, ...]
    written: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class SurveyFigures:
    """One form. `rows_path` and `export_path` are empty while nobody has answered."""

    block: str
    title: str
    note: str
    forms: str
    rows_path: str
    export_path: str
    questions: tuple[QuestionFigures, ...]


@dataclass(frozen=True, slots=True)
class PrizeFigures:
    bar: Bar
    odds: str | None
    left: str | None


@dataclass(frozen=True, slots=True)
class DrawFigures:
    block: str
    title: str
    note: str
    draws: str
    prizes: tuple[PrizeFigures, ...]


@dataclass(frozen=True, slots=True)
class ResultsPage:
    path: str
    campaign_path: str
    name: str
    refresh_ms: int
    surveys: tuple[SurveyFigures, ...]
    draws: tuple[DrawFigures, ...]
    updated_at: str
    updated_words: str
    timezone: str


def results_path(campaign_id: int) -> str:
    return f"/campaigns/{format_id('campaign', campaign_id)}/answers"


def read_results_page(session: Session, who: SignedIn, campaign_id: int, speech: Speech, now: datetime) -> ResultsPage:
    """Reads a campaign of the reader's workspace. Raises NotFound."""
    page = read_campaign_page(session, who.workspace_id, campaign_id)
    teller = Teller(page, speech)
    return ResultsPage(
        path=results_path(campaign_id),
        campaign_path=f"/campaigns/{format_id('campaign', campaign_id)}",
        name=page.campaign,
        refresh_ms=REFRESH_MS,
        surveys=tuple(teller.survey(one, _latest(session, page, one)) for one in read_results(session, page)),
        draws=tuple(map(teller.draw, read_draw_results(session, page))),
        updated_at=now.isoformat(timespec="seconds"),
        updated_words=speech.say("live.updated", time=speech.exact_time(now)),
        timezone=who.timezone,
    )


def _latest(session: Session, page: CampaignPage, survey: SurveyResult) -> Sequence[Form]:
    """The newest forms, where anything is written in them."""
    if not any(question.kind == "text" and question.answered for question in survey.questions):
        return ()
    return list_forms(session, page.campaign_id, survey.block, limit=LATEST_FORMS, newest_first=True).forms


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes one campaign's answers and draws for one reader."""

    page: CampaignPage
    speech: Speech

    def spoken(self, words: Words, otherwise: str) -> str:
        """A text of the page in the reader's language, else in the page's first, else in any that there is."""
        default = self.page.document.default_language if self.page.document else ""
        return said(words, self.speech.language, default) or next(iter(words.values()), "") or otherwise

    def survey(self, survey: SurveyResult, latest: Sequence[Form]) -> SurveyFigures:
        path = results_path(self.page.campaign_id)
        return SurveyFigures(
            block=survey.block,
            title=self.spoken(survey.title, survey.block),
            note="" if survey.is_asked else self.speech.say("results.not_asked"),
            forms=self._counted("results.forms", "results.no_form", survey.forms),
            rows_path=f"{path}/list?block={survey.block}" if survey.forms else "",
            export_path=f"{path}/export?block={survey.block}" if survey.forms else "",
            questions=tuple(self._question(survey, question, latest) for question in survey.questions),
        )

    def choice(self, question: QuestionResult, choice: str, words: Words) -> str:
        if question.kind == "consent" and choice in (YES, NO):
            return self.speech.say("results.yes" if choice == YES else "results.no")
        return self.spoken(words, choice)

    def draw(self, result: DrawResult) -> DrawFigures:
        return DrawFigures(
            block=result.block,
            title=self.spoken(result.title, result.block),
            note="" if result.is_shown else self.speech.say("results.not_asked"),
            draws=self._counted("results.draws", "results.no_draw", result.draws),
            prizes=tuple(self._prize(prize, result.draws) for prize in result.prizes),
        )

    def _question(self, survey: SurveyResult, question: QuestionResult, latest: Sequence[Form]) -> QuestionFigures:
        return QuestionFigures(
            id=f"{survey.block}-{question.question}",
            kind=question.kind,
            label=self.spoken(question.label, question.question),
            note="" if question.kind or not survey.is_asked else self.speech.say("results.not_asked"),
            lines=tuple(self._lines(question)),
            bars=tuple(self._bar(question, one.choice, one.label, one.count) for one in question.choices),
            written=tuple(self._written(question, latest)) if question.kind == "text" else (),
        )

    def _lines(self, question: QuestionResult) -> Iterator[str]:
        yield self.speech.say("results.answered", count=question.answered)
        if question.mean is not None:
            yield self.speech.say("results.mean", mean=self.speech.decimal(question.mean))
        if question.kind == "several":
            yield self.speech.say("results.several")

    def _bar(self, question: QuestionResult, choice: str, words: Words, count: int) -> Bar:
        gone = question.kind in ("choice", "several") and not words
        note = self.speech.say("results.not_asked") if gone else ""
        return self._of(self.choice(question, choice, words), note, count, question.answered)

    def _of(self, label: str, note: str, count: int, whole: int) -> Bar:
        share = Proportion(count, whole).share
        told = None if share is None else self.speech.per_cent(share)
        return Bar(label, note, self.speech.number(count), told, f"{min(1.0, share or 0.0) * 100:.2f}%")

    def _written(self, question: QuestionResult, latest: Sequence[Form]) -> Iterator[Written]:
        found = ((form, form.answers[question.question]) for form in latest if question.question in form.answers)
        for (form, text), _ in zip(found, range(TEXTS_SHOWN), strict=False):
            yield Written(str(text), self.speech.day_and_time(form.answered_at), form.n)

    def _prize(self, prize: PrizeResult, draws: int) -> PrizeFigures:
        is_nothing = prize.prize == NOTHING
        label = self.speech.say("results.nothing") if is_nothing else self.spoken(prize.label, prize.prize)
        unlimited = None if is_nothing else self.speech.say("results.unlimited")
        return PrizeFigures(
            bar=self._of(label, "" if is_nothing else self._state(prize), prize.drawn, draws),
            odds=None if prize.odds is None else self.speech.share(prize.odds, 10_000),
            left=unlimited if prize.left is None else self.speech.number(prize.left),
        )

    def _state(self, prize: PrizeResult) -> str:
        if prize.odds is None:
            return self.speech.say("results.not_asked")
        return self.speech.say("results.out_of_stock") if prize.left == 0 else ""

    def _counted(self, key: str, none: str, count: int) -> str:
        return self.speech.say(key, count=count) if count else self.speech.say(none)
