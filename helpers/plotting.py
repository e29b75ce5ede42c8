"""One style for every figure, and one step that finishes it: the finding as its title, and who the evidence is from.

Takes numbers and DataFrames; knows nothing of clients. Nothing global changes: the style holds inside `figure` only.
"""

import io
import textwrap
from typing import TYPE_CHECKING, Any

from helpers.errors import EvidenceError
from helpers.evidence import check_names, evidence_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "LARGE", "MARKERS", "SMALL", "figure", "finish", "label_bars"]

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
# Two engines of one category: the larger in the full colour, the smaller lighter and hatched, so that print tells too.
LARGE: dict[str, Any] = {"color": "#0072B2"}
SMALL: dict[str, Any] = {"color": "#9CC9E3", "hatch": "///", "edgecolor": "white"}

_STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
}


def figure(width: float = 7.2, height: float = 3.4, **subplots: Any) -> Any:
    """New axes in the course's style. width, height: inches at 100 dots each. subplots: as of plt.subplots."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        drawn = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(drawn)  # not pyplot: no window, no state, and nothing shown twice
        return drawn.subplots(**subplots)


def label_bars(ax: "Axes", labels: list[str]) -> None:
    """Write a text at the end of each bar, so that nobody measures with the eye."""
    for bars, texts in zip(ax.containers, _split(labels, [len(bars) for bars in ax.containers]), strict=True):
        ax.bar_label(bars, labels=texts, padding=3)  # type: ignore[arg-type]


def finish(ax: "Axes", *answers: Any, title: str, alt: str) -> None:
    """Show a finished figure, with its evidence line, and print the alt text, which tests can compare.

    answers: what was drawn, as in helpers.evidence.evidence_of. title: the finding, computed. alt: what a reader who
    cannot see the picture needs, with its numbers. Raises EvidenceError where nobody knows who answered, where an
    Azure model's name stands over a stand-in's answers, or where an axis has no label.
    """
    from IPython.display import Image, display

    evidence = evidence_of(*answers)
    axes = list(ax.figure.axes)
    for each in axes:
        _check_axes(each)
        check_names([*_texts(each), title, alt], evidence)
    width: float = ax.figure.get_figwidth()  # type: ignore[union-attr]
    per_line = int(10.8 * width)  # bold letters that surely fit
    heading = "\n".join(textwrap.wrap(title, per_line, break_on_hyphens=False))
    ax.figure.suptitle(heading, x=0.01, ha="left", fontsize=11, fontweight="bold")
    line = textwrap.fill(f"evidence: {evidence}", 100)
    ax.figure.supxlabel(line, fontsize=8, color="#555555", x=0.01, ha="left")
    picture = io.BytesIO()
    ax.figure.savefig(picture, format="png")  # type: ignore[union-attr]
    display(Image(picture.getvalue(), alt=alt))
    print(textwrap.fill(f"picture: {alt}", 95))


def _check_axes(ax: "Axes") -> None:
    for side, label, ticks in (
        ("x", ax.get_xlabel(), ax.get_xticklabels()),
        ("y", ax.get_ylabel(), ax.get_yticklabels()),
    ):
        names = [tick.get_text() for tick in ticks]
        speaks = any(name and not name.strip("−-").replace(".", "").replace(",", "").isdigit() for name in names)
        if not label and names and not speaks:
            raise EvidenceError(
                f"the {side} axis has no label", next=f'ax.set_{side}label("what it is, in which unit")'
            )


def _texts(ax: "Axes") -> list[str]:
    legend = ax.get_legend()
    return [
        ax.get_xlabel(),
        ax.get_ylabel(),
        *(tick.get_text() for tick in (*ax.get_xticklabels(), *ax.get_yticklabels())),
        *(text.get_text() for text in ax.texts),
        *((text.get_text() for text in legend.get_texts()) if legend else ()),
    ]


def _split(items: list[str], lengths: list[int]) -> list[list[str]]:
    rest = iter(items)
    return [[next(rest) for _ in range(length)] for length in lengths]
