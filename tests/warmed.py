"""Runs a notebook without starting a kernel: in a fork of a process that has everything imported already.

Starting a kernel and importing what a notebook needs takes three seconds; a fork takes none. The cells run in IPython's
own shell, whose outputs are taken down as a kernel would send them. Used where many runs of one notebook are
held against one another: the contrary run and the settings of dials. That notebooks run in Jupyter's kernels, nbval and
the browser's tests show.
"""

import contextlib
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest

from helpers.course.notebooks import _describe_failure, clear_outputs, normalise_notebook

__all__ = ["can_fork", "run_warmed"]

ROOT = Path(__file__).resolve().parent.parent
can_fork = hasattr(os, "fork")


def run_warmed(
    notebook: Any, folder: Path, environment: Mapping[str, str] | None = None, timeout: float | None = None
) -> Any:
    """As helpers.course.notebooks.run_notebook, whose place it can take. timeout: seconds for all cells."""
    ran = clear_outputs(notebook)
    with tempfile.TemporaryDirectory() as place:
        asked, told = Path(place, "asked.json"), Path(place, "told.json")
        cells = [[cell.source, cell.metadata.get("tags", [])] for cell in ran.cells if cell.cell_type == "code"]
        job = {"cells": cells, "folder": str(folder), "environment": {**os.environ, **(environment or {})}}
        asked.write_text(json.dumps(job), encoding="utf-8")
        server = _server()
        assert server.stdin and server.stdout
        server.stdin.write(f"{asked}\t{told}\t{timeout or 240}\n")
        server.stdin.flush()
        ended = server.stdout.readline().strip()
        if ended != "0":
            pytest.fail(f"the notebook's process ended with {ended or 'nothing'}")
        results = json.loads(told.read_text(encoding="utf-8"))
    code = [cell for cell in ran.cells if cell.cell_type == "code"]
    for count, (cell, outputs) in enumerate(zip(code, results["outputs"], strict=False), 1):
        cell.execution_count = count
        cell.outputs = [nbformat.from_dict(output) for output in outputs]
    if results["failed"]:
        raise _describe_failure(ran, *results["failed"])
    return normalise_notebook(ran)


@cache
def _server() -> "subprocess.Popen[str]":
    """One for each process of the tests; it ends with it, when its input ends."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # a fork keeps no threads
    command = [sys.executable, "-m", "tests.warmed"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def _serve() -> None:
    _warm()
    for line in sys.stdin:
        asked, told, seconds = line.rstrip("\n").split("\t")
        child = os.fork()
        if not child:
            os.dup2(2, 1)  # the answer to the tests is the parent's to give
            os._exit(_run_job(Path(asked), Path(told)))
        print(_wait(child, float(seconds)), flush=True)


def _warm() -> None:
    for name in ("IPython.core.interactiveshell", "matplotlib.backends.backend_agg", "matplotlib.figure", "openai"):
        importlib.import_module(name)
    for name in ("charts", "clients", "costs", "explanations", "predictions", "receipt", "tables_shown", "progress"):
        importlib.import_module(f"helpers.{name}")
    import pandas  # noqa: F401


def _wait(child: int, seconds: float) -> str:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return str(os.waitstatus_to_exitcode(status))
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return f"no end after {seconds:.0f} s"


def _run_job(asked: Path, told: Path) -> int:
    try:
        job = json.loads(asked.read_text(encoding="utf-8"))
        os.environ.clear()
        os.environ.update(job["environment"])
        os.chdir(job["folder"])
        sys.path[0] = job["folder"]
        told.write_text(json.dumps(_run_cells(job["cells"])), encoding="utf-8")
        return 0
    except BaseException:
        traceback.print_exc()
        return 1


def _run_cells(cells: list[Any]) -> dict[str, Any]:
    outputs: list[dict[str, Any]] = []
    shell = _make_shell(outputs)
    ran = []
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
            return {"outputs": ran, "failed": [type(error).__name__, str(error)]}
    return {"outputs": ran, "failed": None}


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

    shell = Shell.instance(display_pub_class=Publisher, displayhook_class=Hook)
    shell.colors = "linux"
    return shell


if __name__ == "__main__":
    _serve()
