"""A drawn picture as if painted with water colours: wavering edges, uneven colour, paper, an unpainted margin."""

import random

from PIL import Image, ImageChops, ImageFilter

__all__ = ["paint_in_water"]

_CELLS = 24  # along each side


def paint_in_water(picture: Image.Image, seed: int) -> Image.Image:
    """An RGBA picture of the same size; what is transparent stays so."""
    chance = random.Random(seed)
    width = picture.width
    alpha = _waver(picture, chance)
    colours = alpha.convert("RGB").filter(ImageFilter.MedianFilter(5))
    colours = Image.blend(colours, Image.new("RGB", picture.size, (255, 253, 247)), 0.16)
    for grain, least in ((7, 232), (26, 242), (max(60, width // 9), 247)):  # pools of colour, brush, paper
        colours = ImageChops.multiply(colours, _noise(picture.size, grain, least, chance).convert("RGB"))
    painted = Image.new("RGB", picture.size, (253, 250, 243))
    painted.paste(colours, (0, 0), _margin(picture.size, chance))
    done = painted.convert("RGBA")
    if picture.getchannel("A").getextrema()[0] < 255:
        done = colours.convert("RGBA")
        done.putalpha(alpha.getchannel("A"))
    return done


def _waver(picture: Image.Image, chance: random.Random) -> Image.Image:
    """Every knot of a grid is moved a little, and what lies between goes with it."""
    width, height = picture.size
    most = width / 170
    xs = [round(width * step / _CELLS) for step in range(_CELLS + 1)]
    ys = [round(height * step / _CELLS) for step in range(_CELLS + 1)]
    knots = {
        (i, j): (
            x + (chance.uniform(-most, most) if 0 < i < _CELLS else 0),
            y + (chance.uniform(-most, most) if 0 < j < _CELLS else 0),
        )
        for i, x in enumerate(xs)
        for j, y in enumerate(ys)
    }
    mesh = [
        (
            (xs[i], ys[j], xs[i + 1], ys[j + 1]),
            (*knots[i, j], *knots[i, j + 1], *knots[i + 1, j + 1], *knots[i + 1, j]),
        )
        for i in range(_CELLS)
        for j in range(_CELLS)
    ]
    return picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _noise(size: tuple[int, int], across: int, least: int, chance: random.Random) -> Image.Image:
    """Grey from `least` to 255, in so many soft spots along the width."""
    down = max(2, round(across * size[1] / size[0]))
    spots = Image.frombytes("L", (across, down), chance.randbytes(across * down))
    return spots.resize(size, Image.Resampling.BICUBIC).point(
        [least + value * (255 - least) // 255 for value in range(256)]
    )


def _margin(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """White where paint is: all but an uneven margin."""
    width, height = size
    edge = round(width * 0.035)
    inner = Image.new("L", size, 0)
    inner.paste(255, (edge, edge, width - edge, height - edge))
    soft = inner.filter(ImageFilter.GaussianBlur(edge * 0.45))
    uneven = ImageChops.add(soft, _noise(size, 22, 175, chance), 1, -215)
    return uneven.point([0] * 100 + [round(255 * (value - 100) / 40) for value in range(100, 140)] + [255] * 116)
