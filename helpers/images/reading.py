"""Pictures read from files, bytes, data URLs and answers, as viewers and models see them."""

import base64
import io
import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.errors import CourseError

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

__all__ = ["MOST_PIXELS", "has_alpha", "make_upright", "read_picture"]

MOST_PIXELS = 100_000_000  # a small file can hold more than memory has


def read_picture(source: Any) -> "Picture":
    """A picture from a path, bytes, a data URL, base64 text, or an item of an answer: its b64_json or result.

    Turned as its Exif says, as viewers and models do; of an animation the first one; 16 bits become 8. Raises
    CourseError where it is none, is cut off, or has more than 100 million pixels.
    """
    from PIL import Image, UnidentifiedImageError

    data = _read_bytes(source)
    try:
        opened = Image.open(io.BytesIO(data))
        if math.prod(opened.size) > MOST_PIXELS:
            width, height = opened.size
            raise CourseError(f"a picture of {width:,} x {height:,} pixels", next="a smaller one: at most 100 million")
        opened.load()
        upright = make_upright(opened)
    except Image.DecompressionBombError:
        raise CourseError(
            "a picture of far more than 100 million pixels", next="a smaller one: such a file can fill the memory"
        ) from None
    except UnidentifiedImageError:  # its text holds an address in memory
        raise CourseError("these bytes are no picture", next="a PNG or JPEG file, or its bytes") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:  # by what Pillow's readers stop
        raise CourseError(f"this is no whole picture: {error}", next="a PNG or JPEG file, or its bytes") from None
    return upright if upright.mode in ("RGB", "RGBA") else upright.convert("RGBA" if has_alpha(upright) else "RGB")


def make_upright(opened: "Picture") -> "Picture":
    """A picture turned as its Exif says; 16 bits become 8."""
    from PIL import ImageOps

    turned = ImageOps.exif_transpose(opened)
    if turned.mode.startswith("I"):  # 16 bits, which Pillow's own conversion would cut off instead of scaling
        return turned.convert("I").point(lambda value: value / 257).convert("L")
    return turned


def has_alpha(picture: "Picture") -> bool:
    """Whether something in it may be transparent."""
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _read_bytes(source: Any) -> bytes:
    for name in ("b64_json", "result"):  # of the images API; of the Responses API's image_generation_call
        if isinstance(inner := getattr(source, name, None), str):
            source = inner
    if isinstance(source, bytes | bytearray):
        return bytes(source)
    if isinstance(source, Path):
        if not source.is_file():
            raise CourseError(f"there is no file {source}", next="the path of a picture, from the notebook's folder")
        return source.read_bytes()
    if isinstance(source, str):
        text = source.partition(",")[2] if source.startswith("data:") else source
        if not source.startswith("data:") and len(source) < 1_000 and Path(source).suffix:
            return _read_bytes(Path(source))
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:  # binascii.Error, or letters that are not ASCII
            raise CourseError("this text is no picture in base64", next="b64_json of an answer, or a path") from None
    raise CourseError(f"{type(source).__name__} is no picture", next="a path, bytes, a data URL, or an item of .data")
