"""Timeline: what happened when: spans and moments, by date or in seconds from a start."""

import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from helpers.charts.axes import BEHIND, Rows, check_units, draw_levels, name_levels, say_place, tick_dates, tick_numbers
from helpers.charts.looks import Look, looks_of, mixed_looks
from helpers.charts.page import Sheet, publish
from helpers.charts.reading import check_columns, check_not_empty, unique
from helpers.errors import CourseError

__all__ = ["timeline"]


class _Event(NamedTuple):
    row: str
    kind: str
    start: Any
    end: Any  # None: a moment


def timeline(
    data: Any,
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    start: str | None = None,
    end: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    unit: str = "",
    at: Any = None,
    category: str = "language",
) -> None:
    """Spans as bars, moments as marks, one row a thing, in the order given; dates written at their ends.

    data: a DataFrame with the columns start, end (may be left out or empty: a moment), rows (its index where not given)
    and by (the kind of a span or moment: each has a colour and mark); or plain: {row: (start, end)} for spans,
    {row: moment}, {row: [moment, moment, ...]}, {row: {kind: any of these}}. Times are dates (also as text, 2026-11-20)
    or numbers, and then unit says of what. at: moments to compare with, {name: time}. Otherwise as `bars`.
    """
    events = check_not_empty(_read(data, start, end, rows, by))
    names, kinds = unique(event.row for event in events), unique(event.kind for event in events)
    are_dates = {
        isinstance(time, datetime.date) for event in events for time in (event.start, event.end) if time is not None
    }
    if len(are_dates) > 1:
        raise CourseError("dates and numbers cannot share an axis", next="all dates, or all numbers")
    is_date = are_dates.pop()
    if not is_date:
        check_units(unit=unit)
    levels = {name: _time(time) for name, time in name_levels(at).items()}
    looks = looks_of(category, kinds) if kinds == [""] else mixed_looks(kinds, category)
    table = Rows(names, [""], pitch=0.22)

    def paint(axes: list[Any]) -> None:
        [ax] = axes
        for event in events:
            _paint_event(ax, event, table.place(event.row), looks[event.kind])
        for name in names:
            own = [event for event in events if event.row == name]
            last = max(event.end if event.end is not None else event.start for event in own)
            span = _say(own[0]) if len(own) == 1 else ""
            ax.annotate(span, (last, table.place(name)), xytext=(7, 0), textcoords="offset points", fontsize=8.5,
                        va="center_baseline", annotation_clip=False, bbox=BEHIND if span else None)  # fmt: skip
        ax.margins(x=0.03)
        if is_date:
            tick_dates(ax)
        else:
            tick_numbers(ax.xaxis, 6)
            ax.set_xlim(left=min(0, ax.get_xlim()[0]))
        draw_levels(ax, levels, upright=True)
        table.label(ax)
        ax.set_xlabel(unit)

    told = [f"Timeline{f': {unit}' if unit else ''}."]
    for name in names:
        own = [event for event in events if event.row == name]
        told.append(f"{name}: " + ", ".join(f"{event.kind} {_say(event)}".strip() for event in own) + ".")
    told += [f"{name or 'line at'}: {say_place(time)}." for name, time in levels.items()]
    sheet = Sheet(
        paint,
        told=" ".join(told),
        height=0.5 + table.height + (0.15 if levels else 0) + (0.2 if unit else 0),
        names=[*names, unit, *levels],
        key={} if kinds == [""] else looks,
        key_of="dots" if all(event.end is None for event in events) else "areas",
    )
    publish(sheet, title=title, alt=alt, answers=answers)


def _read(data: Any, start: str | None, end: str | None, rows: str | None, by: str | None) -> list[_Event]:
    events = []
    if start is not None:
        check_columns(data, start, end, rows, by)
        for place in range(len(data)):
            row = data.index[place] if rows is None else data[rows].iloc[place]
            kind = data[by].iloc[place] if by else ""
            times = [_time(data[one].iloc[place]) if one else None for one in (start, end)]
            if times[0] is not None:
                events.append(_Event(str(row), str(kind), *times))
        return events
    if not isinstance(data, Mapping):
        raise CourseError("what stands in which row?", next="{row: (start, end)}, or a DataFrame and start=")
    for row, below in data.items():
        for kind, times in below.items() if isinstance(below, Mapping) else [("", below)]:
            if isinstance(times, tuple):
                events.append(_Event(str(row), str(kind), _time(times[0]), _time(times[1])))
            else:
                moments = times if isinstance(times, list) else [times]
                events += [_Event(str(row), str(kind), _time(moment), None) for moment in moments]
    return [event for event in events if event.start is not None]


def _time(given: Any) -> Any:
    """A date, a number, or None for a gap. Raises CourseError for a text that is no date."""
    if given is None or given != given or type(given).__name__ == "NaTType":
        return None
    if isinstance(given, str):
        try:
            return datetime.datetime.fromisoformat(given)
        except ValueError:
            raise CourseError(f"{given!r} is no date", next="such as 2026-11-20") from None
    if isinstance(given, datetime.date) and not isinstance(given, datetime.datetime):
        return datetime.datetime(given.year, given.month, given.day)
    return given if isinstance(given, datetime.datetime) else float(given)


def _paint_event(ax: Any, event: _Event, y: float, look: Look) -> None:
    if event.end is None:
        ax.plot(event.start, y, color=look.edge, linestyle="", markersize=6.5, zorder=4, **look.mark)
    else:
        ax.barh(y, event.end - event.start, left=event.start, height=0.2, **look.area)


def _say(event: _Event) -> str:
    return say_place(event.start) + ("" if event.end is None else f" to {say_place(event.end)}")
