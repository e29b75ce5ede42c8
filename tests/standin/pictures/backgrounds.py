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
    "balcony": ((158, 206, 230), (236, 240, 230), (224, 172, 140), (206, 150, 118)),
    "night": ((30, 36, 76), (72, 78, 128), (44, 66, 74), (30, 46, 58)),
    "night sea": ((26, 32, 72), (84, 92, 148), (52, 74, 126), (20, 30, 66)),
    "snow": ((192, 216, 234), (232, 240, 246), (246, 248, 252), (220, 230, 240)),
    "desert": ((246, 208, 150), (252, 234, 200), (230, 186, 122), (210, 160, 98)),
    "sunset": ((120, 92, 148), (250, 180, 128), (112, 112, 98), (84, 86, 84)),
    "plain": ((249, 245, 237), (243, 237, 226), (243, 237, 226), (233, 225, 210)),
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


def _warm_room(pen: Pen) -> None:
    _room(pen)
    pen.oval(50, 84, 40, 11, (206, 150, 122))
    pen.oval(50, 84, 36, 9.4, (228, 186, 152))
    pen.oval(50, 84, 32, 7.8, (214, 162, 132))


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


def _balcony(pen: Pen) -> None:
    """Tiles, and a railing before the roofs of a town."""
    for place in range(8):
        x, tall = place * 13.4 - 3, 9 + (place * 11) % 13
        wall = mix((226, 204, 186), (240, 226, 204), (place % 3) / 2)
        pen.rect(x, HORIZON - tall, 12.4, tall + 1, wall)
        pen.poly([(x - 1, HORIZON - tall), (x + 6.2, HORIZON - tall - 5), (x + 13.4, HORIZON - tall)], (206, 134, 110))
        for column in range(2):
            pen.rect(x + 2.4 + column * 5, HORIZON - tall + 2.5, 2.4, 3.4, (150, 176, 192))
    for row, y in enumerate((64, 69, 75.5, 84, 95)):
        pen.rect(0, y, 100, 0.45, (196, 142, 116))
        for column in range(9):
            pen.rect(
                column * 12.5 + (row % 2) * 6.2,
                (60, 64, 69, 75.5, 84)[row],
                0.4,
                y - (60, 64, 69, 75.5, 84)[row],
                (196, 142, 116),
            )
    for place in range(26):
        pen.rect(place * 4 + 0.6, HORIZON - 11, 0.6, 12, (72, 78, 92))
    pen.rect(0, HORIZON - 12.4, 100, 1.8, (72, 78, 92), 1)
    pen.rect(0, HORIZON + 0.2, 100, 1.2, (72, 78, 92))


def _night(pen: Pen) -> None:
    for place in range(1, 46):
        x, y = (place * 37.7) % 100, (place * place * 7.3) % (HORIZON - 6)
        pen.disc(x, y, 0.16 + (place % 4) * 0.08, (244, 240, 214))
    pen.arc(24, HORIZON + 4, 46, 14, 180, 360, (40, 56, 76))
    pen.arc(82, HORIZON + 4, 40, 19, 180, 360, (36, 50, 70))


def _night_sea(pen: Pen) -> None:
    for place in range(1, 46):
        x, y = (place * 37.7) % 100, (place * place * 7.3) % (HORIZON - 8)
        pen.disc(x, y, 0.14 + (place % 4) * 0.07, (244, 240, 214))
    for r, share in ((9.5, 0.1), (7.6, 0.2)):
        pen.disc(47, 16, r, mix((46, 54, 104), (250, 240, 200), share))
    pen.disc(47, 16, 5.6, (250, 240, 206))
    for x, y, r in ((45, 14.6, 1.1), (49, 17.4, 0.8), (46.4, 18.6, 0.6)):
        pen.disc(x, y, r, (236, 222, 182))
    pen.arc(88, HORIZON, 30, 9, 180, 360, (34, 42, 84))
    for place in range(9):  # the moon's light on the water
        wide = 9 - abs(place - 3)
        pen.rect(47 - wide / 2 + (place % 3 - 1) * 1.6, HORIZON + 1.4 + place * 3.4, wide, 0.7, (150, 158, 196), 1)
    for place, (x, y) in enumerate(((48, 66), (70, 71), (90, 65), (58, 80), (80, 86), (38, 90), (66, 95), (8, 92))):
        long = 7 + 3 * (place % 3)
        pen.stroke([(x, y), (x + long / 2, y - 0.8), (x + long, y)], 0.45, (96, 116, 170), curved=True)


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
    "warm room": _warm_room,
    "cool room": _room,
    "meadow": _meadow,
    "beach": _beach,
    "sea": _sea,
    "city street": _city,
    "balcony": _balcony,
    "night": _night,
    "night sea": _night_sea,
    "snow": _snow,
    "desert": _desert,
    "sunset": _sunset,
}
