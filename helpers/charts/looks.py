"""How every figure looks: one colour and marker a model category, lightness and hatch for engines of one category."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from helpers.errors import CourseError

__all__ = ["COLOURS", "GREY", "MARKERS", "Look", "looks_of", "mixed_looks", "show_number", "style"]

# Okabe and Ito's colours, told apart by nearly every eye: one a model category, with a marker of its own.
COLOURS = {
    "language": "#0072B2",
    "reasoning": "#D55E00",
    "multimodal": "#009E73",
    "embeddings": "#CC79A7",
    "images": "#E69F00",
    "speech to text": "#56B4E9",
    "text to speech": "#7A6A00",
    "voice": "#000000",
}
MARKERS = dict(zip(COLOURS, "osD^vPX*", strict=True))
GREY = "#595959"  # for what is said beside the data: 7 to 1 on white

_LIGHT_GREY = "#D9D9D9"
_WARM = {COLOURS["reasoning"], COLOURS["images"], COLOURS["text to speech"]}  # beside one another they look alike

_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "font.size": 10,
    "text.parse_math": False,  # a price in dollars is no formula
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "axes.labelsize": 9,
    "xtick.color": GREY,
    "xtick.labelsize": 9,
    "ytick.color": GREY,
    "ytick.labelcolor": "black",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Look:
    """One series: its area (face, edge, hatch), its line (dash) and its mark."""

    face: str
    edge: str
    hatch: str = ""
    dash: Any = "-"
    marker: str = "o"

    @property
    def area(self) -> dict[str, Any]:
        """For bars: the edge keeps a light face visible on white."""
        return {"facecolor": self.face, "edgecolor": self.edge, "hatch": self.hatch, "linewidth": 0.8}

    @property
    def mark(self) -> dict[str, Any]:
        return {"marker": self.marker, "markerfacecolor": self.face, "markeredgecolor": self.edge}


@contextmanager
def style() -> Iterator[None]:
    """The course's style and no other, whatever this machine's matplotlibrc says; afterwards all is as it was."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def looks_of(category: str, series: list[str]) -> dict[str, Look]:
    """Series of one category, told apart without colour: full, light and hatched, grey and dotted, dark.

    Raises CourseError for a category that has no colour, or more than four series.
    """
    full, marker = _colour_of(category), MARKERS[category]
    if len(series) > 4:
        raise CourseError(f"{len(series)} series in one panel are not told apart", next="four at most, or panels=")
    edge = _darken(full)
    kinds = [
        Look(full, edge, "", "-", marker),
        Look(_mix(full, 0.7), edge, "////", (0, (4, 2)), marker),
        Look(_LIGHT_GREY, GREY, "....", (0, (1, 1.5)), marker),
        Look(
            _mix(full, 0.5, "#000000" if full != "#000000" else "#FFFFFF"),
            "#000000",
            "\\\\\\\\",
            (0, (6, 2, 1, 2)),
            marker,
        ),
    ]
    return dict(zip(series, kinds, strict=False))


def mixed_looks(names: list[str], first: str = "") -> dict[str, Look]:
    """Things that are no models (topics, verdicts): a colour, marker and hatch each. first: the category to begin with.

    Raises CourseError for more than eight, or an unknown category.
    """
    colours = list(COLOURS.values())
    if first:
        begin = _colour_of(first)
        second = "#56B4E9" if begin in _WARM else "#E69F00"
        cool = [colour for colour in colours if colour not in _WARM]
        colours = list(dict.fromkeys([begin, second, _LIGHT_GREY, "#000000", *cool, *colours]))
    if len(names) > len(MARKERS):
        raise CourseError(f"{len(names)} groups are not told apart by colour", next=f"at most {len(MARKERS)}")
    hatches = ["", "////", "", "....", "xxxx", "", "\\\\\\\\", ""]
    looks = zip(names, colours, hatches, MARKERS.values(), strict=False)
    return {
        name: Look(colour, GREY if colour == _LIGHT_GREY else _mix(colour, 0.35, "#000000"), hatch, "-", marker)
        for name, colour, hatch, marker in looks
    }


def _colour_of(category: str) -> str:
    if category not in COLOURS:
        raise CourseError(f"no colour belongs to {category!r}", next=f"one of: {', '.join(COLOURS)}")
    return COLOURS[category]


def _darken(colour: str) -> str:
    """The colour, or the nearest darker one that is seen on white: 3 to 1, as WCAG 2.2 asks of what carries meaning."""
    shades = (_mix(colour, part / 20, "#000000") for part in range(20))
    return next(shade for shade in shades if 1.05 / (_luminance(shade) + 0.05) >= 3)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(colour: str, part: float, other: str = "#FFFFFF") -> str:
    pairs = [(int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02X}" for a, b in pairs)


def show_number(value: float | None, form: str = "") -> str:
    """1234567 as 1,234,567, 0.123456 as 0.123, 2.0 as 2, none as a word. form: as of str.format, "{:.0%}"."""
    if value is None or math.isnan(value):
        return "none"
    if form:
        text = form.format(value)
        return re.sub(r"^[-+](?=[0.]*%?$)", "", text).replace("-", "−")  # a difference of nothing has no sign
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
