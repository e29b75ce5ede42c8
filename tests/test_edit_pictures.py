"""The pictures that notebook 08 edits: as their script draws them, and in a size that every model takes."""

import json
import runpy

import pytest

from helpers.images import change_of, read_picture
from helpers.settings import ROOT

MEDIA = ROOT / "data" / "media"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(MEDIA / "draw_edit_pictures.py"))


@pytest.mark.parametrize("name", ["room", "poster"])
def test_the_committed_pictures_are_what_the_script_draws(script, name):
    drawn, kept = script[f"draw_{name}"](), read_picture(MEDIA / f"edit_{name}.png")
    change = change_of(drawn, kept, tolerance=40)  # the file has fewer colours
    assert kept.size == drawn.size and change.inside < 0.001


def test_the_room_has_a_size_that_gpt_image_2_draws_and_the_shape_of_the_older_models(script):
    width, height = script["ROOM"]
    assert width % 16 == height % 16 == 0
    assert width * height >= 655_360 and width * 1024 == height * 1536


def test_the_boxes_lie_where_the_things_are(script):
    boxes = json.loads((MEDIA / "edit_room.json").read_text(encoding="utf-8"))
    assert boxes == script["BOXES"]
    room = read_picture(MEDIA / "edit_room.png").convert("RGB")

    def blue_over_red(name):
        left, top, right, bottom = boxes[name]
        red, _, blue = room.getpixel((left + 2, top + 2))
        assert (left, top) < (right, bottom)
        return blue > red

    assert blue_over_red("window") and blue_over_red("portrait") and not blue_over_red("table")
