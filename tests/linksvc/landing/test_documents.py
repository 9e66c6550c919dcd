import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.errors import FieldError, InvalidRequest
from linksvc.landing.completeness import missing_from
from linksvc.landing.documents import MOST_BYTES, parse_document, texts_of
from linksvc.landing.picture_files import HIGHEST, MOST_PIXELS, WIDEST
from linksvc.landing.picture_files import MOST_BYTES as PICTURE_BYTES
from linksvc.landing.words import LABEL_LONGEST, PROSE_LONGEST, SENTENCE_LONGEST, clean
from tests.linksvc.landing.documents_by_example import WHOLE, block, parsed, with_block, without, words, written


def refusal(document: Any) -> FieldError:
    """The one fault of a document."""
    with pytest.raises(InvalidRequest) as refused:
        parsed(document)
    assert refused.value.code == "page_invalid"
    (fault,) = refused.value.errors
    return fault


def test_a_document_with_every_block_is_read_and_written_without_loss() -> None:
    document = parsed(WHOLE)
    assert parse_document(document.dump()) == document
    assert [one.type for one in document.blocks] == [one["type"] for one in WHOLE["blocks"]]
    survey = json.loads(document.dump())["blocks"][-3]
    assert survey["questions"][0] | WHOLE["blocks"][-3]["questions"][0] == survey["questions"][0]


def test_a_block_is_found_by_its_id() -> None:
    document = parsed(WHOLE)
    found = document.find("buy")
    assert found is not None
    assert found.type == "button"
    assert document.find("sell") is None


def test_a_document_says_what_its_recipients_need() -> None:
    assert parsed(WHOLE).shows_code
    assert parsed(WHOLE).personal_fields == {"first_name", "city"}
    assert not parsed(without("code")).shows_code
    assert parsed(with_block(id="a", type="text", text=words("{{ code }}", "Hi"))).shows_code
    assert parsed(WHOLE).has_draws
    assert parsed(WHOLE).has_surveys
    assert not parsed(without("scratch", "flip", "survey")).has_draws
    assert not parsed(without("survey")).has_surveys
    assert parsed(written(theme={"logo": "1" * 64})).pictures() == {"0" * 64, "1" * 64}


def test_a_draft_may_be_unfinished() -> None:
    kinds = [one["type"] for one in WHOLE["blocks"]]
    document = parsed({"languages": ["fr"], "blocks": [{"id": kind.replace("_", "-"), "type": kind} for kind in kinds]})
    assert parse_document(document.dump()) == document


def test_text_that_could_be_a_program_stays_text() -> None:
    attack = "<script>alert('{\"x\"}')</script><img src=x onerror=alert(1)>"
    document = parsed(with_block(id="a", type="text", text=words(attack, attack)))
    (text,) = [one for one in texts_of(document) if one.path == "blocks.0.text"]
    assert text.words == words(attack, attack)


ATTACKS = (
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "' onfocus='alert(1)' x='",
    "</title></style><img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "]]>--><!--",
    "&lt;script&gt;",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_in_every_text_of_a_page_an_attack_is_kept_letter_by_letter(attack: str) -> None:
    def spoilt(node: Any) -> Any:
        if isinstance(node, dict):
            return (
                words(attack, attack) if node.keys() == {"fr", "en"} else {name: spoilt(one) for name, one in node.items()}
            )
        return [spoilt(one) for one in node] if isinstance(node, list) else node

    document = parsed(spoilt(WHOLE))
    texts = [one for one in texts_of(document) if one.words]
    assert len(texts) == len([one for one in texts_of(parsed(WHOLE)) if one.words])
    assert all(one.words == words(attack, attack) for one in texts)
    assert parse_document(document.dump()) == document


def test_control_and_invisible_characters_are_dropped_and_line_breaks_stay() -> None:
    assert clean("\ufeff a\x00\x07b\u200b\tc\r\nd\x7f\u2028 ") == "ab c\nd"
    assert clean("e\u0301") == "é"
    assert clean("👩\u200d💻") == "👩\u200d💻"


@given(st.text(max_size=60))
def test_whatever_is_kept_is_printable_and_is_kept_again_as_it_is(text: str) -> None:
    try:
        kept = clean(text)
    except ValueError:
        return
    assert clean(kept) == kept
    assert all(c.isprintable() or c == "\n" or c.isspace() or c in "\u200c\u200d\u200e\u200f" or ord(c) > 160 for c in kept)


@pytest.mark.parametrize("character", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_characters_that_turn_the_direction_of_reading_are_refused(character: str) -> None:
    fault = refusal(with_block(id="a", type="button", label={"fr": f"Pay{character}"}))
    assert fault.field == "blocks.0.label.fr"
    assert f"U+{ord(character):04X}" in fault.message


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "\tjavascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//shop.example",
        "https://user@shop.example/",
        "http://127.0.0.1/",
        "https://shop.example/\u202eabc",
        "tel:+33639980001",
    ],
)
@pytest.mark.parametrize("kind", ["button", "picture", "privacy"])
def test_a_page_leads_to_public_web_addresses_only(kind: str, url: str) -> None:
    fault = refusal(with_block(**block(kind) | {"url": url}))
    assert fault.field == "blocks.0.url"


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "Big Offer", "type": "text"}, "blocks.0.id", "Block “Big Offer”, id: 1 to 32 small letters, digits and hyphens"),
    (
        {"id": "a", "type": "video"},
        "blocks.0.type",
        "Block “a”, type: There is no block of the type “video”. There are 'text',",
    ),
    ({"id": "a"}, "blocks.0.type", "Block “a”, type: A block says its type"),
    ({"type": "text"}, "blocks.0.id", "Block 1, id: This is missing."),
    ({"id": "a", "type": "text", "lable": {}}, "blocks.0.lable", "There is no such field here."),
    (
        {"id": "a", "type": "text", "text": "Bonjour"},
        "blocks.0.text",
        'A text for each language is asked for: {"en": "Hello"}.',
    ),
    ({"id": "a", "type": "text", "text": {"fr": 3}}, "blocks.0.text.fr", "Block “a”, text.fr: A text is asked for."),
    (
        {"id": "a", "type": "text", "text": {"de": "x"}},
        "blocks.0.text",
        "It has a text in “de”, and the page's languages are fr",
    ),
    ({"id": "a", "type": "text", "text": {"xx": "x"}}, "blocks.0.text.xx", "“xx” is no language; write its two letters"),
    (
        {"id": "a", "type": "text", "text": {"fr": "x" * 4_001}},
        "blocks.0.text.fr",
        "It has too many characters; 4,000 are the most",
    ),
    (
        {"id": "a", "type": "text", "text": {"fr": "x" * 20_000}},
        "blocks.0.text.fr",
        "4,000 are the most",
    ),
    ({"id": "a", "type": "text", "text": {"fr": "{{ name }}"}}, "blocks.0.text.fr", "There is no field name."),
    (
        {"id": "a", "type": "text", "text": {"fr": "{{ link }}"}},
        "blocks.0.text.fr",
        "no field link on a page. The fields of a page",
    ),
    ({"id": "a", "type": "text", "text": {"fr": "{% for a in b %}"}}, "blocks.0.text.fr", "no {% ... %}"),
    (
        {"id": "a", "type": "button", "label": {"fr": "{{ city }}"}},
        "blocks.0.label.fr",
        "stand in blocks of the type text only",
    ),
    ({"id": "a", "type": "button", "label": {"fr": "a\nb"}}, "blocks.0.label.fr", "One line is asked for"),
    ({"id": "a", "type": "picture", "picture": "x"}, "blocks.0.picture", "64 hexadecimal digits"),
    ({"id": "a", "type": "call", "number": "0639980001"}, "blocks.0.number", "with its country code"),
    ({"id": "a", "type": "map", "latitude": 48.85}, "blocks.0", "Latitude and longitude are given together"),
    ({"id": "a", "type": "map", "query": "x", "latitude": 1, "longitude": 1}, "blocks.0", "not both"),
    ({"id": "a", "type": "map", "latitude": 91, "longitude": 1}, "blocks.0.latitude", "At most 90"),
    ({"id": "a", "type": "countdown", "ends_at": "tomorrow"}, "blocks.0.ends_at", "write it as 2026-11-27T10:00"),
    ({"id": "a", "type": "countdown", "ends_at": "9999-12-31T23:59"}, "blocks.0.ends_at", "no year of a date and hour here"),
    ({"id": "a", "type": "countdown", "timezone": "Paris"}, "blocks.0.timezone", "“Paris” is no time zone"),
    ({"id": "a", "type": "code", "forms": ["pdf417"]}, "blocks.0.forms.0", "'copy', 'qr', 'code128' or 'ean13'"),
    ({"id": "a", "type": "code", "forms": ["qr", "qr"]}, "blocks.0.forms", "once"),
    ({"id": "a", "type": "flip", "cells": 1}, "blocks.0.cells", "At least 2"),
    ({"id": "a", "type": "flip", "cells": "3"}, "blocks.0.cells", "A whole number is asked for"),
    ({"id": "a", "type": "scratch", "prizes": [{"id": "x", "odds": 0}]}, "blocks.0.prizes.0.odds", "At least 1"),
    (
        {"id": "a", "type": "scratch", "prizes": [{"id": "x", "odds": 6_000}, {"id": "y", "odds": 4_001}]},
        "blocks.0.prizes",
        "add up to 10,001; 10,000 (100 %) are the most",
    ),
    (
        {"id": "a", "type": "scratch", "prizes": [{"id": "x", "odds": 1}, {"id": "x", "odds": 1}]},
        "blocks.0.prizes",
        "Two have the id “x”",
    ),
    (
        {"id": "a", "type": "survey", "questions": [{"id": "q", "kind": "text", "high": 7}]},
        "blocks.0.questions.0.high",
        "only a question of the kind scale has it".capitalize(),
    ),
    (
        {"id": "a", "type": "survey", "questions": [{"id": "q", "kind": "scale", "options": [{"id": "o"}]}]},
        "blocks.0.questions.0.options",
        "choice and several have",
    ),
    (
        {"id": "a", "type": "survey", "questions": [{"id": "q", "kind": "text"}, {"id": "q", "kind": "text"}]},
        "blocks.0.questions",
        "Two have the id “q”",
    ),
]


def test_two_faults_of_a_countdown_are_told_at_once() -> None:
    wrong = with_block(id="a", type="countdown", ends_at="2026-13-40", timezone="Mars/X")
    with pytest.raises(InvalidRequest) as refused:
        parsed(wrong)
    assert [fault.field for fault in refused.value.errors] == ["blocks.0.ends_at", "blocks.0.timezone"]


@pytest.mark.parametrize(("wrong", "field", "message"), BAD, ids=[f"{one[1]}-{i}" for i, one in enumerate(BAD)])
def test_what_is_wrong_is_told_with_its_block_and_its_field(wrong: dict[str, Any], field: str, message: str) -> None:
    fault = refusal(with_block(**wrong))
    assert fault.field == field
    assert message in fault.message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"languages": []}, "languages"),
        ({"languages": ["fr", "fr", "en"]}, "languages"),
        ({"languages": ["fr", "en", "french"]}, "languages.2"),
        ({"blocks": []}, "blocks"),
        ({"blocks": [block("text")] * 2}, "blocks"),
        ({"blocks": [block("text") | {"id": f"t{i}"} for i in range(41)]}, "blocks"),
        ({"theme": {"accent": "red"}}, "theme.accent"),
        ({"theme": {"font": "Comic Sans"}}, "theme.font"),
        ({"pages": []}, "pages"),
    ],
)
def test_what_is_wrong_with_the_whole_page_is_told_too(changes: dict[str, Any], field: str) -> None:
    assert refusal(written(**changes)).field == field


def test_a_text_that_grows_when_it_is_put_together_is_measured_then() -> None:
    fault = refusal(with_block(id="a", type="text", text={"fr": "\ufb2c" * 4_000}))
    assert "It has 12,000 characters; 4,000 are the most" in fault.message


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidRequest, match="There are 2 faults in all") as refused:
        parsed(written(theme={"accent": "red"}, blocks=[block("button") | {"url": "javascript:x"}]))
    assert [one.field for one in refused.value.errors] == ["theme.accent", "blocks.0.url"]


@pytest.mark.parametrize(
    "raw", [b"", b"[", b"3", b"null", b"\xff", b'{"languages": ["fr"], "blocks": [NaN]}', b"[" * 60_000]
)
def test_what_is_no_document_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(InvalidRequest, match="The page cannot be used") as refused:
        parse_document(raw)
    assert refused.value.code == "page_invalid"


def test_a_document_of_more_than_64_kb_is_refused() -> None:
    text = {"fr": "x" * 4_000}
    blocks = [{"id": f"t{i}", "type": "text", "text": text} for i in range(17)]
    with pytest.raises(InvalidRequest, match=f"{MOST_BYTES:,}"):
        parsed({"languages": ["fr"], "blocks": blocks})


def test_a_countdown_ends_where_its_clocks_show_it() -> None:
    document = parsed(WHOLE)
    until = document.find("until")
    assert until is not None and until.type == "countdown"
    assert until.moment(ZoneInfo("Asia/Tokyo")).isoformat() == "2026-11-28T17:00:00+00:00"  # type: ignore[union-attr]
    everywhere = parsed(with_block(**block("countdown") | {"timezone": "recipient"})).blocks[0]
    assert everywhere.moment(ZoneInfo("Asia/Tokyo")).isoformat() == "2026-11-28T09:00:00+00:00"  # type: ignore[union-attr]


def test_numbers_are_kept_without_what_people_put_between_digits() -> None:
    document = parsed(with_block(**block("call") | {"number": "+33 6 39 98 00 01"}))
    assert orjson.loads(document.dump())["blocks"][0]["number"] == "+33639980001"


DOCS = Path(__file__).parents[3] / "docs" / "pages.md"


def examples() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [json.loads(one) for one in re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL)]
    return found


@pytest.mark.parametrize("example", [one for one in examples() if "field" not in one])
def test_the_documents_of_the_docs_are_documents(example: dict[str, Any]) -> None:
    page = {"title": {"en": "x"}, "languages": ["en"], "blocks": [example]} if "type" in example else example
    assert missing_from(parsed(page), ()) == ()


def test_the_error_of_the_docs_is_the_one_that_is_told() -> None:
    (told,) = [one for one in examples() if "field" in one]
    with pytest.raises(InvalidRequest) as refused:
        blocks = [block("text"), block("call"), block("button") | {"url": "javascript:alert(1)"}]
        parse_document(orjson.dumps(written(blocks=blocks)), "document")
    assert refused.value.errors == (FieldError(**told),)


def test_the_docs_name_every_type_of_block_and_every_bound() -> None:
    text = DOCS.read_text()
    assert all(f"| `{one['type']}` |" in text for one in WHOLE["blocks"])
    for bound in (MOST_BYTES, LABEL_LONGEST, SENTENCE_LONGEST, PROSE_LONGEST, PICTURE_BYTES, MOST_PIXELS, WIDEST, HIGHEST):
        assert f"{bound:,}" in text
