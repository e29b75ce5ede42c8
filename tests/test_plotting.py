"""A finished figure carries its finding, its evidence and its alt text, and lets no stand-in speak for Azure."""

import base64
import io

import matplotlib
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image

from helpers.errors import EvidenceError
from helpers.evidence import Evidence, measured
from helpers.plotting import COLOURS, LARGE, MARKERS, figure, finish, label_bars

STAND_IN = Evidence(
    "stand-in", ("Qwen2.5-Coder-1.5B-Instruct Q4_K_M", "SmolLM2-135M-Instruct Q4_1"), ("2026-11-20",), 40
)
AZURE = measured("Microsoft's models page", "2024-10-04", n=1)


@pytest.fixture(autouse=True)
def shell():
    """What is displayed is caught as in a notebook."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def bars(labels=("one", "two")):
    ax = figure()
    ax.bar(labels, [1, 2], **LARGE)
    ax.set_ylabel("tokens")
    return ax


def shown(ax, *answers, title="Two is twice one", alt="Bars: one 1, two 2."):
    with capture_output() as caught:
        finish(ax, *answers, title=title, alt=alt)
    (picture,) = caught.outputs
    return picture, caught.stdout


def pixels(picture):
    return Image.open(io.BytesIO(base64.b64decode(picture.data["image/png"])))


def test_a_figure_is_one_picture_with_alt_text_which_is_printed_too():
    picture, printed = shown(bars(), AZURE)
    assert picture.metadata["image/png"]["alt"] == "Bars: one 1, two 2."
    assert printed == "picture: Bars: one 1, two 2.\n"
    assert pixels(picture).size == (720, 340)


def test_the_finding_and_the_evidence_stand_on_the_figure_itself():
    ax = bars()
    shown(ax, STAND_IN, title="A finding " * 15)
    heading, line = ax.figure.get_suptitle(), ax.figure.get_supxlabel()
    assert max(map(len, heading.split("\n"))) <= 77 and heading.count("\n") >= 1
    assert line.replace("\n", " ") == f"evidence: {STAND_IN}"


def test_nothing_of_a_figure_is_cut_off_at_its_edges():
    picture, _ = shown(bars(), STAND_IN, title="A finding " * 15)
    drawn = pixels(picture).convert("L")
    width, height = drawn.size
    edges = [drawn.crop(box).getextrema()[0] for box in ((0, 0, width, 2), (width - 2, 0, width, height))]
    assert edges == [255, 255]


def test_a_figure_without_evidence_is_refused():
    with pytest.raises(EvidenceError, match="no answer was given"):
        shown(bars())
    with pytest.raises(EvidenceError, match="nobody knows"):
        shown(bars(), "a text")


@pytest.mark.parametrize(
    ("ax", "title"),
    [
        (bars(("gpt-4.1-mini", "SmolLM2")), "Two is twice one"),
        (bars(), "gpt-4o is better"),
    ],
    ids=["on an axis", "in the title"],
)
def test_an_azure_name_over_a_stand_ins_answers_is_refused(ax, title):
    with pytest.raises(EvidenceError, match="would stand over answers of"):
        shown(ax, STAND_IN, title=title)


def test_an_azure_name_in_the_legend_is_refused_and_allowed_over_azures_own():
    ax = bars()
    ax.legend(["gpt-4.1-nano"])
    with pytest.raises(EvidenceError, match=r"gpt-4\.1-nano"):
        shown(ax, STAND_IN)
    shown(ax, AZURE)


def test_an_axis_of_numbers_needs_a_label():
    ax = bars()
    ax.set_ylabel("")
    with pytest.raises(EvidenceError, match="the y axis has no label"):
        shown(ax, AZURE)


def test_every_bar_gets_its_own_label():
    ax = bars()
    label_bars(ax, ["1 token", "2 tokens"])
    assert [text.get_text() for text in ax.texts] == ["1 token", "2 tokens"]


def test_drawing_changes_no_global_setting():
    before = dict(matplotlib.rcParams)
    shown(bars(), AZURE)
    assert dict(matplotlib.rcParams) == before


def test_each_category_has_a_colour_and_a_marker_of_its_own():
    assert len(set(COLOURS.values())) == len(set(MARKERS.values())) == len(COLOURS) == len(MARKERS)
