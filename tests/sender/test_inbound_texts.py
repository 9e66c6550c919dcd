import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.alphabets import ALPHABETS, decode
from linksvc.fragments import split
from linksvc.route_accounts import RouteReading
from sender.inbound_texts import alphabet_of, read_text

USUAL = RouteReading()


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (split("Où est l'été à 5 € ? [~]").parts[0], 0, "Où est l'été à 5 € ? [~]"),
        ("déjà".encode("latin-1"), 0, "déjà"),
        (b"@ [a]", 1, "@ [a]"),
        ("déjà".encode("latin-1"), 1, "déjà"),
        ("ARRÊT".encode("latin-1"), 3, "ARRÊT"),
        ("ARRÊT".encode("latin-1"), 4, "ARRÊT"),
        (b"\x01\x02\xff", 4, "0102ff"),
        (b"", 4, ""),
        ("привет".encode("iso8859_5"), 6, "привет"),
        ("Arrêt ✋😀".encode("utf-16-be"), 8, "Arrêt ✋😀"),
        (b"\xff\xfe" + "Arrêt ✋😀".encode("utf-16-le"), 8, "Arrêt ✋😀"),
        (b"\xfe\xff" + "Arrêt ✋😀".encode("utf-16-be"), 8, "Arrêt ✋😀"),
        ("停".encode("shift_jis"), 5, "停"),
        (b"ST\0OP\0", 3, "STOP"),
        (b"O\x06 ? \x1be", 1, "Où ? €"),
        (b"un\r\n[deux]", 1, "un\r\n[deux]"),
        (b"STOP", 245, "STOP"),
        (b"\x00\x00", 241, "@@"),
        ("✋".encode("utf-16-be"), 0x18, "✋"),
        (b"STOP", 0x11, "STOP"),
        (b"STOP", 99, "STOP"),
        (b"\xd8", 8, "\ufffd"),
    ],
)
def test_a_text_is_read_by_its_coding(octets: bytes, data_coding: int, text: str) -> None:
    assert read_text(octets, data_coding, USUAL) == text


def test_a_route_s_settings_go_before_what_is_usual() -> None:
    reading = RouteReading(alphabet="latin1", data_codings={3: "gsm", 4: "ucs2", 245: "utf8"})
    assert read_text(b"[\x00]", 0, reading) == "[]"
    assert read_text(b"\x00", 3, reading) == "@"
    assert read_text("é".encode("utf-16-be"), 4, reading) == "é"
    assert read_text("é".encode(), 245, reading) == "é"
    assert read_text("é".encode("utf-16-be"), 8, reading) == "é"
    assert read_text(b"\x80", 0, RouteReading(alphabet="utf8")) == "\ufffd"


@given(st.binary(max_size=200), st.integers(0, 255), st.sampled_from(ALPHABETS))
def test_whatever_comes_is_read_and_can_be_stored(octets: bytes, data_coding: int, alphabet: str) -> None:
    assert alphabet_of(data_coding, USUAL) in ALPHABETS
    for text in (read_text(octets, data_coding, USUAL), decode(octets, alphabet)):
        assert "\0" not in text
        text.encode()
