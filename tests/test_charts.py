"""Every figure of the vocabulary is one call that carries its finding, its numbers, who they are from, and a text."""

import base64
import datetime
import html
import io
import itertools
import re
import warnings

import matplotlib
import nbformat
import nbval.plugin
import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from helpers.audio import Sound
from helpers.captions import Caption
from helpers.charts import bars, dots, lines, page, scatter, sequence, stacked, timeline, waveform
from helpers.charts.looks import COLOURS, MARKERS, looks_of, mixed_looks, show_number
from helpers.errors import CourseError, EvidenceError
from helpers.evidence import Evidence, measured
from helpers.intervals import Interval, paired_difference, share_interval
from helpers.jupyter import break_between

LARGE, SMALL = "Qwen2.5-Coder-1.5B-Instruct Q4_K_M", "SmolLM2-135M-Instruct Q4_1"
STAND_IN = Evidence("stand-in", (LARGE, SMALL), ("2026-11-20",), 40)
AZURE = measured("Microsoft's models page", "2024-10-04", n=1)
YES, NO = [True], [False]
AT = np.arange(16_000) / 8_000  # seconds
HUM = Sound((0.5 * np.sin(3 * AT) * np.sin(2 * np.pi * 300 * AT)).astype(np.float32), 8_000)

# Each chart once: what is drawn, by a name that can be changed.
CHARTS = {
    "bars": lambda name="one", **options: bars({name: 1, "two": 2}, unit="tokens", **options),
    "shares": lambda name="one", **options: bars({name: YES * 8 + NO * 2, "two": YES * 5 + NO * 5}, **options),
    "dots": lambda name="one", **options: dots({name: share_interval(YES * 3 + NO)}, unit="share right", **options),
    "lines": lambda name="one", **options: lines(
        {name: {1: 2, 2: 3}, "b": {1: 1}}, x_unit="s", y_unit="USD", **options
    ),
    "scatter": lambda name="one", **options: scatter({name: [(1, 2), (2, 2)]}, x_unit="s", y_unit="USD", **options),
    "stacked": lambda name="one", **options: stacked({name: {"shown": 1, "hidden": 2}}, unit="tokens", **options),
    "timeline": lambda name="one", **options: timeline({name: ("2025-01-01", "2026-01-01")}, **options),
    "waveform": lambda name="one", **options: waveform(HUM, [(0, 0.5, name), (0.5, 1, "two")], **options),
    "sequence": lambda name="one", **options: sequence([(0.1, "client", name), (0.2, "server", "two")], **options),
}
EMPTY = {
    "bars": lambda **options: bars({}, unit="tokens", **options),
    "shares": lambda **options: bars(pd.DataFrame({"right": []}), share="right", **options),
    "dots": lambda **options: dots({"one": None}, unit="share right", **options),
    "lines": lambda **options: lines({"one": {}}, x_unit="s", y_unit="USD", **options),
    "scatter": lambda **options: scatter([], x_unit="s", y_unit="USD", **options),
    "stacked": lambda **options: stacked({}, unit="tokens", **options),
    "timeline": lambda **options: timeline({}, **options),
    "waveform": lambda **options: waveform(Sound(HUM.samples[:0], 8_000), **options),
    "sequence": lambda **options: sequence([], **options),
}
every_chart = pytest.mark.parametrize("chart", CHARTS)


@pytest.fixture(autouse=True)
def shell():
    """What is displayed is caught as in a notebook."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.fixture(autouse=True)
def few_pixels(request, monkeypatch):
    """In half of the time, but where a test opens the picture."""
    if not {"picture", "nbval"} & set(request.function.__code__.co_names):
        monkeypatch.setattr("helpers.charts.page._DENSE", 0.25)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were drawn, to look at what stands in them, in pixels of the page."""
    figures = []
    keep = page._few_colours

    def keep_figure(canvas):
        picture = keep(canvas)
        canvas.figure.set_dpi(page._INCH)
        figures.append(canvas.figure)
        return picture

    monkeypatch.setattr(page, "_few_colours", keep_figure)
    return figures


def show(chart, *arguments, answers=AZURE, title="Two is twice one", **options):
    """What one call displayed; nothing may be printed beside it."""
    with capture_output() as caught, warnings.catch_warnings():
        warnings.simplefilter("error")
        (CHARTS[chart] if isinstance(chart, str) else chart)(*arguments, answers=answers, title=title, **options)
    assert caught.stdout == caught.stderr == ""
    [shown] = caught.outputs
    assert set(shown.data) == {"text/html", "text/plain"}
    return shown


def told(*arguments, **options):
    """The text of a figure, in one line, without its title and evidence."""
    text = " ".join(show(*arguments, **options).data["text/plain"].split())
    return re.fullmatch(r"figure: Two is twice one\. (.*) evidence: .*", text)[1]


def picture(shown):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", shown.data["text/html"])[1])))


def texts_in(figure):
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text) if text.get_text()]


def solid_lines(ax):
    """[(from, to)] of the black interval lines."""
    return [tuple(line.get_xdata()) for line in ax.lines if line.get_color() == "black"]


@every_chart
def test_a_figure_without_a_title_is_refused(chart):
    for title in ("", "  "):
        with pytest.raises(CourseError, match="no title"):
            show(chart, title=title)


@every_chart
def test_a_title_that_is_a_row_of_numbers_is_refused(chart):
    with pytest.raises(CourseError, match="a row of 4 numbers"):
        show(chart, title="Different answers: 1 at 0.5, 4 at 1.0")
    show(chart, title=f"{LARGE} answers 4 of 20 in text-embedding-3-large's place", answers=AZURE)


@pytest.mark.parametrize("chart", EMPTY)
def test_a_figure_of_nothing_is_refused(chart):
    with pytest.raises(CourseError, match="nothing to draw"):
        show(EMPTY[chart])


@every_chart
def test_a_figure_without_evidence_is_refused(chart):
    with pytest.raises(EvidenceError, match="no answer was given"):
        show(chart, answers=None)
    with pytest.raises(EvidenceError, match="nobody knows"):
        show(chart, answers=["a text"])


@every_chart
@pytest.mark.parametrize("where", ["label", "title", "alt"])
def test_an_azure_name_over_a_stand_ins_answers_is_refused(chart, where):
    given = {
        "label": {"name": "gpt-4.1-mini"},
        "title": {"title": "gpt-4o is better"},
        "alt": {"alt": "Bars: gpt-4o 1."},
    }
    with pytest.raises(EvidenceError, match="would stand over answers of"):
        show(chart, answers=STAND_IN, **given[where])
    show(chart, answers=AZURE, **given[where])


def test_an_azure_name_is_refused_wherever_a_chart_can_write_one():
    frame = pd.DataFrame({"x": [1, 2], "y": [1, 2], "name": ["a", "gpt-4o"]})
    axes = {"x": "x", "y": "y", "answers": STAND_IN, "title": "Two is twice one"}
    for refused in (
        lambda: bars({"gpt-4o": {"a": {"b": 1}}}, unit="tokens", answers=STAND_IN, title="A"),
        lambda: bars({"a": 1}, unit="tokens of gpt-4o", answers=STAND_IN, title="A"),
        lambda: bars({"a": 1}, unit="tokens", at={"gpt-4o": 1}, answers=STAND_IN, title="A"),
        lambda: lines(frame, names="name", **axes),
        lambda: lines(frame, panels="name", **axes),
        lambda: scatter(frame, names="name", **axes),
        lambda: stacked({"a": {"gpt-4o": 1}}, unit="tokens", answers=STAND_IN, title="A"),
        lambda: timeline({"a": {"gpt-4o": 1}}, unit="s", answers=STAND_IN, title="A"),
    ):
        with pytest.raises(EvidenceError, match="gpt-4o"):
            refused()


@every_chart
def test_a_figure_is_one_output_with_alt_text_and_evidence(chart):
    shown = show(chart, title='One < "two"')
    [tag] = re.findall(r"<img\b[^>]*>", shown.data["text/html"])
    alt = html.unescape(re.search(r' alt="([^"]+)"', tag)[1])
    assert alt.startswith('One < "two". ') and re.search(r"\d", alt)
    plain = shown.data["text/plain"]
    assert " ".join(plain.split()) == f"figure: {alt} evidence: {AZURE}"
    assert max(map(len, plain.splitlines())) <= 95
    assert (
        f'<figcaption style="margin: 4px 0; opacity: 0.75">{break_between(f"evidence: {AZURE}")}'
        in shown.data["text/html"]
    )
    assert shown.metadata == {"evidence": "measured on Azure"}


def test_an_own_alt_text_takes_the_place_of_the_computed_one():
    assert told("bars", alt="Own words.") == "Own words."


@every_chart
def test_a_figure_is_sharp_on_a_dense_display_and_small_in_the_file(chart):
    shown = show(chart)
    image = picture(shown)
    width, height = (int(re.search(rf' {side}="(\d+)"', shown.data["text/html"])[1]) for side in ("width", "height"))
    assert (width, image.width) == (700, 1400) and abs(image.height - 2 * height) <= 2
    assert len(shown.data["text/html"]) < 40_000


@every_chart
def test_nothing_of_a_figure_is_cut_off_at_its_edges(chart):
    long = "a name that is rather long for a label, and goes on"
    image = picture(show(chart, long, title="A finding that goes on " * 8)).convert("L")
    width, height = image.size
    edges = [(0, 0, width, 4), (0, height - 4, width, height), (0, 0, 4, height), (width - 4, 0, width, height)]
    assert [image.crop(edge).getextrema() for edge in edges] == [(255, 255)] * 4


@every_chart
def test_drawing_neither_changes_nor_follows_this_machines_settings(chart):
    plain = show(chart).data
    mine = {"font.size": 20, "font.family": "serif", "axes.grid": False, "axes.linewidth": 5, "xtick.major.size": 20}
    with matplotlib.rc_context(mine):
        before = dict(matplotlib.rcParams)
        assert show(chart).data == plain
        assert dict(matplotlib.rcParams) == before


@every_chart
def test_every_letter_is_of_the_font_that_comes_along(chart, drawn):
    show(chart)
    fonts = {text.get_fontname() for text in drawn[0].findobj(matplotlib.text.Text)}
    assert fonts == {"DejaVu Sans"}


def test_dollars_are_no_formula_and_a_strange_letter_is_no_warning(drawn):
    assert "$1 for 猫: 3" in told(bars, {"$1 for 猫": 3, "$2": 1}, unit="$ a call")
    assert {"$1 for 猫", "$2", "$ a call"} <= set(texts_in(drawn[0]))
    assert not any(text.get_parse_math() for text in drawn[0].findobj(matplotlib.text.Text))


def test_the_title_is_wrapped_to_the_figure_into_lines_of_like_length(drawn):
    show("bars", title="A finding " * 15)
    heading = next(text for text in drawn[0].texts if text.get_fontweight() == "bold")
    lengths = [len(line) for line in heading.get_text().splitlines()]
    assert len(lengths) >= 2 and max(lengths) - min(lengths) <= 12
    box = heading.get_window_extent(drawn[0].canvas.get_renderer())
    assert box.x0 >= 0 and box.x1 <= drawn[0].bbox.x1


def test_bars_begin_at_zero_and_end_with_their_number(drawn):
    show(bars, {"one": 61, "two": 3672.4, "three": None, "four": 0.12345}, unit="tokens")
    [ax] = drawn[0].axes
    assert ax.get_xlim()[0] == 0 and {bar.get_x() for bar in ax.patches} == {0}
    assert [text.get_text() for text in ax.texts] == ["61", "3,672", "none", "0.123"]
    assert ax.get_xlabel() == "tokens"


def test_a_share_comes_with_wilsons_interval_and_n(drawn):
    cases = pd.DataFrame({"engine": [LARGE] * 10, "is_right": YES * 8 + NO * 2})
    found = share_interval(cases.is_right)
    text = told(bars, cases, share="is_right", rows="engine", of="notes", answers=STAND_IN)
    assert text == f"Bars: share of notes, n = 10; line: 95% interval. {LARGE}: 80% (49% to 94%)."
    assert solid_lines(drawn[0].axes[0]) == [(found.low, found.high)]
    assert "share of notes, n = 10; line: 95% interval" in texts_in(drawn[0])


def test_measures_stand_under_one_another_by_engine_and_panel():
    """The call that STYLE.md shows."""
    rows = [
        {"engine": engine, "way": way, "parses": True, "has_form": way == "schema", "is_right": number < right}
        for way in ("prompt", "schema")
        for engine, right in ((LARGE, 3), (SMALL, 1))
        for number in range(4)
    ]
    measures = ["parses", "has_form", "is_right"]
    text = told(bars, pd.DataFrame(rows), share=measures, by="engine", panels="way", answers=STAND_IN)
    assert "n = 4 each" in text
    assert (
        f"prompt, {LARGE} · parses: 100% (51% to 100%); has form: 0% (0% to 49%); is right: 75% (30% to 95%)." in text
    )
    assert (
        f"schema, {SMALL} · parses: 100% (51% to 100%); has form: 100% (51% to 100%); is right: 25% (5% to 70%)."
        in text
    )


def test_plain_data_and_a_dataframe_give_the_same_figure():
    right = {LARGE: {"sums": YES * 3 + NO, "words": YES}, SMALL: {"sums": NO * 4, "words": YES}}
    rows = [
        {"engine": engine, "kind": kind, "right": case}
        for engine, kinds in right.items() for kind, cases in kinds.items() for case in cases
    ]  # fmt: skip
    cases = pd.DataFrame(rows)
    plain = show(bars, right, answers=STAND_IN).data
    assert show(bars, cases, share="right", rows="kind", by="engine", answers=STAND_IN).data == plain
    numbers = {"a": 1, "b": 2.5}
    frame = pd.DataFrame({"name": ["a", "b"], "tokens": [1, 2.5]})
    assert show(bars, frame, value="tokens", rows="name").data == show(bars, numbers, unit="tokens").data
    assert show(bars, pd.Series(numbers), unit="tokens").data == show(bars, numbers, unit="tokens").data
    assert told(bars, [4, 5], unit="tokens") == "Bars: tokens. 1: 4; 2: 5."


def test_n_stands_where_it_differs(drawn):
    text = told(bars, {"sums": YES * 3 + NO, "words": YES * 2})
    assert "sums: 75% (30% to 95%, n = 4); words: 100% (34% to 100%, n = 2)." in text
    labels = [label.get_text() for label in drawn[0].axes[0].get_yticklabels()]
    assert labels == ["sums\nn = 4", "words\nn = 2"]
    show(bars, {"a": {"sums": YES * 4}, "b": {"sums": YES * 2}})
    assert [text.get_text() for text in drawn[1].axes[0].texts] == ["100% of 4", "100% of 2"]


def test_a_case_that_was_not_judged_is_not_counted():
    cases = pd.DataFrame({"kind": ["a", "a", "a", "b"], "right": [True, False, None, None]})
    assert told(bars, cases, share="right", rows="kind").endswith("a: 50% (9% to 91%, n = 2); b: none.")


def test_several_values_have_axes_and_units_of_their_own(drawn):
    frame = pd.DataFrame({"tokens": [1, 2], "seconds_per_call": [0.5, 30]}, index=["a", "b"])
    assert (
        told(bars, frame, value=["tokens", "seconds_per_call"])
        == "Bars. tokens · a: 1; b: 2. seconds per call · a: 0.5; b: 30."
    )
    assert [ax.get_xlabel() for ax in drawn[0].axes] == ["tokens", "seconds per call"]
    assert drawn[0].axes[0].get_xlim()[1] < 3 < drawn[0].axes[1].get_xlim()[1]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (149.9, "", "150"), (99.96, "", "100"), (10.04, "", "10"), (0.5, "", "0.5"), (0.00012345, "", "0.000123"),
        (1234.5, "", "1,234"), (1e6, "", "1,000,000"), (-2.5, "", "−2.5"), (0, "", "0"), (None, "", "none"),
        (0.5, "{:+.0%}", "+50%"), (-0.001, "{:+.0%}", "0%"), (0.0, "{:+.0%}", "0%"), (-0.2, "{:+.0%}", "−20%"),
    ],
)  # fmt: skip
def test_a_number_is_written_in_three_digits_that_are_right(value, form, text):
    assert show_number(value, form) == text


def test_no_number_loses_a_digit_that_counts():
    for power in range(-6, 9):
        for digits in (1, 1.005, 1.499, 1.5, 2.96, 9.96, 9.996):
            value = digits * 10.0**power
            assert float(show_number(value).replace(",", "")) == pytest.approx(value, rel=0.005)


def test_dots_show_a_difference_beside_zero(drawn):
    gain = paired_difference([True] * 10 + [False] * 10, [True] * 12 + [False] * 8)
    text = told(dots, {"with steps": gain}, unit="difference in share right")
    assert text.endswith(f"with steps: +10% ({gain.low:+.0%} to {gain.high:+.0%}).".replace("-", "−"))
    [ax] = drawn[0].axes
    assert solid_lines(ax) == [(gain.low, gain.high)]
    assert [line for line in ax.lines if line.get_linestyle() == "--" and set(line.get_xdata()) == {0}]
    assert ax.get_xlim()[0] < gain.low


def numbers_in(ax):
    """{number: (left, right)} in pixels of the picture."""
    found = [text for text in ax.texts if str(text.get_gid()).startswith("number")]
    renderer = ax.figure.canvas.get_renderer()
    return {text.get_text(): text.get_window_extent(renderer).intervalx for text in found}


@pytest.mark.parametrize("chart", [bars, dots])
def test_no_number_is_struck_by_a_line_to_compare_with(chart, drawn):
    data = {f"{n}": n / 50 for n in range(40)}
    told(chart, data, unit="cosine", form="{:.2f}", at={"threshold": 0.4, "": 0.6})
    [ax] = drawn[0].axes
    levels = [ax.transData.transform((level, 0))[0] for level in (0.4, 0.6)]
    numbers = numbers_in(ax)
    assert len(numbers) == 40
    assert not [text for text, (left, right) in numbers.items() for level in levels if left - 1 < level < right + 1]
    assert all(left > 0 and right < drawn[0].bbox.x1 for left, right in numbers.values())


def test_a_struck_number_goes_to_the_other_end_of_its_interval_where_that_is_free(drawn):
    data = {"one": Interval(0.5, 0.4, 0.6), "low": Interval(0.1, 0.0, 0.2), "high": Interval(0.8, 0.7, 0.9)}
    for at in (0.63, {"a": 0.63, "b": 0.37}):
        told(dots, data, unit="share", form="{:.2f}", at=at)
    for figure, is_left in zip(drawn, (True, False), strict=True):
        [ax] = figure.axes
        start, end = (ax.transData.transform((value, 0))[0] for value in (0.4, 0.63))
        left, right = numbers_in(ax)["0.50"]
        assert right < start if is_left else left > end


def test_every_panel_with_none_below_it_has_names_on_its_x_axis(drawn):
    data = {panel: {"": {1: 2, 2: 3}} for panel in "abc"}
    told(lines, data, x_unit="s", y_unit="USD")
    drawn[0].draw_without_rendering()
    named = [any(tick.label1.get_visible() and tick.label1.get_text() for tick in ax.xaxis.get_major_ticks())
             for ax in drawn[0].axes]  # fmt: skip
    assert named == [False, True, True]


def test_lines_are_named_at_their_ends_without_a_key(drawn):
    show(lines, {LARGE: {1: 2, 2: 3}, SMALL: {1: 1, 2: 2.99}}, x_unit="s", y_unit="USD", answers=STAND_IN)
    assert drawn[0].legends == []
    ends = [text for text in drawn[0].axes[0].texts if text.get_gid() == "end"]
    boxes = [text.get_window_extent(drawn[0].canvas.get_renderer()) for text in ends]
    assert len(ends) == 2 and not boxes[0].overlaps(boxes[1])


def test_names_at_points_hide_neither_one_another_nor_a_point_nor_the_axis(drawn):
    points = [("a", 1.02, 62.0, "256"), ("a", 4.1, 64.1, "1,024"), ("a", 12.3, 64.6, "3,072")]
    points += [("b", 2.05, 61.6, "512"), ("b", 6.14, 62.3, "1,536"), ("c", 6.14, 61.0, "1,536")]
    rows = pd.DataFrame([(*point, panel) for panel in "pq" for point in points], columns=["by", "x", "y", "name", "at"])
    show(lines, rows, x="x", y="y", by="by", names="name", panels="at")
    renderer = drawn[0].canvas.get_renderer()
    for ax in drawn[0].axes:
        names = [text for text in ax.texts if text.get_gid() == "point"]
        boxes = [text.get_window_extent(renderer) for text in names]
        assert [text.get_text() for text in names] == [name for *_, name in points]
        assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
        for _, x, y, _ in points:
            assert not any(box.contains(*ax.transData.transform((x, y))) for box in boxes)
        assert min(box.x0 for box in boxes) > ax.bbox.x0
        for text, (_, x, y, _) in zip(names, points, strict=True):
            assert text.xy == (x, y) and max(map(abs, text.xyann)) < 20, "it stands at its point"


def test_a_line_of_shares_has_a_band_and_begins_at_zero(drawn):
    cases = pd.DataFrame({"length": [1] * 4 + [2] * 4, "right": YES * 4 + YES * 3 + NO})
    text = told(lines, cases, x="length", share="right")
    assert text == "Lines: right, n = 4, by length. At 1: 100% (51% to 100%), 2: 75% (30% to 95%)."
    [ax] = drawn[0].axes
    assert ax.get_ylim()[0] == 0 and len(ax.collections) == 1


def test_a_line_of_many_points_is_drawn_without_marks(drawn):
    for count in (25, 26):
        show(lines, {x: x for x in range(count)}, x_unit="s", y_unit="USD")
    assert [figure.axes[0].lines[0].get_marker() for figure in drawn] == [MARKERS["language"], "None"]


def test_lines_take_words_dates_and_panels():
    assert told(lines, {"low": 1, "high": 5}, x_unit="effort", y_unit="tokens").endswith("At low: 1, high: 5.")
    days = {datetime.date(2025, 1, 1): 1, datetime.date(2026, 1, 1): 2}
    assert told(lines, days, x_unit="day", y_unit="tokens").endswith("At 2025-01-01: 1, 2026-01-01: 2.")
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4], "kind": ["x", "y"], "note": [1536, 512]})
    text = told(lines, frame, x="a", y="b", panels="kind", names="note", same_axes=False)
    assert text == "Lines: b, by a. x at 1: 3 [1,536]. y at 2: 4 [512]."


def test_a_scatter_names_its_groups_where_they_lie(drawn):
    clouds = {"tea": [(0, 0), (1, 0), (0, 1), (1, 1)], "coffee": [(5, 5)]}
    text = told(scatter, clouds, x_unit="first", y_unit="second")
    assert "tea: 4 points, the middle half of them at 0 to 1 across and 0 to 1 up. coffee: (5, 5)." in text
    assert {"tea", "coffee"} <= {text.get_text() for text in drawn[0].axes[0].texts}
    markers = {line.get_marker() for line in drawn[0].axes[0].lines}
    assert len(markers) == 2, "told apart by more than colour"


def test_stacked_parts_come_from_a_table_or_are_counted():
    table = pd.DataFrame({"right": [2, 0], "wrong": [1, 3]}, index=["sums", "words"])
    cases = pd.DataFrame({"field": ["sums"] * 3 + ["words"] * 3, "verdict": ["right", "right"] + ["wrong"] * 4})
    text = told(stacked, table, unit="e-mails")
    assert text == "Stacked bars: e-mails, 3 in each bar. sums: 2 right, 1 wrong; words: 0 right, 3 wrong."
    assert told(stacked, cases, rows="field", parts="verdict", unit="e-mails") == text
    assert told(stacked, table.to_dict("index"), unit="e-mails") == text
    assert "A · sums: 2 right, 1 wrong; words" in told(stacked, {"A": table, "B": table}, unit="e-mails")
    assert told(stacked, table, unit="share", as_share=True).endswith(
        "sums: 67% right, 33% wrong; words: 0% right, 100% wrong."
    )


def test_stacked_parts_lie_beside_one_another_from_zero(drawn):
    show(stacked, {"a": {"x": 3, "y": 5}, "b": {"x": 1, "y": 0}}, unit="tokens", order=["y", "x"])
    bars_drawn = [(bar.get_x(), bar.get_width()) for bar in drawn[0].axes[0].patches]
    assert bars_drawn == [(0, 5), (5, 3), (0, 0), (0, 1)]
    assert {"8", "1"} <= {text.get_text() for text in drawn[0].axes[0].texts}, "the wholes, for they differ"
    with pytest.raises(CourseError, match="order does not name: x"):
        show(stacked, {"a": {"x": 3, "y": 5}}, unit="tokens", order=["y"])


def test_a_timeline_takes_spans_moments_and_any_form_of_a_date():
    day = datetime.date(2026, 1, 1)
    for start, end in (("2025-01-01", "2026-01-01"), (datetime.date(2025, 1, 1), day), (pd.Timestamp(2025, 1, 1), day)):
        assert told(timeline, {"a": (start, end)}) == "Timeline. a: 2025-01-01 to 2026-01-01."
    frame = pd.DataFrame(
        {"from": pd.to_datetime(["2025-01-01", "2025-02-01"]), "to": [pd.Timestamp(2026, 1, 1), pd.NaT]}
    )
    frame.index = ["a", "b"]
    text = told(timeline, frame, start="from", end="to", at={"today": "2025-06-01"})
    assert text == "Timeline. a: 2025-01-01 to 2026-01-01. b: 2025-02-01. today: 2025-06-01."
    arrivals = {"a": {"chunk": [1, 2], "tool call": [2.5]}}
    assert told(timeline, arrivals, unit="s") == "Timeline: s. a: chunk 1, chunk 2, tool call 2.5."


def test_a_sequence_has_an_arrow_for_each_message_and_one_for_pieces_in_a_row(drawn):
    messages = [
        (0.0, "client", "ask"), (0.1, "server", "a.delta"), (0.2, "server", "b.delta"),
        (0.3, "server", "a.delta", "Hi"), (0.4, "server", "done"), (None, "client", "x.append"),
        (0.6, "server", "a.delta"), (0.7, "server", "done"),
    ]  # fmt: skip
    text = told(sequence, messages)
    assert text == (
        "Messages in their order, times in s. 0.00 client: ask. 0.10 to 0.30 server: a.delta × 2 (Hi). "
        "0.20 server: b.delta. 0.40 server: done. client: x.append. 0.60 server: a.delta. 0.70 server: done."
    )
    arrows = [text for text in drawn[0].axes[0].texts if getattr(text, "arrow_patch", None)]
    directions = ["right" if arrow.xy[0] > arrow.xyann[0] else "left" for arrow in arrows]
    assert directions == ["right", "left", "left", "left", "right", "left", "left"]
    frame = pd.DataFrame({"at": [1.0, float("nan")], "lane": ["a", "b"], "name": ["x", "y"]})
    assert told(sequence, frame, lanes=["a", "b"]) == "Messages in their order, times in s. 1.00 a: x. b: y."
    assert told(sequence, [(None, "client", "x.delta")] * 2, fold=[]).endswith("client: x.delta. client: x.delta.")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda **k: sequence([(0, "me", "ask")], **k), "two lanes are drawn, and these spoke: me"),
        (lambda **k: sequence([(0, "client", "ask")], lanes=["client"], **k), "these spoke: client"),
        (lambda **k: sequence(["ask"], **k), "'ask' is no message"),
        (lambda **k: sequence([("now", "client", "ask")], **k), "'now' is no time"),
        (lambda **k: bars({"a": 1}, **k), "no unit"),
        (lambda **k: lines({1: 2}, y_unit="USD", **k), "no unit"),
        (lambda **k: timeline({"a": (1, 2)}, **k), "no unit"),
        (lambda **k: timeline({"a": (1, 2), "b": "2025-01-01"}, unit="s", **k), "cannot share an axis"),
        (lambda **k: timeline({"a": "soon"}, **k), "'soon' is no date"),
        (lambda **k: bars(pd.DataFrame({"a": [1]}), value="b", **k), "no column 'b'"),
        (lambda **k: bars(pd.DataFrame({"a": [1]}), by="a", **k), "which column is drawn"),
        (lambda **k: bars(pd.DataFrame({"a": [1, 2], "b": "x"}), value="a", rows="b", **k), "2 numbers for x"),
        (lambda **k: bars({"a": "many"}, unit="tokens", **k), "'many' is no number"),
        (lambda **k: bars({"a": [1, 2]}, **k), "no shares"),
        (lambda **k: bars({"a": 1, "b": {"c": 2}}, unit="tokens", **k), "nested unevenly"),
        (lambda **k: bars({str(n): {"a": 1} for n in range(5)}, unit="tokens", **k), "5 series"),
        (lambda **k: bars({"a": 1}, unit="tokens", category="poetry", **k), "no colour belongs to 'poetry'"),
        (lambda **k: stacked({"a": {"b": -1}}, unit="tokens", **k), "below zero"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_with_what_to_do(call, message):
    with pytest.raises(CourseError, match=message):
        show(call)


def test_a_category_has_one_colour_and_marker_and_its_engines_differ_without_colour():
    assert len(set(COLOURS.values())) == len(set(MARKERS.values())) == len(COLOURS) == len(MARKERS)
    for category, colour in COLOURS.items():
        looks = list(looks_of(category, ["a", "b", "c", "d"]).values())
        assert looks[0].face == colour and {look.marker for look in looks} == {MARKERS[category]}
        for sign in ("face", "hatch", "dash"):
            assert len({getattr(look, sign) for look in looks}) == 4
    for first in ("", *COLOURS):
        looks = list(mixed_looks(list("abcdefgh"), first).values())
        assert len({look.face for look in looks}) == len({look.marker for look in looks}) == 8


def test_every_mark_has_an_edge_that_is_seen_on_white():
    """3 to 1 for what carries meaning (WCAG 2.2, 1.4.11). Yellow and sky blue alone have less."""
    assert contrast("#FFFFFF") == pytest.approx(1) and contrast("#767676") == pytest.approx(4.54, abs=0.01)
    looks = [look for category in COLOURS for look in looks_of(category, ["a", "b", "c", "d"]).values()]
    for look in [*looks, *mixed_looks(list("abcdefgh")).values()]:
        assert contrast(look.edge) >= 3, look


def contrast(colour):
    """With white, by WCAG's formula."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_pixels_are_not_compared_and_words_are():
    """They differ a little from machine to machine; nbval leaves out image/png for that."""

    def compare(left, right):
        outputs = [[nbformat.v4.new_output("display_data", dict(shown.data))] for shown in (left, right)]
        return [nbval.plugin.transform_streams_for_comparison(one) for one in outputs]

    shown, other = show("bars"), show("bars", "another")
    one, same = compare(shown, shown)
    assert one == same and "iVBOR" not in str(one) and "iVBOR" in shown.data["text/html"]
    one, two = compare(shown, other)
    assert one[0]["data"]["text/html"] != two[0]["data"]["text/html"]
    shown.data["text/html"] = shown.data["text/html"].replace("iVBOR", "iVBOS")
    one, two = compare(shown, show("bars"))
    assert one == two


def test_a_waveform_writes_each_label_above_its_span_and_is_as_tall_as_the_sound_is_loud(drawn):
    words = [(0.1, 0.4, "Hello"), (0.4, 0.9, "there,"), (1.2, 1.9, "everybody listening")]
    show(waveform, HUM, words)
    [ax] = drawn[0].axes
    labels = {text.get_text(): text.get_position()[0] for text in ax.texts}
    assert labels == pytest.approx({"Hello": 0.25, "there,": 0.65, "everybody listening": 1.55})
    assert [ax.get_xlim(), ax.get_xlabel()] == [(0, 2), "seconds"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["−0.5", "0", "0.5"]
    low, high = (f(ax.collections[0].get_paths()[0].vertices[:, 1]) for f in (min, max))
    assert (low, high) == pytest.approx((-0.5, 0.5), abs=0.01)
    spans = sorted((patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches)
    assert np.allclose(spans, [(0.1, 0.4), (0.4, 0.9), (1.2, 1.9)])


def test_a_waveform_takes_what_an_answer_has_and_says_who_spoke():
    class Said:
        def __init__(self, start, end, **more):
            self.__dict__ |= {"start": start, "end": end, **more}

    caption = Caption(0, 0.5, "Hello.")
    word, segment = Said(0, 0.5, word=" Hello."), Said(0, 0.5, text="Hello.")
    for given in (caption, word, segment, (0, 0.5, "Hello.")):
        assert told(waveform, HUM, [given]) == "Waveform of 2.0 seconds. 0.0 to 0.5: Hello."
    turns = [Said(1, 2, text="Yes.", speaker="B"), Said(0, 1, text="Ready?", speaker="A")]
    assert told(waveform, HUM, turns) == "Waveform of 2.0 seconds. 0.0 to 1.0: A: Ready? 1.0 to 2.0: B: Yes."
    assert told(waveform, HUM, [(0, 1, "", "A")]) == "Waveform of 2.0 seconds. 0.0 to 1.0: A."
    assert told(waveform, HUM) == "Waveform of 2.0 seconds."
    assert told(waveform, HUM.to_wav()) == "Waveform of 2.0 seconds."


def test_the_speakers_of_a_waveform_are_told_apart_without_colour(drawn):
    show(waveform, HUM, [(0, 1, "Ready?", "A"), (1, 2, "Yes.", "B")])
    assert {"A: Ready?", "B: Yes."} <= set(texts_in(drawn[0]))
    assert len({patch.get_facecolor() for patch in drawn[0].axes[0].patches}) == 2


def test_a_long_waveform_has_rows_and_no_label_lies_upon_another(drawn):
    sound = Sound(np.tile(HUM.samples, 15), 8_000)
    words = [(at / 4, at / 4 + 0.25, f"word{at}") for at in range(120)]
    text = told(waveform, sound, words)
    axes = drawn[0].axes
    assert len(axes) > 2 and axes[0].get_xlim()[1] == axes[1].get_xlim()[0]
    assert sum(len(ax.texts) for ax in axes) == 120
    for ax in axes:
        boxes = [text.get_window_extent() for text in ax.texts]
        for place, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[place + 1 :])
    assert text.endswith("And 80 more, until 30.0.")
    with pytest.raises(CourseError, match="cannot be read in one figure"):
        show(waveform, sound, [(at / 20, at / 20 + 0.05, f"word{at}") for at in range(600)])


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ((1, 9, "late"), "'late' lies at 1.0 to 9.0 s, and the sound lasts 2.0 s"),
        ((1, 0.5, "back"), "'back' lies at"),
        ((-1, 1, "x"), "lies at"),
        ((1, 2), "is no span"),
        ("word", "is no span"),
    ],
)
def test_a_span_that_is_not_in_the_sound_is_not_drawn(span, words):
    with pytest.raises(CourseError, match=words):
        show(waveform, HUM, [span])
