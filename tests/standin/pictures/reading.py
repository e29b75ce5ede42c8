"""Pictures that somebody sent, read as the service's models see them: upright, eight bits a channel, RGBA."""

import io
import struct
from collections.abc import Collection

from PIL import Image, ImageOps

__all__ = ["EDITABLE", "open_picture", "read_mask"]

EDITABLE = ("PNG", "JPEG", "WEBP")  # what an edit takes, as the service lists it
_MOST_PIXELS = 40_000_000


def open_picture(data: bytes, kinds: Collection[str] = EDITABLE) -> Image.Image:
    """An RGBA picture, turned as its Exif says; of an animation the first one. kinds: formats as Pillow names them.

    Raises ValueError where it is no whole picture of these kinds, or has more than 40 million pixels.
    """
    picture = _load(data, kinds)
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I"):  # 16 bits: Pillow's own conversion would cut, not scale
        turned = turned.convert("I").point(lambda value: value / 257).convert("L")
    return turned.convert("RGBA")


def read_mask(data: bytes) -> Image.Image:
    """A mask as RGBA. Raises ValueError where it is no picture, LookupError where it has no alpha channel."""
    mask = _load(data, (*EDITABLE, "GIF"))
    if mask.mode not in ("RGBA", "LA", "PA") and "transparency" not in mask.info:
        raise LookupError("no alpha channel")
    return mask.convert("RGBA")


def _load(data: bytes, kinds: Collection[str]) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=list(kinds))
        if picture.width * picture.height > _MOST_PIXELS:
            raise ValueError("too many pixels")
        picture.load()
    except (OSError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise ValueError(str(error)) from None
    return picture
