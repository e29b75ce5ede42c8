"""Animals and people."""

from tests.standin.pictures.colours import COLOURS, INK, SKIN, SNOW, SUN, Tone, mix
from tests.standin.pictures.motif import motif
from tests.standin.pictures.pen import Pen

__all__: list[str] = []


def _eye(p: Pen, x: float, y: float, r: float) -> None:
    p.disc(x, y, r, INK)
    if p.fine:
        p.disc(x + r / 3, y - r / 3, r / 3, SNOW.light)


@motif("golden", 1.9, 0.16)
def lying_dog(p: Pen, c: Tone) -> None:
    p.blob([(80, 74), (94, 60), (99, 74), (90, 96), (74, 98)], c.deep)
    p.blob([(22, 74), (34, 40), (60, 32), (84, 48), (90, 84), (78, 100), (30, 100)], c.plain)
    p.blob([(4, 78), (10, 50), (28, 40), (42, 54), (42, 84), (26, 98), (10, 94)], mix(c.plain, c.light, 0.3))
    p.blob([(30, 46), (42, 44), (47, 70), (38, 82), (32, 68)], c.deep)
    p.oval(12, 82, 9, 12, c.light)
    p.oval(5, 78, 3, 5, INK)
    p.rect(30, 88, 24, 12, c.light, 4)
    p.stroke([(18, 66), (22, 69), (26, 66)], 1.2, INK, curved=True)
    if p.fine:
        p.stroke([(60, 62), (66, 78), (78, 86)], 1.2, c.deep, curved=True)


@motif("brown", 0.8, 0.27)
def dog(p: Pen, c: Tone) -> None:
    p.stroke([(78, 84), (94, 76), (95, 60)], 8, c.deep, curved=True)
    p.blob([(36, 48), (66, 46), (84, 72), (84, 98), (34, 98)], c.plain)
    p.rect(34, 62, 14, 38, c.light, 7)
    p.rect(52, 66, 14, 34, c.light, 7)
    p.oval(46, 30, 28, 22, c.plain)
    p.blob([(20, 16), (10, 30), (14, 52), (26, 44)], c.deep)
    p.blob([(68, 14), (82, 26), (80, 50), (68, 44)], c.deep)
    p.oval(44, 40, 15, 11, c.light)
    p.oval(44, 35, 6, 4, INK)
    for x in (35, 55):
        _eye(p, x, 25, 3.5)
    if p.fine:
        p.stroke([(44, 38), (44, 44), (50, 46)], 1.5, INK, curved=True)


@motif("grey", 0.8, 0.22)
def cat(p: Pen, c: Tone) -> None:
    p.stroke([(74, 90), (94, 84), (92, 58), (82, 52)], 8, c.deep, curved=True)
    p.blob([(36, 50), (62, 50), (80, 78), (78, 99), (24, 99), (24, 78)], c.plain)
    p.poly([(22, 30), (22, 2), (44, 16)], c.deep)
    p.poly([(78, 30), (78, 2), (56, 16)], c.deep)
    p.oval(50, 33, 29, 23, c.plain)
    p.oval(50, 80, 14, 18, c.light)
    for x in (39, 61):
        p.oval(x, 31, 4.5, 5, COLOURS["yellow"].light)
        p.oval(x, 31, 2, 4.5, INK)
    p.poly([(46, 39), (54, 39), (50, 44)], COLOURS["pink"].plain)
    if p.fine:
        for y in (40, 46):
            p.stroke([(20, y), (38, 43)], 1, INK)
            p.stroke([(80, y), (62, 43)], 1, INK)
    p.oval(38, 97, 9, 4, c.light)
    p.oval(62, 97, 9, 4, c.light)


@motif("brown", 0.8, 0.2)
def rabbit(p: Pen, c: Tone) -> None:
    p.disc(84, 82, 9, SNOW.plain)
    for x in (36, 56):
        p.oval(x, 18, 8, 20, c.plain)
        p.oval(x, 19, 4, 14, COLOURS["pink"].light)
    p.blob([(36, 56), (68, 56), (84, 84), (72, 99), (24, 99), (22, 80)], c.plain)
    p.oval(46, 46, 24, 18, mix(c.plain, c.light, 0.3))
    for x in (37, 56):
        _eye(p, x, 43, 3.5)
    p.oval(46, 50, 4, 2.5, COLOURS["pink"].plain)
    p.oval(36, 96, 14, 5, c.light)


@motif("orange", 1.2, 0.2)
def fox(p: Pen, c: Tone) -> None:
    p.blob([(70, 84), (84, 52), (99, 58), (96, 84), (80, 98)], c.deep)
    p.blob([(94, 60), (99, 56), (97, 74), (91, 70)], SNOW.light)
    p.blob([(30, 60), (62, 54), (80, 78), (76, 99), (28, 99)], c.plain)
    p.poly([(10, 34), (12, 4), (30, 18)], c.deep)
    p.poly([(58, 34), (56, 4), (38, 18)], c.deep)
    p.poly([(8, 30), (34, 16), (60, 30), (34, 72)], c.plain)
    p.poly([(8, 32), (26, 44), (34, 72)], SNOW.light)
    p.poly([(60, 32), (42, 44), (34, 72)], SNOW.light)
    p.disc(34, 70, 3.2, INK)
    for x in (25, 43):
        _eye(p, x, 38, 2.4)


@motif("brown", 0.85, 0.3)
def bear(p: Pen, c: Tone) -> None:
    for x in (27, 73):
        p.disc(x, 14, 11, c.deep)
    p.oval(50, 74, 36, 27, c.plain)
    p.oval(50, 78, 21, 18, c.light)
    p.oval(50, 32, 31, 24, c.plain)
    p.oval(50, 41, 14, 10, c.light)
    p.oval(50, 37, 5, 3.5, INK)
    for x in (38, 62):
        _eye(p, x, 28, 3.2)
    for x in (16, 84):
        p.oval(x, 66, 10, 15, c.deep)
    for x in (30, 70):
        p.oval(x, 95, 15, 6, c.deep)


@motif("blue", 1.2, 0.1, stands=False)
def bird(p: Pen, c: Tone) -> None:
    p.poly([(74, 56), (99, 44), (97, 66)], c.deep)
    p.blob([(18, 44), (34, 28), (60, 34), (80, 56), (58, 78), (30, 72)], c.plain)
    p.oval(44, 66, 16, 10, c.light)
    p.poly([(18, 40), (2, 47), (18, 52)], SUN.plain)
    p.blob([(44, 46), (58, 8), (84, 10), (70, 48)], c.deep)
    _eye(p, 27, 42, 3)


@motif("golden", 1, 0.15)
def duck(p: Pen, c: Tone) -> None:
    p.blob([(22, 62), (44, 54), (66, 62), (96, 46), (86, 88), (54, 98), (26, 88)], c.plain)
    p.disc(34, 36, 20, c.plain)
    p.blob([(16, 36), (2, 42), (4, 48), (18, 48)], COLOURS["orange"].plain)
    p.blob([(48, 68), (72, 66), (82, 76), (60, 84)], c.deep)
    _eye(p, 30, 31, 3.2)


@motif("brown", 0.7, 0.2)
def owl(p: Pen, c: Tone) -> None:
    p.poly([(18, 22), (16, 2), (38, 12)], c.deep)
    p.poly([(82, 22), (84, 2), (62, 12)], c.deep)
    p.oval(50, 54, 38, 46, c.plain)
    p.oval(50, 70, 22, 26, c.light)
    for x in (34, 66):
        p.disc(x, 36, 17, SNOW.light)
        _eye(p, x, 36, 8)
    p.poly([(44, 46), (56, 46), (50, 58)], SUN.deep)
    p.blob([(14, 46), (24, 60), (22, 86), (10, 72)], c.deep)
    p.blob([(86, 46), (76, 60), (78, 86), (90, 72)], c.deep)


@motif("orange", 1.6, 0.1, stands=False)
def fish(p: Pen, c: Tone) -> None:
    p.poly([(72, 50), (98, 18), (92, 50), (98, 82)], c.deep)
    p.blob([(4, 50), (24, 20), (54, 16), (80, 50), (54, 84), (24, 80)], c.plain)
    p.blob([(36, 18), (48, 0), (62, 20)], c.deep)
    if p.fine:
        for x in (44, 56):
            p.stroke([(x, 26), (x + 6, 50), (x, 74)], 2.5, c.light, curved=True)
    p.disc(22, 42, 6, SNOW.light)
    _eye(p, 21, 42, 3)


@motif("purple", 1.2, 0.1, stands=False)
def butterfly(p: Pen, c: Tone) -> None:
    for side in (-1, 1):
        p.blob([(50, 50), (50 + 18 * side, 10), (50 + 46 * side, 8), (50 + 40 * side, 48)], c.plain)
        p.blob([(50, 52), (50 + 34 * side, 54), (50 + 36 * side, 90), (50 + 10 * side, 82)], c.light)
        p.disc(50 + 32 * side, 26, 6, SNOW.light)
        p.stroke([(50, 24), (50 + 10 * side, 6)], 2, INK)
    p.oval(50, 52, 4, 30, INK)


@motif("yellow", 1.3, 0.08, stands=False)
def bee(p: Pen, c: Tone) -> None:
    for x in (42, 62):
        p.oval(x, 24, 15, 22, COLOURS["blue"].light)
    p.oval(50, 62, 36, 30, c.plain)
    for x in (40, 58, 74):
        p.rect(x, 38, 7, 48, INK, 3)
    _eye(p, 24, 56, 4)


@motif("brown", 1.3, 0.3)
def horse(p: Pen, c: Tone) -> None:
    p.blob([(84, 46), (97, 50), (96, 82), (88, 70)], c.deep)
    for x, fill in ((34, c.deep), (46, c.plain), (72, c.deep), (82, c.plain)):
        p.poly([(x - 4, 56), (x + 6, 56), (x + 4, 100), (x - 3, 100)], fill)
    p.blob([(26, 50), (40, 40), (80, 40), (90, 56), (78, 70), (40, 70)], c.plain)
    p.poly([(22, 54), (20, 22), (34, 14), (46, 48)], c.plain)
    p.blob([(4, 36), (12, 20), (30, 10), (36, 22), (18, 40)], c.plain)
    p.blob([(30, 6), (40, 14), (50, 44), (42, 44), (32, 22)], c.deep)
    p.poly([(26, 12), (28, 2), (33, 12)], c.deep)
    _eye(p, 21, 22, 2)


@motif("white", 1.3, 0.26)
def cow(p: Pen, c: Tone) -> None:
    for x in (34, 46, 74, 84):
        p.rect(x - 4, 62, 8, 38, c.deep, 2)
    p.rect(26, 32, 66, 46, c.plain, 14)
    for x, y, rx, ry in ((52, 44, 12, 10), (80, 58, 9, 12), (40, 66, 8, 7)):
        p.oval(x, y, rx, ry, INK)
    p.stroke([(92, 40), (97, 60), (95, 74)], 2, c.deep, curved=True)
    p.rect(8, 18, 28, 38, c.plain, 10)
    p.oval(22, 52, 14, 10, COLOURS["pink"].plain)
    for x in (17, 27):
        _eye(p, x, 32, 2.2)
        p.oval(x, 52, 2, 2.5, COLOURS["pink"].deep)
    for x in (6, 38):
        p.oval(x, 26, 7, 4, INK)


@motif("white", 1.3, 0.2)
def sheep(p: Pen, c: Tone) -> None:
    for x in (40, 52, 70, 80):
        p.rect(x - 3, 70, 6, 30, INK, 2)
    for x, y in ((38, 44), (56, 34), (74, 40), (84, 56), (74, 70), (54, 74), (38, 64), (58, 54)):
        p.oval(x, y, 14, 18, c.plain)
    p.oval(52, 42, 14, 14, c.light)
    p.oval(24, 48, 13, 20, INK)
    for x in (19, 29):
        p.oval(x, 43, 2.2, 3, SNOW.light)
    p.oval(26, 28, 10, 9, c.plain)


@motif("blue", 0.42, 0.42)
def person(p: Pen, c: Tone) -> None:
    for x in (36, 54):
        p.rect(x, 64, 13, 34, INK, 4)
        p.oval(x + 4, 97, 10, 3, INK)
    p.blob([(24, 34), (50, 26), (76, 34), (74, 68), (26, 68)], c.plain)
    for points in ([(26, 36), (14, 50), (18, 64)], [(74, 36), (86, 50), (82, 64)]):
        p.stroke(points, 10, c.deep, curved=True)
        p.disc(*points[-1], 6, SKIN.plain)
    p.rect(43, 20, 14, 10, SKIN.deep, 4)
    p.oval(50, 13, 17, 11.5, SKIN.plain)
    p.arc(50, 10, 19, 10, 180, 360, COLOURS["brown"].deep)
    if p.fine:
        for x in (43, 57):
            _eye(p, x, 13.5, 2.2)
        p.stroke([(45, 18), (50, 19.5), (55, 18)], 1.6, COLOURS["red"].deep, curved=True)


@motif("red", 0.5, 0.28)
def child(p: Pen, c: Tone) -> None:
    for x in (38, 54):
        p.rect(x, 72, 12, 26, COLOURS["blue"].deep, 4)
        p.oval(x + 4, 97, 10, 3, INK)
    p.poly([(32, 46), (68, 46), (80, 78), (20, 78)], c.plain)
    for points in ([(32, 50), (16, 42), (8, 30)], [(68, 50), (84, 42), (92, 30)]):
        p.stroke(points, 9, c.deep, curved=True)
        p.disc(*points[-1], 6, SKIN.plain)
    p.oval(50, 26, 24, 18, SKIN.plain)
    p.arc(50, 22, 26, 17, 175, 365, COLOURS["golden"].deep)
    for x in (41, 59):
        _eye(p, x, 27, 2.8)
    p.stroke([(43, 34), (50, 37), (57, 34)], 2, COLOURS["red"].deep, curved=True)
