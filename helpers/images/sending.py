"""Pictures as they are sent: as files of a form, or as text in a request."""

import base64
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.errors import CourseError
from helpers.images.reading import MOST_PIXELS

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

__all__ = ["data_url", "encode", "picture_file"]

_MOST_BYTES = 50_000_000  # of a picture to be edited


def picture_file(picture: "Picture", name: str = "picture.png") -> tuple[str, bytes, str]:
    """What the SDK takes as a file: name, bytes, content type. The name's ending (.png, .jpg) says the format; without
    one it is PNG. Raises CourseError for another format, for more than 100 million pixels, and from 50 MB on.
    """
    ending = Path(name).suffix.lower()
    if ending not in ("", ".png", ".jpg", ".jpeg"):
        raise CourseError(f"{name}: pictures to be edited are sent as PNG or JPEG", next=f'"{Path(name).stem}.png"')
    if math.prod(picture.size) > MOST_PIXELS:
        width, height = picture.size
        raise CourseError(
            f"a picture of {width:,} x {height:,} pixels is too large to be sent", next="at most 100 million pixels"
        )
    kind = "jpeg" if ending in (".jpg", ".jpeg") else "png"
    data = encode(picture, kind)
    if len(data) >= _MOST_BYTES:
        raise CourseError(f"{name} has {len(data) / 1e6:.0f} MB", next="below 50 MB: a smaller picture, or .jpg")
    return name, data, f"image/{kind}"


def data_url(picture: "Picture", kind: str = "png") -> str:
    """The picture as text that a request can hold: data:image/png;base64,... kind: png or jpeg."""
    if kind not in ("png", "jpeg"):
        raise CourseError(f"{kind} is no kind of picture that is sent here", next='kind="jpeg", or "png"')
    return f"data:image/{kind};base64,{base64.b64encode(encode(picture, kind)).decode()}"


def encode(picture: "Picture", kind: str = "png") -> bytes:
    """A picture file. kind: png or jpeg."""
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
