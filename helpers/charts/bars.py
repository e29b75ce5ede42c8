"""Bars and dots: numbers of a few things beside one another, from left to right, names on the left."""

from collections.abc import Mapping
from typing import Any

from helpers.charts.axes import (
    BEHIND,
    Rows,
    check_units,
    clear_numbers,
    draw_levels,
    is_share,
    name_levels,
    spaced,
    tick_numbers,
)
from helpers.charts.looks import Look, looks_of, show_number
from helpers.charts.page import Sheet, label_axis, measure_panels, publish
from helpers.charts.reading import Mark, read_marks, unique

__all__ = ["bars", "dots"]


def bars(
    data: Any,
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    share: Any = None,
    value: Any = None,
    rows: str | None = None,
    by: str | None = None,
    panels: str | None = None,
    unit: str = "",
    of: str = "cases",
    form: str = "",
    at: Any = None,
    category: str = "language",
) -> None:
    """Bars from zero, each with its number at its end; shares with their 95 % intervals (Wilson) and n.

    data: a DataFrame, or plain: {label: number}, {series: {label: number}}, {panel: {series: {label: number}}}; a list
    of True and False in a number's place is counted. Columns of a DataFrame:
        share   one row a case, True or False or a part of 1: its share. Several columns become rows of bars.
        value   one row a number. Several columns become panels, each with an axis of its own.
        rows, by, panels   columns that name the bar, the series (an engine) and the panel.
    share and value take {column: name to show} too. unit: what the axis counts (values need one); of: what a case is;
    form: how a number is written, "{:.1%}"; at: lines to compare with, a number or {name: number}; category: of the
    models, which gives the colour. answers: what the numbers come from, as in helpers.evidence.evidence_of. alt:
    written from the numbers where it is not given.
    Raises CourseError without a title, a unit or data, EvidenceError where an Azure name would stand over a stand-in.
    """
    marks = read_marks(data, share=share, value=value, rows=rows, by=by, panels=panels)
    own_axes = isinstance(value, list | tuple | Mapping) and len(value) > 1
    unit = unit or spaced(value) or ("" if own_axes else _count(marks, of))
    line = "; line: 95% interval" if any(mark.has_interval for mark in marks) else ""
    sheet = _lay_out("Bars", marks, unit, line, form, at, category, own_axes)
    publish(sheet, title=title, alt=alt, answers=answers)


def dots(
    data: Any,
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    share: Any = None,
    value: Any = None,
    rows: str | None = None,
    by: str | None = None,
    panels: str | None = None,
    unit: str = "",
    of: str = "cases",
    form: str = "",
    interval: str = "95% interval",
    at: Any = None,
    category: str = "language",
) -> None:
    """Dots with their intervals on an axis that need not begin at zero: differences, medians, ranges.

    data and columns as in `bars`; a number's place is usually taken by a helpers.intervals.Interval, such as
    paired_difference gives. interval: what the line through a dot is. at: as in `bars`; 0 where a difference may have
    either sign. Raises as `bars` does.
    """
    marks = read_marks(data, share=share, value=value, rows=rows, by=by, panels=panels)
    unit = unit or spaced(value) or _count(marks, of)
    if at is None and _is_difference(marks):
        at = 0
    line = f"; line: {interval}" if any(mark.has_interval for mark in marks) else ""
    sheet = _lay_out("Dots", marks, unit, line, form, at, category, own_axes=False)
    publish(sheet, title=title, alt=alt, answers=answers)


def _count(marks: list[Mark], of: str) -> str:
    counts = {mark.n for mark in marks if mark.n is not None}
    return f"share of {of}" if counts else ""


def _is_difference(marks: list[Mark]) -> bool:
    return any(mark.low is not None and mark.low < 0 for mark in marks)


def _lay_out(
    kind: str, marks: list[Mark], unit: str, line: str, form: str, at: Any, category: str, own_axes: bool
) -> Sheet:
    panels, series, names = (unique(getattr(mark, one) for mark in marks) for one in ("panel", "series", "row"))
    if not own_axes:
        check_units(unit=unit)
    if not form and any(mark.has_interval for mark in marks):
        form = "{:+.0%}" if _is_difference(marks) else "{:.0%}"
    each, notes = _count_cases(marks)
    axis = f"{unit}{each}{line}"
    rows, looks = Rows(names, series, notes=notes), looks_of(category, series)

    def paint(axes: list[Any]) -> None:
        for ax, panel in zip(axes, panels, strict=True):
            own = [mark for mark in marks if mark.panel == panel]
            for mark in own:
                n = f" of {mark.n:,}" if mark.n is not None and not each and mark.row not in notes else ""
                _paint_mark(ax, kind, mark, rows.place(mark.row, mark.series), looks[mark.series], form, n)
            _set_range(ax, kind, own, form)
            draw_levels(ax, at, upright=True)
            rows.label(ax)
            if own_axes:  # the panel's name is its unit
                ax.set_title("", loc="left")
                ax.set_xlabel(panel)
        if not own_axes:
            label_axis(axes, axis)

    columns, height = measure_panels(panels, rows.height)
    return Sheet(
        paint,
        told=_tell(kind if own_axes else f"{kind}: {axis}", marks, form, say_n=not each),
        height=height,
        columns=columns,
        names=[*names, *series, axis, *name_levels(at)],
        panels=panels,
        key={} if series == [""] else looks,
        key_of="areas" if kind == "Bars" else "dots",
        label=lambda axes: clear_numbers(axes, at),
    )


def _count_cases(marks: list[Mark]) -> tuple[str, dict[Any, str]]:
    """n, once for all where it is the same; else beside the names of the rows where those agree; else at the bars."""
    if len(counts := {mark.n for mark in marks}) == 1:
        n = counts.pop()
        return (f", n = {n:,} each" if len(marks) > 1 else f", n = {n:,}") if n is not None else "", {}
    notes = {}
    for row in unique(mark.row for mark in marks):
        of_row = {mark.n for mark in marks if mark.row == row}
        if len(of_row) == 1 and None not in of_row:
            notes[row] = f"n = {of_row.pop():,}"
    return "", notes


def _paint_mark(ax: Any, kind: str, mark: Mark, y: float, look: Look, form: str, n: str) -> None:
    if kind == "Bars":
        ax.barh(y, mark.value or 0, height=0.216, **look.area)
    elif mark.value is not None:
        ax.plot(mark.value, y, color=look.edge, markersize=7, zorder=4, **look.mark)
    if mark.has_interval:
        for colour, width in (("white", 3.2), ("black", 1.4)):  # white around it: seen on a dark bar too
            ax.plot([mark.low, mark.high], [y, y], color=colour, linewidth=width, zorder=3, solid_capstyle="butt")
    to_left = kind == "Bars" and mark.value is not None and mark.value < 0
    ends = [one for one in (mark.value, mark.low, mark.high) if one is not None]
    place = 0 if not ends else min(ends) if to_left else max(ends)
    ax.annotate(
        show_number(mark.value, form) + n, (place, y), xytext=(-5 if to_left else 5, 0), textcoords="offset points",
        va="center_baseline", ha="right" if to_left else "left", fontsize=9, annotation_clip=False, zorder=5,
        bbox=BEHIND if kind == "Dots" else None, gid=f"number {min(ends)}" if kind == "Dots" and ends else "number",
    )  # fmt: skip


def _set_range(ax: Any, kind: str, marks: list[Mark], form: str) -> None:
    values = [mark.value or 0 for mark in marks]
    if kind == "Bars" and is_share(form) and min(values) >= 0 and max(values) <= 1:
        ax.set_xlim(0, 1)
        tick_numbers(ax.xaxis, 2, form="{:.0%}")
    elif kind == "Bars":
        ends = [0.0, *values, *(end for mark in marks for end in (mark.low, mark.high) if end is not None)]
        room = (
            0.12 * (max(ends) - min(ends)) if min(values) < 0 else 0
        )  # for the number at the end of a bar to the left
        ax.set_xlim(min(ends) - room, max(ends) * 1.02 or (0 if min(ends) < 0 else 1))
        whole = all(value == int(value) for value in values)
        tick_numbers(ax.xaxis, 4, whole=whole and not is_share(form), form="{:.0%}" if is_share(form) else "")
    else:
        ax.margins(x=0.08)
        signed = "{:+.0%}" if _is_difference(marks) else "{:.0%}"
        tick_numbers(ax.xaxis, 5, form=signed if is_share(form) else "")


def _tell(begin: str, marks: list[Mark], form: str, say_n: bool) -> str:
    """All numbers in words; a long engine's name once a panel."""
    told = [f"{begin}."]
    for panel, series in unique((mark.panel, mark.series) for mark in marks):
        own = [mark for mark in marks if (mark.panel, mark.series) == (panel, series)]
        where = ", ".join(filter(None, (panel, series)))
        numbers = "; ".join(f"{mark.row}: {_say(mark, form, say_n)}" for mark in own)
        told.append(f"{where}{' · ' if where else ''}{numbers}.")
    return " ".join(told)


def _say(mark: Mark, form: str, say_n: bool) -> str:
    number = show_number(mark.value, form)
    n = f"n = {mark.n:,}" if say_n and mark.n is not None else ""
    span = f"{show_number(mark.low, form)} to {show_number(mark.high, form)}" if mark.has_interval else ""
    beside = ", ".join(filter(None, (span, n)))
    return f"{number} ({beside})" if beside else number
