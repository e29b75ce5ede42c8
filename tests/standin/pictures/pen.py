"""Shapes in a motif's own coordinates: 0 to 100 from left to right and from top to bottom, it stands on 100."""

import math
from collections.abc import Sequence
from typing import Any

from PIL import ImageDraw, ImageFont

__all__ = ["Pen"]

Point = tuple[float, float]
Colour = tuple[int, ...]


class Pen:
    """Draws in one box of a picture.

    draw: Pillow's, on a picture larger than what is shown. box: left, top, width, height in its pixels. fine: whether
    small details are drawn: motifs leave them out in a picture of low quality.
    """

    def __init__(self, draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], *, fine: bool = True):
        self._draw, self.fine = draw, fine
        self._left, self._top, self._width, self._height = box

    def rect(self, x: float, y: float, width: float, height: float, fill: Colour, r: float = 0) -> None:
        """A rectangle from its left upper corner; r: radius of its corners."""
        (left, top), (right, bottom) = self._at((x, y)), self._at((x + width, y + height))
        if right - left < 1 or bottom - top < 1:
            return
        radius = min(r * self._width / 100, (right - left) / 2, (bottom - top) / 2)
        self._draw.rounded_rectangle((left, top, right, bottom), radius, fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse around a point."""
        (left, top), (right, bottom) = self._at((x - rx, y - ry)), self._at((x + rx, y + ry))
        if right - left >= 1 and bottom - top >= 1:
            self._draw.ellipse((left, top, right, bottom), fill)

    def disc(self, x: float, y: float, r: float, fill: Colour) -> None:
        """A circle, whatever the shape of the box; r in hundredths of its width."""
        (left, top), radius = self._at((x, y)), r * self._width / 100
        if radius >= 0.5:
            self._draw.ellipse((left - radius, top - radius, left + radius, top + radius), fill)

    def poly(self, points: Sequence[Point], fill: Colour) -> None:
        self._draw.polygon([self._at(point) for point in points], fill)

    def blob(self, points: Sequence[Point], fill: Colour) -> None:
        """A closed smooth curve through the points (Catmull-Rom)."""
        self.poly(_smooth(points), fill)

    def arc(self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour) -> None:
        """A filled slice of an ellipse, degrees clockwise from the right."""
        turns = [math.radians(start + (end - start) * step / 48) for step in range(49)]
        self.poly([(x, y), *((x + rx * math.cos(turn), y + ry * math.sin(turn)) for turn in turns)], fill)

    def stroke(self, points: Sequence[Point], width: float, fill: Colour, *, curved: bool = False) -> None:
        """A line with round ends; width in hundredths of the box's width."""
        placed = [self._at(point) for point in (_smooth(points, is_closed=False) if curved else points)]
        thick = max(1.0, width * self._width / 100)
        self._draw.line(placed, fill, round(thick), "curve")
        for x, y in (placed[0], placed[-1]):
            self._draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill)

    def text(self, x: float, y: float, words: str, height: float, fill: Colour, width: float = 96) -> None:
        """Words around a point, as high as said (in hundredths of the box's height), smaller where they do not fit.

        None where they would be too small to be read.
        """
        size = height * self._height / 100
        while size > 4:
            font: Any = ImageFont.load_default(size)
            if self._draw.textlength(words, font) <= width * self._width / 100:
                self._draw.text(self._at((x, y)), words, fill, font, anchor="mm")
                return
            size *= 0.92

    def _at(self, point: Point) -> Point:
        return self._left + point[0] * self._width / 100, self._top + point[1] * self._height / 100


def _smooth(points: Sequence[Point], *, is_closed: bool = True) -> list[Point]:
    """Twelve points between every two, on a curve through all of them."""
    count = len(points)
    placed = []
    for place in range(count if is_closed else count - 1):
        around = [place - 1, place, place + 1, place + 2]
        at = [points[one % count] if is_closed else points[min(max(one, 0), count - 1)] for one in around]
        for step in range(12):
            t = step / 12
            weights = (
                (-t + 2 * t**2 - t**3) / 2,
                (2 - 5 * t**2 + 3 * t**3) / 2,
                (t + 4 * t**2 - 3 * t**3) / 2,
                (-(t**2) + t**3) / 2,
            )
            x, y = (sum(weight * one[axis] for weight, one in zip(weights, at, strict=True)) for axis in (0, 1))
            placed.append((x, y))
    return placed if is_closed else [*placed, points[-1]]
