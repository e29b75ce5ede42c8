"""Measures between pictures: against published pairs of colours, and pictures whose truth is known."""

import pytest
from PIL import Image, ImageChops, ImageDraw
from skimage.color import deltaE_ciede2000

from helpers.errors import CourseError
from helpers.picture_measures import colour_difference, main_colours, structural_similarity


def draw(size=(64, 48)) -> Image.Image:
    picture = Image.new("RGB", size, "#d8574a")
    ImageDraw.Draw(picture).rectangle((8, 8, 30, 30), fill="#4a7fb5")
    return picture


def test_the_formula_gives_published_values():
    """Three of the pairs that Sharma, Wu and Dalal published in 2005 to test implementations."""
    pairs = [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ]
    for one, other, known in pairs:
        assert deltaE_ciede2000(one, other) == pytest.approx(known, abs=1e-4)


def test_colours_compare_with_colours_and_with_pictures():
    assert colour_difference("#4a7fb5", "#4A7FB5") == 0
    assert colour_difference("black", "white") == pytest.approx(100, abs=0.01)
    blue = Image.new("RGB", (5, 4), "#4a7fb5")
    assert colour_difference(blue, "#4a7fb5") == pytest.approx(0, abs=1e-9)
    half = blue.copy()
    half.paste("#d8574a", (0, 0, 5, 2))
    assert colour_difference(half, "#4a7fb5") == pytest.approx(colour_difference("#d8574a", "#4a7fb5") / 2)


def test_the_same_picture_differs_by_nothing_and_a_shifted_one_does():
    picture = draw()
    assert structural_similarity(picture, picture) == 1 and colour_difference(picture, picture) == 0
    near, far = (structural_similarity(picture, ImageChops.offset(picture, by, 0)) for by in (1, 8))
    assert far < near < 1
    assert structural_similarity(picture, picture.convert("RGBA")) == 1


@pytest.mark.parametrize("broken", ["no colour", 3, None, "#12"])
def test_what_is_no_colour_is_refused(broken):
    with pytest.raises(CourseError, match="no colour"):
        colour_difference(broken, "#4a7fb5")


def test_pictures_of_two_sizes_are_refused():
    for measure in (colour_difference, structural_similarity):
        with pytest.raises(CourseError, match="pictures of"):
            measure(draw(), draw((48, 64)))
    with pytest.raises(CourseError, match="7 x 7"):
        structural_similarity(draw((6, 6)), draw((6, 6)))


def test_the_main_colours_come_with_the_largest_first():
    assert main_colours(draw()) == ["#d8574a", "#4a7fb5"]
    clear = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    clear.paste((74, 127, 181, 255), (0, 0, 10, 10))
    assert main_colours(clear) == ["#ffffff", "#4a7fb5"]
    assert len(main_colours(draw(), 1)) == 1
