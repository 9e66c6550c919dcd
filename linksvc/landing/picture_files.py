"""From an uploaded file to the picture that phones get: WebP, at most 1,200 pixels wide, upright, without what the camera
wrote into it. For `linksvc.landing.pictures`.

What a file says of itself is read before anything is decoded, and it is believed only of four formats: no name, no ending
and no media type counts. What a decoder must then do is bounded by the number of pixels.
"""

import io
import re
from dataclasses import dataclass
from threading import BoundedSemaphore

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from linksvc.errors import FieldError, InvalidRequest, TooLarge, TooManyRequests

MOST_BYTES = 10_485_760
"""Of an uploaded file."""

MOST_PIXELS = 25_000_000
"""Of an uploaded picture: a little more than a phone's camera takes as a rule."""

WIDEST, HIGHEST = 1_200, 4_000
"""Of a picture as it is kept, in pixels."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

_SCANS_MOST, _SEGMENTS_MOST = 100, 5_000
"""Of a progressive JPEG, which is decoded whole for each scan: cameras and programs write ten or so, in some dozens of
segments."""

_AT_ONCE = BoundedSemaphore(2)
"""Pictures that are decoded at one time: each may take a few hundred MB."""

_WAIT_S = 20
_QUALITY = 82

_JPEG = b"\xff\xd8"
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""Of a JPEG (ITU T.81, B.1.1.2); what it codes is never taken for one, nor the marks within it."""

_END, _SCAN = 0xD9, 0xDA
_BARE = frozenset({0x01, 0xD8})
"""Markers that no length stands behind."""


@dataclass(frozen=True)
class PictureFile:
    """A picture as it is served."""

    content: bytes
    width: int
    height: int


def read_picture(data: bytes) -> PictureFile:
    """The picture of an uploaded file; of one that moves, its first frame.

    Raises TooLarge (picture_too_large), InvalidRequest (picture_too_many_pixels, picture_not_readable), TooManyRequests
    (pictures_busy) while others are decoded.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"The picture has {len(data):,} bytes; {MOST_BYTES:,} are the most.", code="picture_too_large")
    if not _AT_ONCE.acquire(timeout=_WAIT_S):
        raise TooManyRequests("Other pictures are being read. Try again in a moment.", code="pictures_busy", retry_after_s=5)
    try:
        with _opened(data) as image:
            return _written(_upright(image))
    except (InvalidRequest, MemoryError):
        raise
    except Exception as error:
        # A decoder raises whatever a broken file leads it to.
        raise _unreadable("The file is broken: it begins as a picture and cannot be read to its end.") from error
    finally:
        _AT_ONCE.release()


def _opened(data: bytes) -> Image.Image:
    """The picture, of which only the header was read. Raises InvalidRequest."""
    if data.startswith(_JPEG) and not _is_simple(data):
        raise _unreadable(
            f"The JPEG is put together of more than {_SCANS_MOST} layers, or of countless parts. Save it anew."
        )
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(f"more than {Image.MAX_IMAGE_PIXELS or 0:,}") from None
    except UnidentifiedImageError:
        told = f"It is no picture that is taken here{_guess(data)}. Upload a JPEG, a PNG, a WebP or a GIF."
        raise _unreadable(told) from None
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels(f"{image.width:,} x {image.height:,}")
    return image


def _is_simple(data: bytes) -> bool:
    """Whether a JPEG has no more scans and segments than may be, up to its end; what stands behind that is not decoded."""
    at, scans = len(_JPEG), 0
    for _ in range(_SEGMENTS_MOST):
        marker = _MARKER.search(data, at)
        if marker is None or marker[1][0] == _END:
            return True
        at = marker.end()
        if marker[1][0] not in _BARE:
            at += int.from_bytes(data[at : at + 2], "big")
        scans += marker[1][0] == _SCAN
        if scans > _SCANS_MOST:
            return False
    return False


def _guess(data: bytes) -> str:
    """What the file is instead, if it is something that people take for a picture."""
    start = data[:4_096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) or b"<svg" in start:
        return ": an SVG may hold a program, so save it as PNG"
    if start[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1"):
        return ": it is a HEIC, so let the phone share it as JPEG"
    if start.startswith(b"%pdf"):
        return ": it is a PDF"
    return ""


def _upright(image: Image.Image) -> Image.Image:
    """The picture in red, green and blue, small enough, turned as the camera was held."""
    image = _in_usual_mode(image)
    turned = image.getexif().get(_ORIENTATION, 1) >= _FIRST_ON_ITS_SIDE
    # Of a JPEG no more is decoded than is needed for this size.
    image.thumbnail((HIGHEST, WIDEST) if turned else (WIDEST, HIGHEST), Image.Resampling.LANCZOS)
    image = ImageOps.exif_transpose(image)
    return _in_usual_colours(image)


_ORIENTATION = 0x0112
_FIRST_ON_ITS_SIDE = 5
"""EXIF 2.3: the orientations 5 to 8 lie on their side."""


def _in_usual_mode(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be made smaller without loss of colours."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.mode in ("P", "PA", "1") or "transparency" in image.info:
        return image.convert("RGBA")
    return image


def _in_usual_colours(image: Image.Image) -> Image.Image:
    """The picture in sRGB: its profile is thrown away, so its colours are brought to what phones take for granted."""
    wanted = "RGBA" if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") else "RGB"
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            changed = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode=wanted)
            return changed or image
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # A broken profile: the colours are taken as they are.
    return image.convert(wanted)


def _written(image: Image.Image) -> PictureFile:
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    if bare.mode == "RGBA" and bare.getchannel("A").getextrema()[0] == 255:
        bare = bare.convert("RGB")
    file = io.BytesIO()
    bare.save(file, "WEBP", quality=_QUALITY, method=4)
    return PictureFile(file.getvalue(), bare.width, bare.height)


def _too_many_pixels(size: str) -> InvalidRequest:
    message = f"The picture has too many pixels: {size}. {MOST_PIXELS:,} are the most; make it smaller first."
    return InvalidRequest(message, code="picture_too_many_pixels", errors=(FieldError("file", message),))


def _unreadable(message: str) -> InvalidRequest:
    return InvalidRequest(message, code="picture_not_readable", errors=(FieldError("file", message),))
