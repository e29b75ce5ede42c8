"""Waveform: a sound over time, with what was heard in it written above where it was heard."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from helpers.audio import Sound, read_sound
from helpers.charts.axes import BEHIND
from helpers.charts.looks import GREY, looks_of, mixed_looks, show_number
from helpers.charts.page import Sheet, publish
from helpers.charts.reading import check_not_empty, unique
from helpers.errors import CourseError

__all__ = ["waveform"]

_WIDTH = 640  # pixels of the page that a row's seconds are spread over
_LETTER = 6.6  # pixels, of the labels' letters
_LANE, _WAVE, _BELOW = 0.19, 0.85, 0.3  # inches: a line of labels, the wave, the ticks below it
_LANES, _ROWS = 3, 6
_COLUMNS = 600  # of the wave in a row
_TOLD = 40  # spans that the alt text names


class _Span(NamedTuple):
    start: float
    end: float
    label: str
    kind: str


class _Label(NamedTuple):
    span: _Span
    text: str
    place: float  # of its middle, in seconds
    lane: int


def waveform(
    sound: Any,
    spans: Iterable[Any] = (),
    *,
    title: str = "",
    answers: Any = None,
    alt: str = "",
    category: str = "speech to text",
) -> None:
    """A sound's amplitude over its seconds; spans are shaded, their labels written above; in as many rows as they need.

    sound: what read_sound takes. spans: words, segments or speakers, as (start, end, label) in seconds, or (start, end,
    label, kind): each kind, such as a speaker, has its colour and stands before its label; captions, and the words and
    segments of an answer, are taken as they are. A label that is longer than its place is cut, and whole in the alt
    text. Otherwise as `bars`.
    Raises CourseError for a span outside the sound, and for more labels than six rows can hold.
    """
    heard = read_sound(sound)
    if not len(heard.samples):
        check_not_empty([])
    read = sorted((_read(one) for one in spans), key=lambda span: span.start)
    for span in read:
        if not 0 <= span.start <= span.end <= heard.seconds + 0.5:
            raise CourseError(
                f"{span.label!r} lies at {span.start} to {span.end} s, and the sound lasts {heard.seconds:.1f} s",
                next="(start, end, label), in seconds of this sound",
            )
    kinds = unique(span.kind for span in read) or [""]
    looks = looks_of(category, kinds) if kinds == [""] else mixed_looks(kinds, category)
    rows, labels = _lay_out(read, heard.seconds)
    lanes = [max((label.lane + 1 for label in row), default=0) for row in labels]
    length = heard.seconds / rows
    peak = max(float(abs(heard.samples).max()), 1e-3)
    unit = 2 * peak / _WAVE  # of amplitude, to the inch

    from matplotlib.ticker import MaxNLocator

    def paint(axes: list[Any]) -> None:
        for row, ax in enumerate(axes):
            begin, end = row * length, (row + 1) * length
            top = peak + (max(lanes) * _LANE + 0.06) * unit
            for number, span in enumerate(read):
                if begin < span.end and span.start < end:
                    # Neighbours differ, so that each is seen to begin and end.
                    shade = 0.35 if len(kinds) > 1 else 0.22 if number % 2 else 0.4
                    ax.axvspan(
                        max(begin, span.start), min(end, span.end), ymax=2.1 * peak / (top + 1.1 * peak), linewidth=0,
                        alpha=shade, zorder=1, facecolor=looks[span.kind].face,
                    )  # fmt: skip
            _paint_wave(ax, heard, begin, end)
            for label in labels[row]:
                y = peak + ((label.lane + 0.5) * _LANE + 0.06) * unit
                middle = min(max((label.span.start + label.span.end) / 2, begin), end)
                ax.plot([middle, middle], [peak, y], color=GREY, linewidth=0.6, zorder=2)
                look = looks[label.span.kind]
                edge = {"edgecolor": look.edge, "linewidth": 0.8, "alpha": 1} if len(kinds) > 1 else {}
                ax.text(label.place, y, label.text, fontsize=8.5, ha="center", va="center", zorder=5,
                        bbox={**BEHIND, "pad": 1, **edge})  # fmt: skip
            ax.set(xlim=(begin, end), ylim=(-1.1 * peak, top))
            ax.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 10]))
            ax.grid(False)
            ax.set_yticks([-peak, 0, peak], [show_number(round(place, 2)) for place in (-peak, 0, peak)])
            ax.tick_params(axis="y", labelcolor=GREY, labelsize=8)
            ax.spines["left"].set_bounds(-peak, peak)
        axes[-1].set_xlabel("seconds")
        axes[0].figure.supylabel("amplitude", fontsize=9, color=GREY)

    sheet = Sheet(
        paint,
        told=_tell(heard, read),
        height=rows * (_WAVE * 1.05 + max(lanes) * _LANE + 0.06 + _BELOW) + 0.25,
        names=[*(span.label for span in read), *kinds],
        panels=[""] * rows,
        columns=1,
        share_y=False,
    )
    publish(sheet, title=title, alt=alt, answers=answers)


def _read(given: Any) -> _Span:
    """A tuple, or an object with start, end, and a word or text; also with a speaker."""
    if isinstance(given, tuple) and len(given) in (3, 4):
        start, end, label, *kind = given
    else:
        start, end = getattr(given, "start", None), getattr(given, "end", None)
        label = getattr(given, "word", None) or getattr(given, "text", None)
        kind = [getattr(given, "speaker", "")]
    if start is None or end is None or label is None:
        raise CourseError(f"{given!r} is no span of a sound", next="(start, end, label), in seconds")
    return _Span(float(start), float(end), str(label).strip(), str(*kind))


def _lay_out(spans: list[_Span], seconds: float) -> tuple[int, list[list[_Label]]]:
    """(rows, the labels of each): as few rows as let the labels stand in three lines."""
    for rows in range(1, _ROWS + 1):
        labels = [_place_labels(spans, row * seconds / rows, seconds / rows, row == rows - 1) for row in range(rows)]
        if all(label.lane < _LANES for row in labels for label in row):
            return rows, labels
    raise CourseError(
        f"{len(spans)} labels in {seconds:.0f} s cannot be read in one figure",
        next="a part of it: read_sound(...).cut(0, 30), with the spans of that part; or segments instead of words",
    )


def _place_labels(spans: list[_Span], begin: float, length: float, is_last: bool) -> list[_Label]:
    """Each label above the middle of its span, in the lowest line that has room there."""
    pixels = _WIDTH / length
    ends = [0.0] * (_LANES + 1)
    placed = []
    for span in spans:
        middle = (span.start + span.end) / 2
        if not begin <= middle < begin + length and not (is_last and middle >= begin):
            continue
        room = max(14, int((span.end - span.start) * pixels / _LETTER))
        whole = ": ".join(filter(None, (span.kind, span.label)))
        text = whole if len(whole) <= room else whole[: room - 1].rstrip() + "…"
        width = len(text) * _LETTER + 8
        left = min(max(0.0, (middle - begin) * pixels - width / 2), max(0.0, _WIDTH - width))
        lane = next((lane for lane in range(_LANES) if ends[lane] <= left), _LANES)
        ends[lane] = left + width
        if text:
            placed.append(_Label(span, text, begin + (left + width / 2) / pixels, lane))
    return placed


def _paint_wave(ax: Any, sound: Sound, begin: float, end: float) -> None:
    """The least and the greatest sample of each column."""
    import numpy as np

    part = sound.samples[round(begin * sound.rate) : max(round(begin * sound.rate) + 1, round(end * sound.rate))]
    edges = np.linspace(0, len(part), min(_COLUMNS, len(part)) + 1).astype(int)[:-1]
    if len(part):
        at = begin + edges / sound.rate
        low, high = np.minimum.reduceat(part, edges), np.maximum.reduceat(part, edges)
        ax.fill_between(at, low, high, color="#333333", linewidth=0.5, zorder=3, antialiased=False)


def _tell(sound: Sound, spans: list[_Span]) -> str:
    told = [f"Waveform of {sound.seconds:.1f} seconds."]
    for span in spans[:_TOLD]:
        said = ": ".join(filter(None, (span.kind, span.label)))
        told.append(f"{span.start:.1f} to {span.end:.1f}: {said}{'' if said[-1:] in '.?!' else '.'}")
    if len(spans) > _TOLD:
        told.append(f"And {len(spans) - _TOLD} more, until {spans[-1].end:.1f}.")
    return " ".join(told)
