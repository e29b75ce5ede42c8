"""A scene as a picture."""

import random

from PIL import Image, ImageDraw, ImageFilter

from tests.standin.pictures.backgrounds import draw_background
from tests.standin.pictures.colours import COLOURS, INK, PAPER, SUN, WOOD
from tests.standin.pictures.layout import WINDOW_FRAME, Placed, place_items
from tests.standin.pictures.motif import MOTIFS
from tests.standin.pictures.motifs_home import draw_window_frame
from tests.standin.pictures.pen import Pen
from tests.standin.pictures.scene import LABELLED_BOX, Scene
from tests.standin.pictures.watercolour import paint_in_water

__all__ = ["QUALITIES", "draw_scene", "sign"]

# How many pixels are drawn for one that is shown, along each side; low leaves the details out and shows steps.
_MOST_DRAWN = 24_000_000  # pixels: four bytes each, and shadows and rain as much again
_AT_SEA = {"lighthouse", "sailing boat", "waves", "fish"}
QUALITIES = {"low": 1, "medium": 2, "high": 3}


def draw_scene(
    scene: Scene, size: tuple[int, int], *, quality: str = "high", seed: int = 0, transparent: bool = False
) -> Image.Image:
    """An RGBA picture of this size in pixels. seed: where exactly things stand. transparent: without a background."""
    scale = QUALITIES[quality]
    while scale > 1 and size[0] * size[1] * scale**2 > _MOST_DRAWN:
        scale -= 1
    width, height = size[0] * scale, size[1] * scale
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    fine = quality != "low"
    if not transparent:
        name = (
            "night sea"
            if scene.background == "night" and _AT_SEA & {i.motif for i in scene.items}
            else scene.background
        )
        draw_background(picture, Pen(ImageDraw.Draw(picture), (0, 0, width, height), fine=fine), name)
        if scene.background == "plain" and scene.words and fine:
            _throw_confetti(ImageDraw.Draw(picture), picture.size, seed)
    placed = place_items(scene, size[1] / size[0], seed)
    if scene.background == "night" and fine:
        picture.alpha_composite(_draw_beams(placed, picture.size))
    if quality == "high":
        picture.alpha_composite(_draw_shadows(placed, picture.size))
    draw = ImageDraw.Draw(picture)
    for one in placed:
        left, top, wide, tall = (length * width / 100 for length in one.box)
        pen, tone = Pen(draw, (left, top, wide, tall), fine=fine), COLOURS[one.item.colour]
        if one.item.motif == LABELLED_BOX:
            _draw_labelled_box(pen, one.item.label)
        elif one.item.motif == WINDOW_FRAME:
            draw_window_frame(pen, tone)
        else:
            MOTIFS[one.item.motif].draw(pen, tone)
    if scene.words:
        _draw_banner(draw, scene.words, width)
    if fine and any(item.motif == "rain" for item in scene.items):
        picture.alpha_composite(_draw_rain(picture.size, seed))
    picture = picture.resize(size, Image.Resampling.LANCZOS) if scale > 1 else picture
    return paint_in_water(picture, seed) if scene.style == "watercolour" and fine else picture


def _throw_confetti(draw: ImageDraw.ImageDraw, size: tuple[int, int], seed: int) -> None:
    chance, names = random.Random(seed), ("red", "yellow", "blue", "pink", "teal")
    for _ in range(70):
        x, y, wide = chance.random() * size[0], chance.random() * size[1], size[0] * chance.uniform(0.005, 0.011)
        colour = COLOURS[chance.choice(names)].light
        if chance.random() < 0.5:
            draw.ellipse((x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2), colour)
        else:
            lean = wide * chance.uniform(-0.7, 0.7)
            draw.polygon(
                [(x, y), (x + wide * 0.6, y + lean), (x + wide, y + wide), (x + wide * 0.4, y + wide - lean)], colour
            )


def _draw_beams(placed: list[Placed], size: tuple[int, int]) -> Image.Image:
    """The light of a lighthouse, to both sides, fading out."""
    small = size[0] // 4, size[1] // 4
    light = Image.new("L", small, 0)
    for one in placed:
        if one.item.motif == "lighthouse":
            left, top, wide, tall = (length * small[0] / 100 for length in one.box)
            x, y = left + wide / 2, top + tall * 0.165
            for far, rise in ((-1.1, 0.16), (1.1, 0.1)):
                for step in range(24, 0, -1):
                    reach, edge = far * small[0] * step / 24, small[0] * 0.09 * step / 24
                    points = [(x, y), (x + reach, y + reach * rise - edge), (x + reach, y + reach * rise + edge)]
                    ImageDraw.Draw(light).polygon(points, round(150 * (1 - step / 25)))
    beams = Image.new("RGBA", size, (*SUN.light, 0))
    beams.putalpha(light.filter(ImageFilter.GaussianBlur(small[0] / 130)).resize(size, Image.Resampling.BILINEAR))
    return beams


def _draw_rain(size: tuple[int, int], seed: int) -> Image.Image:
    chance, fall = random.Random(seed), Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(fall)
    for _ in range(150):
        x, y, long = chance.random() * size[0], chance.random() * size[1], size[0] * chance.uniform(0.02, 0.045)
        draw.line([(x, y), (x - long * 0.25, y + long)], (214, 228, 240, 130), max(1, size[0] // 500))
    return fall


def sign(picture: Image.Image, line: str) -> Image.Image:
    """The picture with a line in its lower left corner that says who made it; info["made"] has it too."""
    signed = picture.copy()
    signed.info["made"] = line
    size = max(9, round(picture.width / 52))
    plate = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(plate)
    pen = Pen(draw, (0, 0, picture.width, picture.height))
    letters = min(96, 100 * len(line) * size * 0.52 / picture.width)
    tall = 100 * size * 1.7 / picture.height
    pen.rect(0, 100 - tall, letters + 2.5, tall + 1, (255, 255, 255, 205))
    pen.text(letters / 2 + 1.2, 100 - tall / 2, line, 100 * size / picture.height, INK, letters)
    signed.alpha_composite(plate)
    return signed


def _draw_shadows(placed: list[Placed], size: tuple[int, int]) -> Image.Image:
    """Soft ellipses under what stands."""
    small = size[0] // 4, size[1] // 4
    shadows = Image.new("L", small, 0)
    draw = ImageDraw.Draw(shadows)
    for one in placed:
        left, top, wide, tall = (length * small[0] / 100 for length in one.box)
        foot = _foot_of(one)
        if foot:
            base, middle, half = top + tall, left + wide / 2, wide * foot * 0.52
            draw.ellipse((middle - half, base - half * 0.13, middle + half, base + half * 0.12), 74)
    shadows = shadows.filter(ImageFilter.GaussianBlur(small[0] / 160)).resize(size, Image.Resampling.BILINEAR)
    dark = Image.new("RGBA", size, (*INK, 0))
    dark.putalpha(shadows)
    return dark


def _foot_of(one: Placed) -> float:
    if one.is_aloft:
        return 0
    return MOTIFS[one.item.motif].foot if one.item.motif in MOTIFS else 1


def _draw_labelled_box(pen: Pen, label: str) -> None:
    pen.rect(2, 10, 96, 90, WOOD.plain, 3)
    pen.rect(2, 10, 96, 14, WOOD.light, 3)
    pen.rect(12, 38, 76, 40, PAPER.light, 2)
    pen.text(50, 58, label or "?", 26, INK, 70)


def _draw_banner(draw: ImageDraw.ImageDraw, words: str, width: int) -> None:
    """A paper banner at the top."""
    wide = min(92, 14 + 4.2 * len(words))
    pen = Pen(draw, (width * (100 - wide) / 200, width * 0.03, width * wide / 100, width * 0.12))
    pen.poly([(0, 22), (6, 52), (0, 82), (14, 82), (14, 22)], PAPER.deep)
    pen.poly([(100, 22), (94, 52), (100, 82), (86, 82), (86, 22)], PAPER.deep)
    pen.rect(7, 8, 86, 84, PAPER.light, 1)
    pen.text(50, 52, words, 50, INK, 80)
