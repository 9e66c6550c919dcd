from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.landing.completeness import missing_from
from linksvc.landing.contrast import TEXT_LEAST, contrast, readable_on
from tests.linksvc.landing.documents_by_example import WHOLE, block, parsed, with_block, words, written

PICTURES = ("0" * 64,)


def missing(document: dict[str, Any], pictures: tuple[str, ...] = PICTURES) -> dict[str, str]:
    return {one.field: one.message for one in missing_from(parsed(document), pictures)}


def test_a_page_with_every_block_said_in_every_language_lacks_nothing() -> None:
    assert missing(WHOLE) == {}


def test_each_text_that_is_missing_in_a_language_is_told() -> None:
    assert missing(with_block(**block("button") | {"label": {"fr": "Acheter"}})) == {
        "blocks.0.label.en": "Block “buy”, label.en: The text in “en” is missing."
    }
    assert list(missing(written(title={}))) == ["title.fr", "title.en"]


def test_a_heading_may_be_left_out_but_not_half_of_it() -> None:
    text = block("text")
    assert missing(with_block(**text | {"heading": {}})) == {}
    assert list(missing(with_block(**text | {"heading": {"en": "Hi"}}))) == ["blocks.0.heading.fr"]


def test_a_picture_needs_words_for_who_does_not_see_it_unless_it_is_decorative() -> None:
    assert "what the picture shows" in missing(with_block(**block("picture") | {"alt": {}}))["blocks.0.alt.fr"]
    assert missing(with_block(**block("picture") | {"alt": {}, "decorative": True})) == {}


def test_a_picture_must_have_been_uploaded_to_the_workspace() -> None:
    assert "blocks.0.picture" in missing(with_block(**block("picture")), pictures=())
    assert "Choose a picture" in missing(with_block(**block("picture") | {"picture": ""}))["blocks.0.picture"]
    assert "theme.logo" in missing(written(theme={"logo": "1" * 64}))


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("button", "url"),
        ("call", "number"),
        ("map", "query"),
        ("countdown", "ends_at"),
        ("code", "forms"),
        ("scratch", "prizes"),
        ("flip", "prizes"),
        ("survey", "questions"),
    ],
)
def test_what_a_block_is_for_must_be_there(kind: str, field: str) -> None:
    empty = [] if isinstance(block(kind)[field], list) else ""
    assert f"blocks.0.{field}" in missing(with_block(**block(kind) | {field: empty}))


def test_a_question_needs_something_to_choose_from() -> None:
    survey = block("survey")
    survey["questions"][0]["options"] = survey["questions"][0]["options"][:1]
    assert list(missing(with_block(**survey))) == ["blocks.0.questions.0.options"]


def test_words_for_who_wins_nothing_are_asked_for_unless_everybody_wins() -> None:
    assert "blocks.0.nothing.fr" in missing(with_block(**block("scratch") | {"nothing": {}}))
    assert missing(with_block(**block("flip"))) == {}
    limited = block("flip")
    limited["prizes"][0]["stock"] = 10
    assert "blocks.0.nothing.fr" in missing(with_block(**limited))


def test_colours_that_cannot_be_told_apart_are_told_with_the_ratio_found_and_the_ratio_needed() -> None:
    told = missing(written(theme={"text": "#999999", "background": "#ffffff", "accent": "#ffff00"}))
    assert "a contrast of 2.84 to 1; at least 4.5 to 1 is needed" in told["theme.text"]
    assert "a contrast of 1.07 to 1; at least 3.0 to 1 is needed" in told["theme.accent"]


def test_the_contrast_of_known_pairs_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast("#123456", "#123456") == 1


@given(st.integers(0, 0xFFFFFF))
def test_text_on_a_button_of_any_colour_can_be_read(colour: int) -> None:
    written = f"#{colour:06x}"
    assert contrast(readable_on(written), written) >= TEXT_LEAST


def test_texts_of_another_language_are_no_texts_of_the_page() -> None:
    assert missing(with_block(**block("opt_out") | {"label": words("Stop", "")})) == {
        "blocks.0.label.en": "Block “stop”, label.en: The text in “en” is missing."
    }
