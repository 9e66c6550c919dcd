import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.errors import InvalidRequest
from linksvc.fragments import LONG_FORMS, PAYLOAD, Analysis, LongForm, Split, analyse, decode_gsm, split

GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"
gsm_texts = st.text(alphabet=GSM_BASIC + GSM_EXTENSION, max_size=700)
any_texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)


def test_each_character_of_the_alphabet_is_one_septet_and_each_of_the_extension_two() -> None:
    assert len(GSM_BASIC) == 127
    assert all(analyse(character).length == 1 for character in GSM_BASIC)
    assert all(analyse(character).length == 2 for character in GSM_EXTENSION)
    assert split("é€").parts == (b"\x05\x1b\x65",)


@pytest.mark.parametrize(
    ("text", "encoding", "length", "fragments"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 153, "GSM-7", 306, 3),
        ("ç" * 70, "UCS-2", 70, 1),
        ("ç" * 71, "UCS-2", 71, 2),
        ("ç" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 67, "UCS-2", 134, 3),
    ],
)
def test_lengths_and_fragments_are_counted(text: str, encoding: str, length: int, fragments: int) -> None:
    found = analyse(text)
    assert (found.encoding, found.length, found.fragments) == (encoding, length, fragments)


def test_the_characters_that_force_ucs2_are_named_once_in_order() -> None:
    assert analyse("Garçon, façade « ok » Ç").forced_by == ("ç", "«", "»")
    assert analyse("a`b").forced_by == ("`",)
    assert analyse("Façade").encoding == "UCS-2"


@given(gsm_texts)
def test_gsm_fragments_join_to_the_text_and_never_split_an_escape(text: str) -> None:
    pieces = split(text)
    assert pieces.data_coding == 0
    assert decode_gsm(b"".join(pieces.parts)) == text
    limit = 160 if len(pieces.parts) == 1 else 153
    assert all(len(part) <= limit and not part.endswith(b"\x1b") for part in pieces.parts)


@given(any_texts)
def test_fragments_join_to_the_text_and_keep_characters_whole(text: str) -> None:
    pieces, cost = split(text), analyse(text)
    assert cost.fragments == len(pieces.parts)
    if pieces.data_coding == 8:
        limit = 140 if len(pieces.parts) == 1 else 134
        assert all(len(part) <= limit for part in pieces.parts)
        assert "".join(part.decode("utf-16-be") for part in pieces.parts) == text
        assert cost.forced_by
    else:
        assert decode_gsm(b"".join(pieces.parts)) == text


def test_a_lone_surrogate_does_no_harm() -> None:
    assert split("ç\ud800").parts == ("ç?".encode("utf-16-be"),)


def test_an_undefined_escape_is_read_without_it() -> None:
    assert decode_gsm(b"\x1ba\x1b") == "a"


def test_a_text_of_more_than_255_fragments_is_refused() -> None:
    assert analyse("a" * 153 * 255).fragments == 255
    with pytest.raises(InvalidRequest) as caught:
        split("a" * (153 * 255 + 1))
    assert caught.value.code == "text_too_long"
    assert "256 SMS fragments; a message has 255 at most, here 39,015 septets of GSM-7" in caught.value.detail
    with pytest.raises(InvalidRequest, match="here 34,170 octets of UCS-2"):
        split("ç" * (67 * 255 + 1))


@pytest.mark.parametrize(
    ("text", "alphabet", "data_coding", "written"),
    [
        ("é€", "gsm", 0, b"\x05\x1b\x65"),
        ("é_", "latin1", 0, b"\xe9_"),
        ("é€", "latin1", 8, "é€".encode("utf-16-be")),
        ("a{", "ascii", 0, b"a{"),
        ("é", "ascii", 8, "é".encode("utf-16-be")),
        ("Δ€", "utf8", 0, "Δ€".encode()),
        ("ç", "latin1", 8, "ç".encode("utf-16-be")),
        ("ç", "utf8", 8, "ç".encode("utf-16-be")),
    ],
)
def test_a_route_s_default_alphabet_says_how_characters_of_gsm_7_are_written(
    text: str, alphabet: str, data_coding: int, written: bytes
) -> None:
    assert split(text, alphabet=alphabet) == Split(data_coding, (written,), 1)


@given(gsm_texts, st.sampled_from(["latin1", "ascii", "utf8"]))
def test_a_text_costs_the_same_however_gsm_7_is_written(text: str, alphabet: str) -> None:
    usual, cost = analyse(text), analyse(text, alphabet=alphabet)
    codec = {"latin1": "latin-1", "ascii": "ascii", "utf8": "utf-8"}[alphabet]
    if cost.encoding == "GSM-7":
        assert cost == usual
        assert b"".join(split(text, alphabet=alphabet).parts).decode(codec) == text
    else:
        assert "".join(cost.forced_by).encode(codec, "ignore") == b""


@pytest.mark.parametrize("form", LONG_FORMS.values(), ids=LONG_FORMS)
def test_what_a_text_costs_depends_on_the_form_only_where_it_is_cut(form: LongForm) -> None:
    assert analyse("a" * 160, form).fragments == 1
    assert analyse("a" * 306, form).fragments == (2 if form.septets == 153 else 3)
    assert analyse("ç" * 134, form).fragments == (2 if form.octets == 134 else 3)
    assert len(split("a" * 306, form).parts) == (1 if form is PAYLOAD else split("a" * 306, form).fragments)


@pytest.mark.parametrize(
    ("text", "length", "forced_by"),
    [
        ("👩🏽‍💻", 7, ("👩", "🏽", "\u200d", "💻")),
        ("e\u0301e\u0301", 4, ("\u0301",)),
        ("a\tb", 3, ("\t",)),
        ("\0", 1, ("\0",)),
        ("\ud800", 1, ("\ud800",)),
        ("\u202fç’œ", 4, ("\u202f", "ç", "’", "œ")),
    ],
)
def test_odd_characters_are_counted_as_they_are_sent(text: str, length: int, forced_by: tuple[str, ...]) -> None:
    assert analyse(text) == Analysis("UCS-2", length, 1, forced_by)


def test_what_looks_odd_and_is_in_gsm_7_forces_nothing() -> None:
    assert analyse("a\r\nb\f[Ç]ΔΩ") == Analysis("GSM-7", 13, 1, ())
    assert analyse("a" * 152 + "€" + "a" * 6).fragments == 1
    assert [len(part) for part in split("a" * 152 + "€" + "a" * 7).parts] == [152, 9]
