"""A real browser opens the workbook in JupyterLab and runs every notebook of it, as readers do."""

import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import nbformat
import nbformat.v4 as v4
import pytest

from helpers.course.notebooks import compare_outputs, normalise_notebook, read_notebook
from tests.browser.conftest import FIRST, NOTEBOOKS, PICTURES, Lab
from tests.browser.contrast import find_pale, list_texts

pytestmark = pytest.mark.browser

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
IN_FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
IDLE = f'{IN_FRONT} .jp-Notebook-ExecutionIndicator[data-status="idle"]'


def wait_for_kernel(page: Any) -> None:
    """The page says idle before it has a kernel, and what is run then is lost."""
    page.locator(f"{IN_FRONT} .jp-Toolbar-kernelName").get_by_text("Python 3").wait_for(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)


def run_all_by_menu(page: Any) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def last_count(notebook: Any) -> int:
    return max(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


class Course(NamedTuple):
    """A page with every notebook open and run. hosts: whom it asked. notices: what popped up."""

    page: Any
    hosts: set[str | None]
    notices: int


# Each notebook in a tab of its own; their kernels work at the same time. The command ends at the first cell that fails,
# planned or not, while the kernel goes on.
RUN_ALL = """async paths => {
  const app = window.jupyterapp, running = [];
  const isDone = panel => panel.sessionContext.session.kernel.status === "idle" && Array.from(panel.model.cells).every(
    cell => cell.type !== "code" || cell.executionCount !== null || !cell.sharedModel.getSource().trim());
  const waitFor = async panel => {
    for (let left = 2400; !isDone(panel) && left; left--) await new Promise(next => setTimeout(next, 50));
    await panel.context.save();
  };
  for (const path of paths) {
    const panel = await app.commands.execute("docmanager:open", {path});
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    app.shell.activateById(panel.id);
    running.push(app.commands.execute("notebook:run-all-cells").then(() => waitFor(panel)));
  }
  await Promise.all(running);
}"""


@pytest.fixture(scope="module")
def course(lab: Lab, browser: Any):
    context = browser.new_context(viewport={"width": 1200, "height": 6000})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.address_of(FIRST.name))
    wait_for_kernel(page)
    run_all_by_menu(page)
    last = last_count(read_notebook(FIRST))
    page.locator(".jp-InputPrompt").get_by_text(f"[{last}]:", exact=True).wait_for(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)
    page.keyboard.press("Control+s")
    page.evaluate(RUN_ALL, [f"workbook/{path.name}" for path in NOTEBOOKS[1:]])
    notices = page.locator(".jp-Dialog, .Toastify__toast").count()
    yield Course(page, {urlsplit(url).hostname for url in asked if url.startswith(("http", "ws"))}, notices)
    context.close()


def wait_until_saved(copy: Path, last: int) -> Any:
    for _ in range(100):
        ran = read_notebook(copy)
        counts = [cell.execution_count for cell in ran.cells if cell.cell_type == "code"]
        if counts and counts[-1] == last:
            return ran
        time.sleep(0.1)
    raise AssertionError(f"not saved after it was run: {counts}")


@every_notebook
def test_a_reader_runs_all_of_a_notebook_and_sees_what_is_saved(lab, course, path):
    expected = read_notebook(path)
    ran = wait_until_saved(lab.root / "workbook" / path.name, last_count(expected))
    for cell, saved in zip(ran.cells, expected.cells, strict=False):
        if cell.cell_type == "code":
            failed = any(output.output_type == "error" for output in cell.outputs)
            assert failed == ("raises-exception" in cell.metadata.get("tags", [])), cell.source
            assert bool(cell.outputs) == bool(saved.outputs), f"silent, or loud, only here: {cell.source}"
    if path == FIRST:  # it knows that it stands in a workbook
        [progress] = [cell for cell in ran.cells if "show_progress(" in cell.source]
        assert progress.outputs.pop(0).text.startswith("exercises right  0 of ")
    assert compare_outputs(ran, expected) == []


def test_no_dialog_and_no_notice_met_the_reader_and_no_other_machine_was_asked(lab, course):
    PICTURES.mkdir(parents=True, exist_ok=True)
    course.page.screenshot(path=PICTURES / "course.png")
    assert course.notices == 0
    assert course.hosts == {"127.0.0.1"}, "the page asks other machines"
    assert "beyond this machine" not in lab.log.read_text(), "JupyterLab asks other machines"


SHOW = """path => {
  for (const panel of window.jupyterapp.shell.widgets("main"))
    if (panel.context && panel.context.path === path) window.jupyterapp.shell.activateById(panel.id);
}"""
# What a notebook shows beside its code: prose, printed lines, tables, receipts, figures' evidence. Links and the
# colours of a traceback are the theme's own.
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden) :is(.jp-RenderedMarkdown, .jp-OutputArea-output)"
OF_THE_THEME = ".highlight, [class*=ansi-], a, .jp-RenderedMarkdown code, [data-mime-type*=stderr]"


@pytest.fixture(scope="module")
def at_night(course):
    course.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    course.page.wait_for_function("document.body.dataset.jpThemeLight === 'false'", timeout=60_000)
    return course.page


@every_notebook
def test_on_a_dark_page_every_text_can_be_read(at_night, path):
    at_night.evaluate(SHOW, f"workbook/{path.name}")
    at_night.locator(IDLE).wait_for(timeout=60_000)
    texts = list_texts(at_night, SHOWN, OF_THE_THEME)
    at_night.screenshot(path=PICTURES / f"dark-{path.stem}.png", clip={"x": 0, "y": 0, "width": 1200, "height": 2000})
    said = " ".join(text.words for text in texts)
    assert "receipt" in said or "evidence" in said or "stand-in" in said, "what says who answered is measured"
    assert max(text.ground for text in texts) < 0.25, "a light ground on a dark page"
    assert find_pale(texts) == []


OPEN = """async path => {
  const panel = await window.jupyterapp.commands.execute("docmanager:open", {path});
  await panel.sessionContext.ready;
  window.jupyterapp.shell.activateById(panel.id);
}"""


def open_notebook(lab: Lab, page: Any, path: Path) -> Any:
    """The notebook on this page, where another may be open behind it."""
    if page.url == "about:blank":
        page.goto(lab.address_of(path.name))
    else:
        page.evaluate(OPEN, f"workbook/{path.name}")
    wait_for_kernel(page)
    panel = page.locator(IN_FRONT)
    assert panel.count() == 1
    return panel


GUESSING = [
    "from helpers import predict, predicted",
    'predict("00.tokens", "Which costs more tokens?", ["German", "English"])',
    'predicted("00.tokens", "English")',
]


def test_a_reader_guesses_by_keyboard_and_reads_the_guess_beside_the_result(lab, page):
    path = lab.root / "workbook" / f"{FIRST.stem}_guess.ipynb"
    cells = [v4.new_code_cell(cell) for cell in GUESSING]
    nbformat.write(normalise_notebook(v4.new_notebook(cells=cells)), path)
    panel = open_notebook(lab, page, path)
    panel.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    button = panel.get_by_role("button", name="German", exact=True)
    button.wait_for(timeout=60_000)
    button.focus()
    page.keyboard.press("Enter")
    panel.get_by_text("kept: German").wait_for(timeout=60_000)
    panel.locator(".jp-CodeCell .cm-content").nth(2).click()
    page.keyboard.press("Shift+Enter")
    panel.get_by_text("you said German; it was English").wait_for(timeout=60_000)
    button.wait_for(state="detached", timeout=60_000)
    assert panel.get_by_text("kept: German").count() == 1, "the buttons' place says what was kept"


PROMPTS = "panel => Array.from(panel.querySelectorAll('.jp-CodeCell .jp-InputPrompt'), prompt => prompt.innerText)"


@pytest.mark.parametrize("key", ["Enter", " "])
def test_after_a_pressed_button_shift_enter_goes_on_and_runs_nothing_twice(lab, page, key):
    name = f"00.keys_{ord(key[0])}"
    path = lab.root / "workbook" / f"{FIRST.stem}_{name[3:]}.ipynb"
    cells = [cell.replace("00.tokens", name) for cell in GUESSING]
    nbformat.write(normalise_notebook(v4.new_notebook(cells=list(map(v4.new_code_cell, cells)))), path)
    panel = open_notebook(lab, page, path)
    panel.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    button = panel.locator("button.jupyter-button", has_text="English")
    button.wait_for(timeout=60_000)
    button.focus()
    page.keyboard.press(key)
    panel.get_by_text("kept: English").wait_for(timeout=60_000)
    assert button.evaluate("button => button === document.activeElement"), "another guess is one key away"
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    panel.get_by_text("you said English, and it was").wait_for(timeout=60_000)
    assert panel.evaluate(PROMPTS)[:3] == ["[1]:", "[2]:", "[3]:"]
    panel.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Shift+Enter")
    panel.get_by_text("[4]:", exact=True).wait_for(timeout=60_000)
    panel.locator(".jp-CodeCell").nth(1).get_by_text("kept: English").wait_for(timeout=60_000)
    assert panel.locator("button.jupyter-button", has_text="English").locator("i.fa-check").count() == 1, "still known"


def test_in_the_first_notebook_a_pressed_button_is_told_beside_the_result_and_a_wrong_answer_gets_a_hint(lab, page):
    copy = lab.root / "workbook" / f"{FIRST.stem}_again.ipynb"
    shutil.copyfile(FIRST, copy)
    code = open_notebook(lab, page, copy).locator(".jp-CodeCell")
    sources = [cell.source for cell in read_notebook(FIRST).cells if cell.cell_type == "code"]

    def run(index: int) -> Any:
        code.nth(index).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.locator(IDLE).wait_for(timeout=60_000)
        return code.nth(index)

    asks = next(index for index, source in enumerate(sources) if "predict(" in source)
    for index in range(asks):
        run(index)
    button = run(asks).locator("button.jupyter-button").first
    button.wait_for(timeout=60_000)
    guess = button.inner_text().strip()
    button.click()
    code.nth(asks).get_by_text(f"kept: {guess}").wait_for(timeout=60_000)
    told = next(index for index, source in enumerate(sources) if "predicted(" in source and index > asks)
    for index in range(asks + 1, told):
        run(index)
    run(told).get_by_text(f"you said {guess}").wait_for(timeout=60_000)

    exercise = next(index for index, source in enumerate(sources) if "check(" in source)
    name = sources[exercise].split('check("')[1].split('"')[0]
    variable = sources[exercise].split(" = None")[0]
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-below')")
    code.nth(exercise).get_by_text(f"{name}: not answered yet").wait_for(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)
    code.nth(exercise).locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    for _ in f"{variable} = None":
        page.keyboard.press("Delete")
    page.keyboard.type(f"{variable} = 1.5")
    page.keyboard.press("Control+Enter")
    page.locator(IDLE).wait_for(timeout=60_000)
    hint = code.nth(exercise).get_by_text(f"{name}: not yet. ")
    hint.wait_for(timeout=60_000)
    said, _, then = " ".join(hint.inner_text().split()).partition("Try again")  # it may take several lines
    assert len(said.split()) > 6 and then


LOST = ["from helpers import load_table\nrows = 3", "rows + 1", "rwos", "later", "later = 1"]


def test_after_a_restart_a_cell_that_needs_an_earlier_one_says_how_to_run_it(lab, page):
    path = lab.root / "workbook" / f"{FIRST.stem}_restarted.ipynb"
    nbformat.write(normalise_notebook(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in LOST])), path)
    panel = open_notebook(lab, page, path)
    code = panel.locator(".jp-CodeCell")
    for index in (1, 2, 3):
        code.nth(index).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        code.nth(index).locator(".jp-RenderedText").get_by_text("NameError", exact=False).first.wait_for(timeout=60_000)
        page.locator(IDLE).wait_for(timeout=60_000)
    card = "rows is made by an earlier cell"
    code.nth(1).get_by_text(card).wait_for(timeout=60_000)
    assert panel.get_by_text("is made by an earlier cell").count() == 1, "a misspelt name, and one made further down"
    page.get_by_role("menuitem", name="Run", exact=True).click()
    assert page.get_by_role("menuitem", name="Run All Above Selected Cell", exact=True).count() == 1, "as it says"
    page.keyboard.press("Escape")
    code.nth(1).locator(".cm-content").click()
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-above')")
    code.nth(0).locator(".jp-InputPrompt").get_by_text("[4]:", exact=True).wait_for(timeout=60_000)
    code.nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    code.nth(1).locator(".jp-OutputPrompt").get_by_text("[5]:", exact=True).wait_for(timeout=60_000)
    assert panel.get_by_text(card).count() == 0


LETTERS = """pre => {
  const range = document.createRange(), text = pre.firstChild, tops = [];
  for (let place = 0; place < text.length; place++) {
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    tops.push(Math.round(range.getBoundingClientRect().top));
  }
  return tops;
}"""


def test_on_a_narrow_page_printed_lines_break_between_words(lab, page):
    """A word longer than the line is still broken, or it would be cut off."""
    path = lab.root / "workbook" / f"{FIRST.stem}_narrow.ipynb"
    words = " ".join(["measured", "interchangeable", "of", "completions"] * 6)
    cell = v4.new_code_cell("print(words)", execution_count=1)
    cell.outputs = [v4.new_output("stream", name="stdout", text=f"{words} {'x' * 200}")]
    nbformat.write(normalise_notebook(v4.new_notebook(cells=[cell])), path)
    page.set_viewport_size({"width": 1200, "height": 1000})
    page.goto(lab.address_of(path.name))
    wait_for_kernel(page)  # or the server, ended while it starts one, ends badly; a narrow toolbar hides its name
    page.set_viewport_size({"width": 700, "height": 1000})
    printed = page.locator(".jp-OutputArea-output pre")
    printed.wait_for(timeout=60_000)
    page.wait_for_function("document.querySelector('link[href$=\"custom/custom.css\"]').sheet")
    tops = printed.evaluate(LETTERS)
    start = 0
    for word in words.split():
        assert len(set(tops[start : start + len(word)])) == 1, word
        start += len(word) + 1
    assert len(set(tops[:start])) > 2, "the words stand in several lines"
    assert printed.evaluate("pre => pre.scrollWidth <= pre.clientWidth")


def test_the_kernels_warn_of_nothing_in_the_terminal(lab, course):
    """Errors of theirs would stand there: nothing is hidden."""
    assert "[IPKernelApp]" not in lab.log.read_text()
