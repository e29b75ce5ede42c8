"""Pictures that somebody sent, read as the service's models see them: upright, eight bits a channel, RGBA."""

import io
import struct
from collections.abc import Collection

from PIL import Image

from helpers.images.reading import make_upright

__all__ = ["EDITABLE", "load_picture", "open_picture", "read_mask"]

EDITABLE = ("PNG", "JPEG", "WEBP")  # what an edit takes, as the service lists it
_MOST_PIXELS = 40_000_000
# Decoders meet broken data with errors of every kind.
_BROKEN = (
    EOFError, IndexError, KeyError, MemoryError, OSError, OverflowError, SyntaxError, TypeError, struct.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def open_picture(data: bytes, kinds: Collection[str] = EDITABLE) -> Image.Image:
    """An RGBA picture, turned as its Exif says; of an animation the first one. kinds: formats as Pillow names them.

    Raises ValueError where it is no whole picture of these kinds, or has more than 40 million pixels.
    """
    return load_picture(data, kinds, _MOST_PIXELS).convert("RGBA")


def read_mask(data: bytes) -> Image.Image:
    """A mask as RGBA. Raises ValueError where it is no picture, LookupError where it has no alpha channel."""
    mask = load_picture(data, (*EDITABLE, "GIF"), _MOST_PIXELS, upright=False)
    if mask.mode not in ("RGBA", "LA", "PA") and "transparency" not in mask.info:
        raise LookupError("no alpha channel")
    return mask.convert("RGBA")


def load_picture(data: bytes, kinds: Collection[str], most_pixels: int, *, upright: bool = True) -> Image.Image:
    """The whole picture, its first frame; upright: turned as its Exif says, 16 bits scaled to 8.

    kinds: formats as Pillow names them. Raises ValueError where it is none of them, or has too many pixels.
    """
    try:
        picture = Image.open(io.BytesIO(data), formats=list(kinds))
        if picture.width * picture.height > most_pixels:
            raise ValueError("too many pixels")
        picture.load()
        return make_upright(picture) if upright else picture
    except _BROKEN as error:
        raise ValueError(str(error)) from None
