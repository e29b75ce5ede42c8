"""Pictures as notebooks use them: read, shown with their alt text, made into masks and canvases, compared.

Everything is Pillow's Image, in RGB or RGBA. What is checked here is checked before anything is sent.
"""

import base64
import functools
import html
import io
import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from helpers.errors import CourseError
from helpers.evidence import check_names, evidence_of
from helpers.jupyter import break_between, show
from helpers.lines import fold

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

__all__ = [
    "Change",
    "change_of",
    "check_mask",
    "data_url",
    "extend_canvas",
    "mask_of",
    "picture_file",
    "read_picture",
    "show_pictures",
]

Box = tuple[int, int, int, int]

_PAGE, _GAP, _DENSE = 700, 10, 1.5  # pixels of a page; pixels drawn for one that is shown
_MOST_BYTES = 50_000_000  # of a picture to be edited; a mask: 4 MB
_MOST_MASK_BYTES = 4_000_000
_MOST_PIXELS = 100_000_000  # a small file can hold more than memory has


class Change(NamedTuple):
    """What an edit changed. inside, outside: share of the pixels that differ, 0 to 1, where the mask lets it and where
    it does not; without a mask all is inside. difference: a grey picture, white where the two differ most."""

    inside: float
    outside: float
    difference: "Picture"


def read_picture(source: Any) -> "Picture":
    """A picture from a path, bytes, a data URL, base64 text, or an item of an answer: its b64_json or result.

    Turned as its Exif says, as viewers and models do; of an animation the first one; 16 bits become 8. Raises
    CourseError where it is none, is cut off, or has more than 100 million pixels.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    data = _read_bytes(source)
    try:
        opened = Image.open(io.BytesIO(data))
        if math.prod(opened.size) > _MOST_PIXELS:
            width, height = opened.size
            raise CourseError(f"a picture of {width:,} x {height:,} pixels", next="a smaller one: at most 100 million")
        opened.load()
        upright = ImageOps.exif_transpose(opened)
    except Image.DecompressionBombError:
        raise CourseError(
            "a picture of far more than 100 million pixels", next="a smaller one: such a file can fill the memory"
        ) from None
    except UnidentifiedImageError:  # its text holds an address in memory
        raise CourseError("these bytes are no picture", next="a PNG or JPEG file, or its bytes") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:  # by what Pillow's readers stop
        raise CourseError(f"this is no whole picture: {error}", next="a PNG or JPEG file, or its bytes") from None
    if upright.mode.startswith("I"):  # 16 bits, which Pillow's own conversion would cut off instead of scaling
        upright = upright.convert("I").point(lambda value: value / 257).convert("L")
    return upright if upright.mode in ("RGB", "RGBA") else upright.convert("RGBA" if _has_alpha(upright) else "RGB")


def show_pictures(
    pictures: "Mapping[str, Picture] | Picture", *answers: Any, alt: str | Sequence[str], columns: int = 0
) -> None:
    """Show pictures side by side, each under its caption, with their alt texts and whose they are.

    pictures: caption -> picture, or one alone. answers: as in helpers.evidence.evidence_of. alt: what is seen,
    for those who do not see it: one text, or one for each picture; it is what tests compare. columns: at most 4, where
    it is not said. Raises CourseError where an alt text is missing, EvidenceError as show_table does.
    """
    shown = dict(pictures) if isinstance(pictures, Mapping) else {"": pictures}
    if not shown:
        raise CourseError("no pictures to show", next="caption -> picture")
    told = [alt] * len(shown) if isinstance(alt, str) else list(alt)
    if len(told) != len(shown) or not all(one.strip() for one in told):
        raise CourseError(f"{len(shown)} pictures and {len(told)} alt texts", next="say of each picture what is seen")
    evidence = evidence_of(*answers)
    check_names([*shown, *told], evidence)
    columns = columns or min(4, len(shown))
    width = (_PAGE - _GAP * (columns - 1)) // columns if columns > 1 else 420
    cells = [
        _figure(picture, caption, text, width) for (caption, picture), text in zip(shown.items(), told, strict=True)
    ]
    line = f"evidence: {evidence}"
    page = (
        f'<div style="display: grid; grid-template-columns: repeat({columns}, minmax(0, {width}px)); gap: {_GAP}px; '
        f'max-width: {_PAGE}px">{"".join(cells)}</div>'
        f'<p style="margin: 4px 0; opacity: 0.75">{break_between(line)}</p>'
    )
    texts = [alt, *[""] * (len(shown) - 1)] if isinstance(alt, str) else told  # one that is said of all stands once
    named = [": ".join(filter(None, ("picture", *pair))) for pair in zip(shown, texts, strict=True)]
    plain = "\n".join([*map(fold, named), fold(line)])
    show(page, plain, evidence=evidence.kind)


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
    if not _has_alpha(mask):
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
    if len(_encode(mask)) > _MOST_MASK_BYTES:
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


def picture_file(picture: "Picture", name: str = "picture.png") -> tuple[str, bytes, str]:
    """What the SDK takes as a file: name, bytes, content type. The name's ending (.png, .jpg) says the format; without
    one it is PNG. Raises CourseError for another format, for more than 100 million pixels, and from 50 MB on.
    """
    ending = Path(name).suffix.lower()
    if ending not in ("", ".png", ".jpg", ".jpeg"):
        raise CourseError(f"{name}: pictures to be edited are sent as PNG or JPEG", next=f'"{Path(name).stem}.png"')
    if math.prod(picture.size) > _MOST_PIXELS:
        width, height = picture.size
        raise CourseError(
            f"a picture of {width:,} x {height:,} pixels is too large to be sent", next="at most 100 million pixels"
        )
    kind = "jpeg" if ending in (".jpg", ".jpeg") else "png"
    data = _encode(picture, kind)
    if len(data) >= _MOST_BYTES:
        raise CourseError(f"{name} has {len(data) / 1e6:.0f} MB", next="below 50 MB: a smaller picture, or .jpg")
    return name, data, f"image/{kind}"


def data_url(picture: "Picture", kind: str = "png") -> str:
    """The picture as text that a request can hold: data:image/png;base64,... kind: png or jpeg."""
    if kind not in ("png", "jpeg"):
        raise CourseError(f"{kind} is no kind of picture that is sent here", next='kind="jpeg", or "png"')
    return f"data:image/{kind};base64,{base64.b64encode(_encode(picture, kind)).decode()}"


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


def _encode(picture: "Picture", kind: str = "png") -> bytes:
    buffer = io.BytesIO()
    if kind == "jpeg":
        from PIL import Image

        ground = Image.new("RGBA", picture.size, "white")  # a JPEG has no transparency: black would come instead
        ground.alpha_composite(picture.convert("RGBA"))
        ground.convert("RGB").save(buffer, "JPEG", quality=90)
    else:
        kept = picture.mode in ("1", "L", "LA", "P", "RGB", "RGBA")  # PNG knows no CMYK and no numbers with a comma
        (picture if kept else picture.convert("RGB")).save(buffer, "PNG")
    return buffer.getvalue()


def _preview(picture: "Picture", width: int) -> str:
    """Of few colours and no larger than a dense page needs: it is kept in the notebook's file. Transparency is shown
    as a grey chequerboard."""
    from PIL import Image

    across = min(picture.width, round(width * _DENSE))
    small = picture.resize((across, max(1, round(picture.height * across / picture.width))), Image.Resampling.LANCZOS)
    if _has_alpha(small):
        board = _chequer(small.size)
        board.paste(small, (0, 0), small.convert("RGBA").getchannel("A"))
        small = board
    few = small.convert("RGB").quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def _chequer(size: tuple[int, int]) -> "Picture":
    from PIL import Image

    tile = Image.new("RGB", (24, 24), (238, 238, 238))
    for corner in ((0, 0), (12, 12)):
        tile.paste((204, 204, 204), (*corner, corner[0] + 12, corner[1] + 12))
    board = Image.new("RGB", size)
    for x in range(0, size[0], 24):
        for y in range(0, size[1], 24):
            board.paste(tile, (x, y))
    return board


def _has_alpha(picture: "Picture") -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _figure(picture: "Picture", caption: str, alt: str, width: int) -> str:
    image = (
        f'<img alt="{html.escape(alt)}" width="{width}" style="max-width: 100%; height: auto; border-radius: 4px" '
        f'src="data:image/png;base64,{_preview(picture, width)}">'
    )
    return f'<figure style="margin: 0">{image}{_caption(caption)}</figure>'


def _caption(caption: str) -> str:
    return f'<figcaption style="margin: 2px 0 8px">{html.escape(caption)}</figcaption>' if caption else ""
