"""What a page says to a reader who does not see it: every notebook as a web page, and a figure in JupyterLab."""

import functools
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbconvert import HTMLExporter
from pandas import DataFrame

from helpers import show_table
from helpers.charts import bars
from helpers.course.notebooks import read_notebook
from helpers.evidence import documented
from helpers.settings import ROOT
from tests.browser.conftest import skip_unless_in_ci
from tests.browser.contrast import Text, find_pale, list_texts

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
NO_TEXT = "No description has been provided for this image"  # what nbconvert writes where an alt text is missing
# What nbconvert's own page does wrong whatever a notebook holds: rule of axe-core, elements, reason.
OF_THE_TEMPLATE = [
    ("color-contrast", ".jp-InputPrompt, .jp-OutputPrompt", "prompts are paler than 4.5 to 1 in its style sheet"),
    ("color-contrast", "pre > [class^=ansi-]", "so are some of the colours of a traceback"),
    ("link-in-text-block", ".jp-RenderedMarkdown a", "it underlines a link only under the mouse"),
]
# Code is left out: nothing of ours can be wrong in it, and words in it have colours of nbconvert's style sheet, some
# of them paler than 4.5 to 1. It is most of a page.
CODE = {"exclude": [[".highlight"]]}
MATCH = "([places, selector]) => places.filter(place => document.querySelector(place).matches(selector))"
every_notebook = pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT / "notebooks").with_suffix(""))
)


@every_notebook
def test_no_picture_of_an_exported_page_is_without_its_text(path):
    assert NO_TEXT not in export_saved(path)


@pytest.fixture
def axe():
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        skip_unless_in_ci("axe-playwright-python is not installed: pip install -e .[browser]")
    return Axe()


@every_notebook
def test_axe_finds_nothing_of_ours_on_an_exported_page(path, browser, axe, tmp_path, request):
    if 'class=\\"dataframe' in path.read_text(encoding="utf-8"):
        expect_failure(request, "has tables from before their headers were marked: run it again")
    ours, _, at_night = find_faults(browser, axe, export_saved(path), tmp_path)
    assert ours == []
    assert at_night and find_pale(at_night) == [], "where the reader's machine is dark"


# What a reader reads beside code; the colours of links and tracebacks are the template's own.
SHOWN, OF_THE_THEME = ".jp-RenderedMarkdown, .jp-OutputArea-output", ".highlight, [class*=ansi-], a, code"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_on_a_dark_exported_page_every_text_can_be_read(path, browser, tmp_path):
    page = open_page(browser, export_saved(path, "dark"), tmp_path, color_scheme="dark")
    texts = list_texts(page, SHOWN, OF_THE_THEME)
    assert len(texts) > 5 and max(text.ground for text in texts) < 0.25, "a light ground on a dark page"
    assert find_pale(texts) == []


TABLES = "() => Array.from(document.querySelectorAll('table'), one => [one.offsetWidth, one.innerText.slice(0, 60)])"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_table_of_an_exported_page_is_wider_than_its_column(path, browser, tmp_path):
    page = open_page(browser, export_saved(path), tmp_path)
    tables = page.evaluate(TABLES)
    assert [table for table in tables if table[0] > 700] == []
    assert tables, "each notebook has one"


ITEMS = """() => Array.from(document.querySelectorAll(".jp-OutputArea-output :is(p, figcaption) span"),
    item => [item.innerText, item.getClientRects().length])"""


def test_on_a_narrow_page_receipts_and_evidence_break_between_their_items_alone(browser, tmp_path):
    page = open_page(browser, export_saved(NOTEBOOKS[0]), tmp_path, width=420)
    items = page.evaluate(ITEMS)
    said = " ".join(text for text, _ in items)
    assert "tokens out" in said and "recorded 20" in said and "evidence: " in said
    assert [item for item in items if item[1] != 1] == []


def test_pale_text_is_found_where_there_is_some(browser, tmp_path):
    spans = {
        "well": "color: #fff", "well, too": "color: rgba(255, 255, 255, 0.75)", "pale": "color: #777",
        "faint": "color: #fff; opacity: 0.35", "on white": "color: #fff; background: #ddd",
        "large": "color: #777; font-size: 24px", "hidden": "color: #111; display: none",
    }  # fmt: skip
    body = "".join(f"<p style='{style}'>{words}</p>" for words, style in spans.items())
    page = open_page(
        browser, f"<html lang=en><body style='background: #111; margin: 0'>{body}<i>not asked</i>", tmp_path
    )
    texts = list_texts(page, "p")
    assert [text.words for text in texts] == ["well", "well, too", "pale", "faint", "on white", "large"]
    assert [told.partition(" ")[2] for told in find_pale(texts)] == ["pale", "faint", "on white"]
    assert round(texts[0].contrast, 2) == 18.88 and round(texts[2].contrast, 2) == 4.22
    assert [text.words for text in texts if text.ground > 0.25] == ["on white"]


def test_what_is_laid_to_nbconverts_page_is_found_where_nothing_is_ours(browser, axe, tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("# A page\n\nA text with [a link](https://example.invalid) in it."),
        nbformat.v4.new_code_cell("1 in [1]  # a comment", execution_count=1),
    ]
    failure = {
        "ename": "E",
        "evalue": "e",
        "traceback": ["\x1b[31mE\x1b[39m \x1b[32mname\x1b[39m \x1b[33mline\x1b[39m"],
    }
    cells[1].outputs = [
        nbformat.v4.new_output("execute_result", {"text/plain": "True"}, execution_count=1),
        nbformat.v4.new_output("error", **failure),
    ]
    ours, found, _ = find_faults(browser, axe, export_page(nbformat.v4.new_notebook(cells=cells)), tmp_path)
    listed = {(rule, selector) for rule, selector, _ in OF_THE_TEMPLATE}
    assert (ours, found) == ([], listed), "listed and no longer found"


def test_axe_finds_a_fault_where_there_is_one(browser, axe, tmp_path):
    page = (
        "<html lang=en><title>A page</title><main><h1>A page</h1><table><tr><th></th></tr></table><img src=''></main>"
    )
    ours, _, _ = find_faults(browser, axe, page, tmp_path)
    assert {fault.split(" at ")[0] for fault in ours} == {"image-alt", "empty-table-header"}


def expect_failure(request, reason: str) -> None:
    request.applymarker(pytest.mark.xfail(reason=reason, raises=AssertionError, strict=True))


@functools.cache
def export_saved(path: Path, theme: str = "light") -> str:
    return export_page(read_notebook(path), theme)


def export_page(notebook, theme: str = "light") -> str:
    return make_exporter(theme).from_notebook_node(notebook)[0]


@functools.cache
def make_exporter(theme: str) -> HTMLExporter:
    """It reads its templates once."""
    return HTMLExporter(template_name="lab", theme=theme)


def open_page(browser, text: str, folder: Path, color_scheme: str = "light", width: int = 1280):
    """In a tab that reaches no other machine, and that the next page is opened in. width: pixels."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    page = open_tab(browser)
    page.emulate_media(color_scheme=color_scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(file.as_uri(), wait_until="domcontentloaded")
    return page


@functools.cache
def open_tab(browser):
    page = browser.new_page()
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    return page


def find_faults(browser, axe, text: str, folder: Path) -> tuple[list[str], set[tuple[str, str]], list[Text]]:
    """(faults of ours, with their places; what of OF_THE_TEMPLATE was found; the texts where a dark page is asked)."""
    page = open_page(browser, text, folder)
    ours, found = [], set()
    for fault in axe.run(page, CODE, {"resultTypes": ["violations"]}).response["violations"]:
        places = [node["target"][0] for node in fault["nodes"]]
        left = dict.fromkeys(places)
        for rule, selector, _ in OF_THE_TEMPLATE:
            matches = page.evaluate(MATCH, [places, selector]) if rule == fault["id"] else []
            found |= {(rule, selector)} if matches else set()
            left = {place: None for place in left if place not in matches}
        ours += [f"{fault['id']} at {place}" for place in left]
    page.emulate_media(color_scheme="dark")
    at_night = list_texts(page, SHOWN, OF_THE_THEME)
    return ours, found, at_night


@pytest.fixture
def figure():
    """A notebook that was run elsewhere, so that JupyterLab does not trust it, with one figure."""
    InteractiveShell.instance()
    with capture_output() as caught:
        bars({"one <b>": 1, "two": 2}, unit="tokens", answers=documented("a page"), title='Two is "twice" one')
    InteractiveShell.clear_instance()
    cell = nbformat.v4.new_code_cell("bars(...)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("display_data", caught.outputs[0].data)]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    return nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})


ALT = 'Two is "twice" one. Bars: tokens. one <b>: 1; two: 2.'


def test_a_figures_alt_text_stands_in_an_exported_page(figure):
    [picture] = BeautifulSoup(export_page(figure), "html.parser").find_all("img")
    assert picture["alt"] == ALT


def test_jupyterlab_shows_a_figure_with_its_alt_text_in_a_notebook_that_it_does_not_trust(lab, browser, figure):
    nbformat.write(figure, lab.root / "workbook" / "figure.ipynb")
    page = browser.new_page(viewport={"width": 1200, "height": 900}, device_scale_factor=2)
    page.goto(lab.address_of("figure.ipynb"))
    picture = page.locator(".jp-OutputArea img")
    picture.wait_for(timeout=60_000)
    assert picture.get_attribute("alt") == ALT
    assert page.get_by_role("img", name=ALT).count() == 1
    picture.evaluate("picture => picture.decode()")
    assert picture.evaluate("picture => [picture.naturalWidth, picture.clientWidth]") == [1400, 700]
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=60_000)  # or it ends badly
    evidence = page.locator(".jp-OutputArea figcaption")
    assert evidence.inner_text() == "evidence: documented · a page"


def test_the_caption_of_a_narrow_table_stands_in_one_line(browser, tmp_path):
    InteractiveShell.instance()
    with capture_output() as caught:
        show_table(DataFrame({"a": ["x"], "b": [1]}), caption="Tokens of a poem, hidden reasoning counted", source="a")
    InteractiveShell.clear_instance()
    cell = nbformat.v4.new_code_cell("show_table(...)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("display_data", caught.outputs[0].data)]
    text = export_page(nbformat.v4.new_notebook(cells=[cell]))
    for width, most in ((1000, 1.8), (400, 8)):  # lines
        page = open_page(browser, text, tmp_path, width=width)
        caption = page.locator("caption")
        height = caption.evaluate("one => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight)")
        assert height < most
        assert page.locator("table").evaluate("one => one.offsetWidth") <= min(700, width)
