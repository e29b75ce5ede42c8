"""Lines: how a number changes along another, along time or from step to step; each line named at its end."""

import itertools
from typing import Any

from helpers.charts.axes import (
    BEHIND,
    check_units,
    draw_levels,
    is_share,
    name_axes,
    name_levels,
    say_place,
    spaced,
    wrap,
)
from helpers.charts.looks import Look, looks_of, show_number
from helpers.charts.page import Sheet, publish
from helpers.charts.reading import Mark, check_columns, check_not_empty, read_frame, read_plain, unique
from helpers.errors import CourseError

__all__ = ["lines"]

# Of a name at its point: which side of it stands there.
_PLACES = tuple((across, upward) for upward in ("top", "bottom") for across in ("left", "center", "right"))
_Names = dict[tuple[str, str, Any], str]


def lines(
    data: Any,
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    x: str | None = None,
    y: str | None = None,
    share: str | None = None,
    by: str | None = None,
    panels: str | None = None,
    names: str | None = None,
    x_unit: str = "",
    y_unit: str = "",
    from_zero: bool = False,
    same_axes: bool = True,
    form: str = "",
    at: Any = None,
    category: str = "language",
) -> None:
    """Lines, each named at its end; a share comes with its 95 % interval as a band.

    data: a DataFrame with the columns x and y (or share: one row a case), by (the series) and panels; or plain:
    {x: number}, {series: {x: number}}, {panel: {series: {x: number}}}, or a list of numbers. x may be numbers, dates or
    words. names: a column written at each point. x_unit, y_unit: what the axes count, from the columns' names where
    they are not given. from_zero: the y axis begins at 0, as it does for shares. same_axes: panels share the y axis.
    at: levels to compare with, a number or {name: number}. Otherwise as `bars`.
    """
    marks, named = _read(data, x, y, share, by, panels, names)
    form = form or ("{:.0%}" if any(mark.has_interval for mark in marks) else "")
    counts = {mark.n for mark in marks} - {None}
    x_unit, y_unit = x_unit or spaced(x), y_unit or spaced(y or share)
    check_units(x_unit=x_unit, y_unit=y_unit)
    if len(counts) == 1:
        y_unit += f", n = {counts.pop():,}"
    series, shown = unique(mark.series for mark in marks), unique(mark.panel for mark in marks)
    looks, is_one = looks_of(category, series), len(shown) == 1

    def paint(axes: list[Any]) -> None:
        for ax, panel in zip(axes, shown, strict=True):
            here = [mark for mark in marks if mark.panel == panel]
            for one in series:
                own = sorted((mark for mark in here if mark.series == one), key=_place_in(marks))
                _paint_line(ax, own, _place_in(marks), looks[one], named, one if is_one else "")
            ax.margins(x=0.04, y=0.12)
            if from_zero or is_share(form):
                ax.set_ylim(bottom=0)
            of_y = y_unit if ax is axes[0] or not same_axes else ""
            name_axes(ax, [mark.row for mark in marks], [mark.value or 0 for mark in marks], x_unit, of_y, form)
            draw_levels(ax, at, upright=False)

    sheet = Sheet(
        paint,
        told=_tell(f"Lines: {y_unit}, by {x_unit}.", marks, named, form),
        height=2.8 if is_one else 2.9 * -(-len(shown) // 2),
        names=[*series, x_unit, y_unit, *name_levels(at), *named.values()],
        panels=shown,
        columns=min(2, len(shown)),
        share_x=not is_one,
        share_y=same_axes,
        key={} if is_one or series == [""] else looks,
        key_of="lines",
        label=_settle_names,
    )
    publish(sheet, title=title, alt=alt, answers=answers)


def _read(
    data: Any, x: str | None, y: str | None, share: str | None, by: str | None, panels: str | None, names: str | None
) -> tuple[list[Mark], _Names]:
    if x is None and y is None and share is None:
        return check_not_empty([mark for mark in read_plain(data) if mark.value is not None]), {}
    if x is None or (y is None) == (share is None):
        raise CourseError("which columns are drawn?", next='x="tokens" and y="seconds", or share="is_right" for cases')
    check_columns(data, names)
    marks = read_frame(data, share=share, value=y, rows=x, by=by, panels=panels)
    named = {}
    if names:
        columns = [data[one].astype(str) if one else itertools.repeat("") for one in (panels, by)]
        keys = zip(*columns, data[x], strict=False)  # endless where a column is not asked for
        named = {key: say_place(name) for key, name in zip(keys, data[names], strict=False)}
    return check_not_empty([mark for mark in marks if mark.value is not None]), named


def _place_in(marks: list[Mark]) -> Any:
    """Where a mark stands on the x axis: numbers and dates where they are, words in their order."""
    words = unique(mark.row for mark in marks)
    if any(isinstance(word, str) for word in words):
        return lambda mark: words.index(mark.row)
    return lambda mark: mark.row


def _paint_line(ax: Any, own: list[Mark], place: Any, look: Look, named: _Names, name: str) -> None:
    if not own:
        return
    where = [place(mark) for mark in own]
    symbols = look.mark if len(own) <= 25 else {}  # more would hide the line
    look_of_line = {"color": look.edge, "linestyle": look.dash, "linewidth": 1.8, "markersize": 6, **symbols}
    ax.plot(where, [mark.value for mark in own], zorder=3, **look_of_line)
    if all(mark.has_interval for mark in own):
        low, high = ([getattr(mark, end) for mark in own] for end in ("low", "high"))
        ax.fill_between(where, low, high, color=look.edge, alpha=0.15, linewidth=0)
    for mark in own:
        text = named.get((mark.panel, mark.series, mark.row), "")
        ax.annotate(text, (place(mark), mark.value), xytext=(4, -5), textcoords="offset points", fontsize=9, va="top",
                    bbox=BEHIND if text else None, zorder=2, gid="point" if text else None)  # fmt: skip
    if name:  # at the panel's edge the layout makes room for it
        ax.annotate(wrap(name, 23), (where[-1], own[-1].value), xytext=(8, 0), textcoords="offset points", va="center",
                    fontsize=9, annotation_clip=False, zorder=5, bbox=BEHIND, gid="end")  # fmt: skip


def _settle_names(axes: list[Any]) -> None:
    for ax in axes:
        _clear_points(ax)
    _spread_names(axes[0])


def _clear_points(ax: Any) -> None:
    """A name at a point stands where it hides no other point and no other name, below it where that is free."""
    points = [ax.transData.transform(pair) for line in ax.lines for pair in line.get_xydata()]
    placed: list[Any] = []
    for text in (text for text in ax.texts if text.get_gid() == "point"):
        costs = []
        for place in _PLACES:
            box = _move(ax, text, *place)
            hidden = sum(map(box.padded(2).overlaps, placed)) + sum(box.padded(4).contains(*point) for point in points)
            costs.append((hidden, _lies_on_a_line(ax, box.padded(2)), box.y0 < ax.bbox.y0))
        placed.append(_move(ax, text, *_PLACES[costs.index(min(costs))]))


def _move(ax: Any, text: Any, across: str, upward: str) -> Any:
    """Where the name lies then: never upon the axis to the left."""
    text.xyann = {"left": 4, "center": 0, "right": -4}[across], {"top": -5, "bottom": 5}[upward]
    text.set(ha=across, va=upward)
    left = max(0, ax.bbox.x0 + 2 - text.get_window_extent().x0) * 72 / ax.figure.dpi
    text.xyann = text.xyann[0] + left, text.xyann[1]
    return text.get_window_extent()


def _lies_on_a_line(ax: Any, box: Any) -> bool:
    return any(line.get_transform().transform_path(line.get_path()).intersects_bbox(box, False) for line in ax.lines)


def _spread_names(ax: Any) -> None:
    """Names that would lie upon one another move apart, up and down."""
    ends = sorted((text for text in ax.texts if text.get_gid() == "end"), key=lambda text: text.get_window_extent().y0)
    for _ in range(50):
        moved = False
        for lower, upper in itertools.pairwise(ends):
            below, above = lower.get_window_extent(), upper.get_window_extent()
            overlap = below.y1 + 2 - above.y0
            if overlap > 0.5 and below.x0 < above.x1 and above.x0 < below.x1:
                points = overlap / 2 * 72 / ax.figure.dpi
                lower.xyann = (lower.xyann[0], lower.xyann[1] - points)
                upper.xyann = (upper.xyann[0], upper.xyann[1] + points)
                moved = True
        if not moved:
            return


def _tell(begin: str, marks: list[Mark], named: _Names, form: str) -> str:
    told = [begin]
    for panel, series in unique((mark.panel, mark.series) for mark in marks):
        own = [mark for mark in marks if (mark.panel, mark.series) == (panel, series)]
        numbers = ", ".join(f"{say_place(mark.row)}: {_say(mark, named, form)}" for mark in own)
        where = ", ".join(filter(None, (panel, series)))
        told.append(f"{where} at {numbers}." if where else f"At {numbers}.")
    return " ".join(told)


def _say(mark: Mark, named: _Names, form: str) -> str:
    name = named.get((mark.panel, mark.series, mark.row), "")
    number = show_number(mark.value, form) + (f" [{name}]" if name else "")
    return (
        f"{number} ({show_number(mark.low, form)} to {show_number(mark.high, form)})" if mark.has_interval else number
    )
