"""What lies behind a scene: a sky or a wall, and a ground. Each is drawn over the whole picture."""

from collections.abc import Callable

from PIL import Image

from tests.standin.pictures.colours import COLOURS, SNOW, SUN, mix
from tests.standin.pictures.pen import Pen

__all__ = ["HORIZON", "draw_background"]

Colour = tuple[int, int, int]

HORIZON = 60  # hundredths of the height; in rooms, where the wall meets the floor
# Upper and lower colour of what is above the horizon, then of what is below.
_PLANES: dict[str, tuple[Colour, Colour, Colour, Colour]] = {
    "warm room": ((247, 226, 193), (243, 213, 174), (190, 142, 104), (170, 122, 88)),
    "cool room": ((208, 221, 226), (190, 208, 216), (150, 158, 168), (128, 136, 148)),
    "meadow": ((166, 212, 232), (226, 241, 238), (146, 190, 112), (110, 160, 92)),
    "beach": ((150, 208, 234), (222, 240, 242), (240, 220, 172), (226, 200, 148)),
    "sea": ((158, 206, 230), (226, 240, 240), (96, 158, 190), (58, 116, 158)),
    "city street": ((190, 214, 230), (232, 236, 234), (164, 166, 172), (132, 134, 142)),
    "night": ((30, 36, 76), (72, 78, 128), (44, 66, 74), (30, 46, 58)),
    "snow": ((192, 216, 234), (232, 240, 246), (246, 248, 252), (220, 230, 240)),
    "desert": ((246, 208, 150), (252, 234, 200), (230, 186, 122), (210, 160, 98)),
    "sunset": ((120, 92, 148), (250, 180, 128), (112, 112, 98), (84, 86, 84)),
    "plain": ((244, 239, 229), (244, 239, 229), (236, 229, 215), (236, 229, 215)),
}


def draw_background(picture: Image.Image, pen: Pen, name: str) -> None:
    """Fill the picture. pen: of a box as large as the picture."""
    above, below, near, far = _PLANES[name]
    edge = round(picture.height * HORIZON / 100)
    steps = picture.height if pen.fine else 1
    _fill(picture, (0, edge), above, below, steps)
    _fill(picture, (edge, picture.height), near, far, steps)
    if pen.fine and name in _DECOR:
        _DECOR[name](pen)


def _fill(picture: Image.Image, rows: tuple[int, int], first: Colour, last: Colour, steps: int) -> None:
    """Rows of one colour each, from the first to the last; with one step, all alike."""
    start, end = rows
    for row in range(start, end) if steps > 1 else [start]:
        colour = mix(first, last, (row - start) / max(1, end - start) if steps > 1 else 0.5)
        picture.paste(colour, (0, row, picture.width, row + 1 if steps > 1 else end))


def _room(pen: Pen) -> None:
    pen.rect(0, HORIZON - 2.4, 100, 2.6, (250, 246, 238))
    pen.rect(0, HORIZON + 0.1, 100, 0.7, (120, 96, 84))
    for place in range(7):  # boards that run towards the reader
        x = (place - 3) * 14
        pen.stroke([(50 + x * 1.0, HORIZON + 1), (50 + x * 2.3, 100)], 0.25, (126, 98, 80))


def _meadow(pen: Pen) -> None:
    pen.arc(16, HORIZON + 4, 40, 16, 180, 360, (160, 202, 136))
    pen.arc(76, HORIZON + 4, 52, 20, 180, 360, (150, 196, 128))
    for x, y, r in ((20, 14, 4), (25, 12, 5), (31, 14, 4), (78, 22, 3), (82, 20, 4), (87, 22, 3)):
        pen.disc(x, y, r, (246, 250, 250))
    for x, y in ((12, 72), (31, 91), (47, 76), (66, 94), (84, 74), (93, 90), (22, 82), (74, 84)):
        pen.stroke([(x, y), (x + 0.6, y - 1.6)], 0.4, (92, 142, 78))
        pen.stroke([(x + 1, y), (x + 1.8, y - 1.2)], 0.4, (92, 142, 78))


def _beach(pen: Pen) -> None:
    pen.rect(0, HORIZON - 10, 100, 12, (94, 166, 194))
    pen.rect(0, HORIZON - 3, 100, 5, (136, 196, 210))
    shore = [(0, HORIZON + 2), (20, HORIZON + 3.5), (46, HORIZON + 1.8), (72, HORIZON + 3.6), (100, HORIZON + 2)]
    pen.stroke(shore, 1.2, SNOW.light, curved=True)
    for x, y in ((14, 84), (40, 92), (63, 80), (88, 93)):
        pen.oval(x, y, 0.9, 0.5, (206, 176, 124))


def _sea(pen: Pen) -> None:
    for place, (x, y) in enumerate(((8, 68), (34, 74), (62, 69), (84, 78), (20, 86), (52, 92), (76, 90))):
        long = 8 + 3 * (place % 3)
        pen.stroke([(x, y), (x + long / 2, y - 0.9), (x + long, y)], 0.5, (166, 208, 224), curved=True)


def _city(pen: Pen) -> None:
    for place in range(9):
        x, tall = place * 11.6 - 2, 14 + (place * 17) % 23
        tone = mix((148, 164, 184), (178, 190, 204), (place % 3) / 2)
        pen.rect(x, HORIZON - tall, 10.4, tall, tone)
        for row in range(int(tall // 5)):
            for column in range(3):
                if (place + row * 2 + column) % 3:
                    pen.rect(x + 1.6 + column * 2.8, HORIZON - tall + 2 + row * 5, 1.5, 2.4, (232, 226, 190))
    pen.rect(0, HORIZON, 100, 4, (206, 204, 200))
    for x in range(4, 100, 18):
        pen.rect(x, 84, 9, 1.1, SNOW.light)


def _night(pen: Pen) -> None:
    for place in range(46):
        x, y = (place * 37.7) % 100, (place * place * 7.3) % (HORIZON - 6)
        pen.disc(x, y, 0.16 + (place % 4) * 0.08, (244, 240, 214))
    pen.arc(24, HORIZON + 4, 46, 14, 180, 360, (40, 56, 76))
    pen.arc(82, HORIZON + 4, 40, 19, 180, 360, (36, 50, 70))


def _snow(pen: Pen) -> None:
    pen.arc(22, HORIZON + 5, 44, 15, 180, 360, (236, 242, 248))
    pen.arc(78, HORIZON + 5, 48, 20, 180, 360, (228, 236, 244))
    for place in range(40):
        pen.disc((place * 29.3) % 100, (place * place * 5.1) % 96, 0.25 + (place % 3) * 0.12, SNOW.light)


def _desert(pen: Pen) -> None:
    pen.disc(78, 18, 6, mix(SUN.light, SNOW.light, 0.3))
    pen.arc(24, HORIZON + 5, 44, 13, 180, 360, (236, 196, 134))
    pen.arc(86, HORIZON + 5, 42, 17, 180, 360, (222, 176, 112))


def _sunset(pen: Pen) -> None:
    pen.disc(50, HORIZON - 4, 11, (253, 216, 150))
    for y, x, width in ((20, 10, 26), (28, 58, 34), (38, 24, 20)):
        pen.rect(x, y, width, 1.4, mix((250, 190, 150), COLOURS["pink"].light, 0.4), 1)
    pen.arc(12, HORIZON + 4, 40, 13, 180, 360, (92, 88, 104))
    pen.arc(86, HORIZON + 4, 44, 17, 180, 360, (82, 80, 98))


_DECOR: dict[str, Callable[[Pen], None]] = {
    "warm room": _room,
    "cool room": _room,
    "meadow": _meadow,
    "beach": _beach,
    "sea": _sea,
    "city street": _city,
    "night": _night,
    "snow": _snow,
    "desert": _desert,
    "sunset": _sunset,
}
