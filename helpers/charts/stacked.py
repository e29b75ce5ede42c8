"""Stacked bars: what a whole is made of, one bar a thing, its parts beside one another."""

from typing import Any

from helpers.charts.axes import Rows, check_units, is_share, spaced, tick_numbers
from helpers.charts.looks import Look, mixed_looks, show_number
from helpers.charts.page import Sheet, label_axis, measure_panels, publish
from helpers.charts.reading import Mark, check_columns, check_not_empty, read_frame, read_plain, unique
from helpers.errors import CourseError

__all__ = ["stacked"]


def stacked(
    data: Any,
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    rows: str | None = None,
    parts: str | None = None,
    value: str | None = None,
    panels: str | None = None,
    order: list[str] | None = None,
    as_share: bool = False,
    unit: str = "",
    form: str = "",
    category: str = "language",
) -> None:
    """Bars from zero, cut into parts; a part's number stands in it where it fits, the whole's at the end.

    data: a table of numbers (DataFrame, one row a bar, one column a part), {bar: {part: number}}, a dictionary of such
    by panel, {panel: table}; or a DataFrame of cases, counted by the columns rows and parts (value: a column that is
    added up instead) and panels. order: the parts from left to right. as_share: every bar is 100 %. Otherwise as
    `bars`; the first part has the category's colour.
    """
    marks = _read(data, rows, parts, value, panels)
    shown, names = (unique(getattr(mark, one) for mark in marks) for one in ("panel", "row"))
    pieces = list(order or unique(mark.series for mark in marks))
    if missing := {mark.series for mark in marks} - set(pieces):
        raise CourseError(f"parts that order does not name: {', '.join(sorted(missing))}")
    wholes = {(panel, name): _add_up(marks, panel, name) for panel in shown for name in names}
    if as_share:
        marks = [
            Mark(m.panel, m.series, m.row, (m.value or 0) / wholes[m.panel, m.row] if wholes[m.panel, m.row] else 0)
            for m in marks
        ]
        form = form or "{:.0%}"
    unit = unit or spaced(value) or ("" if parts is None else "cases")
    check_units(unit=unit)
    is_same = len(set(wholes.values())) == 1 and not as_share
    if is_same:
        unit += f", {show_number(max(wholes.values()), form)} in each bar"
    looks, table = mixed_looks(pieces, category), Rows(names, [""], pitch=0.26)
    widths = {(mark.panel, mark.row, mark.series): mark.value or 0.0 for mark in marks}

    def paint(axes: list[Any]) -> None:
        for ax, panel in zip(axes, shown, strict=True):
            for name in names:
                left = 0.0
                for piece in pieces:
                    width = widths.get((panel, name, piece), 0.0)
                    ax.barh(table.place(name), width, left=left, height=0.25, **looks[piece].area)
                    left += width
                if not as_share and not is_same:
                    ax.annotate(show_number(left, form), (left, table.place(name)), xytext=(5, 0), fontsize=9,
                                textcoords="offset points", va="center_baseline", annotation_clip=False)  # fmt: skip
            ax.set_xlim(0, 1 if as_share else max(wholes.values()) * 1.02 or 1)
            whole = all(value == int(value) for value in widths.values())
            tick_numbers(ax.xaxis, 4, whole=whole and not as_share, form="{:.0%}" if is_share(form) else "")
            table.label(ax)
        label_axis(axes, unit)

    def label(axes: list[Any]) -> None:
        for ax, panel in zip(axes, shown, strict=True):
            for name in names:
                left = 0.0
                for piece in pieces:
                    width = widths.get((panel, name, piece), 0.0)
                    _write_inside(ax, show_number(width, form), left, width, table.place(name), looks[piece])
                    left += width

    columns, height = measure_panels(shown, table.height)
    sheet = Sheet(
        paint,
        told=_tell(f"Stacked bars: {unit}.", marks, pieces, form),
        height=height,
        columns=columns,
        names=[*names, unit],
        panels=shown,
        key=looks,
        label=label,
    )
    publish(sheet, title=title, alt=alt, answers=answers)


def _read(data: Any, rows: str | None, parts: str | None, value: str | None, panels: str | None) -> list[Mark]:
    if parts is not None:
        check_columns(data, rows, parts, value, panels)
        keys = [one for one in (panels, rows, parts) if one]
        sizes = data.groupby(keys, sort=False, dropna=False)
        counted = (sizes[value].sum() if value else sizes.size()).reset_index(name="size")
        marks = read_frame(counted, share=None, value="size", rows=rows or parts, by=parts, panels=panels)
        if rows is None:
            marks = [Mark(mark.panel, mark.series, "all", mark.value) for mark in marks]
    else:
        marks = read_plain(_turn(data), order=("panel", "row", "series"))
    if any((mark.value or 0) < 0 for mark in marks):
        raise CourseError("a part below zero cannot be stacked", next="bars(...)")
    check_not_empty([mark for mark in marks if mark.value is not None])
    return marks


def _turn(data: Any) -> Any:
    """A table as {row: {part: number}}: in a DataFrame the rows come second."""
    if hasattr(data, "columns"):
        return {row: dict(data.loc[row]) for row in data.index}
    if hasattr(data, "items"):
        return {key: _turn(below) if hasattr(below, "columns") else below for key, below in data.items()}
    return data


def _add_up(marks: list[Mark], panel: str, name: Any) -> float:
    return sum(mark.value or 0 for mark in marks if (mark.panel, mark.row) == (panel, name))


def _write_inside(ax: Any, text: str, left: float, width: float, y: float, look: Look) -> None:
    """A part's number in its middle, where it fits; a box in the part's colour lies under it, above the hatch."""
    if not width:
        return
    red, green, blue = (int(look.face[place : place + 2], 16) for place in (1, 3, 5))
    is_dark = 0.299 * red + 0.587 * green + 0.114 * blue < 140
    label = ax.text(
        left + width / 2, y, text, ha="center", va="center_baseline", fontsize=8.5,
        color="white" if is_dark else "black", bbox={"facecolor": look.face, "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip
    room = ax.transData.transform((left + width, 0))[0] - ax.transData.transform((left, 0))[0]
    if label.get_window_extent().width + 5 > room:
        label.remove()


def _tell(begin: str, marks: list[Mark], pieces: list[str], form: str) -> str:
    told = [begin]
    for panel in unique(mark.panel for mark in marks):
        rows = []
        for row in unique(mark.row for mark in marks if mark.panel == panel):
            own = {mark.series: mark.value for mark in marks if (mark.panel, mark.row) == (panel, row)}
            rows.append(f"{row}: " + ", ".join(f"{show_number(own.get(one, 0), form)} {one}" for one in pieces))
        told.append(f"{panel}{' · ' if panel else ''}{'; '.join(rows)}.")
    return " ".join(told)
