import pytest

from linksvc.languages import choose_language, languages, read_language


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("fr", "fr"),
        ("FR", "fr"),
        ("fr-FR", "fr"),
        ("fr_CA", "fr"),
        ("zh-Hans-CN", "zh"),
        (" French ", "fr"),
        ("français", "fr"),
        ("FRANCAIS", "fr"),
        ("Französisch", "fr"),
        ("francés", "fr"),
        ("francese", "fr"),
        ("Deutsch", "de"),
        ("anglais", "en"),
        ("Inglés", "en"),
        ("no", "nb"),
        ("Norwegian", "nb"),
        ("iw", "he"),
        ("", ""),
        ("x", ""),
        ("xx", ""),
        ("xx-FR", ""),
        ("Klingon", ""),
        ("fr-", ""),
        ("fr;q=1", ""),
        ("fr" * 10_000, ""),
    ],
)
def test_a_language_is_read_as_people_and_machines_write_it(written: str, code: str) -> None:
    assert read_language(written) == code


def test_there_are_the_languages_of_iso_639_1() -> None:
    assert {"fr", "en", "de", "es", "it", "nl", "pt", "ar", "he", "zh", "ja"} <= languages()
    assert not {"iw", "in", "xx", "en-US"} & languages()


def test_the_first_wanted_language_that_is_offered_is_chosen() -> None:
    assert choose_language(["de", "en", "fr"], ["fr", "en"], "fr") == "en"
    assert choose_language(["de"], ["fr", "en"], "fr") == "fr"
    assert choose_language([], ["fr"], "fr") == "fr"
