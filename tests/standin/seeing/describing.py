"""What the chat engine is told in place of a picture: its size, its text row by row, its main colours."""

import statistics
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tests.standin.seeing.reading import Box

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["describe", "group_columns", "group_rows", "measure_colours"]

_COLOURS, _LEAST = 5, 0.02  # how many are named, and the smallest share that is
_CHART, _TABLE = 3, 0.67  # columns are told where there are so many, and fewer pieces than that stand in rows
_TITLE = 3  # times as wide as others is a piece that belongs to no column
_SAMPLE = 200  # pixels of the longest side on which colours are measured
_NAMED = {
    "white": (255, 255, 255), "light grey": (208, 208, 208), "grey": (128, 128, 128), "dark grey": (64, 64, 64),
    "black": (0, 0, 0), "red": (214, 39, 40), "dark red": (128, 0, 0), "orange": (255, 140, 0),
    "yellow": (255, 221, 51), "cream": (250, 240, 215), "brown": (130, 80, 40), "light green": (150, 220, 140),
    "green": (44, 160, 44), "dark green": (0, 90, 50), "teal": (0, 150, 140), "light blue": (150, 200, 240),
    "blue": (31, 100, 200), "dark blue": (15, 35, 100), "purple": (128, 60, 170), "pink": (245, 150, 190),
}  # fmt: skip


def describe(picture: "Image", boxes: Sequence[Box], number: int, of: int) -> str:
    """The text that stands for a picture. picture: as the model would look at it, boxes: read in it."""
    upright = [box for box in boxes if _is_upright(box)]
    level = [box for box in boxes if box not in upright]
    rows, columns = group_rows(level), [column for column in group_columns(level) if len(column) > 1]
    covered = sum(len(row) for row in rows if len(row) > 1)
    is_chart = len(columns) >= _CHART and covered < _TABLE * len(level)
    lines = [f"[Picture {number} of {of}, {picture.width} x {picture.height} pixels."]
    if not boxes:
        lines.append("No text could be read in it.")
    elif is_chart:  # values stand over their labels
        apart = [box for box in level if not any(box in column for column in columns)]
        lines.append("Text read in it:")
        lines += [_tell_row(row, picture.width) for row in group_rows(apart)]
        lines.append("What stands one above the other, from left to right; the lowest first, then what is above it:")
        lines += [f"- {column[-1].text}: {', '.join(box.text for box in column[-2::-1])}" for column in columns]
    else:
        lines.append("Text read in it, row by row from the top; | stands between pieces of one row:")
        lines += [_tell_row(row, picture.width) for row in rows]
    lines += [f"- {box.text} (written upwards, {_place(box, picture.width)})" for box in upright]
    told = ", ".join(f"{name} {share:.0%}" for name, share in measure_colours(picture))
    return "\n".join([*lines, f"Main colours: {told}.", f"End of picture {number}.]"])


def group_rows(boxes: Iterable[Box]) -> list[list[Box]]:
    """Boxes whose heights overlap by half stand in one row; rows from the top, boxes from the left."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: (box.top + box.bottom) / 2):
        if rows and all(_overlap(box.top, box.bottom, last.top, last.bottom) > 0.5 for last in rows[-1]):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda box: box.left) for row in rows]


def group_columns(boxes: Iterable[Box]) -> list[list[Box]]:
    """Boxes whose widths overlap by half stand in one column, titles in none; from the left, then from the top."""
    columns: list[list[Box]] = []
    boxes = sorted(boxes, key=lambda box: (box.left + box.right) / 2)
    widest = _TITLE * statistics.median([box.right - box.left for box in boxes]) if boxes else 0
    for box in boxes:
        if box.right - box.left > widest:
            continue
        if columns and all(_overlap(box.left, box.right, last.left, last.right) > 0.5 for last in columns[-1]):
            columns[-1].append(box)
        else:
            columns.append([box])
    return [sorted(column, key=lambda box: box.top) for column in columns]


def measure_colours(picture: "Image") -> list[tuple[str, float]]:
    """(name, share of the pixels) of the main colours, the largest first."""
    from PIL import Image

    small = picture.copy()
    small.thumbnail((_SAMPLE, _SAMPLE), Image.Resampling.NEAREST)  # others would mix colours that nobody drew
    found = small.quantize(16).convert("RGB").getcolors() or []
    shares = dict.fromkeys(_NAMED, 0.0)
    for count, colour in found:
        shares[_name(colour)] += count / (small.width * small.height)
    main = sorted(shares.items(), key=lambda pair: -pair[1])[:_COLOURS]
    return [(name, share) for i, (name, share) in enumerate(main) if share >= _LEAST or not i]


def _name(colour: tuple[int, int, int]) -> str:
    red, green, blue = colour

    def distance(name: str) -> float:
        other = _NAMED[name]
        middle = (red + other[0]) / 2  # weighted as eyes do, roughly
        parts = (2 + middle / 256, 4, 2 + (255 - middle) / 256)
        return sum(part * (a - b) ** 2 for part, a, b in zip(parts, (red, green, blue), other, strict=True))

    return min(_NAMED, key=distance)


def _tell_row(row: Sequence[Box], width: int) -> str:
    if len(row) > 1:
        return "- " + " | ".join(box.text for box in row)
    (box,) = row
    return f"- {box.text} ({_place(box, width)})"


def _place(box: Box, width: int) -> str:
    middle = (box.left + box.right) / 2 / width
    return "left" if middle < 0.4 else "right" if middle > 0.6 else "middle"


def _is_upright(box: Box) -> bool:
    """Whether a text runs up or down: several letters, and higher than wide."""
    return len(box.text) > 2 and box.bottom - box.top > 1.5 * (box.right - box.left)


def _overlap(start: float, end: float, other_start: float, other_end: float) -> float:
    """The share of the shorter stretch that both have."""
    shorter = max(1e-6, min(end - start, other_end - other_start))
    return (min(end, other_end) - max(start, other_start)) / shorter
