"""Draws the two pictures that notebook 08 edits: python data/media/draw_edit_pictures.py

edit_room.png, 1008 x 672 pixels (3 to 2, both multiples of 16, as gpt-image-2 takes them), edit_poster.png, 512 x 512,
and edit_room.json: name -> [left, top, right, bottom] in pixels.
"""

import json
import random
from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).resolve().parent
ROOM, POSTER = (1008, 672), (512, 512)
SCALE = 4  # drawn larger, then made smaller: smooth edges
BOXES = {"window": [594, 72, 882, 360], "portrait": [408, 92, 520, 240], "table": [400, 352, 528, 424]}

Point = tuple[float, float]


class Pen:
    """Draws in pixels of the finished picture."""

    def __init__(self, size: tuple[int, int], colour: str):
        self.size = size
        self.picture = Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), colour)
        self.draw = ImageDraw.Draw(self.picture)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str, round_by: float = 0) -> None:
        corners = [side * SCALE for side in (left, top, right, bottom)]
        self.draw.rounded_rectangle((*corners[:2], corners[2] - 1, corners[3] - 1), round_by * SCALE, colour)

    def oval(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        self.draw.ellipse([side * SCALE for side in (left, top, right, bottom)], colour)

    def shape(self, colour: str, *points: Point) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], colour)

    def line(self, colour: str, wide: float, *points: Point) -> None:
        self.draw.line([(x * SCALE, y * SCALE) for x, y in points], colour, round(wide * SCALE), joint="curve")

    def finish(self) -> Image.Image:
        return self.picture.resize(self.size, Image.Resampling.LANCZOS)


def draw_room() -> Image.Image:
    pen = Pen(ROOM, "#efe0c9")
    pen.box(0, 496, 1008, 672, "#b9855c")
    for x in range(-300, 1400, 150):
        pen.line("#a97850", 2, (504 + (x - 504) * 0.72, 496), (x, 672))
    pen.box(0, 482, 1008, 496, "#faf4e8")
    pen.oval(232, 548, 800, 648, "#8c3f45")
    pen.oval(256, 557, 776, 639, "#a9565a")
    _draw_window(pen)
    _draw_portrait(pen)
    _draw_armchair(pen)
    _draw_table(pen)
    _draw_plant(pen)
    return pen.finish()


def _draw_window(pen: Pen) -> None:
    left, top, right, bottom = BOXES["window"]
    pen.box(left - 16, top - 16, right + 16, bottom + 16, "#fffdf6", 3)
    pen.box(left, top, right, bottom, "#9fb3bd")
    pen.box(left, bottom - 70, right, bottom, "#7f979b")
    drops = random.Random(8)
    for _ in range(70):
        x, y = drops.uniform(left + 4, right - 12), drops.uniform(top + 2, bottom - 24)
        pen.line("#c9d6da", 1.5, (x, y), (x - 3, y + 16))
    pen.box(left - 28, bottom + 16, right + 28, bottom + 30, "#fffdf6", 3)
    for x in (left - 46, right + 8):
        pen.box(x, top - 26, x + 38, 470, "#5f8f8b", 6)
        pen.line("#528079", 3, (x + 13, top - 20), (x + 13, 464))
        pen.line("#528079", 3, (x + 26, top - 20), (x + 26, 464))
    pen.line("#6b4a35", 7, (left - 62, top - 28), (right + 62, top - 28))


def _draw_portrait(pen: Pen) -> None:
    left, top, right, bottom = BOXES["portrait"]
    middle = (left + right) / 2
    pen.box(left - 12, top - 12, right + 12, bottom + 12, "#c9a04b", 3)
    pen.box(left, top, right, bottom, "#3d5a6c")
    pen.oval(left + 10, bottom - 42, right - 10, bottom + 60, "#7a2f3a")
    pen.box(left - 12, bottom, right + 12, bottom + 12, "#c9a04b", 3)
    pen.box(left - 8, bottom + 12, right + 8, bottom + 62, "#efe0c9")
    pen.box(middle - 10, bottom - 62, middle + 10, bottom - 32, "#dba883")
    pen.oval(middle - 32, top + 22, middle + 32, bottom - 46, "#3a2a25")
    pen.oval(middle - 26, top + 32, middle + 26, bottom - 42, "#e8b994")
    for side in (-11, 11):
        pen.oval(middle + side - 3.5, top + 60, middle + side + 3.5, top + 67, "#2b2320")
        pen.line("#2b2320", 2, (middle + side - 6, top + 53), (middle + side + 6, top + 53))
    pen.line("#c98f6c", 2.5, (middle, top + 66), (middle - 3, top + 77), (middle + 2, top + 78))
    smile = ((-11, 86), (-4, 91), (4, 91), (11, 86))
    pen.line("#9c4a44", 3, *[(middle + x, top + y) for x, y in smile])


def _draw_armchair(pen: Pen) -> None:
    for x in (132, 338):
        pen.line("#5b3d2b", 10, (x, 560), (x - 4, 606))
    pen.box(120, 300, 352, 560, "#c4693f", 34)
    pen.box(142, 322, 330, 480, "#d17c50", 24)
    pen.box(130, 452, 342, 528, "#dd8d61", 18)
    pen.box(92, 412, 146, 566, "#b65c34", 22)
    pen.box(326, 412, 380, 566, "#b65c34", 22)


def _draw_table(pen: Pen) -> None:
    left, _, right, top = BOXES["table"]
    for x in (left + 14, right - 14):
        pen.line("#5b3d2b", 8, (x, top), (x + (6 if x > left + 20 else -6), 580))
    pen.box(left - 12, top, right + 12, top + 16, "#7a5238", 5)


def _draw_plant(pen: Pen) -> None:
    for x, y in ((-60, -96), (-34, -150), (6, -172), (42, -134), (58, -84)):
        tip, root = (922 + x, 520 + y), (922, 540)
        pen.line("#3f7a4c", 4, root, tip)
        pen.oval(tip[0] - 24, tip[1] - 34, tip[0] + 24, tip[1] + 34, "#4f9460")
    pen.shape("#e9e2d4", (878, 524), (966, 524), (954, 604), (890, 604))
    pen.box(872, 516, 972, 536, "#f7f2e7", 4)


def draw_poster() -> Image.Image:
    pen = Pen(POSTER, "#f3c24f")
    pen.oval(296, 60, 436, 200, "#f7e7b0")
    pen.box(0, 336, 512, 512, "#2f6f8f")
    for y in (372, 420, 468):
        pen.line("#4d8fae", 7, *[(x, y + (8 if x % 128 else -8)) for x in range(0, 577, 64)])
    pen.shape("#7a2f3a", (112, 330), (400, 330), (350, 396), (158, 396))
    pen.line("#4a2f22", 10, (250, 96), (250, 332))
    pen.shape("#fffdf6", (262, 104), (262, 310), (392, 310))
    pen.shape("#f0e6d2", (238, 134), (238, 310), (132, 310))
    return pen.finish()


def save(picture: Image.Image, name: str) -> None:
    """Of few colours: these are flat drawings, and small files."""
    few = picture.quantize(128, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.convert("RGB").save(FOLDER / name, "PNG", optimize=True)


if __name__ == "__main__":
    save(draw_room(), "edit_room.png")
    save(draw_poster(), "edit_poster.png")
    (FOLDER / "edit_room.json").write_text(json.dumps(BOXES, indent=1) + "\n", encoding="utf-8")
