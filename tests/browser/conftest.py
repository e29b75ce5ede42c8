"""One browser and one JupyterLab for all tests of this folder, on a copy of the course in which a reader may write."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from helpers.course.workbook import fill_workbook, lab_command
from helpers.settings import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST = NOTEBOOKS[0] if NOTEBOOKS else None
PICTURES = ROOT / "runs" / "browser"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# The first notebook's kernels are started from nothing, as a reader's are, and see this copy as the whole course: what
# a reader does is kept there. The others' are forks, which stand in nobody's workbook.
SETTINGS = """
import sys
sys.path.insert(0, {root!r})
from tests.forks import fork_kernels
fork_kernels(but={first!r})
"""


class Lab(NamedTuple):
    """root: the course's copy. address: of JupyterLab with the token, but for what it opens. log: what it said."""

    root: Path
    address: str
    log: Path

    def address_of(self, name: str) -> str:
        """Of a notebook in workbook/, as its only tab."""
        return self.address.format(f"workbook/{name}")


def skip_unless_in_ci(reason: str) -> None:
    """In CI a browser is promised: there its absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


# Not for the session: while it is open, Playwright's event loop runs, and no test after it could run one of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
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


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """Of a reader who was never here, for all tests of a module: JupyterLab takes seconds of a processor to load. Tall,
    because what is not in view is not drawn."""
    context = browser.new_context(viewport={"width": 1200, "height": 6000})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if FIRST is None:
        pytest.skip("the course has no notebook yet")
    root = tmp_path_factory.mktemp("course")
    for folder in ("notebooks", "helpers"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "data").symlink_to(ROOT / "data")
    assert fill_workbook(root) == []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (root / "config").mkdir()
    settings = SETTINGS.format(root=str(ROOT), first=FIRST.stem)
    (root / "config" / "jupyter_server_config.py").write_text(settings, encoding="utf-8")
    token = secrets.token_hex(16)
    folders = [str(root), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    environment = {"JUPYTER_TOKEN": token, "JUPYTER_CONFIG_DIR": str(root / "config")}
    environment["PYTHONPATH"] = os.pathsep.join(folders)
    options = ["--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    log = root / "lab.log"
    with log.open("w") as written:
        server = subprocess.Popen(
            lab_command([*options, "--LabApp.expose_app_in_browser=True"], root),
            cwd=root,
            env=os.environ | environment,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, log)
        yield Lab(root, f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}&reset", log)
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
