"""The colours of the flat style: each has a light, a plain and a deep tone, so that every motif can be shaded alike."""

from dataclasses import dataclass

__all__ = ["COLOURS", "INK", "LEAF", "PAPER", "SKIN", "SNOW", "STONE", "SUN", "WATER", "WOOD", "Tone", "mix"]

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Tone:
    """One colour in three: for the side in the light, the body, and the side in the shade."""

    light: Colour
    plain: Colour
    deep: Colour


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """The colour that lies `share` (0 to 1) of the way from one to the other."""
    first, second, third = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return first, second, third


def _tone(plain: str) -> Tone:
    colour = int(plain[1:3], 16), int(plain[3:5], 16), int(plain[5:7], 16)
    return Tone(mix(colour, (255, 250, 240), 0.38), colour, mix(colour, (36, 30, 66), 0.32))


# The names that a scene may use.
COLOURS = {
    "red": _tone("#d8574a"),
    "orange": _tone("#e8924a"),
    "yellow": _tone("#f2c75c"),
    "golden": _tone("#d9a441"),
    "green": _tone("#6fa56b"),
    "teal": _tone("#3f9c98"),
    "blue": _tone("#4a7fb5"),
    "purple": _tone("#8568a6"),
    "pink": _tone("#e494a7"),
    "brown": _tone("#96694c"),
    "grey": _tone("#8d929b"),
    "black": _tone("#3c3f4d"),
    "white": Tone((255, 255, 252), (244, 241, 233), (203, 203, 208)),
}
INK = (52, 48, 66)
WOOD, LEAF, STONE, WATER = _tone("#a8754f"), _tone("#5f9468"), _tone("#9a9ca3"), _tone("#6fa8c9")
SUN, SKIN, SNOW, PAPER = _tone("#f4c44e"), _tone("#e0aa83"), COLOURS["white"], COLOURS["white"]
