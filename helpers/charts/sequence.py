"""Sequence: what two sides said to each other, in order: two lanes, time downwards, an arrow for each message."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from helpers.charts.looks import GREY, mixed_looks, show_number
from helpers.charts.page import Sheet, publish
from helpers.charts.reading import check_columns, check_not_empty, unique
from helpers.errors import CourseError

__all__ = ["sequence"]

_PITCH = 0.245  # inches from one arrow to the next
_LEFT, _RIGHT = 0.07, 0.985  # where the lanes stand, as parts of the width; the times stand left of them
_MOST = 60  # letters above an arrow


class _Row(NamedTuple):
    lane: str
    what: str
    first: float | None  # when the first came
    last: float | None  # and the last
    times: int
    note: str


def sequence(
    data: Any,
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    lanes: Sequence[str] = ("client", "server"),
    fold: Iterable[str] = ("append", "delta"),
    unit: str = "s",
) -> None:
    """Two lanes and an arrow for each message, from the lane that sent it to the other, time downwards.

    data: messages in their order: rows of (time or None, lane, name) and perhaps a note, or a DataFrame with the
    columns at, lane, name, and note where there are any. lanes: the two, from left to right. fold: messages whose name
    ends so, and which come again before the other lane speaks, are one arrow with their number: pieces of sound or text
    by the dozen. unit: of the times, which are numbers. Otherwise as `bars`.
    """
    rows = _fold(check_not_empty(_read(data)), tuple(fold))
    if len(lanes) != 2 or (strange := [row.lane for row in rows if row.lane not in lanes]):
        spoke = ", ".join(unique(strange)) if len(lanes) == 2 else ", ".join(lanes)
        raise CourseError(f"two lanes are drawn, and these spoke: {spoke}", next='lanes=("client", "server")')
    left, right = lanes
    looks = mixed_looks([left, right], "voice")
    has_times = any(row.first is not None for row in rows)

    def paint(axes: list[Any]) -> None:
        [ax] = axes
        ax.set_xlim(0, 1)
        ax.set_ylim(len(rows) + 0.2, -0.9)
        ax.axis("off")
        for place, lane, side in ((_LEFT, left, "left"), (_RIGHT, right, "right")):
            ax.plot([place, place], [-0.35, len(rows)], color=GREY, linewidth=1, zorder=1)
            ax.text(place, -0.45, lane, ha=side, va="bottom", fontweight="bold")
        for y, row in enumerate(rows):
            _paint(ax, row, y + 0.3, row.lane == left, looks[row.lane].edge)
        if has_times:
            ax.text(0, -0.45, unit, color=GREY, fontsize=9, va="bottom")

    told = [f"Messages in their order{f', times in {unit}' if has_times else ''}."]
    told += [f"{_say_times(row)} {row.lane}: {_say(row)}".strip() + "." for row in rows]
    sheet = Sheet(
        paint,
        told=" ".join(told),
        height=_PITCH * (len(rows) + 1.1),
        names=[*lanes, *(_say(row) for row in rows)],
    )
    publish(sheet, title=title, alt=alt, answers=answers)


def _read(data: Any) -> list[_Row]:
    if hasattr(data, "columns"):
        check_columns(data, "at", "lane", "name")
        columns = ["at", "lane", "name", *(["note"] if "note" in data.columns else [])]
        data = data[columns].itertuples(index=False, name=None)
    rows = []
    for message in data:
        if not isinstance(message, tuple | list) or len(message) not in (3, 4):
            raise CourseError(f"{message!r} is no message", next='(0.2, "client", "session.update")')
        at, lane, name, *note = message
        if isinstance(at, str):
            raise CourseError(f"{at!r} is no time", next="a number, or None")
        time = None if at is None or math.isnan(at) else float(at)
        rows.append(_Row(str(lane), str(name), time, time, 1, str(note[0] or "") if note else ""))
    return rows


def _fold(rows: list[_Row], endings: tuple[str, ...]) -> list[_Row]:
    folded: list[_Row] = []
    open_: dict[str, int] = {}  # name -> its row, since the lane began to speak
    for row in rows:
        if folded and row.lane != folded[-1].lane:
            open_ = {}
        if row.what in open_:
            place = open_[row.what]
            first = folded[place]
            folded[place] = first._replace(last=row.last, times=first.times + 1, note=row.note or first.note)
            continue
        if row.what.endswith(endings):
            open_[row.what] = len(folded)
        folded.append(row)
    return folded


def _say(row: _Row) -> str:
    return f"{row.what}{f' × {row.times}' if row.times > 1 else ''}{f' ({row.note})' if row.note else ''}"


def _say_times(row: _Row) -> str:
    if row.first is None or row.last is None:
        return ""
    first, last = f"{row.first:.2f}", f"{row.last:.2f}"
    return first if first == last else f"{first} to {last}"


def _paint(ax: Any, row: _Row, y: float, goes_right: bool, colour: str) -> None:
    start, end = (_LEFT, _RIGHT) if goes_right else (_RIGHT, _LEFT)
    # A message of many pieces has a thicker line: what follows in time overlaps it.
    ax.annotate(
        "", (end, y), (start, y), zorder=2,
        arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2.4 if row.times > 1 else 1.1, "shrinkA": 0,
                    "shrinkB": 0, "mutation_scale": 11},
    )  # fmt: skip
    text = _say(row)
    text = text if len(text) <= _MOST + 24 else text[: _MOST + 23] + "…"
    side = {"x": _LEFT + 0.02, "ha": "left"} if goes_right else {"x": _RIGHT - 0.025, "ha": "right"}
    ax.text(side["x"], y - 0.12, text, ha=side["ha"], va="bottom", fontsize=8.5, zorder=3)
    if row.first is not None:
        ax.text(0, y, show_number(round(row.first, 2)), color=GREY, fontsize=8.5, va="center")
