"""What stands in rooms and on tables."""

from tests.standin.pictures.colours import COLOURS, INK, LEAF, PAPER, SNOW, SUN, WATER, WOOD, Tone, mix
from tests.standin.pictures.motif import motif
from tests.standin.pictures.pen import Pen

__all__ = ["draw_window_frame"]


@motif("brown", 0.95, 0.42, stands=False)
def window(p: Pen, c: Tone) -> None:
    p.rect(4, 2, 92, 92, c.plain, 3)
    p.rect(11, 8, 78, 78, WATER.light)
    if p.fine:
        p.poly([(18, 80), (46, 14), (58, 14), (30, 80)], mix(WATER.light, SNOW.light, 0.5))
        p.poly([(64, 80), (80, 42), (86, 42), (72, 80)], mix(WATER.light, SNOW.light, 0.5))
    draw_window_frame(p, c)


def draw_window_frame(p: Pen, c: Tone) -> None:
    """What of a window stands before that which is seen through it."""
    p.rect(47.5, 8, 5, 78, c.light)
    p.rect(11, 45, 78, 4, c.light)
    p.rect(4, 86, 92, 8, c.plain)
    p.rect(0, 90, 100, 9, c.deep, 2)


@motif("red", 0.55, 0.5)
def door(p: Pen, c: Tone) -> None:
    p.rect(4, 0, 92, 100, WOOD.deep, 3)
    p.rect(12, 4, 76, 96, c.plain, 2)
    for y, height in ((12, 34), (54, 36)):
        p.rect(24, y, 52, height, c.deep, 2)
        p.rect(28, y + 2.5, 44, height - 5, mix(c.plain, c.light, 0.3), 2)
    p.disc(80, 52, 5, SUN.plain)


@motif("brown", 1.5, 0.26)
def table(p: Pen, c: Tone) -> None:
    for x in (10, 80):
        p.poly([(x, 20), (x + 10, 20), (x + 8, 100), (x + 3, 100)], c.deep)
    p.rect(14, 20, 72, 12, c.deep)
    p.rect(2, 8, 96, 14, c.plain, 3)
    p.rect(2, 8, 96, 5, c.light, 3)


@motif("teal", 0.7, 0.3)
def chair(p: Pen, c: Tone) -> None:
    for x in (20, 74):
        p.rect(x, 60, 7, 40, WOOD.deep, 2)
    p.rect(20, 2, 62, 54, c.deep, 10)
    p.rect(26, 8, 50, 44, c.plain, 8)
    p.rect(12, 52, 76, 16, c.light, 8)


@motif("teal", 1.15, 0.36)
def armchair(p: Pen, c: Tone) -> None:
    for x in (18, 72):
        p.rect(x, 90, 10, 10, WOOD.deep, 2)
    p.rect(18, 4, 64, 70, c.deep, 14)
    p.rect(24, 10, 52, 50, c.plain, 10)
    p.rect(20, 56, 60, 22, c.light, 8)
    p.rect(20, 72, 60, 20, c.deep, 5)
    for x in (4, 76):
        p.rect(x, 42, 20, 50, c.plain, 10)
        p.oval(x + 10, 50, 8, 6, c.light)
    if p.fine:
        p.rect(36, 30, 28, 26, SUN.plain, 6)


@motif("blue", 1.9, 0.3)
def sofa(p: Pen, c: Tone) -> None:
    for x in (12, 82):
        p.rect(x, 88, 6, 12, WOOD.deep, 2)
    p.rect(10, 8, 80, 60, c.deep, 8)
    p.rect(14, 14, 35, 46, c.plain, 6)
    p.rect(51, 14, 35, 46, c.plain, 6)
    p.rect(12, 54, 76, 22, c.light, 5)
    p.rect(10, 70, 80, 22, c.deep, 4)
    for x in (2, 86):
        p.rect(x, 38, 12, 54, c.plain, 7)
    if p.fine:
        p.poly([(20, 56), (24, 34), (42, 38), (38, 60)], SUN.plain)


@motif("purple", 1.7, 0.3)
def bed(p: Pen, c: Tone) -> None:
    p.rect(2, 6, 8, 94, WOOD.plain, 3)
    p.rect(90, 46, 8, 54, WOOD.plain, 3)
    p.rect(8, 62, 84, 26, WOOD.deep, 2)
    p.rect(9, 46, 82, 24, SNOW.plain, 6)
    p.rect(34, 40, 57, 38, c.plain, 8)
    p.rect(34, 40, 57, 12, c.light, 6)
    p.rect(13, 34, 22, 18, SNOW.light, 8)


@motif("yellow", 0.55, 0.42, foot=0.6)
def lamp(p: Pen, c: Tone) -> None:
    p.oval(50, 97, 26, 3, INK)
    p.rect(47, 34, 6, 62, INK)
    if p.fine:
        p.poly([(22, 38), (78, 38), (96, 62), (4, 62)], mix(c.light, SNOW.light, 0.5))
        p.rect(47, 38, 6, 26, INK)
    p.poly([(30, 4), (70, 4), (90, 38), (10, 38)], c.plain)
    p.poly([(30, 4), (46, 4), (36, 38), (10, 38)], c.light)


@motif("red", 2.6, 0.1, foot=0)
def rug(p: Pen, c: Tone) -> None:
    p.oval(50, 54, 49, 44, c.plain)
    p.oval(50, 53, 40, 34, c.light)
    p.oval(50, 53, 32, 26, c.plain)
    if p.fine:
        for x in range(26, 76, 12):
            p.poly([(x, 53), (x + 6, 38), (x + 12, 53), (x + 6, 68)], SUN.light)


@motif("blue", 1.3, 0.1)
def book(p: Pen, c: Tone) -> None:
    p.poly([(2, 40), (50, 50), (98, 40), (98, 92), (50, 100), (2, 92)], c.deep)
    p.poly([(6, 30), (28, 24), (50, 34), (50, 92), (28, 82), (6, 86)], PAPER.light)
    p.poly([(94, 30), (72, 24), (50, 34), (50, 92), (72, 82), (94, 86)], PAPER.plain)
    if p.fine:
        for y in (44, 56, 68):
            p.stroke([(13, y - 4), (28, y - 7), (43, y)], 1.3, PAPER.deep)
            p.stroke([(57, y), (72, y - 7), (87, y - 4)], 1.3, PAPER.deep)


@motif("red", 1.1, 0.16)
def stack_of_books(p: Pen, c: Tone) -> None:
    spines = (
        (6, 72, 88, c),
        (12, 46, 74, COLOURS["teal"]),
        (8, 22, 78, COLOURS["yellow"]),
    )
    for x, y, width, tone in spines:
        p.rect(x, y, width, 27, tone.plain, 3)
        p.rect(x + width - 10, y + 4, 10, 19, PAPER.light)
        p.rect(x + 8, y, 6, 27, tone.deep)


@motif("brown", 0.95, 0.5)
def bookshelf(p: Pen, c: Tone) -> None:
    p.rect(2, 0, 96, 100, c.deep, 2)
    names = ["red", "blue", "yellow", "green", "purple", "orange", "teal", "pink"]
    for row in range(3):
        top = 5 + row * 32
        p.rect(7, top, 86, 27, mix(c.deep, INK, 0.4))
        x = 10.0
        for place in range(8):
            width = 7 + (place * 5 + row * 3) % 4
            tall = 19 + (place * 7 + row * 5) % 7
            if x + width < 91 and (place + row) % 5 != 4:
                p.rect(x, top + 27 - tall, width - 1, tall, COLOURS[names[(place + 3 * row) % 8]].plain, 1)
            x += width + 1.5


@motif("red", 1.05, 0.1)
def cup(p: Pen, c: Tone) -> None:
    p.oval(44, 94, 40, 6, c.light)
    p.arc(80, 56, 18, 22, 0, 360, c.deep)
    p.arc(80, 56, 10, 13, 0, 360, SNOW.plain)
    p.poly([(10, 34), (78, 34), (70, 84), (56, 94), (30, 94), (18, 84)], c.plain)
    p.oval(44, 34, 34, 8, c.deep)
    p.oval(44, 35, 28, 5.5, COLOURS["brown"].deep)
    if p.fine:
        for x in (32, 50):
            p.stroke([(x, 24), (x + 5, 16), (x - 2, 8), (x + 3, 0)], 3, mix(SNOW.deep, SNOW.light, 0.4), curved=True)


@motif("teal", 1.3, 0.14)
def teapot(p: Pen, c: Tone) -> None:
    p.arc(80, 52, 18, 24, 0, 360, c.deep)
    p.arc(80, 52, 11, 15, 0, 360, SNOW.plain)
    p.poly([(30, 68), (2, 34), (10, 28), (34, 48)], c.deep)
    p.oval(50, 62, 32, 34, c.plain)
    p.oval(50, 32, 18, 6, c.deep)
    p.disc(50, 22, 5, c.deep)
    p.oval(40, 54, 10, 14, c.light)


@motif("white", 2.4, 0.06)
def plate(p: Pen, c: Tone) -> None:
    p.oval(50, 60, 49, 38, c.deep)
    p.oval(50, 52, 49, 38, c.light)
    p.oval(50, 54, 32, 22, c.plain)


@motif("green", 0.34, 0.24)
def bottle(p: Pen, c: Tone) -> None:
    p.rect(38, 2, 24, 10, WOOD.light, 4)
    p.rect(36, 10, 28, 26, c.deep, 4)
    p.rect(12, 30, 76, 70, c.plain, 22)
    p.rect(12, 54, 76, 24, PAPER.light)
    if p.fine:
        p.rect(22, 36, 10, 56, c.light, 6)


@motif("blue", 0.55, 0.26)
def vase(p: Pen, c: Tone) -> None:
    for x, y, name in ((24, 18, "pink"), (50, 8, "red"), (76, 20, "yellow")):
        p.stroke([(50, 62), ((50 + x) / 2, 40), (x, y)], 3.5, LEAF.deep, curved=True)
        for dx, dy in ((-8, 0), (8, 0), (0, -4.4), (0, 4.4)):
            p.oval(x + dx, y + dy, 8, 4.6, COLOURS[name].plain)
        p.disc(x, y, 5, SUN.light)
    p.blob([(34, 56), (66, 56), (62, 66), (80, 82), (66, 100), (34, 100), (20, 82), (38, 66)], c.plain)
    if p.fine:
        p.oval(36, 82, 7, 9, c.light)


@motif("orange", 0.7, 0.22)
def potted_plant(p: Pen, c: Tone) -> None:
    for x, y in ((8, 24), (28, 4), (50, -2), (72, 4), (92, 24)):
        middle = (50 + (x - 50) * 0.7, 34 + (y - 34) * 0.4)
        p.blob([(50, 66), (middle[0] - 8, middle[1]), (x, y + 4), (middle[0] + 10, middle[1] + 10)], LEAF.plain)
        p.stroke([(50, 64), (x, y + 6)], 1.6, LEAF.deep)
    p.poly([(22, 66), (78, 66), (70, 100), (30, 100)], c.plain)
    p.rect(18, 60, 64, 11, c.deep, 2)


@motif("white", 0.3, 0.18)
def candle(p: Pen, c: Tone) -> None:
    p.blob([(50, 2), (68, 20), (50, 34), (32, 20)], COLOURS["orange"].plain)
    p.blob([(50, 14), (58, 24), (50, 32), (42, 24)], SUN.light)
    p.rect(47, 32, 6, 8, INK)
    p.rect(24, 38, 52, 56, c.plain, 6)
    p.rect(24, 38, 18, 56, c.light, 6)
    p.oval(50, 95, 44, 5, COLOURS["golden"].plain)


@motif("brown", 1, 0.16, stands=False)
def clock(p: Pen, c: Tone) -> None:
    p.disc(50, 50, 47, c.plain)
    p.disc(50, 50, 38, PAPER.light)
    for x, y in ((50, 17), (83, 50), (50, 83), (17, 50)):
        p.disc(x, y, 3, INK)
    p.stroke([(50, 50), (50, 24)], 4, INK)
    p.stroke([(50, 50), (68, 60)], 4, c.deep)


@motif("golden", 1.2, 0.24, stands=False)
def picture_frame(p: Pen, c: Tone) -> None:
    p.rect(2, 2, 96, 96, c.plain, 2)
    p.rect(10, 12, 80, 76, WATER.light)
    p.disc(70, 30, 8, SUN.plain)
    p.poly([(10, 88), (38, 36), (62, 74), (74, 56), (90, 88)], LEAF.plain)


@motif("brown", 1.2, 0.45)
def fireplace(p: Pen, c: Tone) -> None:
    p.rect(4, 12, 92, 88, c.plain, 2)
    p.rect(0, 4, 100, 12, c.deep, 2)
    if p.fine:
        for row in range(5):
            for place in range(4):
                p.rect(7 + place * 23 - (row % 2) * 8, 20 + row * 16, 19, 12, mix(c.plain, c.light, 0.4), 1)
    p.rect(20, 36, 60, 64, INK, 6)
    p.blob([(50, 46), (64, 68), (70, 92), (30, 92), (36, 68)], COLOURS["orange"].plain)
    p.blob([(50, 64), (58, 80), (56, 92), (44, 92), (42, 80)], SUN.light)
    p.rect(26, 90, 48, 7, WOOD.plain, 3)


@motif("red", 1, 0.22, foot=0.3)
def umbrella(p: Pen, c: Tone) -> None:
    p.stroke([(50, 10), (50, 86), (58, 96), (66, 88)], 4, INK, curved=True)
    p.arc(50, 52, 48, 46, 180, 360, c.plain)
    for x in (18, 50, 82):
        p.arc(x, 52, 16, 9, 180, 360, c.deep)
    p.poly([(50, 6), (34, 50), (66, 50)], c.light)


@motif("brown", 1.2, 0.14)
def basket(p: Pen, c: Tone) -> None:
    p.arc(50, 50, 36, 46, 180, 360, c.deep)
    p.arc(50, 50, 28, 36, 180, 360, SNOW.deep)
    for x, name in ((34, "red"), (52, "green"), (68, "orange")):
        p.disc(x, 46, 11, COLOURS[name].plain)
    p.poly([(6, 50), (94, 50), (82, 100), (18, 100)], c.plain)
    if p.fine:
        for y in (64, 80):
            p.stroke([(12, y), (88, y)], 2.5, c.deep)


@motif("golden", 2.2, 0.06)
def key(p: Pen, c: Tone) -> None:
    p.disc(20, 50, 16, c.plain)
    p.disc(20, 50, 7, SNOW.light)
    p.rect(34, 42, 62, 16, c.plain)
    for x in (72, 86):
        p.rect(x, 56, 7, 26, c.plain)


@motif("brown", 1, 0.17)
def cake(p: Pen, c: Tone) -> None:
    for x in (32, 50, 68):
        p.rect(x - 2, 12, 4, 24, COLOURS["blue"].plain)
        p.oval(x, 8, 3.5, 6, SUN.plain)
    p.rect(8, 62, 84, 36, c.plain, 6)
    p.rect(20, 34, 60, 32, c.light, 6)
    p.rect(20, 34, 60, 12, COLOURS["pink"].light, 6)
    p.rect(8, 62, 84, 12, COLOURS["pink"].light, 6)


@motif("red", 0.95, 0.09)
def apple(p: Pen, c: Tone) -> None:
    p.blob([(50, 26), (74, 16), (94, 44), (80, 86), (50, 96), (20, 86), (6, 44), (26, 16)], c.plain)
    p.stroke([(50, 28), (54, 6)], 5, WOOD.deep)
    p.blob([(56, 14), (72, 2), (86, 8), (72, 18)], LEAF.plain)
    p.oval(30, 44, 8, 12, c.light)


@motif("yellow", 1.3, 0.1)
def bananas(p: Pen, c: Tone) -> None:
    p.blob([(10, 30), (22, 66), (54, 84), (94, 70), (96, 80), (58, 100), (14, 84), (2, 36)], c.plain)
    p.blob([(10, 28), (30, 54), (60, 64), (92, 46), (95, 56), (60, 80), (24, 70), (4, 32)], c.light)
    p.rect(2, 22, 10, 14, COLOURS["brown"].deep, 3)


@motif("orange", 1.1, 0.1)
def pizza(p: Pen, c: Tone) -> None:
    p.poly([(4, 16), (96, 16), (50, 100)], SUN.light)
    p.rect(2, 6, 96, 18, c.plain, 9)
    for x, y in ((34, 38), (62, 36), (50, 64)):
        p.disc(x, y, 8, COLOURS["red"].plain)
    if p.fine:
        p.oval(44, 50, 4, 3, LEAF.plain)
        p.oval(70, 50, 4, 3, LEAF.plain)


@motif("golden", 1.5, 0.09)
def bread(p: Pen, c: Tone) -> None:
    p.blob([(4, 60), (16, 22), (50, 10), (84, 22), (96, 60), (84, 96), (16, 96)], c.plain)
    for x in (30, 50, 70):
        p.stroke([(x - 5, 28), (x + 5, 54)], 5, c.light)
