"""Sky, land and plants."""

import math

from tests.standin.pictures.colours import COLOURS, LEAF, SNOW, STONE, SUN, WATER, WOOD, Tone, mix
from tests.standin.pictures.motif import motif
from tests.standin.pictures.pen import Pen

__all__: list[str] = []


@motif("golden", 1, 0.2, stands=False)
def sun(p: Pen, c: Tone) -> None:
    if p.fine:
        for turn in range(12):
            x, y = math.cos(turn * math.pi / 6), math.sin(turn * math.pi / 6)
            p.stroke([(50 + 36 * x, 50 + 36 * y), (50 + 47 * x, 50 + 47 * y)], 4, c.light)
    p.disc(50, 50, 28, c.plain)
    p.disc(45, 45, 20, mix(c.plain, c.light, 0.5))


@motif("yellow", 1, 0.18, stands=False)
def moon(p: Pen, c: Tone) -> None:
    outline = [(60, 6), (34, 14), (18, 40), (22, 68), (46, 90), (74, 90), (54, 76), (44, 50), (48, 24)]
    p.blob(outline, c.light)
    if p.fine:
        p.disc(32, 50, 4, c.plain)
        p.disc(40, 70, 3, c.plain)


@motif("yellow", 1, 0.09, stands=False)
def star(p: Pen, c: Tone) -> None:
    turns = [math.pi * (step / 5 - 0.5) for step in range(10)]
    radii = [46, 20] * 5
    p.poly([(50 + r * math.cos(t), 52 + r * math.sin(t)) for t, r in zip(turns, radii, strict=True)], c.plain)


@motif("white", 2, 0.13, stands=False)
def cloud(p: Pen, c: Tone) -> None:
    for x, y, rx, ry in ((24, 62, 20, 26), (48, 42, 24, 36), (74, 58, 22, 30), (50, 72, 40, 22)):
        p.oval(x, y + 4, rx, ry, mix(c.plain, c.deep, 0.4))
    for x, y, rx, ry in ((24, 58, 19, 25), (47, 38, 23, 34), (74, 54, 21, 28), (50, 66, 38, 20)):
        p.oval(x, y, rx, ry, c.light)


@motif("blue", 1.6, 0.2, stands=False)
def rain(p: Pen, c: Tone) -> None:
    for x, y, rx, ry in ((26, 34, 20, 18), (50, 24, 22, 22), (74, 34, 20, 18)):
        p.oval(x, y, rx, ry, STONE.plain)
    for place in range(6):
        x = 16 + place * 14
        top = 58 + (place % 2) * 12
        p.stroke([(x, top), (x - 4, top + 20)], 2.5, c.plain)


@motif("blue", 1, 0.1, stands=False)
def snowflake(p: Pen, c: Tone) -> None:
    for turn in range(3):
        x, y = math.cos(turn * math.pi / 3), math.sin(turn * math.pi / 3)
        p.stroke([(50 - 42 * x, 50 - 42 * y), (50 + 42 * x, 50 + 42 * y)], 5, c.light)
        if p.fine:
            for end in (-1, 1):
                for side in (-0.6, 0.6):
                    angle = math.atan2(y * end, x * end) + side
                    start = (50 + 26 * x * end, 50 + 26 * y * end)
                    p.stroke([start, (start[0] + 13 * math.cos(angle), start[1] + 13 * math.sin(angle))], 4, c.light)


@motif("red", 2, 0.3, stands=False)
def rainbow(p: Pen, c: Tone) -> None:
    names = ["red", "orange", "yellow", "green", "blue", "purple"]
    for ring, name in enumerate(names):
        points = []
        for step in range(41):
            turn = math.pi * (1 + step / 40)
            points.append((50 + (48 - ring * 3.4) * math.cos(turn), 98 + (94 - ring * 6.8) * math.sin(turn)))
        p.stroke(points, 3.6, COLOURS[name].plain)


@motif("purple", 1.9, 0.42, foot=0)
def mountain(p: Pen, c: Tone) -> None:
    for left, peak, right, top in ((30, 68, 108, 30), (-8, 36, 80, 6)):
        height = 100 - top
        p.poly([(left, 100), (peak, top), (right, 100)], c.plain)
        p.poly([(peak, top), (right, 100), (peak + 6, 100), (peak - 5, top + height * 0.5)], c.deep)
        edge = [
            (peak, top),
            (peak + (right - peak) * 0.3, top + height * 0.3),
            (peak + 7, top + height * 0.25),
            (peak + 1, top + height * 0.36),
            (peak - 6, top + height * 0.24),
            (peak - (peak - left) * 0.3, top + height * 0.3),
        ]
        p.poly(edge, SNOW.light)
        if p.fine:
            p.poly([edge[0], edge[1], edge[2], edge[3]], SNOW.deep)


@motif("green", 3, 0.16, foot=0)
def hill(p: Pen, c: Tone) -> None:
    p.arc(30, 100, 34, 74, 180, 360, c.deep)
    p.arc(66, 100, 38, 96, 180, 360, c.plain)
    if p.fine:
        p.arc(60, 100, 26, 78, 180, 360, mix(c.plain, c.light, 0.35))


@motif("green", 0.75, 0.42, foot=0.35)
def tree(p: Pen, c: Tone) -> None:
    p.poly([(44, 100), (46, 52), (54, 52), (57, 100)], WOOD.plain)
    if p.fine:
        p.stroke([(50, 74), (66, 58)], 4, WOOD.plain)
        p.poly([(51, 100), (51, 52), (54, 52), (57, 100)], WOOD.deep)
    for x, y, rx, ry, fill in (
        (30, 46, 26, 18, c.deep),
        (70, 46, 26, 18, c.deep),
        (50, 30, 36, 26, c.plain),
        (50, 50, 34, 16, c.plain),
    ):
        p.oval(x, y, rx, ry, fill)
    if p.fine:
        p.oval(42, 24, 20, 13, mix(c.plain, c.light, 0.45))


@motif("green", 0.6, 0.45, foot=0.35)
def pine(p: Pen, c: Tone) -> None:
    p.rect(44, 84, 12, 16, WOOD.deep)
    for top, bottom, half in ((2, 40, 24), (22, 64, 34), (44, 88, 44)):
        p.poly([(50, top), (50 - half, bottom), (50 + half, bottom)], c.plain)
        p.poly([(50, top), (50 + 6, bottom), (50 + half, bottom)], c.deep)


@motif("green", 0.7, 0.4, foot=0.3)
def palm(p: Pen, c: Tone) -> None:
    p.stroke([(42, 98), (46, 70), (54, 46), (56, 32)], 8, WOOD.plain, curved=True)
    for x, y in ((8, 36), (18, 12), (50, 4), (84, 10), (98, 34), (86, 50), (22, 52)):
        middle = ((56 + x) / 2, min(28, (30 + y) / 2) - 8)
        p.blob([(56, 30), middle, (x, y), (middle[0], middle[1] + 14)], c.plain if y < 20 else c.deep)
    p.disc(52, 36, 5, WOOD.deep)
    p.disc(61, 37, 5, WOOD.deep)


@motif("green", 1.4, 0.16)
def bush(p: Pen, c: Tone) -> None:
    for x, y, rx, ry, fill in ((24, 66, 24, 32, c.deep), (76, 66, 24, 32, c.deep), (50, 52, 32, 46, c.plain)):
        p.oval(x, y, rx, ry, fill)
    p.rect(8, 66, 84, 34, c.plain, 12)
    if p.fine:
        for x, y in ((36, 40), (58, 34), (66, 60), (28, 70)):
            p.disc(x, y, 3, c.light)


@motif("pink", 0.6, 0.2, foot=0.3)
def flower(p: Pen, c: Tone) -> None:
    p.stroke([(50, 98), (48, 70), (50, 40)], 5, LEAF.deep, curved=True)
    p.blob([(49, 80), (66, 66), (84, 66), (68, 80)], LEAF.plain)
    p.blob([(48, 88), (32, 76), (14, 78), (30, 90)], LEAF.plain)
    for turn in range(6):
        angle = turn * math.pi / 3
        p.oval(50 + 22 * math.cos(angle), 28 + 13.5 * math.sin(angle), 17, 11, c.plain if turn % 2 else c.light)
    p.disc(50, 28, 12, SUN.plain)


@motif("red", 0.6, 0.2, foot=0.3)
def tulip(p: Pen, c: Tone) -> None:
    p.stroke([(50, 98), (50, 44)], 5, LEAF.deep)
    p.blob([(50, 96), (30, 74), (20, 46), (42, 70)], LEAF.plain)
    p.blob([(50, 96), (70, 78), (82, 54), (58, 74)], LEAF.plain)
    p.poly([(26, 8), (40, 20), (50, 4), (60, 20), (74, 8), (74, 32), (50, 48), (26, 32)], c.plain)
    p.oval(50, 34, 24, 14, c.plain)
    if p.fine:
        p.poly([(50, 4), (58, 20), (50, 46), (42, 20)], c.light)


@motif("green", 0.7, 0.3)
def cactus(p: Pen, c: Tone) -> None:
    p.stroke([(50, 60), (20, 60), (20, 36)], 13, c.deep, curved=True)
    p.stroke([(50, 70), (80, 68), (80, 42)], 13, c.deep, curved=True)
    p.rect(38, 8, 24, 92, c.plain, 12)
    if p.fine:
        for x in (45, 55):
            p.stroke([(x, 18), (x, 96)], 1.5, c.light)
        p.disc(50, 8, 6, COLOURS["pink"].plain)


@motif("red", 0.9, 0.16, foot=0.5)
def mushroom(p: Pen, c: Tone) -> None:
    p.poly([(38, 100), (41, 52), (59, 52), (63, 100)], SNOW.plain)
    p.arc(50, 58, 46, 52, 180, 360, c.plain)
    p.oval(50, 58, 46, 7, c.deep)
    for x, y, r in ((32, 34, 6), (56, 22, 7), (72, 44, 5), (20, 50, 4)):
        p.disc(x, y, r, SNOW.light)


@motif("grey", 1.5, 0.12)
def rock(p: Pen, c: Tone) -> None:
    p.poly([(4, 100), (12, 56), (34, 20), (62, 12), (86, 44), (97, 100)], c.plain)
    p.poly([(62, 12), (86, 44), (97, 100), (58, 100), (52, 48)], c.deep)
    if p.fine:
        p.poly([(34, 20), (62, 12), (52, 48), (26, 46)], c.light)


@motif("blue", 3, 0.12, foot=0)
def waves(p: Pen, c: Tone) -> None:
    for row, fill in ((24, c.light), (52, c.plain), (80, c.deep)):
        crest = [(x, row + (9 if (x // 8) % 2 else -9)) for x in range(2, 100, 8)]
        p.stroke(crest, 3, fill, curved=True)


@motif("blue", 2.6, 0.16, foot=0)
def lake(p: Pen, c: Tone) -> None:
    p.blob([(2, 62), (24, 30), (60, 22), (94, 44), (96, 76), (60, 96), (22, 92)], WATER.plain)
    p.blob([(16, 62), (34, 44), (62, 38), (84, 52), (82, 70), (54, 82), (28, 78)], WATER.light)
    if p.fine:
        p.stroke([(34, 60), (48, 60)], 1.5, SNOW.light)
        p.stroke([(56, 70), (74, 70)], 1.5, SNOW.light)


@motif("orange", 0.8, 0.22)
def fire(p: Pen, c: Tone) -> None:
    p.blob([(50, 2), (66, 30), (84, 54), (78, 84), (50, 92), (22, 84), (16, 56), (34, 38)], COLOURS["red"].plain)
    p.blob([(52, 26), (66, 52), (70, 76), (50, 90), (30, 78), (34, 56)], c.plain)
    p.blob([(50, 52), (60, 72), (50, 90), (40, 74)], SUN.light)
    p.stroke([(18, 96), (82, 88)], 7, WOOD.deep)
    p.stroke([(18, 88), (82, 96)], 7, WOOD.plain)


@motif("green", 0.8, 0.14, foot=0)
def grass(p: Pen, c: Tone) -> None:
    for x, top, lean in ((12, 40, -8), (28, 12, 4), (44, 34, -4), (58, 4, 8), (74, 28, 2), (88, 44, 10)):
        p.poly([(x - 5, 100), (x + lean, top), (x + 5, 100)], c.plain if x % 4 else c.deep)


@motif("orange", 0.9, 0.1)
def leaf(p: Pen, c: Tone) -> None:
    p.blob([(12, 88), (14, 50), (40, 18), (88, 10), (82, 54), (52, 84)], c.plain)
    if p.fine:
        p.blob([(14, 86), (22, 50), (44, 26), (86, 12), (60, 38), (34, 64)], mix(c.plain, c.light, 0.45))
        for x, y, end in (
            (30, 69, (22, 48)),
            (44, 54, (40, 32)),
            (58, 40, (58, 22)),
            (30, 69, (52, 76)),
            (44, 54, (68, 60)),
            (58, 40, (78, 40)),
        ):
            p.stroke([(x, y), end], 1.6, mix(c.plain, c.deep, 0.7))
    p.stroke([(8, 94), (40, 58), (78, 20)], 3, c.deep, curved=True)
