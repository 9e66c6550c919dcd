"""What pages are made of: texts as HTML, colours, pictures of codes, what is kept ready."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from io import BytesIO
from uuid import uuid4

import pytest
import zxingcpp
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from PIL import Image, ImageDraw

from linksvc.addresses import NOBODY
from linksvc.landing.contrast import TEXT_LEAST, contrast
from linksvc.landing.themes import Theme
from linksvc.promo_codes import ALPHABET
from linksvc.unseen_characters import INVISIBLE, REORDERING
from tests.factories import NOW
from tests.linksvc.landing.documents_by_example import WHOLE, parsed, without
from tracker.blocks import Block
from tracker.destinations import Destination
from tracker.evidence import HitTokens
from tracker.landing import markup, rendering, symbols
from tracker.landing.colours import variables
from tracker.landing.files import SCRIPTS, STYLES, PageAddresses, script, stylesheet
from tracker.landing.known_pages import KnownPage
from tracker.landing.rendering import Renderer, render_page
from tracker.landing.scenes import Scene
from tracker.landing.serving import PageShowing
from tracker.landing.wording import VOCABULARIES, own_words
from tracker.resolving import Opened
from tracker.segments import HitId

NONE_OF_A_NAME = {"\ufdd0", "\ufdd1", "\ufdd2", *REORDERING, *INVISIBLE}
COLOURS = st.integers(0, 2**24 - 1).map(lambda number: f"#{number:06x}")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(f"{tag}{attrs or ''}")

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> _Tags:
    tags = _Tags()
    tags.feed(str(html))
    tags.close()
    return tags


@given(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=200))
def test_whatever_a_text_holds_it_is_paragraphs_lines_and_bold_words_of_text(written: str) -> None:
    assert set(read(markup.paragraphs(written)).tags) <= {"p", "br", "strong"}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50))
def test_a_recipients_name_is_text_and_nothing_else(name: str) -> None:
    html = read(markup.paragraphs("Bonjour **{{ first_name }}** !", {"first_name": name}))
    assert html.tags in (["p", "strong", "bdi"], ["p", "strong"], ["p"])
    if name.strip() and not NONE_OF_A_NAME.intersection(name):
        assert "".join(name.split()) in "".join(html.text.split())


def test_a_name_of_the_other_direction_turns_no_sentence_and_one_that_hides_a_turn_not_even_itself() -> None:
    text = "Bonjour {{ first_name | default: '**toi**' }} de {{ city | upcase }}."
    told = markup.paragraphs(text, {"first_name": "שלום \u202eabc", "city": "tel aviv"})
    assert told == "<p>Bonjour <bdi>שלום abc</bdi> de <bdi>TEL AVIV</bdi>.</p>"
    assert markup.paragraphs(text, {}) == "<p>Bonjour <strong>toi</strong> de .</p>"
    assert markup.line("**{{ first_name }}**", {"first_name": "علی\u200cرضا"}) == "<strong><bdi>علی\u200cرضا</bdi></strong>"


def test_texts_have_paragraphs_and_bold_and_fields_of_whom_they_are_for() -> None:
    text = "Hello **{{ first_name | default: 'you' }}**,\nfrom {{ city }}\n \n\n2 ** 3 ** 4"
    known, unknown = ({"first_name": "Zoé", "city": "Lyon"}, {})
    rest = "<p>2 ** 3 ** 4</p>"
    told = "<p>Hello <strong><bdi>Zoé</bdi></strong>,<br>\nfrom <bdi>Lyon</bdi></p>"
    assert markup.paragraphs(text, known) == f"{told}\n{rest}"
    assert markup.paragraphs(text, unknown) == f"<p>Hello <strong><bdi>you</bdi></strong>,<br>\nfrom</p>\n{rest}"


@given(COLOURS, COLOURS, COLOURS)
def test_the_quieter_colours_of_a_theme_that_may_be_published_can_be_read(accent: str, background: str, text: str) -> None:
    theme = Theme(accent=accent, background=background, text=text)
    if contrast(text, background) < TEXT_LEAST:
        return
    told = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]{6})", variables(theme)))
    assert contrast(told["quiet"], told["background"]) >= TEXT_LEAST
    assert contrast(told["link"], told["background"]) >= TEXT_LEAST
    assert contrast(told["on-accent"], told["accent"]) >= TEXT_LEAST


def drawn(svg: Markup, scale: int = 3) -> Image.Image:
    """The picture that a browser makes of one of our paths."""
    box = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg)
    assert box
    picture = Image.new("L", (int(box[1]) * scale, int(box[2]) * scale), 255)
    pen = ImageDraw.Draw(picture)
    for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z", svg):
        left, top = int(x) * scale, int(y) * scale
        pen.rectangle((left, top, left + int(width) * scale - 1, top + int(height) * scale - 1), fill=0)
    file = BytesIO()
    picture.save(file, "PNG")
    return Image.open(file)


@settings(max_examples=25)
@given(st.one_of(st.text(ALPHABET, min_size=12, max_size=12), st.text("ABCdef019-_./", min_size=1, max_size=24)))
@example("99")
@example("991")
@example("99AB")
@example("9900BCCBe_./9CB0--11.Ae0")
def test_a_scanner_reads_any_code_back_from_qr_and_code_128(code: str) -> None:
    for draw in (symbols.qr, symbols.code128):
        picture = draw(code, "label")
        assert picture
        assert [one.text for one in zxingcpp.read_barcodes(drawn(picture))] == [code]


@settings(max_examples=15)
@given(st.text("0123456789", min_size=12, max_size=12))
def test_an_ean_is_drawn_with_its_own_check_digit_and_with_no_other(digits: str) -> None:
    shown = [code for last in range(10) if (picture := symbols.ean13(code := f"{digits}{last}", "")) and picture]
    assert len(shown) == 1
    picture = symbols.ean13(shown[0], "")
    assert picture
    assert [one.text for one in zxingcpp.read_barcodes(drawn(picture))] == shown


@pytest.mark.parametrize("code", ["", "A" * 25, "ÉTÉ", "a\nb", "٤٠٠٦٣٨١٣٣٣٩٣١"])
def test_what_a_symbol_cannot_hold_is_not_drawn(code: str) -> None:
    assert symbols.code128(code, "") is None
    assert symbols.ean13(code, "") is None


def test_pictures_of_codes_bear_no_style_and_escape_their_label() -> None:
    picture = symbols.qr("<&>", '"><script>')
    assert picture
    assert "style" not in picture
    assert "<script>" not in picture


def known(version: int = 1, document: dict[str, object] | None = None) -> KnownPage:
    return KnownPage(1, 1, 1, version, parsed(document or without("picture")).dump())


def scene(page: KnownPage, now: datetime = NOW, language: str = "en") -> Scene:
    return Scene(page, "Boutique Lumen", language, now, PageAddresses())


def test_a_kept_page_is_the_rendered_page_with_path_and_token_in_their_places() -> None:
    renderer, page = Renderer(), known()
    kept = renderer.for_everybody(scene(page))
    assert kept.body(b"abcdefghijk", b"token") == render_page(scene(page), "abcdefghijk", "token").encode()
    assert renderer.for_everybody(scene(page)) is kept
    others = [scene(known(2)), scene(page, language="fr"), scene(page, datetime(2026, 11, 28, 17, 0, tzinfo=UTC))]
    assert all(renderer.for_everybody(other) is not kept for other in others), "another version, language, time"


def test_pages_that_are_kept_ready_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "KEPT_BYTES", 100_000)
    renderer = Renderer()
    first = renderer.for_everybody(scene(known()))
    for version in range(2, 40):
        renderer.for_everybody(scene(known(version)))
    assert sum(kept.size for kept in renderer._kept.values()) == renderer._kept_bytes <= 100_000
    assert renderer.for_everybody(scene(known())) is not first


def test_a_link_with_a_page_is_never_plain() -> None:
    assert not Destination(1, 1, 1, 1, "Lumen", "", page_id=3).is_plain
    assert not Destination(1, 1, 1, 1, "Lumen", "https://shop.example/", snippet_origins=("https://x.example",)).is_plain
    assert Destination(1, 1, 1, 1, "Lumen", "https://shop.example/").is_plain


def test_a_page_without_anything_to_ask_for_asks_for_nothing() -> None:
    button = {**WHOLE, "languages": ["en"], "title": {"en": "x"}}
    only = [{"id": "buy", "type": "button", "label": {"en": "Buy"}, "url": "https://shop.example/"}]
    html = render_page(scene(known(document=button | {"blocks": only})), "abcdefghijk", "")
    assert "data-ask" not in html
    assert "data-ask" in render_page(scene(known()), "abcdefghijk", "")


def test_every_language_of_ours_has_every_word() -> None:
    languages = {language for words in VOCABULARIES for texts in words.values() for language in texts}
    assert languages >= {"en", "fr", "de", "es", "it", "nl", "pt"}
    for words in VOCABULARIES:
        for name, texts in words.items():
            assert set(texts) == languages, name
            fields = {tuple(sorted(re.findall(r"\{(\w+)\}", text))) for text in texts.values()}
            assert len(fields) == 1, name
    assert own_words("xx") == own_words("en")
    assert not set(own_words("en")) & set(dir({})), "a template would find a method of that name"


def test_style_and_script_are_whole_and_stay_small() -> None:
    assert script().rstrip().endswith(b"})();")
    assert len(SCRIPTS) == len(set(SCRIPTS))
    assert len(STYLES) == len(set(STYLES))
    assert len(script()) + len(stylesheet(Theme())) < 40_000


def test_a_page_in_a_language_that_is_read_from_the_right_says_so() -> None:
    document = WHOLE | {
        "languages": ["ar"],
        "title": {"ar": "عرض"},
        "blocks": [{"id": "t", "type": "text", "text": {"ar": "أهلا"}}],
    }
    html = render_page(scene(known(document=document), language="ar"), "abcdefghijk", "")
    assert '<html lang="ar" dir="rtl">' in html


def test_a_token_is_for_those_alone_who_may_be_followed() -> None:
    showing = PageShowing(HitTokens([b"k" * 32]), PageAddresses(), Renderer())
    opened = Opened("abcdefghijk", Block(0, 9, 1, 0, 1, True), 3, Destination(1, 1, 1, 1, "Lumen", "", page_id=1), NOBODY)
    hit, page = HitId(uuid4(), 4), known()
    untracked = replace(opened, block=replace(opened.block, tracked=False))

    def has_token(one: Opened, spooled: HitId | None, **headers: bytes) -> bool:
        told = {name.replace("_", "-").encode(): value for name, value in headers.items()}
        body = showing.show(one, page, told, spooled, NOW + timedelta(seconds=1)).body["body"]
        return b'data-token=""' not in body

    assert has_token(opened, hit)
    assert not has_token(untracked, hit)
    assert not has_token(opened, None)
    assert not has_token(opened, hit, sec_gpc=b"1")
    assert not has_token(opened, hit, dnt=b"1")
