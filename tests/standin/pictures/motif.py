"""What code can draw: each motif is a function that draws with a Pen in one main colour."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.standin.pictures.colours import Tone
from tests.standin.pictures.pen import Pen

__all__ = ["MOTIFS", "Motif", "motif"]

Draw = Callable[[Pen, Tone], None]


@dataclass(frozen=True)
class Motif:
    """draw: with a Pen. colour: of colours.COLOURS, where a scene names none. wide: width for a height of 1. tall:
    height as a share of the picture's, at medium size. stands: on the ground, with a shadow; else it hangs or flies.
    foot: the part of its width that touches the ground, 0 for what lies flat or far."""

    draw: Draw
    colour: str
    wide: float
    tall: float
    stands: bool
    foot: float


MOTIFS: dict[str, Motif] = {}


def motif(
    colour: str, wide: float = 1, tall: float = 0.3, *, stands: bool = True, foot: float = 1
) -> Callable[[Draw], Draw]:
    """Enters a function under its own name, as words: lying_dog is "lying dog"."""

    def enter(draw: Draw) -> Draw:
        MOTIFS[draw.__name__.replace("_", " ")] = Motif(draw, colour, wide, tall, stands, foot)
        return draw

    return enter
