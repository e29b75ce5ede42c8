"""What stands outside, what people ride and use."""

import math

from tests.standin.pictures.colours import COLOURS, INK, LEAF, PAPER, SNOW, STONE, SUN, WATER, WOOD, Tone, mix
from tests.standin.pictures.motif import motif
from tests.standin.pictures.pen import Pen

__all__: list[str] = []


def _wheel(p: Pen, x: float, y: float, r: float) -> None:
    p.disc(x, y, r, INK)
    p.disc(x, y, r * 0.45, STONE.light)


@motif("red", 1.1, 0.4)
def house(p: Pen, c: Tone) -> None:
    p.rect(70, 6, 11, 30, WOOD.deep)
    p.rect(12, 44, 76, 56, PAPER.plain)
    p.poly([(2, 48), (50, 4), (98, 48)], c.plain)
    p.poly([(50, 4), (98, 48), (84, 48), (46, 10)], c.deep)
    p.rect(42, 66, 18, 34, WOOD.plain, 2)
    for x in (20, 68):
        p.rect(x, 58, 14, 16, WATER.light, 1)
        p.rect(x + 6, 58, 2, 16, PAPER.light)
    p.disc(56, 84, 1.5, SUN.plain)


@motif("white", 0.5, 0.55)
def lighthouse(p: Pen, c: Tone) -> None:
    p.blob([(2, 100), (14, 88), (50, 84), (88, 88), (98, 100)], STONE.plain)
    p.poly([(34, 26), (66, 26), (76, 92), (24, 92)], c.plain)
    for top, bottom in ((36, 50), (64, 78)):
        p.poly(
            [
                (34 - (top - 26) * 0.15, top),
                (66 + (top - 26) * 0.15, top),
                (66 + (bottom - 26) * 0.15, bottom),
                (34 - (bottom - 26) * 0.15, bottom),
            ],
            COLOURS["red"].plain,
        )
    if p.fine:
        p.poly([(60, 26), (66, 26), (76, 92), (64, 92)], mix(c.plain, c.deep, 0.45))
        for top, bottom in ((36, 50), (64, 78)):
            edge = [(60.6 + (top - 26) * 0.06, top), (66 + (top - 26) * 0.15, top)]
            edge += [(66 + (bottom - 26) * 0.15, bottom), (60.6 + (bottom - 26) * 0.06, bottom)]
            p.poly(edge, COLOURS["red"].deep)
        p.rect(43, 80, 13, 12.5, WOOD.deep, 6)
        p.rect(44, 55, 9, 6, INK, 4)
    p.rect(28, 22, 44, 5, INK)
    p.rect(36, 10, 28, 13, SUN.light)
    if p.fine:
        p.oval(50, 16.5, 8, 4.6, SNOW.light)
        for x in (36, 49, 62):
            p.rect(x, 10, 2.4, 13, INK)
    p.poly([(32, 11), (50, 0), (68, 11)], COLOURS["red"].deep)


@motif("grey", 1.1, 0.5, foot=0)
def castle(p: Pen, c: Tone) -> None:
    for x in (4, 72):
        p.rect(x, 30, 24, 70, c.plain)
        p.poly([(x - 4, 32), (x + 12, 4), (x + 28, 32)], COLOURS["red"].plain)
        p.rect(x + 9, 44, 6, 12, INK, 3)
    p.rect(26, 48, 48, 52, c.light)
    for x in (26, 40, 54, 67):
        p.rect(x, 40, 8, 10, c.light)
    p.rect(40, 66, 20, 34, WOOD.deep, 10)


@motif("grey", 0.4, 0.5)
def tower(p: Pen, c: Tone) -> None:
    p.rect(10, 10, 80, 90, c.plain, 3)
    p.rect(10, 10, 26, 90, c.light, 3)
    for row in range(6):
        for x in (22, 46, 68):
            lit = (row * 3 + int(x)) % 4
            p.rect(x, 18 + row * 13, 12, 7, SUN.light if lit else WATER.deep)


@motif("orange", 1.4, 0.24)
def tent(p: Pen, c: Tone) -> None:
    p.poly([(2, 100), (50, 6), (98, 100)], c.plain)
    p.poly([(50, 6), (98, 100), (66, 100)], c.deep)
    p.poly([(50, 30), (66, 100), (34, 100)], INK)


@motif("white", 0.8, 0.45)
def windmill(p: Pen, c: Tone) -> None:
    p.poly([(36, 34), (64, 34), (76, 100), (24, 100)], c.plain)
    p.poly([(34, 36), (50, 20), (66, 36)], COLOURS["red"].plain)
    p.rect(44, 78, 12, 22, WOOD.deep, 4)
    for turn in range(4):
        angle = math.pi * (turn / 2 + 0.2)
        x, y = math.cos(angle), math.sin(angle) * 0.8
        p.stroke([(50, 34), (50 + 46 * x, 34 + 40 * y)], 2.5, WOOD.deep)
        p.stroke([(50 + 16 * x - 5 * y, 34 + 15 * y + 5 * x), (50 + 44 * x - 5 * y, 34 + 39 * y + 5 * x)], 8, c.light)
    p.disc(50, 34, 5, WOOD.deep)


@motif("grey", 2.6, 0.22)
def bridge(p: Pen, c: Tone) -> None:
    p.rect(0, 30, 100, 16, c.plain)
    for x in (16, 50, 84):
        p.rect(x - 5, 40, 10, 60, c.deep)
    for x in (33, 67):
        p.arc(x, 98, 12, 48, 180, 360, mix(WATER.light, SNOW.light, 0.3))
    for x in range(3, 100, 8):
        p.rect(x, 16, 1.6, 16, c.deep)
    p.rect(0, 14, 100, 4, c.deep)


@motif("red", 1.9, 0.18)
def car(p: Pen, c: Tone) -> None:
    p.blob([(18, 46), (32, 14), (62, 12), (80, 44)], c.deep)
    p.poly([(26, 44), (36, 20), (48, 20), (48, 44)], WATER.light)
    p.poly([(52, 44), (52, 20), (62, 20), (73, 44)], WATER.light)
    p.rect(2, 42, 96, 38, c.plain, 8)
    p.oval(95, 56, 4, 7, SUN.light)
    if p.fine:
        p.rect(50, 50, 10, 3, c.deep, 1)
        p.rect(4, 64, 92, 3, c.light)
    for x in (24, 76):
        _wheel(p, x, 80, 10.5)


@motif("yellow", 2, 0.24)
def bus(p: Pen, c: Tone) -> None:
    p.rect(2, 6, 96, 78, c.plain, 5)
    for x in (8, 25, 42, 59):
        p.rect(x, 16, 14, 26, WATER.light, 2)
    p.rect(77, 16, 17, 58, WATER.deep, 2)
    p.rect(2, 56, 74, 5, c.deep)
    for x in (22, 66):
        _wheel(p, x, 86, 7)


@motif("blue", 1.55, 0.2)
def bicycle(p: Pen, c: Tone) -> None:
    for x in (22, 78):
        p.disc(x, 66, 21, INK)
        p.disc(x, 66, 17.5, mix(SNOW.light, STONE.light, 0.3))
        p.disc(x, 66, 3, INK)
    for points in ([(22, 66), (42, 66), (64, 30), (36, 30), (22, 66)], [(42, 66), (36, 24)], [(62, 18), (78, 66)]):
        p.stroke(points, 3.4, c.plain)
    p.stroke([(29, 22), (43, 22)], 4.5, INK)
    p.stroke([(56, 18), (68, 14)], 3.4, INK)


@motif("green", 2.4, 0.24)
def train(p: Pen, c: Tone) -> None:
    p.rect(2, 26, 42, 50, c.plain, 3)
    for x in (7, 21):
        p.rect(x, 34, 11, 16, WATER.light, 1)
    p.rect(44, 66, 6, 5, INK)
    p.rect(50, 10, 18, 66, c.deep, 2)
    p.rect(53, 18, 12, 16, WATER.light, 1)
    p.rect(66, 34, 30, 42, c.plain, 6)
    p.rect(84, 12, 7, 24, INK, 1)
    p.poly([(92, 62), (99, 84), (90, 84)], COLOURS["red"].plain)
    for x, r in ((12, 4.5), (32, 4.5), (58, 6), (74, 5), (88, 5)):
        _wheel(p, x, 100 - 2.4 * r, r)
    if p.fine:
        for x, y, r in ((86, 2, 3), (78, -8, 4)):
            p.disc(x, y, r, SNOW.plain)


@motif("red", 1.2, 0.3)
def sailing_boat(p: Pen, c: Tone) -> None:
    p.rect(48, 4, 3, 72, WOOD.deep)
    p.poly([(52, 6), (92, 66), (52, 66)], SNOW.light)
    p.poly([(47, 16), (47, 66), (14, 66)], SNOW.deep)
    p.poly([(4, 74), (96, 74), (80, 98), (20, 98)], c.plain)
    p.poly([(4, 74), (96, 74), (93, 80), (8, 80)], c.light)


@motif("white", 1.8, 0.16, stands=False)
def aeroplane(p: Pen, c: Tone) -> None:
    p.poly([(6, 46), (2, 12), (14, 12), (26, 44)], c.deep)
    p.blob([(4, 52), (30, 42), (76, 38), (98, 54), (76, 66), (24, 64)], c.plain)
    p.poly([(40, 56), (62, 56), (42, 94), (32, 94)], c.deep)
    p.poly([(46, 42), (60, 42), (46, 18), (39, 18)], c.light)
    for x in (36, 46, 56, 66):
        p.disc(x, 49, 1.8, WATER.deep)
    p.poly([(82, 44), (92, 48), (80, 50)], WATER.deep)


@motif("red", 0.5, 0.4)
def rocket(p: Pen, c: Tone) -> None:
    p.blob([(50, 72), (66, 84), (50, 100), (34, 84)], COLOURS["orange"].plain)
    p.blob([(50, 74), (57, 82), (50, 92), (43, 82)], SUN.light)
    p.poly([(26, 50), (4, 80), (30, 72)], c.deep)
    p.poly([(74, 50), (96, 80), (70, 72)], c.deep)
    p.blob([(50, 0), (74, 28), (72, 72), (28, 72), (26, 28)], SNOW.plain)
    p.poly([(50, 0), (64, 12), (70, 22), (30, 22), (36, 12)], c.plain)
    p.disc(50, 40, 14, c.plain)
    p.disc(50, 40, 9, WATER.light)


@motif("red", 0.55, 0.3, stands=False)
def balloon(p: Pen, c: Tone) -> None:
    p.stroke([(50, 62), (56, 76), (46, 88), (52, 99)], 2, INK, curved=True)
    p.blob([(50, 2), (88, 16), (90, 42), (50, 64), (10, 42), (12, 16)], c.plain)
    p.poly([(50, 60), (42, 68), (58, 68)], c.deep)
    p.oval(32, 22, 9, 8, c.light)


@motif("orange", 0.7, 0.36, stands=False)
def hot_air_balloon(p: Pen, c: Tone) -> None:
    p.blob([(50, 0), (92, 18), (90, 48), (60, 74), (40, 74), (10, 48), (8, 18)], c.plain)
    p.blob([(50, 0), (66, 18), (66, 50), (56, 74), (44, 74), (34, 50), (34, 18)], c.light)
    for x in (42, 58):
        p.stroke([(x, 74), (x, 86)], 1.5, INK)
    p.rect(38, 84, 24, 15, WOOD.plain, 3)


@motif("purple", 0.8, 0.24, stands=False)
def kite(p: Pen, c: Tone) -> None:
    p.stroke([(50, 62), (64, 78), (48, 88), (60, 99)], 2, INK, curved=True)
    p.poly([(50, 2), (90, 28), (50, 66), (10, 28)], c.plain)
    p.poly([(50, 2), (90, 28), (50, 28)], c.light)
    p.poly([(50, 28), (50, 66), (10, 28)], c.deep)


@motif("red", 1, 0.1)
def ball(p: Pen, c: Tone) -> None:
    p.disc(50, 52, 46, c.plain)
    p.arc(50, 52, 46, 46, 250, 310, SNOW.light)
    p.arc(50, 52, 46, 46, 70, 130, SNOW.light)
    p.disc(50, 52, 9, SNOW.light)
    p.oval(32, 30, 9, 7, c.light)


@motif("grey", 0.75, 0.3)
def robot(p: Pen, c: Tone) -> None:
    p.stroke([(50, 14), (50, 4)], 4, c.deep)
    p.disc(50, 4, 5, COLOURS["red"].plain)
    p.rect(22, 12, 56, 32, c.plain, 8)
    p.rect(30, 20, 40, 15, INK, 6)
    for x in (41, 59):
        p.disc(x, 27.5, 5, COLOURS["teal"].light)
    p.rect(42, 43, 16, 6, c.deep)
    p.rect(14, 52, 72, 7, c.deep, 3)
    p.rect(26, 48, 48, 34, c.plain, 6)
    if p.fine:
        p.rect(26, 48, 14, 34, mix(c.plain, c.light, 0.45), 6)
        p.rect(22, 12, 14, 32, mix(c.plain, c.light, 0.45), 8)
        p.rect(30, 20, 40, 15, INK, 6)
        for x in (41, 59):
            p.disc(x, 27.5, 5, COLOURS["teal"].light)
            p.disc(x - 1.4, 26, 1.6, SNOW.light)
    p.rect(36, 55, 28, 14, c.deep, 3)
    if p.fine:
        for x, name in ((42, "red"), (50, "yellow"), (58, "green")):
            p.disc(x, 62, 2.4, COLOURS[name].plain)
    for x in (10, 78):
        p.rect(x, 50, 12, 26, c.deep, 6)
    for x in (32, 54):
        p.rect(x, 82, 14, 18, c.deep, 4)


@motif("grey", 1.4, 0.2)
def laptop(p: Pen, c: Tone) -> None:
    p.rect(14, 4, 72, 72, c.deep, 4)
    p.rect(18, 9, 64, 60, WATER.light, 2)
    if p.fine:
        for y, width in ((20, 40), (32, 28), (44, 46)):
            p.rect(25, y, width, 5, WATER.deep, 1)
    p.poly([(8, 78), (92, 78), (100, 96), (0, 96)], c.plain)
    p.rect(40, 82, 20, 6, c.deep, 2)


@motif("black", 0.5, 0.18)
def phone(p: Pen, c: Tone) -> None:
    p.rect(6, 0, 88, 100, c.plain, 14)
    p.rect(12, 8, 76, 80, WATER.light, 6)
    for row in range(3):
        for place in range(3):
            name = ["red", "green", "yellow", "purple", "blue"][(row * 3 + place) % 5]
            p.rect(20 + place * 22, 18 + row * 16, 16, 9, COLOURS[name].plain, 5)
    p.disc(50, 94, 5, c.light)


@motif("black", 1.3, 0.14)
def camera(p: Pen, c: Tone) -> None:
    p.rect(30, 6, 34, 24, c.deep, 4)
    p.rect(2, 22, 96, 76, c.plain, 7)
    p.rect(2, 36, 96, 10, STONE.light)
    p.disc(50, 60, 24, STONE.deep)
    p.disc(50, 60, 17, WATER.deep)
    p.disc(45, 54, 6, WATER.light)
    p.disc(84, 30, 4, COLOURS["red"].plain)


@motif("brown", 0.6, 0.3)
def guitar(p: Pen, c: Tone) -> None:
    p.rect(45, 6, 10, 50, WOOD.deep)
    p.rect(40, 0, 20, 11, INK, 4)
    p.blob([(50, 42), (76, 50), (72, 62), (88, 80), (50, 99), (12, 80), (28, 62), (24, 50)], c.plain)
    p.disc(50, 66, 13, INK)
    p.rect(36, 84, 28, 4, INK)
    for x in (47.5, 52.5):
        p.stroke([(x, 8), (x, 86)], 1, SNOW.light)


@motif("red", 1, 0.14)
def gift(p: Pen, c: Tone) -> None:
    p.rect(8, 34, 84, 66, c.plain, 3)
    p.rect(2, 26, 96, 20, c.deep, 3)
    p.rect(42, 26, 16, 74, SUN.light)
    p.blob([(50, 26), (22, 2), (10, 16), (26, 26)], SUN.plain)
    p.blob([(50, 26), (78, 2), (90, 16), (74, 26)], SUN.plain)
    p.disc(50, 25, 7, SUN.deep)


@motif("black", 1.3, 0.1)
def hat(p: Pen, c: Tone) -> None:
    p.oval(50, 84, 49, 14, c.plain)
    p.rect(24, 8, 52, 74, c.plain, 10)
    p.rect(24, 60, 52, 14, COLOURS["red"].plain)


@motif("red", 1, 0.12, stands=False)
def heart(p: Pen, c: Tone) -> None:
    p.blob([(50, 26), (74, 6), (96, 26), (86, 58), (50, 96), (14, 58), (4, 26), (26, 6)], c.plain)
    p.oval(28, 28, 9, 8, c.light)


@motif("red", 0.8, 0.3, foot=0.3)
def flag(p: Pen, c: Tone) -> None:
    p.rect(8, 2, 5, 98, WOOD.deep, 2)
    p.poly([(13, 6), (50, 12), (96, 4), (90, 24), (96, 46), (50, 52), (13, 46)], c.plain)
    p.poly([(13, 6), (50, 12), (50, 52), (13, 46)], c.deep)


@motif("brown", 1.4, 0.2)
def bench(p: Pen, c: Tone) -> None:
    for y in (6, 24):
        p.rect(4, y, 92, 12, c.plain, 3)
    p.rect(2, 52, 96, 13, c.light, 3)
    for x in (12, 80):
        p.rect(x, 6, 6, 94, INK, 2)


@motif("brown", 2, 0.14)
def fence(p: Pen, c: Tone) -> None:
    for y in (36, 66):
        p.rect(0, y, 100, 10, c.deep)
    for x in range(3, 100, 16):
        p.poly([(x, 18), (x + 5, 4), (x + 10, 18), (x + 10, 100), (x, 100)], c.plain)


@motif("grey", 1.7, 0.24, foot=0)
def road(p: Pen, c: Tone) -> None:
    p.poly([(42, 0), (58, 0), (100, 100), (0, 100)], c.plain)
    for top, bottom in ((6, 20), (32, 54), (68, 98)):
        half_top, half_bottom = 0.6 + top * 0.02, 0.6 + bottom * 0.02
        p.poly(
            [(50 - half_top, top), (50 + half_top, top), (50 + half_bottom, bottom), (50 - half_bottom, bottom)],
            SNOW.light,
        )


@motif("black", 0.3, 0.42, foot=0.7)
def street_lamp(p: Pen, c: Tone) -> None:
    p.rect(44, 20, 12, 78, c.plain, 3)
    p.rect(28, 94, 44, 6, c.deep, 3)
    p.poly([(24, 8), (76, 8), (66, 24), (34, 24)], SUN.light)
    p.poly([(18, 8), (50, 0), (82, 8)], c.deep)


@motif("orange", 0.5, 0.14)
def traffic_cone(p: Pen, c: Tone) -> None:
    p.poly([(42, 4), (58, 4), (82, 90), (18, 90)], c.plain)
    p.poly([(36, 34), (64, 34), (70, 56), (30, 56)], SNOW.light)
    p.rect(4, 88, 92, 12, c.deep, 3)


@motif("white", 0.6, 0.4)
def snowman(p: Pen, c: Tone) -> None:
    p.disc(50, 78, 34, c.plain)
    p.disc(50, 44, 25, c.light)
    p.disc(50, 20, 18, c.light)
    p.rect(28, 6, 44, 3.5, INK)
    p.rect(36, -4, 28, 11, INK, 2)
    for x in (43, 57):
        p.disc(x, 18, 2.6, INK)
    p.poly([(50, 22), (78, 25), (50, 27)], COLOURS["orange"].plain)
    p.rect(32, 31, 36, 5, COLOURS["red"].plain, 3)
    for y in (44, 54):
        p.disc(50, y, 2.6, INK)


@motif("green", 1.1, 0.16)
def boot(p: Pen, c: Tone) -> None:
    p.rect(18, 2, 36, 74, c.plain, 5)
    p.blob([(18, 60), (54, 58), (92, 72), (96, 94), (18, 94)], c.plain)
    p.rect(14, 90, 82, 9, c.deep, 3)
    p.rect(15, 2, 42, 10, LEAF.light, 4)
