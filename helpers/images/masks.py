"""Masks and canvases of edits, and what an edit changed."""

import functools
from typing import TYPE_CHECKING, NamedTuple, cast

from helpers.errors import CourseError
from helpers.images.reading import has_alpha
from helpers.images.sending import encode

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

__all__ = ["Change", "change_of", "check_mask", "extend_canvas", "mask_of"]

Box = tuple[int, int, int, int]

_MOST_BYTES = 4_000_000  # of a mask


class Change(NamedTuple):
    """What an edit changed. inside, outside: share of the pixels that differ, 0 to 1, where the mask lets it and where
    it does not; without a mask all is inside. difference: a grey picture, white where the two differ most."""

    inside: float
    outside: float
    difference: "Picture"


def mask_of(size: tuple[int, int], *boxes: Box) -> "Picture":
    """A mask as large as the picture: transparent inside the boxes, where an edit may change something, else opaque.

    size: width, height. boxes: left, top, right, bottom, in pixels from the left upper corner; right and bottom are
    outside. Raises CourseError for a box that is empty or lies outside.
    """
    from PIL import Image

    mask = Image.new("RGBA", size, (0, 0, 0, 255))
    for left, top, right, bottom in boxes:
        if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
            raise CourseError(
                f"the box {(left, top, right, bottom)} lies not in a picture of {size[0]} x {size[1]} pixels",
                next="left, top, right, bottom, with left < right and top < bottom",
            )
        mask.paste((0, 0, 0, 0), (left, top, right, bottom))
    return mask


def check_mask(mask: "Picture", picture: "Picture") -> None:
    """Raise CourseError where the service would refuse a mask, or an edit with it could change nothing, or everything.

    The service wants a PNG below 4 MB with an alpha channel, as large as the (first) picture; what may change has
    alpha 0, so a soft edge is no part of it.
    """
    if mask.size != picture.size:
        raise CourseError(
            f"the mask has {mask.size[0]} x {mask.size[1]} pixels, the picture {picture.size[0]} x {picture.size[1]}",
            next="mask_of(picture.size, box)",
        )
    if not has_alpha(mask):
        raise CourseError(
            f"the mask has no transparency (mode {mask.mode}): white or black parts mean nothing",
            next="transparent where the edit may change something: mask_of(picture.size, box)",
        )
    least, most = cast("tuple[int, int]", mask.convert("RGBA").getchannel("A").getextrema())
    if least > 0:
        where = "opaque everywhere" if least == 255 else "nowhere fully transparent"
        raise CourseError(f"the mask is {where}: nothing may change", next="mask_of(picture.size, box)")
    if most == 0:
        raise CourseError("the mask is transparent everywhere: all may change", next="leave the mask out, or draw one")
    if len(encode(mask)) > _MOST_BYTES:
        raise CourseError("the mask is 4 MB or more", next="a smaller picture, or a mask of two plain parts")


def extend_canvas(
    picture: "Picture", left: int = 0, top: int = 0, right: int = 0, bottom: int = 0
) -> "tuple[Picture, Picture]":
    """(canvas, mask): the picture on a larger canvas, its margins transparent, and the mask that lets them be filled.

    left, top, right, bottom: pixels to add. Raises CourseError where none is, or one is negative.
    """
    from PIL import Image

    if min(left, top, right, bottom) < 0 or not any((left, top, right, bottom)):
        raise CourseError("the canvas does not grow", next="pixels to add on at least one side: right=512")
    width, height = picture.size
    canvas = Image.new("RGBA", (left + width + right, top + height + bottom), (0, 0, 0, 0))
    canvas.paste(picture.convert("RGBA"), (left, top))
    mask = Image.new("RGBA", canvas.size, (0, 0, 0, 0))
    mask.paste((0, 0, 0, 255), (left, top, left + width, top + height))
    return canvas, mask


def change_of(before: "Picture", after: "Picture", mask: "Picture | None" = None, tolerance: int = 8) -> Change:
    """What differs between two pictures of one size, as they are seen: colour, and transparency where they have it.

    mask: where its alpha is 0 a change is inside, elsewhere outside, half transparent or not. tolerance: how far a
    channel (0 to 255) may move before its pixel counts as changed. Raises CourseError where sizes differ.
    """
    from PIL import ImageChops, ImageStat

    if before.size != after.size:
        raise CourseError(f"pictures of {before.size} and {after.size} pixels", next="after.resize(before.size)")
    if mask is not None and mask.size != before.size:
        raise CourseError(
            f"a mask of {mask.size} and pictures of {before.size} pixels", next="mask_of(before.size, box)"
        )
    # "RGBa": colours times alpha, so that what lies hidden under full transparency does not count.
    pairs = zip(
        before.convert("RGBA").convert("RGBa").split(), after.convert("RGBA").convert("RGBa").split(), strict=True
    )
    difference = functools.reduce(ImageChops.lighter, (ImageChops.difference(one, other) for one, other in pairs))
    changed = difference.point([0] * (tolerance + 1) + [255] * (255 - tolerance))
    if mask is None:
        return Change(ImageStat.Stat(changed).mean[0] / 255, 0.0, difference)
    free = mask.convert("RGBA").getchannel("A").point([255] + [0] * 255)
    held = ImageChops.invert(free)
    shares = [
        ImageStat.Stat(changed, part).mean[0] / 255 if part.getbbox() is not None else 0.0 for part in (free, held)
    ]
    return Change(shares[0], shares[1], difference)
