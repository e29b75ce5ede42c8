"""Runs a notebook without starting a kernel: in a fork of a process that has everything imported already.

The cells run in IPython's own shell, whose outputs are taken down as a kernel would send them. Used where many runs of
one notebook are held against one another: the contrary run and the settings of dials. That notebooks run in Jupyter's
kernels, nbval and the browser's tests show.
"""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.course.notebooks import NotebookFailed, _describe_failure, clear_outputs, normalise_notebook
from tests.drawings import draw_small
from tests.forks import Fork, can_fork, forks_folder

__all__ = ["can_fork", "run_turned", "run_warmed"]

ROOT = Path(__file__).resolve().parent.parent


def run_warmed(
    notebook: Any, folder: Path, environment: Mapping[str, str] | None = None, timeout: float | None = None
) -> Any:
    """As helpers.course.notebooks.run_notebook, whose place it can take. timeout: seconds for all cells."""
    with _run_apart({"cells": _code_of(notebook), "turned": {}}, folder, environment, timeout or 240) as place:
        return _read_run(notebook, Path(place, "told0.json"))


def run_turned(notebook: Any, turned: Mapping[str, Any], folder: Path, timeout: float) -> dict[str, NotebookFailed]:
    """Run notebooks that differ from `notebook` in one cell each. Returns the failures by the names in `turned`.

    Up to that cell a run is the run of `notebook` itself: each branches off there, as a fork. timeout: seconds for all.
    """
    cells = _code_of(notebook)
    others = {}
    for title, other in turned.items():
        pairs = enumerate(zip(cells, _code_of(other), strict=True))
        [(index, source)] = [(index, new[0]) for index, (old, new) in pairs if new != old]
        others[title] = [index, source]
    failures = {}
    with _run_apart({"cells": cells, "turned": others}, folder, None, timeout) as place:
        for number, title in enumerate(others, 1):
            try:
                _read_run(turned[title], Path(place, f"told{number}.json"))
            except NotebookFailed as failed:
                failures[title] = failed
    return failures


def _code_of(notebook: Any) -> list[Any]:
    return [[cell.source, cell.metadata.get("tags", [])] for cell in notebook.cells if cell.cell_type == "code"]


@contextlib.contextmanager
def _run_apart(
    job: dict[str, Any], folder: Path, environment: Mapping[str, str] | None, seconds: float
) -> Iterator[str]:
    """The folder with what the runs told, each in a file of its own."""
    with tempfile.TemporaryDirectory() as place:
        job["drawn"] = str(forks_folder() / "drawn")
        Path(place, "asked.json").write_text(json.dumps(job), encoding="utf-8")
        whole = {**os.environ, **(environment or {})}
        fork = Fork([sys.executable, "-m", "tests.warmed", place, str(folder)], ROOT, whole)
        try:
            ended = fork.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(fork.pid, signal.SIGKILL)
            fork.wait()
            pytest.fail(f"the notebook's process ended with no end after {seconds:.0f} s")
        if ended:
            pytest.fail(f"the notebook's process ended with {ended}")
        yield place


def _read_run(notebook: Any, told: Path) -> Any:
    ran = clear_outputs(notebook)
    results = json.loads(told.read_text(encoding="utf-8"))
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    for count, (cell, outputs) in enumerate(zip(code, results["outputs"], strict=False), 1):
        cell.execution_count = count
        cell.outputs = [nbformat.from_dict(output) for output in outputs]
    if results["failed"]:
        raise _describe_failure(ran, *results["failed"])
    return normalise_notebook(ran)


# --- in the fork


def _run_job(place: Path, folder: str) -> int:
    job = json.loads(Path(place, "asked.json").read_text(encoding="utf-8"))
    os.chdir(folder)
    sys.path[0] = folder
    cells, turned = job["cells"], job["turned"]
    outputs: list[dict[str, Any]] = []
    shell, ran = _make_shell(outputs), list[Any]()
    draw_small(Path(job["drawn"]))
    last = max((index for index, _ in turned.values()), default=len(cells))
    for index, (source, tags) in enumerate(cells):
        for number, (where, other) in enumerate(turned.values(), 1):
            if where == index and not _branch_off():
                rest = [[other, tags], *cells[index + 1 :]]
                _tell(Path(place, f"told{number}.json"), ran, _run_rest(shell, outputs, ran, rest))
                return 0
        if turned and index == last:
            return 0
        if failed := _run_rest(shell, outputs, ran, [[source, tags]]):
            for number in range(len(turned) + 1):
                _tell(Path(place, f"told{number}.json"), ran, failed)
            return 0
    _tell(Path(place, "told0.json"), ran, None)
    return 0


def _branch_off() -> int:
    """Fork, and wait here for the branch to end. Returns 0 in the branch."""
    sys.stdout.flush()
    branch = os.fork()
    if branch:
        _, status = os.waitpid(branch, 0)
        if code := os.waitstatus_to_exitcode(status):
            raise SystemExit(code if code > 0 else 1)
    return branch


def _tell(told: Path, ran: list[Any], failed: list[str] | None) -> None:
    if not told.exists():  # a branch that ended before its stem failed has told of itself
        told.write_text(json.dumps({"outputs": ran, "failed": failed}), encoding="utf-8")


def _run_rest(shell: Any, outputs: list[dict[str, Any]], ran: list[Any], cells: list[Any]) -> list[str] | None:
    """Run these cells, and append what each put out to `ran`. Returns the first unplanned error's name and message."""
    for source, tags in cells:
        outputs.clear()
        with (
            contextlib.redirect_stdout(_Stream("stdout", outputs)),
            contextlib.redirect_stderr(_Stream("stderr", outputs)),
        ):
            result = shell.run_cell(source, store_history=True)
        ran.append([dict(output) for output in outputs])
        error = result.error_before_exec or result.error_in_exec
        if error is not None and "raises-exception" not in tags:
            return [type(error).__name__, str(error)]
    return None


class _Stream(io.TextIOBase):
    def __init__(self, name: str, outputs: list[dict[str, Any]]):
        self._name, self._outputs = name, outputs

    def write(self, text: str) -> int:
        last = self._outputs[-1] if self._outputs else {}
        if last.get("name") == self._name:
            last["text"] += text
        elif text:
            self._outputs.append({"output_type": "stream", "name": self._name, "text": text})
        return len(text)


def _make_shell(outputs: list[dict[str, Any]]) -> Any:
    """IPython's shell, which takes down what it shows in `outputs`."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    class Publisher(DisplayPublisher):
        def publish(self, data: Any, metadata: Any = None, **more: Any) -> None:
            outputs.append({"output_type": "display_data", "data": data, "metadata": metadata or {}})

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None:
            pass

        def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
            count = self.prompt_count
            result = {"output_type": "execute_result", "execution_count": count}
            outputs.append({**result, "data": format_dict, "metadata": md_dict or {}})

        def finish_displayhook(self) -> None:
            pass

    class Shell(InteractiveShell):
        def _showtraceback(self, kind: Any, error: Any, lines: list[str]) -> None:
            told = {"output_type": "error", "ename": str(kind.__name__), "evalue": str(error), "traceback": lines}
            outputs.append(told)

    shell = Shell.instance(display_pub_class=Publisher, displayhook_class=Hook, config=_without_history())
    shell.colors = "linux"
    return shell


def _without_history() -> Any:
    """On disk: its thread would not live on in a branch."""
    from traitlets.config import Config

    return Config({"HistoryManager": {"enabled": False}})


if __name__ == "__main__":
    code = 1
    try:
        code = _run_job(Path(sys.argv[1]), sys.argv[2])
    except Exception:
        traceback.print_exc()
    os._exit(code)
