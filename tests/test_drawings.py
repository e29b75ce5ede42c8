"""What is drawn once among many runs is the same figure, and only the same."""

import dataclasses
import io

import pandas as pd
import pytest
from PIL import Image

from tests.drawings import _CannotTell, _digest, draw_once


@dataclasses.dataclass
class Sheet:
    paint: object
    told: str = "told"


def paint_from(table, scale=1):
    marks = [scale]

    def paint(axes):
        return [table, marks, *(lambda ax: ax * scale)(axes)]

    return paint


def paint_otherwise(table, scale=1):
    marks = [scale]

    def paint(axes):
        return [table, marks, *(lambda ax: ax + scale)(axes)]

    return paint


def make_table(value=1.0):
    return pd.DataFrame({"engine": ["a", "b"], "share": [value, 0.5]})


@pytest.mark.parametrize(
    "other",
    [
        Sheet(paint_from(make_table(1.0000001))),
        Sheet(paint_from(make_table(), 2)),
        Sheet(paint_otherwise(make_table())),
        Sheet(paint_from(make_table().rename(columns={"share": "part"}))),
        Sheet(paint_from(make_table()), "told otherwise"),
    ],
)
def test_a_figure_that_differs_in_anything_is_drawn_anew(tmp_path, other):
    drawn = []
    draw = draw_once(lambda sheet, title: (drawn.append(title) or f"{title} {len(drawn)}".encode(), 7), tmp_path)
    same = [Sheet(paint_from(make_table())) for _ in range(2)]
    assert draw(same[0], "one") == draw(same[1], "one") == (b"one 1", 7)
    assert draw(other, "one") == (b"one 2", 7)
    assert draw(same[0], "two") == (b"two 3", 7)


def make_picture(pixel=0, corner=(0, 0)):
    picture = Image.new("RGB", (40, 30), (9, 9, 9))
    picture.putpixel(corner, (9, 9, 9 + pixel))
    return picture


@pytest.mark.parametrize(
    "other",
    [
        (make_picture(1), 40),
        (make_picture(1, (39, 29)), 40),
        (make_picture(), 39),
        (make_picture().resize((30, 40)), 40),
        (make_picture().convert("RGBA"), 40),
        (make_picture().convert("L"), 40),
    ],
)
def test_a_picture_that_differs_in_a_pixel_its_size_or_its_kind_is_drawn_anew(tmp_path, other):
    drawn = []
    draw = draw_once(lambda picture, width: drawn.append(width) or f"{len(drawn)}", tmp_path)
    file = io.BytesIO()
    make_picture().save(file, "PNG")
    assert draw(make_picture(), 40) == draw(make_picture(), 40) == "1"
    assert draw(*other) == "2"
    assert [draw(Image.open(file), 40), draw(Image.open(file), 40)] == ["3", "3"], "what was read counts as itself"


def test_what_a_notebook_defined_is_drawn_each_time():
    namespace = {"__name__": "__main__"}
    exec("def paint(axes): return axes\nclass Own: pass\nown = Own()", namespace)
    for value in (namespace["paint"], namespace["Own"], namespace["own"], [Sheet(namespace["own"])]):
        with pytest.raises(_CannotTell):
            _digest(value)


def test_what_cannot_be_told_is_drawn_each_time(tmp_path):
    drawn = []
    draw = draw_once(lambda sheet, title: (drawn.append(title) or b"", 7), tmp_path)
    circle, generator = Sheet(None), Sheet(paint=(number for number in ()))
    circle.paint = circle
    for sheet in (circle, circle, generator, generator):
        draw(sheet, "one")
    assert drawn == ["one"] * 4
