"""Every word of the pages exists in French and in English, and every figure has its definition, here and in the docs."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest

from dashboards.beside import ALSO_COUNTED, CAME_LATE
from dashboards.catalog import CATALOG
from dashboards.definitions import DEFINITIONS
from dashboards.editor import shapes
from dashboards.editor.starters import STARTERS
from dashboards.speech import Speech, choose_language
from dashboards.texts import Text
from linksvc.audiences import LEFT_OUT
from linksvc.holds import REASONS
from linksvc.left_out import LEAVES_OUT
from linksvc.refusals import REASONS as REASONS_OF_TILLS
from linksvc.routes import FAILING, REFUSED, UNREACHABLE
from linksvc.stages import OCCURRENCES, SENT, STAGES, UNSENT
from linksvc.tallies import PARTED
from linksvc.trends import RATES
from tracker.verdicts import Reason, Verdict

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "dashboards" / "templates").rglob("*.html"))
TEXTS = CATALOG | {f"{name}.{part}": getattr(d, part) for name, d in DEFINITIONS.items() for part in ("label", "meaning")}


def forms(text: str | tuple[str, str]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_exists_in_both_languages_with_the_same_fields(key: str) -> None:
    text = TEXTS[key]
    assert len(forms(text.en)) == len(forms(text.fr))
    written = [*forms(text.en), *forms(text.fr)]
    assert all(form.strip() == form and form for form in written)
    assert len({frozenset(fields(form)) for form in written}) == 1


NEVER_AT_A_TILL = {"hold_not_found", "hold_expired", "hold_key_reused", "occurred_in_future", "upload_too_late"}
"""Refusals of holds and of tills that were offline: the page makes no hold and is never offline."""


def made_for_pages() -> set[str]:
    """Keys that the editor of landing pages puts together from the names of blocks, fields and faults."""
    names = {one.name for fields in shapes.BLOCKS.values() for one in shapes.walk(fields)} - {
        "prizes",
        "questions",
        "options",
    }
    kinds = {"words", "url", "phone", "digest", "time", "zone", "colour", "share", "choice"}
    wrong = {"long", "fields", "personal", "odds", "count", "whole", "both", "either", "latitude", "longitude", *kinds}
    missing = {"words", "alt", "digest", "url", "phone", "line", "time", "forms", "prizes", "questions", "options", "colour"}
    refused = {"too_large", "too_many_pixels", "not_readable"}
    return {
        *(f"block.{name}" for name in shapes.BLOCKS),
        *(f"editor.field.{name}" for name in {*names, "forms", "title", "logo", "accent", "background", "font"}),
        *(f"editor.{item}" for item in ("prize", "question", "option", "up", "down", "copy", "remove")),
        *(f"editor.{done}" for done in ("made", "saved", "published")),
        *(f"editor.state.{state}" for state in ("published", "changed")),
        *(f"pages.state.{state}" for state in ("draft", "published", "changed")),
        *(f"editor.contrast.{name}" for name in ("text", "accent")),
        *(f"editor.clash.{side}" for side in ("theirs", "yours")),
        *(f"editor.wrong.{reason}" for reason in wrong),
        *(f"editor.missing.{reason}" for reason in missing),
        *(f"picture.wrong.picture_{reason}" for reason in refused),
        "picture.wrong.pictures_busy",
        *(f"starter.{name}{part}" for name in STARTERS for part in ("", ".help")),
        *(f"form.{name}" for name in shapes.FORMS),
        *(f"font.{name}" for name in shapes.FONTS),
        *(f"question.{name}" for name in shapes.QUESTION_KINDS),
    }


REMARKS = ("one", "single", "none_left", "none_arrived", "suspects", "machines")

LISTED = ("added", "consents", "opt_outs", "reachable", "submitted")

MADE_OF_A_CLOSED_SET = {
    *(f"state.{state}" for state in ("draft", "scheduled", "producing", "sending", "sent")),
    *(f"state.{state}" for state in ("paused", "cancelling", "cancelled")),
    *(f"hold.{reason}" for reason in REASONS),
    *(f"kind.{kind}" for kind in ("marketing", "transactional", "single")),
    *(f"message.{state}" for state in {*UNSENT, *SENT, "submitted"} - {"pending"}),
    *(f"verdict.{verdict}" for verdict in Verdict),
    *(f"reason.{reason}" for reason in Reason if reason),
    *(f"error.{status}.{part}" for status in (400, 403, 404, 500) for part in ("title", "text")),
    *(f"figures.whole_{stage}" for stage in ("produced", "submitted", "seen", "reached", "clicked", "redeemed")),
    *(f"note.{stage}" for stage in ("proved", "contradicted", "seen", "hit_machine", "suspect")),
    *(f"remark.{about}.{part}" for about in REMARKS for part in ("title", "text")),
    *(f"funnel.empty.{state}.{part}" for state in ("draft", "waiting", "sent", "cancelled") for part in ("title", "text")),
    *(f"notice.{state}.title" for state in (REFUSED, FAILING, UNREACHABLE)),
    *(f"list.{column}" for column in ("sent", "delivered", "clicked", "redeemed")),
    *(f"rows.{column}" for column in ("n", "number", "state", "code", "submitted", "receipt", "clicked", "redeemed")),
    *(f"rows.{column}" for column in ("engaged", "paid", "order", "claimed")),
    *(f"till.refused.{reason}" for reason in set(REASONS_OF_TILLS) - NEVER_AT_A_TILL),
    *made_for_pages(),
    *(f"keep.leave_out.{stage}" for stage in LEAVES_OUT),
    *(f"send.left.{reason}" for reason in LEFT_OUT),
    *(f"send.wrong.{reason}" for reason in ("schedule_invalid", "schedule_past")),
    *(f"rows.export.{format}" for format in ("csv", "xlsx")),
    *(f"rows.{column}" for column in ("replied", "opted_out", "time", "amount", "verdict", "reason")),
    *(f"by.{by}" for by in (*PARTED, "hour", "from", "to")),
    *(f"by.{by}.head" for by in (*PARTED, "hour")),
    *(f"by.{by}.none" for by in PARTED),
    *(f"by.device.{device}" for device in ("phone", "tablet", "computer", "other")),
    *(f"by.chart.{drawn}" for drawn in ("delivered", "clicked", "device", "hour")),
    *(f"compare.{verdict}" for verdict in ("higher", "lower", "untold")),
    *(f"trends.{name}{part}" for name in (*LISTED, *RATES) for part in ("", ".meaning")),
}


def test_every_text_that_is_said_exists_and_every_text_is_said() -> None:
    files = [file for file in (ROOT / "dashboards").rglob("*.py") if not file.name.endswith("catalog.py")] + TEMPLATES
    source = "\n".join(file.read_text() for file in files)
    # What ends with a full stop is the beginning of a key, and its rest one of a closed set.
    assert set(re.findall(r"""say\(\s*["']([a-z0-9_.]*[a-z0-9_])["']""", source)) <= set(CATALOG)
    assert set(CATALOG) >= MADE_OF_A_CLOSED_SET
    named = set(re.findall(r"""["']([a-z_]+(?:\.[a-z0-9_]+)*)["']""", source))
    assert set(CATALOG) - named - MADE_OF_A_CLOSED_SET == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_words_of_its_own(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template.read_text(), flags=re.S)
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"<[^>]*>", " ", text))
    assert set(words) <= {"Ricochet"}
    assert not re.findall(r'(?:title|aria-label|placeholder|alt)="[^"]*[A-Za-z]{2}', text)


def test_a_template_runs_no_script_and_sets_no_style_of_its_own() -> None:
    for template in TEMPLATES:
        assert not re.search(
            r"\son[a-z]+=|\sstyle=|<style|<script(?![^>]*\ssrc=)|javascript:|https?://", template.read_text()
        )


def test_every_stage_and_occurrence_is_defined() -> None:
    assert set(DEFINITIONS) == {*STAGES, *OCCURRENCES}


def test_every_stage_and_occurrence_stands_on_the_page() -> None:
    funnel = {"produced", "submitted", "delivered", "reached", "clicked", "engaged", "redeemed", "paid"}
    tiles = {"replied", "opted_out"}
    assert {*funnel, *tiles, *UNSENT, *SENT, *ALSO_COUNTED, *CAME_LATE} == set(DEFINITIONS)


def test_the_docs_define_every_figure_in_the_words_of_the_pages() -> None:
    docs = (ROOT / "docs" / "definitions.md").read_text()
    sections = dict(re.findall(r"^### `(\w+)`: (.*?)(?=^##|\Z)", docs, flags=re.M | re.S))
    assert set(sections) == {*STAGES, *OCCURRENCES}
    for name, section in sections.items():
        label, _, meaning = section.partition("\n")
        assert label == DEFINITIONS[name].label.en
        assert " ".join(meaning.split()) == DEFINITIONS[name].meaning.en


def test_the_docs_state_the_two_sums() -> None:
    docs = (ROOT / "docs" / "definitions.md").read_text()
    assert f"produced  = {' + '.join((*UNSENT, 'submitted'))}\n" in docs
    assert f"submitted = {' + '.join(SENT)}\n" in docs


def test_numbers_money_and_times_are_written_as_each_language_does() -> None:
    moment = datetime(2026, 11, 20, 13, 5, 9, tzinfo=UTC)
    english, french = Speech("en", "Europe/Paris"), Speech("fr", "Europe/Paris")
    assert (english.number(1_234_567), french.number(1_234_567)) == ("1,234,567", "1\u202f234\u202f567")
    assert (english.per_cent(0.1236), french.per_cent(0.1236)) == ("12.4\u202f%", "12,4\u202f%")
    assert (english.interval(0.118, 0.13), french.interval(0.118, 0.13)) == ("11.8–13.0", "11,8–13,0")
    assert english.money(231_000, "EUR").split() == ["EUR", "2,310.00"]
    assert french.money(231_000, "EUR") == "2\u202f310,00\u00a0€"
    assert english.money(2_310, "JPY").split() == ["JPY", "2,310"]
    assert english.money(2_310, "IQD").split() == ["IQD", "2.310"]
    assert (english.day_and_time(moment), french.day_and_time(moment)) == ("20 Nov 2026, 14:05", "20 nov. 2026, 14:05")
    assert (english.clock_time(moment), english.exact_time(moment)) == ("14:05", "14:05:09")


def test_plurals_follow_each_language() -> None:
    text = Text(("{count} receipt", "{count} receipts"), ("{count} accusé", "{count} accusés"))
    english, french = Speech("en"), Speech("fr")
    assert [english.write(text, n) for n in (0, 1, 2)] == ["0 receipts", "1 receipt", "2 receipts"]
    assert [french.write(text, n) for n in (0, 1, 2)] == ["0 accusé", "1 accusé", "2 accusés"]


def test_french_sets_its_spaces_so_that_no_line_breaks_at_them() -> None:
    assert Speech("fr").write(Text("x", "Quoi ? « Ceci » : 5 %")) == "Quoi\u202f? «\u00a0Ceci\u00a0»\u00a0: 5\u202f%"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("FR-be;q=0.8, de", "fr"),
        ("en;q=0.4, fr;q=0.5", "fr"),
        ("fr;q=0, en;q=0.1", "en"),
        ("fr;q=x, en;q=0.1", "en"),
        ("de, *;q=0.5", "en"),
    ],
)
def test_the_browsers_language_is_chosen(header: str, language: str) -> None:
    assert choose_language(header) == language
