"""A real browser opens the workbook's first notebook in JupyterLab and runs it, as a reader does."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import nbformat
import nbformat.v4 as v4
import pytest

from helpers.course.notebooks import compare_outputs, normalise_notebook, read_notebook
from helpers.course.workbook import fill_workbook, lab_command
from helpers.settings import ROOT

pytestmark = pytest.mark.browser

PICTURES = ROOT / "runs" / "browser"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FIRST = min((ROOT / "notebooks").glob("*.ipynb"), default=None)


def skip_unless_in_ci(reason: str) -> None:
    """In CI a browser is promised: there its absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def browser() -> Iterator:
    if CHROMIUM is None:
        skip_unless_in_ci("no chromium on this machine")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_unless_in_ci("playwright is not installed: pip install -e .[browser]")
    with sync_playwright() as playwright:
        # The sandbox cannot be had by root in a container; no page but our own is opened.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def lab(tmp_path) -> Iterator[tuple[Path, str, Path]]:
    """(root, address with token, log) of JupyterLab on a fresh workbook, in a copy of what the notebooks need."""
    if FIRST is None:
        pytest.skip("the course has no notebook yet")
    for folder in ("notebooks", "data/media"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    assert fill_workbook(tmp_path) == []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    options = ["--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    log = tmp_path / "lab.log"
    with log.open("w") as written:
        server = subprocess.Popen(
            lab_command(options, tmp_path),
            cwd=tmp_path,
            env={**os.environ, "JUPYTER_TOKEN": token, "JUPYTER_CONFIG_DIR": str(tmp_path / "config")},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, log)
        page = f"http://127.0.0.1:{port}/lab/tree/workbook/{FIRST.name}?token={token}&reset"
        yield tmp_path, page, log
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        assert server.poll() is None, log.read_text()
        try:
            if httpx2.get(address).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("JupyterLab does not answer\n" + log.read_text())


def test_a_reader_opens_the_first_notebook_and_runs_all_of_it(lab, browser):
    root, address, log = lab
    copy = root / "workbook" / FIRST.name
    page = browser.new_page(viewport={"width": 1200, "height": 6000})  # tall: what is not in view is not drawn
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    # The page says idle before it has a kernel, and what is run then is lost.
    page.locator(".jp-Toolbar-kernelName").get_by_text("Python 3").wait_for(timeout=60_000)
    idle = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    idle.wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    expected = read_notebook(FIRST)
    last = max(cell.execution_count for cell in expected.cells if cell.cell_type == "code")
    page.locator(".jp-InputPrompt").get_by_text(f"[{last}]:", exact=True).wait_for(timeout=60_000)
    idle.wait_for(timeout=60_000)
    page.keyboard.press("Control+s")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{FIRST.stem}.png")
    ran = _wait_until_saved(copy, last)

    assert page.locator(".jp-Dialog").count() == 0, "a reader would be met by a dialog"
    assert page.locator(".Toastify__toast").count() == 0, "a reader would be met by a notice"
    for cell in ran.cells:
        if cell.cell_type == "code":
            failed = any(output.output_type == "error" for output in cell.outputs)
            assert failed == ("raises-exception" in cell.metadata.get("tags", [])), cell.source
    assert compare_outputs(ran, expected) == []
    beyond = {urlsplit(url).hostname for url in asked if url.startswith(("http", "ws"))} - {"127.0.0.1"}
    assert beyond == set(), "the page asks other machines"
    assert "beyond this machine" not in log.read_text(), "JupyterLab asks other machines"


def _wait_until_saved(copy: Path, last: int):
    for _ in range(100):
        ran = read_notebook(copy)
        counts = [cell.execution_count for cell in ran.cells if cell.cell_type == "code"]
        if counts and counts[-1] == last:
            return ran
        time.sleep(0.1)
    raise AssertionError(f"not saved after it was run: {counts}")


GUESSING = [
    "import helpers.progress; from pathlib import Path; helpers.progress.ROOT = Path.cwd().parent\n"
    "from helpers import predict, predicted",
    'predict("06.tokens", "Which costs more tokens?", ["German", "English"])',
    'predicted("06.tokens", "English")',
]


def test_a_reader_guesses_by_keyboard_and_reads_the_guess_beside_the_result(lab, browser):
    root, address, _ = lab
    path = root / "workbook" / "99_guess.ipynb"
    cells = [v4.new_code_cell(cell) for cell in GUESSING]
    nbformat.write(normalise_notebook(v4.new_notebook(cells=cells)), path)
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.goto(address.replace(FIRST.name, path.name))
    page.locator(".jp-Toolbar-kernelName").get_by_text("Python 3").wait_for(timeout=60_000)
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=60_000)
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    button = page.get_by_role("button", name="German", exact=True)
    button.wait_for(timeout=60_000)
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("kept: German").wait_for(timeout=60_000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "guess.png")
    page.locator(".jp-CodeCell .cm-content").nth(2).click()
    page.keyboard.press("Shift+Enter")
    page.get_by_text("you said German; it was English").wait_for(timeout=60_000)
    button.wait_for(state="detached", timeout=60_000)
    assert page.get_by_text("kept: German").count() == 1, "the buttons' place says what was kept"
