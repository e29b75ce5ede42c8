"""From the bytes of a picture to its pixels, whoever sent them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MOST_PIXELS", "PictureBroken", "decode_picture"]

MOST_PIXELS = 89_000_000  # of one picture: few bytes can ask for any amount of memory
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


class PictureBroken(ValueError):
    """No picture of a kind that is taken, or a broken one, or one that would not fit into memory."""


def decode_picture(data: bytes) -> "Image":
    """The first frame in RGB, turned as its Exif data says, on white where it is transparent. Raises PictureBroken."""
    from PIL import Image

    from tests.standin.pictures.reading import load_picture

    try:
        turned = load_picture(data, _FORMATS, MOST_PIXELS)
    except ValueError as error:
        raise PictureBroken from error
    if turned.mode == "RGB":
        return turned
    clear = turned.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(white, clear).convert("RGB")
