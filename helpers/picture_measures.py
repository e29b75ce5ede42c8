"""Measures between pictures, as published: colour difference (CIEDE2000) and structural similarity (SSIM).

Everything is Pillow's Image. scikit-image is loaded when first needed.
"""

from typing import TYPE_CHECKING, Any

from helpers.errors import CourseError

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

__all__ = ["colour_difference", "main_colours", "structural_similarity"]


def colour_difference(one: Any, other: Any) -> float:
    """Delta E 2000: 0 for the same colour, about 1 where two are just told apart, up to about 100.

    one, other: colours as "#4a7fb5" or a name that Pillow knows, or two pictures of one size, of which it is the mean
    over the pixels. Transparency is not looked at. Raises CourseError for what is no colour, and where sizes differ.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    pair = [_read_pixels(each) for each in (one, other)]
    if pair[0].shape != pair[1].shape and 1 not in (pair[0].size // 3, pair[1].size // 3):
        raise CourseError("pictures of different sizes", next="other.resize(one.size)")
    return float(deltaE_ciede2000(*(rgb2lab(each) for each in pair)).mean())


def structural_similarity(one: "Picture", other: "Picture") -> float:
    """SSIM of two pictures in grey: 1 for the same picture, near 0 where their structures have nothing in common.

    Windows of 7 x 7 pixels. Raises CourseError where sizes differ or a side is below 7 pixels.
    """
    import numpy as np
    from skimage.metrics import structural_similarity as measure

    if one.size != other.size or min(one.size) < 7:
        raise CourseError(f"pictures of {one.size} and {other.size} pixels", next="one size, from 7 x 7 pixels on")
    return float(measure(*(np.asarray(each.convert("L")) for each in (one, other)), data_range=255))


def main_colours(picture: "Picture", count: int = 6) -> list[str]:
    """The colours that a picture is reduced to, as "#4a7fb5", the one with most pixels first.

    count: 1 to 256, at most so many. What is transparent counts as white.
    """
    from PIL import Image

    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture.convert("RGBA"))
    reduced = page.convert("RGB").quantize(count, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    palette = reduced.getpalette() or []
    found: Any = reduced.getcolors() or []
    ordered = [place for _, place in sorted(found, reverse=True)]
    return ["#{:02x}{:02x}{:02x}".format(*palette[3 * place : 3 * place + 3]) for place in ordered]


def _read_pixels(source: Any) -> Any:
    """An array (height, width, 3) of numbers from 0 to 1."""
    import numpy as np
    from PIL import Image, ImageColor

    if isinstance(source, str):
        try:
            source = Image.new("RGB", (1, 1), ImageColor.getrgb(source)[:3])
        except ValueError:
            raise CourseError(f"{source!r} is no colour", next='"#4a7fb5"') from None
    if not isinstance(source, Image.Image):
        raise CourseError(f"{type(source).__name__} is no colour and no picture", next='"#4a7fb5", or read_picture()')
    return np.asarray(source.convert("RGB")) / 255
