"""Pictures shown side by side on a page, each with its caption and alt text, and whose they are."""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.errors import CourseError
from helpers.evidence import check_names, evidence_of
from helpers.images.reading import has_alpha
from helpers.jupyter import break_between, show
from helpers.lines import fold

if TYPE_CHECKING:
    from PIL import Image

    Picture = Image.Image

__all__ = ["show_pictures"]

_PAGE, _GAP, _DENSE = 700, 10, 1.5  # pixels of a page; pixels drawn for one that is shown


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


def _preview(picture: "Picture", width: int) -> str:
    """Of few colours and no larger than a dense page needs: it is kept in the notebook's file. Transparency is shown
    as a grey chequerboard."""
    from PIL import Image

    across = min(picture.width, round(width * _DENSE))
    small = picture.resize((across, max(1, round(picture.height * across / picture.width))), Image.Resampling.LANCZOS)
    if has_alpha(small):
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


def _figure(picture: "Picture", caption: str, alt: str, width: int) -> str:
    image = (
        f'<img alt="{html.escape(alt)}" width="{width}" style="max-width: 100%; height: auto; border-radius: 4px" '
        f'src="data:image/png;base64,{_preview(picture, width)}">'
    )
    return f'<figure style="margin: 0">{image}{_caption(caption)}</figure>'


def _caption(caption: str) -> str:
    return f'<figcaption style="margin: 2px 0 8px">{html.escape(caption)}</figcaption>' if caption else ""
