"""From what a cell has (a DataFrame, dictionaries, lists) to what a chart draws: one mark a bar, dot or point."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from helpers.errors import CourseError
from helpers.intervals import Interval, share_interval

__all__ = ["Mark", "Place", "check_columns", "check_not_empty", "read_frame", "read_marks", "read_plain", "unique"]

Place = Literal["panel", "series", "row"]


@dataclass(frozen=True)
class Mark:
    """A number, where it stands, its interval, and of how many cases it is a share (n)."""

    panel: str
    series: str
    row: Any
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None

    @property
    def has_interval(self) -> bool:
        return self.low is not None


def check_not_empty(drawn: list[Any]) -> list[Any]:
    """The same list. Raises CourseError where nothing is in it."""
    if not drawn:
        raise CourseError("there is nothing to draw", next="look at the data: no row, or no number in it")
    return drawn


def check_columns(data: Any, *names: str | None) -> None:
    """Raise CourseError where one of these columns is not there."""
    if not hasattr(data, "columns"):
        raise CourseError("columns were named, and the data has none", next="a pandas DataFrame, or no column names")
    for name in filter(None, names):
        if name not in data.columns:
            raise CourseError(f"no column {name!r}", has=", ".join(map(str, data.columns)))


def unique(values: Iterable[Any]) -> list[Any]:
    """In the order in which they came first."""
    return list(dict.fromkeys(values))


def read_marks(
    data: Any, *, share: Any, value: Any, rows: str | None, by: str | None, panels: str | None
) -> list[Mark]:
    """The marks of a chart. Raises CourseError where there is nothing to draw, or a column is not there.

    data: a DataFrame of cases (share=) or of numbers (value=), or plain: see read_plain.
    """
    if share is not None or value is not None:
        marks = read_frame(data, share=share, value=value, rows=rows, by=by, panels=panels)
    elif rows or by or panels:
        raise CourseError("which column is drawn?", next='share="is_right" for cases, value="tokens" for numbers')
    else:
        marks = read_plain(data)
    check_not_empty([mark for mark in marks if mark.value is not None])
    return marks


def read_frame(
    data: Any, *, share: Any, value: Any, rows: str | None, by: str | None, panels: str | None
) -> list[Mark]:
    """Marks of a DataFrame. Several columns of cases are rows of bars, several of numbers panels of their own."""
    columns = _named(share if share is not None else value)
    check_columns(data, *columns, rows, by, panels)
    if len(columns) > 1 and (rows if share is not None else panels):
        raise CourseError("several columns have no place of their own", next="one column, or one grouping less")
    marks = []
    index = data.index if rows is None else data[rows]
    for column, shown in columns.items():
        several = len(columns) > 1
        groups: dict[tuple[Any, Any, Any], list[Any]] = {}
        for position, cell in enumerate(data[column]):
            panel = data[panels].iloc[position] if panels else shown if several and share is None else ""
            row = (
                shown
                if share is not None and rows is None
                else index[position]
                if rows is None
                else index.iloc[position]
            )
            series = data[by].iloc[position] if by else ""
            groups.setdefault((panel, series, row), []).append(cell)
        for (panel, series, row), cells in groups.items():
            known = [cell for cell in cells if not _is_nothing(cell)]
            if share is None and len(known) > 1:
                raise CourseError(
                    f"{len(known)} numbers for {row}", next="one row each: rows=, by= or panels= tells them apart"
                )
            leaf = known if share is not None else known[0] if known else None
            marks.append(_mark(str(panel), str(series), row, leaf))
    return marks


def read_plain(data: Any, order: Sequence[Place] = ("panel", "series", "row")) -> list[Mark]:
    """Marks of {label: leaf}, {series: {label: leaf}} or {panel: {series: {label: leaf}}}; of a list; of a DataFrame
    (labels down, series across); of dictionaries that hold DataFrames.

    A leaf is a number, an Interval, None, or a list of cases (True, False or a part of 1), which becomes a share.
    order: what the keys of three levels stand for; the first are left out where there are fewer levels.
    """
    found = list(_walk(data))
    if not found:
        return []
    depths = {len(keys) for keys, _ in found}
    if len(depths) > 1 or max(depths) > len(order):
        raise CourseError("the data is nested unevenly or too deep", next="{series: {label: number}}")
    places = order[len(order) - depths.pop() :]
    marks = []
    for keys, leaf in found:
        at: dict[str, Any] = {"panel": "", "series": "", "row": "", **dict(zip(places, keys, strict=True))}
        marks.append(_mark(str(at["panel"]), str(at["series"]), at["row"], leaf))
    return marks


def _walk(data: Any) -> Iterable[tuple[tuple[Any, ...], Any]]:
    if hasattr(data, "columns"):  # a DataFrame: as {column: {label: number}}
        data = {column: dict(data[column]) for column in data.columns}
    elif hasattr(data, "items") and not isinstance(data, Mapping):  # a Series
        data = dict(data.items())
    elif not isinstance(data, Mapping):
        data = dict(enumerate(data, start=1))
    for key, below in data.items():
        if isinstance(below, Mapping) or hasattr(below, "columns") or hasattr(below, "items"):
            yield from (((key, *keys), leaf) for keys, leaf in _walk(below))
        else:
            yield (key,), below


def _mark(panel: str, series: str, row: Any, leaf: Any) -> Mark:
    if isinstance(leaf, Interval):
        return Mark(panel, series, row, float(leaf.value), float(leaf.low), float(leaf.high))
    if _is_nothing(leaf):
        return Mark(panel, series, row, None)
    if isinstance(leaf, str):
        raise CourseError(f"{leaf!r} is no number", next="numbers, Intervals, or lists of True and False")
    if hasattr(leaf, "__len__"):
        cases = [float(case) for case in leaf]
        if not all(0 <= case <= 1 for case in cases):
            raise CourseError(f"the cases of {row} are no shares", next="True, False, or a part of 1 for each case")
        return (
            Mark(panel, series, row, *share_interval(cases), n=len(cases)) if cases else Mark(panel, series, row, None)
        )
    return Mark(panel, series, row, float(leaf))


def _named(columns: Any) -> dict[str, str]:
    """{column: shown name}; a name is its column's with spaces, unless a dictionary says otherwise."""
    if isinstance(columns, Mapping):
        return dict(columns)
    several = [columns] if isinstance(columns, str) else list(columns)
    return {column: str(column).replace("_", " ") for column in several}


def _is_nothing(cell: Any) -> bool:
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, float) and math.isnan(cell)
