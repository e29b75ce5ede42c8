"""What charts share about their axes: units, ticks, rows with names on the left, lines to compare with."""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.charts.looks import GREY, show_number
from helpers.charts.reading import unique
from helpers.errors import CourseError

__all__ = [
    "BEHIND",
    "Rows",
    "check_units",
    "clear_numbers",
    "draw_levels",
    "is_share",
    "name_axes",
    "name_levels",
    "say_place",
    "spaced",
    "tick_dates",
    "tick_numbers",
    "wrap",
]

# Behind a number or name that may lie upon a line.
BEHIND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.5}
_LINE = 0.17  # inches from one line of a name to the next
_CLEAR = 4  # pixels between a number and a line that it is no number of


@dataclass
class Rows:
    """Rows from top to bottom: their names, and in each a place for every series. notes: a line below a name."""

    names: list[Any]
    series: list[str]
    pitch: float = 0.24
    notes: Mapping[Any, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        notes = [f"\n{self.notes[name]}" if name in self.notes else "" for name in self.names]
        self.labels = [wrap(name, 26) + note for name, note in zip(self.names, notes, strict=True)]
        gap = 0.14 if len(self.series) > 1 else 0.09
        lines = max(label.count("\n") + 1 for label in self.labels)
        self.step = max(self.pitch * len(self.series) + gap, _LINE * lines + 0.08)

    @property
    def height(self) -> float:
        """Inches."""
        return self.step * len(self.names)

    def place(self, name: Any, series: str = "") -> float:
        """How far down the middle of a series' bar lies."""
        shift = self.series.index(series) - (len(self.series) - 1) / 2 if series in self.series else 0
        return self.names.index(name) * self.step + shift * self.pitch

    def label(self, ax: Any) -> None:
        ax.set_yticks([place * self.step for place in range(len(self.names))], self.labels)
        ax.set_ylim((len(self.names) - 0.5) * self.step, -0.5 * self.step)
        ax.grid(False, axis="y")
        ax.tick_params(axis="y", length=0)


def wrap(text: Any, letters: int) -> str:
    """A label in lines of so many letters, cut at hyphens only where a word is longer than a line."""
    is_long = any(len(word) > letters for word in str(text).split())
    return "\n".join(textwrap.wrap(str(text), letters, break_on_hyphens=is_long)) or str(text)


def spaced(column: Any) -> str:
    """A column's name as a unit: seconds_per_call as seconds per call."""
    return column.replace("_", " ") if isinstance(column, str) else ""


def check_units(**units: str) -> None:
    """Raise CourseError where an axis would not say what it counts."""
    for name, unit in units.items():
        if not unit:
            raise CourseError("an axis has no unit", next=f'{name}="tokens", what its numbers count')


def draw_levels(ax: Any, at: Any, upright: bool) -> None:
    """Dashed lines to compare with: a number, or {name: number}. upright: at places of the x axis."""
    for name, level in name_levels(at).items():
        (ax.axvline if upright else ax.axhline)(level, color=GREY, linestyle="--", linewidth=1, zorder=2)
        where = {"xy": (level, 1), "xycoords": ("data", "axes fraction"), "xytext": (0, 3), "ha": "center"}
        if not upright:
            where = {"xy": (0, level), "xycoords": ("axes fraction", "data"), "xytext": (4, 3), "ha": "left"}
        ax.annotate(name, textcoords="offset points", va="bottom", fontsize=9, **where)


def clear_numbers(axes: Iterable[Any], at: Any) -> None:
    """Move the numbers beside dots and bars off the upright lines of `at`. Called when the places are settled.

    They are the texts whose gid begins with "number"; its second word, where there is one, is the other end of what
    the number belongs to.
    """
    for ax in axes:
        levels = [ax.transData.transform((ax.convert_xunits(level), 0))[0] for level in name_levels(at).values()]
        for text in ax.texts:
            kind, _, other = str(text.get_gid()).partition(" ")
            if kind == "number":
                _clear_number(ax, text, levels, other)


def _clear_number(ax: Any, text: Any, levels: list[float], other: str) -> None:
    """To the other end where that is free, else beyond the line, else where it was. levels: pixels."""
    was, is_left = (text.xy, text.xyann, text.get_ha()), text.get_ha() == "right"
    if not any(_lies_upon(text.get_window_extent(), level) for level in levels):
        return
    if other:
        text.xy, text.xyann = (float(other), was[0][1]), (-was[1][0], was[1][1])
        text.set_ha("left" if is_left else "right")
        box = text.get_window_extent()
        if ax.bbox.x0 < box.x0 and box.x1 < ax.bbox.x1 and not any(_lies_upon(box, level) for level in levels):
            return
        text.xy, text.xyann = was[:2]
        text.set_ha(was[2])
    for level in sorted(levels, reverse=is_left):
        if _lies_upon(box := text.get_window_extent(), level):
            pixels = level - _CLEAR - box.x1 if is_left else level + _CLEAR - box.x0
            text.xyann = (text.xyann[0] + pixels * 72 / ax.figure.dpi, text.xyann[1])
    box = text.get_window_extent()
    if box.x0 < 0 or box.x1 > ax.figure.bbox.x1:
        text.xyann = was[1]


def _lies_upon(box: Any, level: float) -> bool:
    return bool(box.x0 - _CLEAR / 2 < level < box.x1 + _CLEAR / 2)


def name_levels(at: Any) -> dict[str, Any]:
    """{name: place}; one without a name has an empty one."""
    return dict(at) if isinstance(at, Mapping) else {} if at is None else {"": at}


def name_axes(ax: Any, xs: list[Any], ys: list[float], x_unit: str, y_unit: str, form: str = "") -> None:
    """Ticks that suit what stands there: words, dates, whole numbers, shares."""
    words = unique(xs)
    if any(isinstance(word, str) for word in words):
        ax.set_xticks(range(len(words)), [wrap(word, 14) for word in words])
    elif any(hasattr(word, "year") for word in words):
        tick_dates(ax)
    else:
        tick_numbers(ax.xaxis, 6, whole=_are_whole(words))
    tick_numbers(ax.yaxis, 5, whole=_are_whole(ys) and not is_share(form), form="{:.0%}" if is_share(form) else "")
    ax.set(xlabel=x_unit, ylabel=y_unit)
    ax.tick_params(axis="y", labelcolor=GREY, labelsize=9)


def tick_dates(ax: Any) -> None:
    """Years, months or days, whichever fit."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    dates = AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(dates)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(dates, show_offset=False))


def tick_numbers(axis: Any, most: int, *, whole: bool = False, form: str = "") -> None:
    """Not more than so many ticks. form: as of show_number."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(most, integer=whole))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, form)))


def is_share(form: str) -> bool:
    """Whether a form writes percent."""
    return form.rstrip("}").endswith("%")


def _are_whole(numbers: list[Any]) -> bool:
    return all(number == int(number) for number in numbers)


def _tick(value: float, form: str = "") -> str:
    return "0" if not value else show_number(value, form) if form else f"{value:,g}".replace("-", "−")


def say_place(x: Any) -> str:
    """A place on an axis, in words."""
    if hasattr(x, "strftime"):
        return str(x.strftime("%Y-%m-%d"))
    return x if isinstance(x, str) else show_number(float(x))
