import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.words import HELP, START, STOP, TEXT, Word, is_stop, read_word


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop. ", "STOPALL", "stop all", "Arrêt", "ARRET !", "«arrêt»", "S.T.O.P", "Stop svp", "STOP 36180"],
)
def test_these_ask_for_a_stop(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "Cancel",
        "END",
        "quit!",
        "opt-out",
        "Revoke",
        "Please stop",
        "unsubscribe me please",
        "se désabonner".removeprefix("se "),
        "Désinscription",
        "arrêtez svp",
        "ＳＴＯＰ",
        "Arrêt",
        "STOP\nmerci",
    ],
)
def test_so_do_these(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    ["", "?", "oui", "Ne stoppez pas", "the end is near", "don't stop", "stopper", "arrêt de bus", "merci", "please", "😀"],
)
def test_these_do_not(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", Word(STOP)),
        ("stop tout", Word(STOP, "fr")),
        ("Unsubscribe", Word(STOP, "en")),
        ("arrêt", Word(STOP, "fr")),
        ("start", Word(START)),
        ("Unstop!", Word(START, "en")),
        ("Reprendre svp", Word(START, "fr")),
        ("YES", Word(START, "en", if_stopped=True)),
        ("oui merci", Word(START, "fr", if_stopped=True)),
        ("Help", Word(HELP, "en")),
        ("aide ?", Word(HELP, "fr")),
        ("INFO", Word(HELP)),
        ("infos svp", Word(HELP)),
        ("informations", Word(TEXT)),
        ("start stop", Word(TEXT)),
        ("help me find it", Word(TEXT)),
        ("Merci, à samedi", Word(TEXT)),
    ],
)
def test_a_word_tells_what_is_asked_and_in_which_language(text: str, word: Word) -> None:
    assert read_word(text) == word


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    assert read_word(text).kind in (STOP, START, HELP, TEXT)


@given(st.sampled_from(["stop", "arrêt", "aide", "help", "start"]), st.data())
def test_case_accents_and_punctuation_do_not_matter(word: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from((letter, letter.upper()))) for letter in word)
    around = st.text(st.sampled_from(" .!?'\"«»()…-\n"), max_size=4)
    assert read_word(data.draw(around) + written + data.draw(around)).kind == read_word(word).kind != TEXT
