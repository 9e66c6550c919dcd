import re
import struct
import zlib
from xml.etree import ElementTree

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from linksvc.errors import InvalidRequest
from linksvc.qr_codes import QrStyle, draw

LINK = "https://go.shop.example:8443/q7Rkz0aXWmP"


def scanned(png: bytes) -> str:
    """What a camera reads in a PNG."""
    width, height, depth, colour_type = struct.unpack(">IIBB", png[16:26])
    chunks, data, at = {}, b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        chunks[name] = png[at + 8 : at + 8 + length]
        data += chunks[name] if name == b"IDAT" else b""
        at += 12 + length
    palette = chunks.get(b"PLTE", b"\0\0\0\xff\xff\xff")
    assert depth == 1 and colour_type in (0, 3)
    rows, stride = zlib.decompress(data), (width + 7) // 8 + 1
    pixels, row = bytearray(), bytes(stride - 1)
    for y in range(height):
        filter, *packed = rows[y * stride : (y + 1) * stride]
        # A row as it is, or as its difference from the one above it.
        assert filter in (0, 2)
        row = bytes((byte + (above if filter else 0)) % 256 for byte, above in zip(packed, row, strict=True))
        bits = "".join(f"{byte:08b}" for byte in row)[:width]
        pixels += bytes(sum(palette[3 * int(bit) : 3 * int(bit) + 3]) // 3 for bit in bits)
    (found,) = zxingcpp.read_barcodes(memoryview(bytes(pixels)).cast("B", (height, width)))
    return str(found.text)


@pytest.mark.parametrize(
    "style",
    [QrStyle(), QrStyle(scale=3, border=6, dark="0057b8", light="#FFF4E0"), QrStyle(scale=2, level="H"), QrStyle(level="L")],
)
def test_a_camera_reads_the_exact_link_in_the_picture(style: QrStyle) -> None:
    assert scanned(draw(LINK, "png", style)) == LINK


@settings(max_examples=25)
@given(st.text(alphabet="abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=11, max_size=11))
def test_every_code_is_read_back(code: str) -> None:
    assert scanned(draw(f"https://s.example/{code}", "png", QrStyle(scale=3))) == f"https://s.example/{code}"


def test_the_drawing_for_print_shows_the_same_modules() -> None:
    svg = ElementTree.fromstring(draw(LINK, "svg", QrStyle(scale=5, dark="#0057B8")))  # noqa: S314
    matrix = segno.make(LINK, error="M", micro=False).matrix
    assert svg.get("width") == svg.get("height") == str(5 * (len(matrix) + 8))
    namespace = "{http://www.w3.org/2000/svg}"
    assert svg.findtext(f"{namespace}title") == LINK
    (line,) = (path for path in svg.iter(f"{namespace}path") if path.get("stroke"))
    assert line.get("stroke") == "#0057b8"
    dark, x, y = set(), 0.0, 0.0
    for command, values in re.findall(r"([Mmh])([-\d. ]+)", line.get("d") or ""):
        numbers = [float(number) for number in values.split()]
        if command == "h":
            dark |= {(int(y), int(x) + i) for i in range(int(numbers[0]))}
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    assert dark == {(r + 4, c + 4) for r, row in enumerate(matrix) for c, module in enumerate(row) if module}


@pytest.mark.parametrize(
    ("style", "code", "field"),
    [
        (QrStyle(scale=0), "qr_style_invalid", "scale"),
        (QrStyle(scale=41), "qr_style_invalid", "scale"),
        (QrStyle(border=-1), "qr_style_invalid", "border"),
        (QrStyle(border=21), "qr_style_invalid", "border"),
        (QrStyle(level="X"), "qr_style_invalid", "level"),
        (QrStyle(dark="blue"), "qr_style_invalid", "dark"),
        (QrStyle(light='#fff" onload="'), "qr_style_invalid", "light"),
        (QrStyle(dark="#ffd700"), "qr_contrast_low", "dark"),
        (QrStyle(dark="#ffffff", light="#000000"), "qr_contrast_low", "dark"),
    ],
)
def test_a_picture_that_no_camera_reads_is_refused(style: QrStyle, code: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        draw(LINK, "png", style)
    assert (refused.value.code, refused.value.errors[0].field) == (code, field)
