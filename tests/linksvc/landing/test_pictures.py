from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image, ImageCms
from sqlalchemy import Engine

from linksvc.database import reading, writing
from linksvc.errors import Conflict, InvalidRequest, NotFound, Problem, TooLarge
from linksvc.landing import picture_files
from linksvc.landing.pages import create_page
from linksvc.landing.picture_files import MOST_BYTES, PictureFile, read_picture
from linksvc.landing.pictures import PictureDetails, add_picture, delete_picture, find_content, find_picture, list_pictures
from tests import factories
from tests.factories import NOW
from tests.linksvc.landing.documents_by_example import block, parsed, with_block, written

RED, BLUE = (220, 30, 30), (30, 30, 220)


def picture(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    """Red on its left half, blue on its right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def file_of(image: Image.Image, format: str = "JPEG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def opened(file: PictureFile) -> Image.Image:
    image = Image.open(BytesIO(file.content))
    assert image.format == "WEBP"
    assert image.size == (file.width, file.height)
    return image


def near(found: object, wanted: tuple[int, ...]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) < 25 for one, other in zip(found, wanted, strict=False))


MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "L", "P", "1", "RGBA", "LA"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("P", "L", "1", "RGBA"),
}


@pytest.mark.parametrize(("format", "mode"), [(format, mode) for format, modes in MODES.items() for mode in modes])
def test_every_sort_of_the_four_formats_becomes_webp(format: str, mode: str) -> None:
    shown = opened(read_picture(file_of(picture(mode=mode), format)))
    assert shown.size == (60, 40)
    if mode in ("RGB", "RGBA", "CMYK"):
        assert near(shown.convert("RGB").getpixel((10, 20)), RED)


def test_a_wide_picture_is_made_1200_pixels_wide() -> None:
    assert opened(read_picture(file_of(picture((3_000, 1_500))))).size == (1_200, 600)
    assert opened(read_picture(file_of(picture((10, 20_000)), "PNG"))).size == (2, 4_000)
    assert opened(read_picture(file_of(picture((30, 20))))).size == (30, 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_as_the_camera_was_held(orientation: int) -> None:
    upright = picture((80, 40))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    shown = opened(read_picture(file_of(lying, "JPEG", exif=exif))).convert("RGB")
    assert shown.size == (80, 40)
    assert near(shown.getpixel((15, 20)), RED)
    assert near(shown.getpixel((65, 20)), BLUE)


def test_a_tall_picture_that_lies_on_its_side_is_as_wide_as_may_be() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(read_picture(file_of(picture((3_000, 2_400)), exif=exif))).size == (1_200, 1_500)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_nothing_that_the_camera_wrote_is_kept(format: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET maker"
    exif.get_ifd(0x8825)[1] = "N"  # Where it was taken.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif, "icc_profile": profile}
    if format != "PNG":
        options["xmp"] = b"<x>SECRET place</x>"
    if format == "JPEG":
        options["comment"] = b"SECRET comment"
    kept = read_picture(file_of(picture(), format, **options))
    assert b"SECRET" not in kept.content
    image = opened(kept)
    assert dict(image.getexif()) == {}
    assert not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys()


def test_of_a_gif_that_moves_the_first_frame_is_kept() -> None:
    frames = [picture((20, 20)), Image.new("RGB", (20, 20), "green")]
    file = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    image = opened(read_picture(file))
    assert getattr(image, "n_frames", 1) == 1
    assert near(image.convert("RGB").getpixel((3, 10)), RED)


def test_what_is_transparent_stays_so() -> None:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste(RED, (10, 0, 20, 20))
    kept = opened(read_picture(file_of(image, "PNG")))
    assert kept.mode == "RGBA"
    assert kept.getpixel((2, 10))[3] == 0  # type: ignore[index]


def test_a_picture_of_16_bits_keeps_its_tones() -> None:
    image = Image.new("I;16", (20, 20), 0x8000)
    assert near(opened(read_picture(file_of(image, "PNG"))).convert("RGB").getpixel((5, 5)), (128, 128, 128))


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (SVG, "an SVG may hold a program"),
        (b"\xef\xbb\xbf  <svg onload=alert(1)>", "an SVG may hold a program"),
        (b"<!-- x --><svg/>", "an SVG may hold a program"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "it is a HEIC"),
        (b"", "no picture"),
        (b"<html><script>alert(1)</script>", "no picture"),
        (b"PK\x03\x04", "no picture"),
        (b"BM" + bytes(60), "no picture"),
        (b"\xff\xd8\xff", "no picture"),
    ],
)
def test_what_a_file_is_counts_and_not_what_it_is_called(data: bytes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told) as refused:
        read_picture(data)
    assert refused.value.code == "picture_not_readable"
    assert refused.value.errors[0].field == "file"


def test_formats_that_are_not_taken_are_refused_though_the_library_reads_them() -> None:
    for format in ("BMP", "TIFF", "PPM", "ICO", "TGA", "PCX", "PDF", "EPS"):
        with pytest.raises(InvalidRequest, match="no picture that is taken here"):
            read_picture(file_of(picture((16, 16)), format))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
def test_a_picture_of_50_megapixels_is_refused_before_it_is_decoded(format: str) -> None:
    small = bytearray(file_of(picture((64, 64)), format))
    # Only the header tells its size: were more than that read, the file would be found broken.
    at = {"JPEG": small.find(b"\xff\xc0") + 5, "PNG": 16, "GIF": 6}[format]
    if format == "GIF":
        small[at : at + 4] = (7_000).to_bytes(2, "little") * 2
    elif format == "PNG":
        small[at : at + 8] = (7_100).to_bytes(4, "big") * 2
        small = bytearray(with_checksum(bytes(small)))
    else:
        small[at : at + 4] = (7_100).to_bytes(2, "big") * 2
    with pytest.raises(InvalidRequest, match="25,000,000 are the most") as refused:
        read_picture(bytes(small))
    assert refused.value.code == "picture_too_many_pixels"


def with_checksum(png: bytes) -> bytes:
    """The PNG with the checksum that its changed header has."""
    import zlib

    return png[:29] + zlib.crc32(png[12:29]).to_bytes(4, "big") + png[33:]


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb_is_refused(side: int) -> None:
    bomb = bytearray(file_of(picture((64, 64)), "PNG"))
    bomb[16:24] = side.to_bytes(4, "big") * 2
    with pytest.raises(InvalidRequest) as refused:
        read_picture(with_checksum(bytes(bomb)))
    assert refused.value.code == "picture_too_many_pixels"


def test_a_jpeg_of_countless_layers_or_parts_is_refused() -> None:
    whole = file_of(picture((64, 64)), "JPEG", progressive=True)
    first = whole.index(b"\xff\xda")
    second = whole.index(b"\xff", first + 2)
    while whole[second + 1] in (0, *range(0xD0, 0xD8)):
        second = whole.index(b"\xff", second + 2)
    layered = whole[:first] + whole[first:second] * 101 + whole[second:]
    comments = whole[:2] + b"\xff\xfe\x00\x02" * 5_000 + whole[2:]
    for hostile in (layered, comments):
        with pytest.raises(InvalidRequest, match="layers"):
            read_picture(hostile)
    assert opened(read_picture(whole))


def test_a_photo_that_moves_has_as_many_layers_as_it_shows() -> None:
    """Phones put a film behind the end of the picture, in which anything may stand."""
    assert opened(read_picture(file_of(picture((64, 64))) + b"\xff\xda" * 1_000))
    noisy = Image.effect_noise((700, 700), 100)
    assert opened(read_picture(file_of(noisy, "PNG") + b"\xff\xda" * 1_000))


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(TooLarge) as refused:
        read_picture(bytes(MOST_BYTES + 1))
    assert refused.value.code == "picture_too_large"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_broken_file_is_refused_in_a_sentence_wherever_it_breaks(format: str) -> None:
    whole = file_of(picture((200, 200)), format)
    for end in range(8, len(whole), max(1, len(whole) // 25)):
        try:
            read_picture(whole[:end])
        except Problem as problem:
            assert problem.code == "picture_not_readable"
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        spoilt = bytearray(whole)
        spoilt[at] ^= 0xFF
        try:
            read_picture(bytes(spoilt))
        except Problem as problem:
            assert problem.code in ("picture_not_readable", "picture_too_many_pixels")


def test_no_more_than_a_few_pictures_are_decoded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_files, "_WAIT_S", 0)
    for _ in range(2):
        picture_files._AT_ONCE.acquire()
    try:
        with pytest.raises(Problem) as refused:
            read_picture(file_of(picture()))
    finally:
        for _ in range(2):
            picture_files._AT_ONCE.release()
    assert refused.value.code == "pictures_busy"
    assert refused.value.retryable


@pytest.fixture
def workspace_id(engine: Engine) -> int:
    return factories.workspace(engine)


def test_the_same_picture_twice_is_one(engine: Engine, workspace_id: int) -> None:
    data = file_of(picture())
    with writing(engine) as session:
        first = add_picture(session, workspace_id, "shop.jpg", read_picture(data), NOW)
    with writing(engine) as session:
        again = add_picture(session, workspace_id, "copy.jpg", read_picture(data), NOW + timedelta(days=1))
    assert again == first
    assert (first.name, first.width, first.height) == ("shop.jpg", 60, 40)
    with reading(engine) as session:
        content = find_content(session, workspace_id, first.digest)
        assert content is not None
        assert len(content) == first.size_bytes
        assert len(list_pictures(session, workspace_id).pictures) == 1


def test_pictures_are_listed_newest_first(engine: Engine, workspace_id: int) -> None:
    with writing(engine) as session:
        for number in range(5):
            # Of one moment too: the digest decides then.
            add_picture(
                session, workspace_id, f"{number}.jpg", PictureFile(bytes([number]), 1, 1), NOW + timedelta(number // 2)
            )
    with reading(engine) as session:
        whole = list_pictures(session, workspace_id)
        assert whole.next_after is None
        shown: list[PictureDetails] = []
        after: str | None = None
        while True:
            page = list_pictures(session, workspace_id, after, limit=2)
            shown += page.pictures
            if (after := page.next_after) is None:
                break
        assert tuple(shown) == whole.pictures
        assert len(shown) == 5
        assert [one.created_at for one in shown] == sorted((one.created_at for one in shown), reverse=True)
        with pytest.raises(InvalidRequest):
            list_pictures(session, workspace_id, "tomorrow")


def test_a_picture_that_a_page_shows_is_not_deleted(engine: Engine, workspace_id: int) -> None:
    with writing(engine) as session:
        shown = add_picture(session, workspace_id, "a.jpg", PictureFile(b"a", 1, 1), NOW)
        logo = add_picture(session, workspace_id, "b.jpg", PictureFile(b"b", 1, 1), NOW)
        unused = add_picture(session, workspace_id, "c.jpg", PictureFile(b"c", 1, 1), NOW)
        document = parsed(with_block(**block("picture") | {"picture": shown.digest}))
        create_page(session, workspace_id, "Sale", document, NOW)
        create_page(session, workspace_id, "Logo", parsed(written(theme={"logo": logo.digest})), NOW)
    for picture_, name in ((shown, "Sale"), (logo, "Logo")):
        with writing(engine) as session, pytest.raises(Conflict, match=f"“{name}”") as told:
            delete_picture(session, workspace_id, picture_.digest)
        assert told.value.code == "picture_in_use"
    with writing(engine) as session:
        assert delete_picture(session, workspace_id, unused.digest) == unused
        with pytest.raises(NotFound):
            find_picture(session, workspace_id, unused.digest)


def test_a_picture_of_another_workspace_is_not_there(engine: Engine, workspace_id: int) -> None:
    with writing(engine) as session:
        mine = add_picture(session, workspace_id, "a.jpg", PictureFile(b"a", 1, 1), NOW)
    other = factories.workspace(engine, "Another")
    with writing(engine) as session:
        assert find_content(session, other, mine.digest) is None
        assert list_pictures(session, other).pictures == ()
        with pytest.raises(NotFound):
            delete_picture(session, other, mine.digest)
        assert find_picture(session, workspace_id, mine.digest) == mine


def test_the_name_of_a_file_is_one_line(engine: Engine, workspace_id: int) -> None:
    with writing(engine) as session:
        named = add_picture(session, workspace_id, "a\n<b>\u202e.jpg" + "x" * 200, PictureFile(b"a", 1, 1), NOW)
        assert named.name.startswith("a<b>.jpg")
        assert len(named.name) == 120
        assert add_picture(session, workspace_id, "\n", PictureFile(b"b", 1, 1), NOW).name == "picture"
