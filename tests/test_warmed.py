"""The process that runs notebooks without a kernel prints what a kernel prints, and fails where a kernel fails."""

import nbformat
import pytest

from helpers.course.notebooks import NotebookFailed, compare_outputs, run_notebook
from helpers.settings import ROOT
from tests.warmed import can_fork, run_warmed

pytestmark = pytest.mark.skipif(not can_fork, reason="this system cannot fork")

CELLS = [
    ("import sys; print('one'); print('two'); print('three', file=sys.stderr); 1 + 1", []),
    ("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>')); print('after'); HTML('<i>y</i>')", []),
    ("1 / 0", ["raises-exception"]),
    ("await __import__('asyncio').sleep(0, 'awaited')", []),
    ("import pandas as pd; pd.DataFrame({'a': [1, 2]})", []),
    ("x = 7;", []),
    ("%run -m this", []),
    ("x", []),
]


def _notebook(cells):
    made = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    return nbformat.v4.new_notebook(cells=made)


def test_it_prints_what_a_kernel_prints():
    notebook = _notebook(CELLS)
    kernel, warmed = (run(notebook, ROOT / "notebooks") for run in (run_notebook, run_warmed))
    assert compare_outputs(kernel, warmed) == []
    for one, other in zip(kernel.cells, warmed.cells, strict=True):
        assert [output.output_type for output in one.outputs] == [output.output_type for output in other.outputs]
        assert one.execution_count == other.execution_count


def test_a_failure_stops_it_with_the_same_words():
    notebook = _notebook([("one = 1", []), ("print('before')\nnowhere", []), ("never = 1", [])])
    told = []
    for run in (run_notebook, run_warmed):
        with pytest.raises(NotebookFailed) as failed:
            run(notebook, ROOT / "notebooks")
        told.append((str(failed.value), failed.value.error_name))
    assert told[0] == told[1]


def test_each_run_begins_empty():
    run_warmed(_notebook([("left_over = 1", [])]), ROOT / "notebooks")
    with pytest.raises(NotebookFailed, match="left_over"):
        run_warmed(_notebook([("left_over", [])]), ROOT / "notebooks")


def test_a_run_without_end_is_ended():
    with pytest.raises(pytest.fail.Exception, match="no end after 1 s"):
        run_warmed(_notebook([("while True: pass", [])]), ROOT / "notebooks", timeout=1)
    assert run_warmed(_notebook([("1", [])]), ROOT / "notebooks").cells[0].outputs
