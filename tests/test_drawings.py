"""What is drawn once among many runs is the same figure, and only the same."""

import dataclasses

import pandas as pd
import pytest

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
