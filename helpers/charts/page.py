"""The one step that every figure ends with: title, key, evidence and alt text, checked, drawn and shown."""

import base64
import html
import io
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from helpers.charts.axes import wrap
from helpers.charts.looks import GREY, Look, style
from helpers.errors import CourseError
from helpers.evidence import Evidence, check_names, evidence_of
from helpers.jupyter import break_between, show
from helpers.lines import fold

__all__ = ["Sheet", "label_axis", "measure_panels", "publish"]

# A notebook's column is 700 pixels of the page wide or more. Each is drawn as two, for dense displays.
_PAGE = 700
_DENSE = 2
_INCH = 100  # pixels of the page
_GAP = 0.1  # inches


@dataclass
class Sheet:
    """What a chart hands over: how it is painted, how large, and everything that it says.

    paint gets the panels' axes, in order; label gets them when their places are settled, for what must not move them.
    told: the numbers in words, for those who see no picture. names: all that is written in the picture.
    """

    paint: Callable[[list[Any]], None]
    told: str
    height: float
    names: Iterable[Any]
    panels: list[str] = field(default_factory=lambda: [""])
    columns: int = 0
    share_x: bool = False
    share_y: bool = True
    key: Mapping[str, Look] = field(default_factory=dict)
    key_of: Literal["areas", "lines", "dots"] = "areas"
    label: Callable[[list[Any]], None] | None = None


def publish(sheet: Sheet, *, title: str, alt: str, answers: Any) -> None:
    """Draw a sheet and show it with its alt text and evidence line.

    JupyterLab and nbconvert show image/png without its alt text, whatever the metadata says (JupyterLab 4.6's renderer
    and nbconvert 7.17's template read width, height and background, no more). So the picture stands in text/html as an
    <img> with alt: both keep that, JupyterLab also in a notebook that is not trusted yet, where it would drop an inline
    SVG. It is one PNG of few colours, 1400 pixels wide and shown at 700: 10 to 30 kB in the notebook file. text/plain
    has the alt text and the evidence, and is what the tests compare. The title is drawn, so that a picture that is
    copied elsewhere keeps its finding; the alt text begins with it.
    """
    evidence = evidence_of(answers) if answers is not None else evidence_of()
    _check_title(title, evidence)
    told = f"{title.rstrip('.')}. {alt or sheet.told}"
    names = [str(name) for name in (*sheet.names, *sheet.panels, *sheet.key)]
    check_names([told, *names], evidence)
    png, height = _draw(sheet, title)
    picture = base64.b64encode(png).decode()
    shown = (
        '<figure style="margin: 0">'
        f'<img alt="{html.escape(told)}" width="{_PAGE}" height="{height}" '
        'style="background: white; border-radius: 4px; max-width: 100%; height: auto" '
        f'src="data:image/png;base64,{picture}">'
        f'<figcaption style="margin: 4px 0; opacity: 0.75">{break_between(f"evidence: {evidence}")}</figcaption>'
        "</figure>"
    )
    plain = "\n".join(fold(line) for line in (f"figure: {told}", f"evidence: {evidence}"))
    show(shown, plain, evidence=evidence.kind)


def _check_title(title: str, evidence: Evidence) -> None:
    if not title.strip():
        raise CourseError("the figure has no title", next="title=the finding in one sentence, computed")
    bare = title
    for who in evidence.who:
        bare = bare.replace(who, "")
    if len(numbers := re.findall(r"(?<![\w.,-])\d[\d.,]*(?!\w)", bare)) > 3:
        raise CourseError(
            f"the title is a row of {len(numbers)} numbers", next="one sentence, two numbers; the figure shows the rest"
        )


def measure_panels(panels: list[str], height: float) -> tuple[int, float]:
    """(columns, inches): up to four panels stand side by side, more in rows of three. height: of what is in one."""
    columns = len(panels) if len(panels) <= 4 else 3
    lines = -(-len(panels) // columns)
    return columns, lines * (height + (0.5 if panels != [""] else 0.2)) + 0.35


def label_axis(axes: list[Any], text: str) -> None:
    """What the axis counts, once, under all panels."""
    if len(axes) == 1:
        axes[0].set_xlabel(text)
    else:
        axes[0].figure.supxlabel(text, fontsize=9, color=GREY)


def _draw(sheet: Sheet, title: str) -> tuple[bytes, int]:
    """(PNG, height in pixels of the page)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style(), warnings.catch_warnings():
        # A token of another script has no letter in the font; the alt text has it.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        width = _PAGE / _INCH
        figure = Figure(figsize=(width, sheet.height), dpi=_INCH, layout="constrained", facecolor="white")
        canvas = FigureCanvasAgg(figure)  # not pyplot: no window, no state, and nothing shown twice
        heading = _wrap_title(figure, title, (width - 2 * _GAP) * _INCH)
        text = figure.text(0, 1, heading, fontsize=11.5, fontweight="bold", va="top")
        top = text.get_window_extent().height / _INCH + 2 * _GAP
        key = _draw_key(figure, sheet, width) if len(sheet.key) > 1 else None
        below = key.get_window_extent().height / _INCH if key else 0
        height = sheet.height + top + below
        figure.set_figheight(height)
        text.set_position((_GAP / width, 1 - _GAP / height))
        if key:
            key.set_bbox_to_anchor((_GAP / width, 1 - top / height))
        engine: Any = figure.get_layout_engine()
        engine.set(rect=(0, 0, 1, 1 - (top + below) / height), w_pad=0.08, h_pad=0.08, wspace=0.04, hspace=0.06)
        columns = sheet.columns or len(sheet.panels)
        grid = figure.subplots(
            -(-len(sheet.panels) // columns), columns, squeeze=False, sharey=sheet.share_y, sharex=sheet.share_x
        )
        axes = list(grid.flat)
        for unused in axes[len(sheet.panels) :]:
            unused.remove()
        axes = axes[: len(sheet.panels)]
        for ax, panel in zip(axes, sheet.panels, strict=True):
            ax.set_title(wrap(panel, int(68 / columns)), loc="left", fontsize=10)
        for ax in axes[-columns:]:  # below it stands no panel whose names would serve it too
            ax.tick_params(labelbottom=True)
        sheet.paint(axes)
        if sheet.label:
            figure.draw_without_rendering()
            sheet.label(axes)
        figure.set_dpi(_INCH * _DENSE)
        canvas.draw()  # savefig would draw it twice, and write a file that is read again at once
    return _few_colours(canvas), round(height * _INCH)


def _wrap_title(figure: Any, title: str, width: float) -> str:
    """Bold lines that fit into so many pixels, as few as possible and about as long as one another."""
    probe = figure.text(0, 0, "", fontsize=11.5, fontweight="bold")

    def measure(text: str) -> float:
        probe.set_text(text)
        return float(probe.get_window_extent().width)

    def break_at(most: float) -> list[str]:
        lines: list[str] = []
        for word in title.split():
            if lines and measure(f"{lines[-1]} {word}") <= most:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        return lines

    best = break_at(width)
    for part in range(95, 45, -5):
        narrower = break_at(width * part / 100)
        if len(narrower) > len(best):
            break
        best = narrower
    probe.remove()
    return "\n".join(best)


def _draw_key(figure: Any, sheet: Sheet, width: float) -> Any:
    """What colours and hatches stand for, in as few lines as fit."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(**look.area)
        if sheet.key_of == "areas"
        else Line2D([], [], color=look.edge, linestyle=look.dash if sheet.key_of == "lines" else "", **look.mark)
        for look in sheet.key.values()
    ]
    for columns in range(len(handles), 0, -1):
        key = figure.legend(
            handles, list(sheet.key), loc="upper left", ncols=columns, borderpad=0, borderaxespad=0, columnspacing=1.5,
            handlelength=2.2,
        )  # fmt: skip
        key.set_in_layout(False)
        if columns == 1 or key.get_window_extent().width <= (width - 2 * _GAP) * _INCH:
            return key
        key.remove()
    return None


def _few_colours(canvas: Any) -> bytes:
    """What was drawn, as a PNG with a palette: a third of the bytes."""
    from PIL import Image

    small = io.BytesIO()
    picture = Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    few = picture.convert("RGB").quantize(64, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(small, format="PNG", optimize=True)
    return small.getvalue()
