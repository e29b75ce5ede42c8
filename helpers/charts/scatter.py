"""Scatter: one number against another for many things, each group named beside its points."""

import itertools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from helpers.charts.axes import check_units, name_axes, spaced
from helpers.charts.looks import Look, mixed_looks, show_number
from helpers.charts.page import Sheet, publish
from helpers.charts.reading import check_columns, check_not_empty, unique
from helpers.errors import CourseError

__all__ = ["scatter"]


class _Point(NamedTuple):
    group: str
    x: float
    y: float
    name: str


def scatter(
    data: Any,
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    x: str | None = None,
    y: str | None = None,
    by: str | None = None,
    names: str | None = None,
    x_unit: str = "",
    y_unit: str = "",
    form: str = "",
) -> None:
    """Points, one colour and mark a group, each group named beside its points.

    data: a DataFrame with the columns x, y and by (the group); or plain: [(x, y), ...] or {group: [(x, y), ...]}.
    names: a column written at each point, where they are few. Otherwise as `lines`.
    """
    points = check_not_empty(_read(data, x, y, by, names))
    x_unit, y_unit = x_unit or spaced(x), y_unit or spaced(y)
    check_units(x_unit=x_unit, y_unit=y_unit)
    groups = unique(point.group for point in points)
    looks = mixed_looks(groups)

    def paint(axes: list[Any]) -> None:
        [ax] = axes
        for group in groups:
            own = [point for point in points if point.group == group]
            ax.plot([p.x for p in own], [p.y for p in own], linestyle="", markersize=6, **looks[group].mark)
            for point in own:
                ax.annotate(point.name, (point.x, point.y), xytext=(5, 4), textcoords="offset points", fontsize=9)
        ax.margins(x=0.1, y=0.12)
        name_axes(ax, [point.x for point in points], [point.y for point in points], x_unit, y_unit, form)

    sheet = Sheet(
        paint,
        told=f"Scatter: {y_unit}, by {x_unit}. {_tell(points, groups, form)}",
        height=4.0,
        names=[*groups, x_unit, y_unit, *(point.name for point in points)],
        label=lambda axes: _name_groups(axes[0], points, groups, looks) if groups != [""] else None,
    )
    publish(sheet, title=title, alt=alt, answers=answers)


def _read(data: Any, x: str | None, y: str | None, by: str | None, names: str | None) -> list[_Point]:
    if x is None and y is None:
        groups = data if isinstance(data, Mapping) else {"": data}
        points = [_Point(str(group), float(a), float(b), "") for group, pairs in groups.items() for a, b in pairs]
    elif x is None or y is None:
        raise CourseError("which columns are drawn?", next='x="tokens" and y="seconds"')
    else:
        check_columns(data, x, y, by, names)
        texts = [data[one].astype(str) if one else itertools.repeat("") for one in (by, names)]
        rows = zip(texts[0], data[x], data[y], texts[1], strict=False)  # endless where a column is not asked for
        points = [_Point(group, float(a), float(b), name) for group, a, b, name in rows]
    return [point for point in points if not math.isnan(point.x) and not math.isnan(point.y)]


def _name_groups(ax: Any, points: list[_Point], groups: list[str], looks: Mapping[str, Look]) -> None:
    """A group's name above the middle of its points; moved up while it lies upon another name."""
    boxes: list[Any] = []
    for group in groups:
        own = [point for point in points if point.group == group]
        middle = sorted(point.x for point in own)[len(own) // 2]
        label = ax.annotate(
            group, (middle, max(point.y for point in own)), xytext=(0, 10), textcoords="offset points", ha="center",
            fontsize=9, bbox={"facecolor": "white", "edgecolor": looks[group].edge, "alpha": 0.9, "pad": 2},
        )  # fmt: skip
        for _ in range(40):
            box = label.get_window_extent()
            if not any(box.overlaps(other) for other in boxes):
                break
            label.xyann = (0, label.xyann[1] + 3)
        boxes.append(label.get_window_extent())


def _tell(points: list[_Point], groups: list[str], form: str) -> str:
    """Where each group lies: the middle half of it, for single points in such numbers are not told apart by ear."""
    told = []
    for group in groups:
        own = [point for point in points if point.group == group]
        if any(point.name for point in own) or len(own) <= 3:
            where = "; ".join(f"{p.name} ({show_number(p.x, form)}, {show_number(p.y, form)})".strip() for p in own)
        else:
            spans = [sorted(values) for values in ([p.x for p in own], [p.y for p in own])]
            x, y = (
                f"{show_number(one[len(one) // 4], form)} to {show_number(one[-1 - len(one) // 4], form)}"
                for one in spans
            )
            where = f"{len(own):,} points, the middle half of them at {x} across and {y} up"
        told.append(f"{group}{': ' if group else ''}{where}.")
    return " ".join(told)
